// kafkajs as a connection: sockets, TLS, SASL, framing, correlation, and the group protocol's messages. Its consumer
// is not used: it resets silently when an offset is out of range, cannot be assigned, loses the order of headers and
// costs 2–3 µs a record. So this file reaches into its modules, pinned to one version and checked before use; it is
// the only file that knows kafkajs.

import { createRequire } from 'node:module';
import { assert, LakeError } from '../../runtime/errors.ts';
import { silentLogger } from '../../runtime/log.ts';
import { framePool } from './frame-pool.ts';
import { framedSockets } from './framed-socket.ts';
import { kafkaError } from './kafka-error.ts';
import {
  kafkaAddress,
  kafkaDefaults,
  kafkaNumbers,
  tlsOptions,
  type KafkaAddress,
  type KafkaLogOptions,
  type KafkaSasl,
} from './kafka-options.ts';
import type { WireRequest } from './kafka-wire.ts';

/** What of a kafkajs connection is used. */
interface KafkaConnection {
  /** What came in and was no whole answer yet. */
  chunks: Buffer[];
  bytesBuffered: number;
  processData(data: Buffer): void;
  rejectRequests(error: Error): void;
  readonly requestQueue: { readonly pending: readonly unknown[]; scheduleCheckPendingRequests(): void };
}

/** What of a kafkajs broker is used. */
export interface KafkaBroker {
  readonly connectionPool: {
    map(act: (connection: KafkaConnection) => void): unknown;
    send<T>(request: {
      readonly request: { readonly apiKey: number; readonly apiVersion: number; readonly apiName: string; encode(): Promise<EncodedBody> };
      readonly response: { decode(body: Buffer): Promise<T>; parse(decoded: T): Promise<T> };
    }): Promise<T>;
  };
  readonly versions: Readonly<Record<string, { readonly minVersion: number; readonly maxVersion: number }>> | null;
  isConnected(): boolean;
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  findGroupCoordinator(request: {
    groupId: string;
    coordinatorType: number;
  }): Promise<{ readonly coordinator: { readonly nodeId: number; readonly host: string; readonly port: number } }>;
  joinGroup(request: {
    groupId: string;
    sessionTimeout: number;
    rebalanceTimeout: number;
    memberId: string;
    groupProtocols: readonly { name: string; metadata: Buffer }[];
  }): Promise<{
    readonly generationId: number;
    readonly leaderId: string;
    readonly memberId: string;
    readonly members: readonly { readonly memberId: string; readonly memberMetadata: Buffer }[];
  }>;
  syncGroup(request: {
    groupId: string;
    generationId: number;
    memberId: string;
    groupAssignment: readonly { memberId: string; memberAssignment: Buffer }[];
  }): Promise<{ readonly memberAssignment: Buffer | null }>;
  heartbeat(request: { groupId: string; groupGenerationId: number; memberId: string }): Promise<unknown>;
  leaveGroup(request: { groupId: string; memberId: string }): Promise<unknown>;
  offsetCommit(request: {
    groupId: string;
    groupGenerationId: number;
    memberId: string;
    topics: readonly { topic: string; partitions: readonly { partition: number; offset: string }[] }[];
  }): Promise<unknown>;
  listOffsets(request: {
    replicaId: number;
    isolationLevel: number;
    topics: readonly { topic: string; partitions: readonly { partition: number; timestamp: number }[] }[];
  }): Promise<{
    readonly responses: readonly {
      readonly topic: string;
      readonly partitions: readonly { readonly partition: number; readonly offset: string }[];
    }[];
  }>;
  describeConfigs(request: { resources: readonly { type: number; name: string; configNames: readonly string[] }[] }): Promise<{
    readonly resources: readonly {
      readonly resourceName: string;
      readonly configEntries: readonly { readonly configName: string; readonly configValue: string | null }[];
    }[];
  }>;
}

interface EncodedBody {
  readonly buf: Buffer;
  readonly buffer: Buffer;
}

export interface KafkaClient extends AsyncDisposable {
  /** A connected broker, whichever answers first of those known. Errors: LOG_UNREACHABLE, LOG_REFUSED. */
  any(): Promise<KafkaBroker>;
  node(nodeId: number): Promise<KafkaBroker>;
  at(address: KafkaAddress): Promise<KafkaBroker>;
  /** Where the nodes are, from the newest metadata. */
  learn(nodes: readonly ({ readonly nodeId: number } & KafkaAddress)[]): void;
  send<T>(broker: KafkaBroker, what: string, request: WireRequest<T>): Promise<T>;
  /** Takes the memory of an answer back: nothing that points into it is read any more. */
  recycle(answer: Buffer): void;
  /** One of kafkajs' own requests, its errors told in our words. */
  call<T>(broker: KafkaBroker, what: string, act: (broker: KafkaBroker) => Promise<T>): Promise<T>;
}

/** The vendor's modules that are used, with what is relied on. */
interface Internals {
  readonly Broker: new (options: Record<string, unknown>) => KafkaBroker;
  readonly connectionPoolBuilder: (options: Record<string, unknown>) => { build(at: KafkaAddress): Promise<unknown> };
  readonly createLogger: (options: Record<string, unknown>) => unknown;
}

const testedVersion = '2.2.4';
/** Kafka's own limit of a message is below 2 GB, and a broker answers with one at least, however large. */
const answerBytesMax = 1_073_741_824;

export function kafkaClient(options: KafkaLogOptions): KafkaClient {
  const internals = loadInternals();
  const numbers = kafkaNumbers(options);
  const logger = options.logger ?? silentLogger;
  // Its errors are reported where they are handled; its own lines are for debugging.
  const vendorLogger = internals.createLogger({
    level: 2,
    logCreator: () => (line: { namespace: string; log: { message: string } }) => logger.debug({ from: line.namespace }, line.log.message),
  });
  // Of each broker one answer is read while another is handed out.
  const frames = framePool(4 * numbers.fetchBytesMax);
  const builder = internals.connectionPoolBuilder({
    logger: vendorLogger,
    socketFactory: framedSockets({ pool: frames, frameBytesMax: answerBytesMax }),
    brokers: [...options.brokers],
    ssl: tlsOptions(options.ssl),
    sasl: saslOptions(options.sasl),
    clientId: options.clientId ?? kafkaDefaults.clientId,
    connectionTimeout: numbers.connectionTimeoutMs,
    requestTimeout: numbers.requestTimeoutMs,
    enforceRequestTimeout: true,
  });
  const seeds = options.brokers.map(kafkaAddress);
  const nodes = new Map<number, KafkaAddress>();
  const brokers = new Map<string, Promise<KafkaBroker>>();
  let isClosed = false;
  let turn = 0;

  const create = async (at: KafkaAddress): Promise<KafkaBroker> => {
    const broker = new internals.Broker({
      connectionPool: await builder.build(at),
      logger: vendorLogger,
      authenticationTimeout: numbers.connectionTimeoutMs,
      allowAutoTopicCreation: false,
    });
    broker.connectionPool.map((connection) => {
      calmQueue(connection);
      takeWhole(connection);
    });
    return broker;
  };
  const connect = async (at: KafkaAddress): Promise<KafkaBroker> => {
    if (isClosed) throw new LakeError('LOG_UNREACHABLE', `connect to Kafka at ${at.host}:${at.port}: this side is closing`);
    const name = `${at.host}:${at.port}`;
    const opening = brokers.get(name) ?? create(at);
    brokers.set(name, opening);
    const broker = await opening;
    if (isUsable(broker)) return broker;
    try {
      await broker.connect();
    } catch (error) {
      await drop(broker);
      throw kafkaError(`connect to Kafka at ${name}`, error);
    }
    // Whoever waited for the same connection finds its socket open for a moment although nobody answered on it.
    if (!isUsable(broker)) throw new LakeError('LOG_UNREACHABLE', `connect to Kafka at ${name}: it did not say what it speaks`);
    return broker;
  };
  /** Forgets a broker whose connection is of no more use; the next use makes another. */
  const drop = async (broker: KafkaBroker): Promise<void> => {
    for (const [name, opened] of brokers) if ((await opened) === broker) brokers.delete(name);
    await broker.disconnect().catch(() => undefined);
  };
  const call = async <T>(broker: KafkaBroker, what: string, act: (broker: KafkaBroker) => Promise<T>): Promise<T> => {
    try {
      return await act(broker);
    } catch (error) {
      const known = kafkaError(what, error);
      if (known.context['isConnectionLost'] === true) void drop(broker);
      throw known;
    }
  };

  return {
    async any() {
      const candidates = [...nodes.values(), ...seeds];
      let failure: unknown;
      for (let i = 0; i < candidates.length; i++) {
        const at = candidates[turn++ % candidates.length];
        assert(at, 'there is a broker address');
        try {
          return await connect(at);
        } catch (error) {
          failure = error;
        }
      }
      throw failure;
    },
    async node(nodeId) {
      const at = nodes.get(nodeId);
      if (!at) throw new LakeError('LOG_UNREACHABLE', `connect to Kafka node ${nodeId}: no address known`, { context: { nodeId } });
      return connect(at);
    },
    at: ({ host, port }) => connect({ host, port }),
    learn(found) {
      nodes.clear();
      for (const { nodeId, host, port } of found) nodes.set(nodeId, { host, port });
    },
    send: (broker, what, request) => call(broker, what, (connected) => connected.connectionPool.send(protocolOf(request))),
    call,
    recycle: (answer) => frames.give(answer),
    async [Symbol.asyncDispose]() {
      isClosed = true;
      const open = await Promise.all(brokers.values());
      for (const broker of open) broker.connectionPool.map((connection) => connection.rejectRequests(new Error('this side is closing')));
      await Promise.all(open.map((broker) => broker.disconnect().catch(() => undefined)));
    },
  };
}

/** It has told its versions, too. */
const isUsable = (broker: KafkaBroker): boolean => broker.isConnected() && broker.versions !== null;

/**
 * kafkajs looks at its queue every millisecond for ever, by a timer with a negative delay that Node warns of. Only a
 * waiting request needs the look.
 */
function calmQueue({ requestQueue: queue }: KafkaConnection): void {
  const schedule = queue.scheduleCheckPendingRequests.bind(queue);
  queue.scheduleCheckPendingRequests = () => {
    if (queue.pending.length > 0) schedule();
  };
}

/** Answers come whole: without its empty remainder kafkajs does not join, and so copy, each one. */
function takeWhole(connection: KafkaConnection): void {
  const process = connection.processData.bind(connection);
  connection.processData = (answer) => {
    connection.chunks = [];
    connection.bytesBuffered = 0;
    process(answer);
  };
}

function protocolOf<T>({ apiKey, apiVersion, apiName, body, decode }: WireRequest<T>) {
  return {
    request: { apiKey, apiVersion, apiName, encode: async () => ({ buf: body, buffer: body }) },
    response: { decode: async (bytes: Buffer) => decode(bytes), parse: async (decoded: T) => decoded },
  };
}

function saslOptions(sasl: KafkaSasl | undefined): Record<string, unknown> | undefined {
  if (!sasl) return undefined;
  if (sasl.mechanism !== 'oauthbearer') return { mechanism: sasl.mechanism, username: sasl.username, password: sasl.password };
  return { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value: await sasl.token() }) };
}

const brokerMethods = [
  'connect',
  'disconnect',
  'isConnected',
  'findGroupCoordinator',
  'joinGroup',
  'syncGroup',
  'heartbeat',
  'leaveGroup',
  'offsetCommit',
  'listOffsets',
  'describeConfigs',
];

function loadInternals(): Internals {
  const load = createRequire(import.meta.url);
  const found: { version: unknown } = load('kafkajs/package.json');
  assert(found.version === testedVersion, `kafkajs ${String(found.version)} is installed, this code was written for ${testedVersion}`);
  const internals: Internals = {
    Broker: load('kafkajs/src/broker'),
    connectionPoolBuilder: load('kafkajs/src/cluster/connectionPoolBuilder'),
    createLogger: load('kafkajs/src/loggers').createLogger,
  };
  for (const name of brokerMethods) {
    assert(typeof Reflect.get(internals.Broker.prototype, name) === 'function', `kafkajs' broker has no ${name}`);
  }
  for (const part of [internals.connectionPoolBuilder, internals.createLogger]) {
    assert(typeof part === 'function', 'kafkajs is laid out differently');
  }
  return internals;
}
