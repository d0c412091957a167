// The real worker in a world that can be broken: a log, a store and a catalog in memory, a simulated clock, scripted
// faults on every call, and workers that die at any named point or live on as zombies. `tableRows` reads what is in the
// table from its metadata down to the files; `assertExactlyOnce` compares it with the log, record by record.

import assert from 'node:assert/strict';
import { memoryCatalog } from '../../../catalog/memory-catalog.ts';
import type { Catalog } from '../../../catalog/catalog.ts';
import { memoryCatalogStore } from '../../../catalog/store/memory-catalog-store.ts';
import type { ContractInForce, Contracts } from '../../../catalog/contracts.ts';
import { readManifest } from '../../../lake/iceberg/manifest.ts';
import { manifestsOf } from '../../../lake/iceberg/metadata-object.ts';
import { mainSnapshot } from '../../../lake/iceberg/metadata.ts';
import { memoryStore } from '../../../lake/store/memory-store.ts';
import { keyOf, type ObjectStore } from '../../../lake/store/object-store.ts';
import { LakeError } from '../../../runtime/errors.ts';
import { silentLogger, type Logger } from '../../../runtime/log.ts';
import { randomInt, seededRandom, type Random } from '../../../runtime/random.ts';
import type { CrashPoint } from '../../../sync/crash-point.ts';
import type { Halt } from '../../../sync/halt.ts';
import type { Log, LogSubscription } from '../../../sync/log/log.ts';
import { memoryLog, type MemoryLog } from '../../../sync/log/memory-log.ts';
import { syncDefaults, type SyncOptions } from '../../../sync/options.ts';
import { Worker } from '../../../sync/worker.ts';
import { faultyCatalog, faultyStore, noFaults, type FaultPlan, type WorkerFaults } from './faults.ts';
import { plainDecoder, withLocalFiles, type LocalFiles, type PlainRow } from './plain-decoder.ts';
import { settle, SimulatedClock } from './simulated-clock.ts';

export const topic = 'pg.public.users';
export const ident = { namespace: ['raw'], name: 'users' };

const options: SyncOptions = {
  ...syncDefaults,
  commitMaxAgeMs: 1_000,
  commitRowsMax: 12,
  chunkRowsMax: 5,
  chunkBytesMax: 10_000,
  bufferBytesMax: 400,
  uploadsMax: 2,
  holesMaxAgeMs: 4_000,
  manifestsMax: 4,
  haltRecheckMs: 5_000,
  revokeDrainMaxMs: 2_000,
  waitMinMs: 50,
  waitMaxMs: 400,
  discoverEveryMs: 500,
};

export interface SimulatedWorker {
  readonly worker: Worker;
  readonly life: { isAlive: boolean };
  readonly passed: Map<CrashPoint, number>;
  /** Set to die at the n-th passage of a point. */
  crashAt: { readonly point: CrashPoint; readonly passage: number } | null;
  failure: unknown;
  subscription(): LogSubscription | null;
  kill(): Promise<void>;
}

export class World {
  readonly random: Random;
  readonly clock = new SimulatedClock();
  readonly log: MemoryLog;
  readonly store: ObjectStore;
  /** The catalog's own database. */
  readonly pointers = memoryCatalogStore();
  readonly catalog: Catalog;
  readonly workers: SimulatedWorker[] = [];
  readonly halts: Halt[] = [];
  /** What was produced: value by `partition/offset`. */
  readonly produced = new Map<string, string | null>();
  readonly passedPoints = new Map<CrashPoint, number>();
  faults: FaultPlan = noFaults;
  /** Why, each time. */
  readonly fences: string[] = [];
  readonly partitions: number;
  /** What the registry answers from now on. */
  inForce: readonly ContractInForce[] = [];
  readonly #local: LocalFiles = new Map();
  #values = 0;
  #decoders = 0;

  constructor(seed: number, partitions = 2) {
    this.random = seededRandom(seed);
    this.partitions = partitions;
    this.log = memoryLog({ clusterId: 'cluster-1', clock: this.clock, batchRecordsMax: 4, batchBytesMax: 300 });
    this.log.createTopic(topic, { partitions });
    this.store = memoryStore(`world-${seed}`, { clock: this.clock });
    this.catalog = memoryCatalog({ store: this.pointers, objectStore: this.store, clock: this.clock });
  }

  produce(partition: number, count: number): void {
    const values = Array.from({ length: count }, () => {
      this.#values++;
      const letter = this.#values % 37 === 0 ? 'c' : this.#values % 23 === 0 ? 'b' : 'a';
      return randomInt(this.random, 9) === 0 ? null : `${letter}-${this.#values}`;
    });
    const first = this.log.produce(
      topic,
      partition,
      values.map((value) => ({ key: Buffer.from('k'), value: value === null ? null : Buffer.from(value) })),
    );
    values.forEach((value, i) => this.produced.set(`${partition}/${first + BigInt(i)}`, value));
  }

  spawn(overrides: Partial<SyncOptions> = {}, logger: Logger = silentLogger): SimulatedWorker {
    const death = Promise.withResolvers<void>();
    const life = { isAlive: true };
    const place = this.workers.length;
    const fault: WorkerFaults = (port, method) => this.faults.next(port, method, place);
    const passed = new Map<CrashPoint, number>();
    let subscription: LogSubscription | null = null;
    const kill = async (): Promise<void> => {
      if (!life.isAlive) return;
      life.isAlive = false;
      death.resolve();
      await subscription?.close();
    };
    const worker = new Worker(
      [{ topic, ident }],
      { ...options, ...overrides },
      {
        log: this.#mortalLog(life, death.promise, (opened) => (subscription = opened)),
        catalog: faultyCatalog(this.catalog, fault, life, this.clock),
        store: faultyStore(withLocalFiles(this.store, this.#local), fault, life, this.clock),
        contracts: { registry: this.#registry(life, place), maskKeys: new Map(), refreshMs: 300 },
        openDecoder: () => plainDecoder(this.#local, `decoder-${this.#decoders++}`),
        removeFile: async (path) => void this.#local.delete(path),
        clock: this.clock,
        random: this.random,
        logger,
        observer: { fenced: (_, reason) => this.fences.push(reason), halted: (_, halt) => this.halts.push(halt) },
        crashPoint: (point) => this.#pass(simulated, point),
      },
    );
    const simulated: SimulatedWorker = { worker, life, passed, crashAt: null, failure: null, subscription: () => subscription, kill };
    worker.done.catch((error: unknown) => (simulated.failure = error));
    this.workers.push(simulated);
    worker.start();
    return simulated;
  }

  /** Fails as the catalog does. */
  #registry(life: { readonly isAlive: boolean }, place: number): Contracts {
    const contractsInForce = async (): Promise<readonly ContractInForce[]> => {
      if (!life.isAlive) return new Promise(() => undefined);
      if (this.faults.next('catalog', 'contractsInForce', place) !== 'none')
        throw new LakeError('CATALOG_UNREACHABLE', 'the registry is away');
      return this.inForce;
    };
    return { contractsInForce, activeContract: async () => (await contractsInForce()).at(-1) ?? null, async [Symbol.asyncDispose]() {} };
  }

  async #pass(simulated: SimulatedWorker, point: CrashPoint): Promise<void> {
    const count = (simulated.passed.get(point) ?? 0) + 1;
    simulated.passed.set(point, count);
    this.passedPoints.set(point, (this.passedPoints.get(point) ?? 0) + 1);
    if (!simulated.life.isAlive) return new Promise(() => undefined);
    if (simulated.crashAt?.point === point && simulated.crashAt.passage === count) {
      void simulated.kill();
      return new Promise(() => undefined);
    }
  }

  /** The log as one worker has it: when it dies, its handlers end and its membership goes. */
  #mortalLog(life: { readonly isAlive: boolean }, death: Promise<void>, opened: (subscription: LogSubscription) => void): Log {
    const { log } = this;
    return {
      describe: (topics, signal) => log.describe(topics, signal),
      offsets: (name, signal) => log.offsets(name, signal),
      async subscribe(wanted, handler, signal) {
        const subscription = await log.subscribe(
          wanted,
          {
            assigned: async (partitions) => (life.isAlive ? ((await Promise.race([handler.assigned(partitions), death])) ?? []) : []),
            revoked: async (partitions) => (life.isAlive ? Promise.race([handler.revoked(partitions), death]) : undefined),
            batch: async (batch) => (life.isAlive ? Promise.race([handler.batch(batch), death]) : undefined),
            outOfRange: async (at, asked, range) => (life.isAlive ? handler.outOfRange(at, asked, range) : undefined),
            availability: (available, reason) => handler.availability(available, reason),
          },
          signal,
        );
        opened(subscription);
        // It died while it joined: the membership goes with it.
        if (!life.isAlive) await subscription.close();
        return subscription;
      },
      async [Symbol.asyncDispose]() {},
    };
  }

  /** Lets `ms` of simulated time pass. */
  async pass(ms: number): Promise<void> {
    await this.clock.advanceBy(ms);
  }

  /** Faults off, one living worker at least, then until the table holds everything (or the time is up). */
  async drain(): Promise<void> {
    this.faults = noFaults;
    for (const simulated of this.workers) simulated.crashAt = null;
    for (let i = 0; i < 80; i++) {
      if (!this.workers.some(({ life }) => life.isAlive)) this.spawn();
      await this.pass(500);
      if (this.halts.length > 0) return;
      const rows = await this.tableRows();
      if (rows.length >= this.produced.size) break;
    }
    await this.pass(3_000);
    await settle();
  }

  async tableRows(): Promise<readonly PlainRow[]> {
    const table = await this.catalog.loadTable(ident);
    const snapshot = table && mainSnapshot(table.metadata);
    if (!snapshot) return [];
    const rows: PlainRow[] = [];
    for (const manifest of await manifestsOf(this.store, snapshot, undefined)) {
      const entries = readManifest(await this.store.get(keyOf(this.store, manifest.path) ?? ''), manifest.path).entries;
      for (const entry of entries) {
        if (entry.status === 'deleted') continue;
        const parsed: PlainRow[] = JSON.parse(Buffer.from(await this.store.get(keyOf(this.store, entry.file.filePath) ?? '')).toString());
        assert.equal(parsed.length, Number(entry.file.recordCount), 'the manifest counts the rows of its file');
        rows.push(...parsed);
      }
    }
    return rows;
  }

  /** Every produced record is in the table exactly once, with its own value, and nothing else is. */
  async assertExactlyOnce(): Promise<void> {
    const failures = this.workers.filter(({ life, failure }) => life.isAlive && failure !== null);
    assert.deepEqual(
      failures.map(({ failure }) => String(failure)),
      [],
      'no living worker failed',
    );
    const rows = await this.tableRows();
    const found = new Map<string, string | null>();
    for (const row of rows) {
      const key = `${row.partition}/${row.offset}`;
      assert.ok(!found.has(key), `offset ${key} is in the table twice`);
      found.set(key, row.value);
    }
    assert.deepEqual(sorted(found), sorted(this.produced));
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map(({ kill }) => kill()));
    await this.log[Symbol.asyncDispose]();
  }
}

function sorted(map: ReadonlyMap<string, string | null>): (readonly [string, string | null])[] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}
