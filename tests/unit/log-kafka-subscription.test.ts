// The membership of a Kafka group when topics change while it is being settled, on a broker that answers as the test says.

import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { systemClock } from '../../runtime/clock.ts';
import { silentLogger } from '../../runtime/log.ts';
import type { KafkaBroker, KafkaClient } from '../../sync/log/kafka-client.ts';
import type { KafkaMetadata } from '../../sync/log/kafka-metadata.ts';
import { kafkaNumbers } from '../../sync/log/kafka-options.ts';
import { kafkaSubscription } from '../../sync/log/kafka-subscription.ts';
import { logReader, until } from '../conformance/log-reader.ts';

const numbers = kafkaNumbers({ brokers: ['kafka:9092'], metadataMaxAgeMs: 20, heartbeatIntervalMs: 10 });
const noTopic: KafkaMetadata = { clusterId: 'c', brokers: [{ nodeId: 1, host: 'kafka', port: 9092 }], topics: [] };

test('I6: a topic that comes back between dealing and reading is dealt again, not left unread', async (t) => {
  const { reader, joins } = await subscribed(t, ({ joins: joined, looks }) => {
    if (joined === 1) return looks <= 1 ? metadataOf('AAAAAAAAAAAAAAAAAAAAAQ') : noTopic;
    // Gone still while the partitions are dealt, there again at the look where to start.
    return joined === 2 && looks === 0 ? noTopic : metadataOf('AAAAAAAAAAAAAAAAAAAAAg');
  });
  await until(
    () => reader.calls.length === 3,
    'the topic made anew',
    () => reader.calls,
  );
  assert.deepEqual(reader.calls, ['assigned 0', 'revoked 0', 'assigned 0']);
  const settled = joins();
  assert.equal(settled, 3, 'at first, without the topic, and with it again');
  await systemClock.sleep(300);
  assert.equal(joins(), settled, 'and then it stays a member');
});

test('a partition added between dealing and reading is dealt', async (t) => {
  const { reader } = await subscribed(t, ({ joins, looks }) => metadataOf('AAAAAAAAAAAAAAAAAAAAAQ', joins === 1 && looks === 0 ? 1 : 2));
  await until(
    () => reader.mine.size === 2,
    'both partitions',
    () => reader.calls,
  );
  assert.deepEqual(reader.calls, ['assigned 0,1'], 'nothing is given out of what was dealt before');
});

interface Moment {
  /** How often the member has joined. */
  readonly joins: number;
  /** Metadata asked for since the partitions were dealt, this time included; 0 while they are being dealt. */
  readonly looks: number;
}

/** The only member of its group. */
async function subscribed(t: TestContext, metadata: (at: Moment) => KafkaMetadata) {
  const at = { joins: 0, looks: 0, isDealt: false };
  const broker: Partial<KafkaBroker> = {
    isConnected: () => true,
    findGroupCoordinator: async () => ({ coordinator: { nodeId: 1, host: 'kafka', port: 9092 } }),
    async joinGroup({ groupProtocols }) {
      at.joins += 1;
      at.isDealt = false;
      at.looks = 0;
      const memberMetadata = groupProtocols[0]?.metadata ?? Buffer.alloc(0);
      return { generationId: at.joins, leaderId: 'me', memberId: 'me', members: [{ memberId: 'me', memberMetadata }] };
    },
    async syncGroup({ groupAssignment }) {
      at.isDealt = true;
      return { memberAssignment: groupAssignment[0]?.memberAssignment ?? null };
    },
    heartbeat: async () => undefined,
    leaveGroup: async () => undefined,
  };
  const member = broker as KafkaBroker;
  // Nothing is ever fetched: a fetch that does not end.
  const client: Partial<KafkaClient> = {
    any: async () => member,
    at: async () => member,
    node: () => new Promise(() => undefined),
    call: (_, __, act) => act(member),
    [Symbol.asyncDispose]: async () => undefined,
  };
  const reader = logReader({ start: () => 0n });
  const subscription = kafkaSubscription({
    groupId: 'g',
    topics: ['users'],
    handler: reader,
    groupClient: client as KafkaClient,
    fetchClient: client as KafkaClient,
    numbers,
    clock: systemClock,
    logger: silentLogger,
    async metadata() {
      if (at.isDealt) at.looks += 1;
      return metadata(at);
    },
    range: async () => ({ logStart: 0n, highWatermark: 0n }),
  });
  t.after(() => subscription.close());
  return { reader, joins: () => at.joins };
}

function metadataOf(topicId: string, partitions = 1): KafkaMetadata {
  const leaders = new Map(Array.from({ length: partitions }, (_, partition) => [partition, 1] as const));
  return { ...noTopic, topics: [{ name: 'users', topicId, error: 0, leaders }] };
}
