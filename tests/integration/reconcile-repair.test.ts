// A worker that is broken on purpose, on the real stack: of ten thousand users and ten thousand rides it drops one row,
// lands one twice, alters one by a cent and misses one delete. Verify finds each and says which; `foz verify --repair`
// makes the current rows equal again, through Debezium and the topics, without an edit of raw.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { loadConfig, type LoadedConfig } from '../../cli/config.ts';
import { demoRide, demoUser } from '../../cli/demo/data.ts';
import { loadRides, loadUsers } from '../../cli/demo/load.ts';
import { catalogAnswers, startFoz } from '../../cli/demo/worker-process.ts';
import { upLocalStack } from '../../cli/local-stack.ts';
import { openLakeSession } from '../../cli/query/lake-session.ts';
import { targetNamed } from '../../cli/settings.ts';
import { verifyTable } from '../../cli/verify/verify-table.ts';
import { openWorker } from '../../cli/wire-worker.ts';
import { openLog } from '../../cli/wire.ts';
import { reconciliationOf } from '../../cli/verify/reconciliation.ts';
import type { Check } from '../../quality/check.ts';
import type { MeasureSession } from '../../quality/measurer.ts';
import { reconcileMeasurer } from '../../quality/reconcile/reconcile-measurer.ts';
import { silentLogger } from '../../runtime/log.ts';
import { isRecord } from '../../runtime/options.ts';
import type { Log } from '../../sync/log/log.ts';
import { blockOf, keyAt, valueAt, type PlainRecord, type RecordBlock } from '../../sync/log/record-block.ts';
import { until } from './stack-processes.ts';
import { connectCassandra, connectPostgres } from '../../cli/stack-databases.ts';

const count = 10_000;
const entry = join(import.meta.dirname, '../../cli/foz.ts');

const user = { dropped: 4_001, doubled: 5_001, altered: 6_001, deleted: 7_001 };
const ride = {
  dropped: demoRide(4_001, count),
  doubled: demoRide(5_001, count),
  altered: demoRide(6_001, count),
  deleted: demoRide(7_001, count),
};

type Damage = (key: string, value: string | null) => readonly (string | null)[];

/** The values that stand in a record's place: none, itself, itself twice, another. */
const damage: Damage = (key, value) => {
  const parsed: unknown = JSON.parse(key);
  const id = isRecord(parsed) ? (parsed['id'] ?? parsed['ride_id']) : null;
  // Its tombstone comes: a batch of which nothing is left would never be committed.
  const isDelete = value?.includes('"op":"d"') === true;
  if (id === user.dropped || id === ride.dropped.rideId) return [];
  if ((id === user.deleted || id === ride.deleted.rideId) && isDelete) return [];
  if (id === user.doubled || id === ride.doubled.rideId) return [value, value];
  if (id === user.altered) return [oneCentMore(value, /("balance":")([^"]+)/g)];
  if (id === ride.altered.rideId) return [oneCentMore(value, /("fare":\{"value":")([^"]+)/g)];
  return [value];
};

function oneCentMore(value: string | null, amount: RegExp): string | null {
  const altered = value?.replaceAll(amount, (_, before: string, text: string) => before + cents(text)) ?? null;
  assert.notEqual(altered, value);
  return altered;
}

function cents(text: string): string {
  return (Number(text) + 0.01).toFixed(2);
}

const textOf = (bytes: Uint8Array | null) => (bytes === null ? null : Buffer.from(bytes).toString('utf8'));

function damaged(records: RecordBlock): RecordBlock {
  const kept: PlainRecord[] = [];
  for (let i = 0; i < records.count; i++) {
    const key = keyAt(records, i);
    const place = { offset: records.offsets[i] ?? 0n, logTimeMs: records.logTimesMs[i] ?? 0, headers: records.headers?.[i] ?? [] };
    const values = key === null ? [textOf(valueAt(records, i))] : damage(textOf(key) ?? '', textOf(valueAt(records, i)));
    for (const value of values) kept.push({ ...place, key, value: value === null ? null : Buffer.from(value) });
  }
  return blockOf(kept);
}

function brokenLog(log: Log): Log {
  return {
    ...log,
    subscribe: (options, handler, signal) =>
      log.subscribe(options, { ...handler, batch: (batch) => handler.batch({ ...batch, records: damaged(batch.records) }) }, signal),
  };
}

interface Answer {
  readonly code: number;
  readonly result: Readonly<Record<string, unknown>>;
}

function foz(configFile: string, ...args: readonly string[]): Promise<Answer> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [entry, ...args, '--json', '--quiet', '--config', configFile], (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code);
      if (code > 1 || stdout === '') return reject(new Error(`${args.join(' ')}: exit ${code}\n${stderr}`));
      const result: unknown = JSON.parse(stdout);
      return isRecord(result) ? resolve({ code, result }) : reject(new Error(stdout));
    });
  });
}

const differences = ({ missing, extra, differing }: { missing: number; extra: number; differing: number }) => ({
  missing,
  extra,
  differing,
});

test('a broken worker’s faults are located by key and column, and a repair restores equality', { timeout: 280_000 }, async (t) => {
  await using parts = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'foz-repair-'));
  parts.defer(() => rm(directory, { recursive: true, force: true }));
  const signal = AbortSignal.timeout(270_000);
  const { stack, configFile } = parts.use(await upLocalStack({ directory, isDetached: false, freshness: '1s', anyPorts: true }, signal));
  const startedMs = Date.now();
  const loaded = loadConfig(configFile, directory);
  const logFile = join(directory, 'worker.log');
  parts.use(startFoz({ entry, configFile, only: 'catalog', logFile }));
  await catalogAnswers(listenOf(loaded), signal);
  const session = parts.use(await openLakeSession(loaded, silentLogger));
  const log = parts.use(openLog(loaded, silentLogger));
  const broken = await openWorker(loaded, { ...session, log: brokenLog(log), logger: silentLogger, contracts: null });
  parts.defer(() => broken.stop());
  broken.start();

  const postgres = parts.use(await connectPostgres(stack.endpoint('postgres'), signal));
  const cql = stack.endpoint('cassandra');
  const cassandra = parts.use(await connectCassandra(cql, signal));
  await Promise.all([loadUsers(postgres.query, 1, count + 1, signal), loadRides(cassandra.query, 0, count, count, signal)]);
  await postgres.query('DELETE FROM public.users WHERE id = $1', [String(user.deleted)], signal);
  const { city, day, rideId } = ride.deleted;
  await cassandra.query('DELETE FROM rides.rides WHERE city = ? AND day = ? AND ride_id = ?', [city, day, rideId], signal);
  const [users, rides] = [targetNamed(loaded.config, 'users'), targetNamed(loaded.config, 'rides')];
  const expected = count + 2;
  await until('every change is in its topic', 120_000, async () => {
    const ends = await Promise.all([users, rides].map(({ topic }) => log.offsets(topic, signal)));
    return ends.every(
      (partitions) => [...partitions.values()].reduce((sum, { highWatermark }) => sum + Number(highWatermark), 0) >= expected,
    );
  });
  t.diagnostic(`loaded and in the topics: ${Date.now() - startedMs} ms`);

  const cent = cents(demoUser(user.altered).balance);
  const inUsers = await verifyTable({ target: users, loaded, log, ...session, waitMs: 60_000 }, signal);
  assert.deepEqual(inUsers.samples, [
    { kind: 'missing', key: [String(user.dropped)], columns: [] },
    {
      kind: 'differing',
      key: [String(user.altered)],
      columns: [{ column: 'balance', source: plain(demoUser(user.altered).balance), lake: plain(cent) }],
    },
    { kind: 'extra', key: [String(user.deleted)], columns: [] },
  ]);
  // Ranges of a thousand keys of the source: the deleted one lies at the end of the altered one's.
  assert.deepEqual([inUsers.source, inUsers.lake, inUsers.ranges], [count - 1, count - 1, { by: 'key', compared: 10, differing: 2 }]);
  assert.deepEqual([inUsers.repeated.rows, inUsers.repeated.samples[0]?.key], [1, `{"id":${user.doubled}}`]);
  const inRides = await verifyTable({ target: rides, loaded, log, ...session, waitMs: 8_000 }, signal);
  assert.deepEqual(inRides.samples.map(({ kind, key, columns }) => [kind, key[2], ...columns.map(({ column }) => column)]).toSorted(), [
    ['differing', ride.altered.rideId, 'fare'],
    ['extra', ride.deleted.rideId],
    ['missing', ride.dropped.rideId],
  ]);
  // The agent may send an event twice by itself: those have offsets of their own.
  assert.deepEqual(
    inRides.repeated.samples.map(({ key }) => key?.includes(ride.doubled.rideId)),
    Array.from({ length: inRides.repeated.rows }, () => true),
  );
  assert.ok(inRides.repeated.rows >= 1);
  t.diagnostic(`faults located: ${Date.now() - startedMs} ms`);

  await broken.stop();
  parts.use(startFoz({ entry, configFile, only: 'sync', logFile }));
  const rawBefore = await session.lake.query('SELECT (SELECT count(*) FROM raw.users), (SELECT count(*) FROM raw.rides)');
  for (const [name, before] of [
    ['users', inUsers],
    ['rides', inRides],
  ] as const) {
    const { code, result } = await foz(configFile, 'verify', name, '--repair');
    t.diagnostic(`${name} repaired: ${Date.now() - startedMs} ms: ${JSON.stringify(result['repair'])}`);
    const repair = result['repair'];
    assert.ok(isRecord(repair));
    assert.deepEqual(repair['before'], differences(before));
    assert.deepEqual([repair['read'], repair['written'], repair['deleted']], name === 'users' ? [2, 0, 1] : [0, 2, 1]);
    assert.deepEqual([code, result['missing'], result['extra'], result['differing'], result['samples']], [0, 0, 0, 0, []], name);
  }
  // As the nightly check does it, with the limits of the quality jobs.
  const checks = [{ id: 'users.reconcile', measure: { kind: 'cdc', of: 'reconcile' }, samplesMax: 5 }] as unknown as readonly Check[];
  const measured = { table: { name: 'users' }, contract: null } as unknown as MeasureSession;
  const finding = (await reconcileMeasurer(reconciliationOf(loaded, silentLogger)).measure(checks, measured, signal)).get(
    'users.reconcile',
  );
  assert.ok(finding?.kind === 'measured', JSON.stringify(finding));
  assert.deepEqual([finding.measured.value, finding.measured.total], [0, count - 1]);
  const after = await session.lake.query('SELECT (SELECT count(*) FROM raw.users), (SELECT count(*) FROM raw.rides)');
  const [grownUsers, grownRides] = [0, 1].map((i) => Number(after.rows[0]?.[i]) - Number(rawBefore.rows[0]?.[i]));
  assert.ok((grownUsers ?? 0) >= 4 && (grownRides ?? 0) >= 4, 'raw only grew');
  const { rows: rescued } = await session.lake.query(
    'SELECT (SELECT count(*) FROM raw.users WHERE _rescued IS NOT NULL), (SELECT count(*) FROM raw.rides WHERE _rescued IS NOT NULL)',
  );
  assert.deepEqual(rescued[0]?.map(Number), [0, 0], 'what a repair writes is typed as any change');
  t.diagnostic(`all: ${Date.now() - startedMs} ms after the stack was up`);
});

function listenOf({ config }: LoadedConfig): string {
  return config.catalog.kind === 'embedded' ? config.catalog.listen : '';
}

/** Canonical: without superfluous zeros. */
function plain(amount: string): string {
  return String(Number(amount));
}
