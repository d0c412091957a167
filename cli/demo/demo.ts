// The whole way, once, in front of your eyes: databases → Debezium → Kafka → worker → Parquet on S3 → Iceberg tables,
// with live changes, the worker killed three times in mid-stream, and then the proof that nothing was lost or doubled.
// Every number in the result is measured from outside the worker: from the sources, the log and the committed files.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Logger } from '../../runtime/log.ts';
import type { Progress } from '../../runtime/progress.ts';
import { type CassandraClient } from '../../sources/cassandra-client.ts';
import { type PostgresClient } from '../../sources/postgres-client.ts';
import type { StackEndpoints } from '../../stack/stack.ts';
import type { LoadedConfig } from '../config.ts';
import { upLocalStack, type LocalStack } from '../local-stack.ts';
import { openLakeQuery, type LakeQuery } from '../../query/lake-query.ts';
import { tableTargets } from '../settings.ts';
import { connectCassandra, connectPostgres } from '../stack-databases.ts';
import { caughtUp } from '../verify/catch-up.ts';
import { compareWithLog, duplicateCounts } from '../verify/compare-with-log.ts';
import { verifyTable } from '../verify/verify-table.ts';
import { masksInForce, openCatalog, openLog, openStore } from '../wire.ts';
import { makeChanges, type ChangeCounts } from './changes.ts';
import { killInMidStream, type Kill } from './kill.ts';
import { loadRides, loadUsers } from './load.ts';
import { tableProgress, type Readers } from './progress-of-tables.ts';
import { demoQueries, type DemoAnswer } from './queries.ts';
import { catalogAnswers, startFoz } from './worker-process.ts';

export interface DemoOptions {
  readonly directory: string;
  readonly users: number;
  readonly rides: number;
  /** In each database, at least. */
  readonly changes: number;
  readonly kills: number;
  /** A webhook for alerts of the quality jobs. */
  readonly alertsTo?: string;
  readonly entry: string;
  readonly loadConfig: (file: string) => LoadedConfig;
  readonly progress: Progress;
  readonly logger: Logger;
}

interface Compared {
  readonly source: number;
  readonly lake: number;
  readonly missing: number;
  readonly extra: number;
  readonly differing: number;
}

export interface DemoResult {
  readonly users: Compared;
  readonly rides: Compared;
  readonly kills: readonly Kill[];
  readonly changes: ChangeCounts;
  readonly rowsRaw: number;
  /** (topic id, partition, offset) more than once in raw. */
  readonly duplicates: number;
  /** What the connectors themselves sent more than once. */
  readonly upstreamDuplicates: number;
  readonly rescued: number;
  /** Every log record compared with its raw row rebuilt. */
  readonly rebuilt: { readonly checked: number; readonly mismatched: number };
  /** Source commit to visible in the lake, of the changes made once the last worker had caught up. */
  readonly freshnessSeconds: { readonly p50: number; readonly p99: number };
  readonly queries: readonly DemoAnswer[];
}

export interface RunningDemo extends AsyncDisposable {
  readonly result: DemoResult;
  readonly local: LocalStack;
  readonly readers: Readers;
  readonly lake: LakeQuery;
  readonly catalogUrl: string;
}

/** Leaves the stack, the catalog and a worker running; the caller disposes. */
export async function runDemo(options: DemoOptions, signal: AbortSignal): Promise<RunningDemo> {
  await using parts = new AsyncDisposableStack();
  const { progress } = options;
  const before = { users: Math.floor(options.users * 0.75), rides: Math.floor(options.rides * 0.75) };
  const local = await upLocalStack(
    {
      directory: options.directory,
      isDetached: false,
      progress,
      logger: options.logger,
      freshness: '1s',
      anyPorts: true,
      ...(options.alertsTo === undefined ? {} : { alertsTo: options.alertsTo }),
      beforeCapture: (stage) => loadBefore(stage, before, options.users, signal),
    },
    signal,
  );
  parts.use(local);
  const loaded = options.loadConfig(local.configFile);
  const logs = join(options.directory, 'logs');
  await mkdir(logs, { recursive: true });
  const worker = { entry: options.entry, configFile: local.configFile, logFile: join(logs, 'worker.log') };
  parts.use(startFoz({ ...worker, only: 'catalog', logFile: join(logs, 'catalog.log') }));
  if (loaded.config.catalog.kind === 'embedded') await catalogAnswers(loaded.config.catalog.listen, signal);
  const store = parts.use(openStore(loaded, options.logger));
  const catalog = parts.use(await openCatalog(loaded, store, options.logger)).catalog;
  const log = parts.use(openLog(loaded, options.logger));
  const readers: Readers = { store, catalog, log };
  const databases = await openDatabases(local, parts, signal);

  const control = { isStopping: false };
  const changing = liveChanges(options, before, databases, control, progress, signal);
  changing.catch(() => undefined);
  const kills = await killWorkers(options, worker, loaded, readers, signal);
  parts.use(startFoz({ ...worker, only: 'sync' }));
  const steady = await steadyTime(loaded, readers, progress, signal);
  control.isStopping = true;
  const changes = await changing;
  await catchUp(loaded, readers, progress, signal);
  const lake = parts.use(await openLakeQuery({ catalog, store, cacheDir: join(options.directory, 'cache') }));
  const result = {
    kills,
    changes,
    ...(await prove(loaded, readers, lake, options.directory, progress, signal)),
    freshnessSeconds: await freshness(lake, steady),
  };
  const running = parts.move();
  return {
    result,
    local,
    readers,
    lake,
    catalogUrl: loaded.config.catalog.kind === 'embedded' ? `http://${loaded.config.catalog.listen}` : '',
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

/** Three quarters of the rows are there before anything captures: they arrive by snapshot. */
async function loadBefore(
  stage: { readonly postgres?: StackEndpoints['postgres']; readonly cassandra?: StackEndpoints['cassandra'] },
  before: { readonly users: number; readonly rides: number },
  users: number,
  signal: AbortSignal,
): Promise<void> {
  if (stage.postgres) {
    await using postgres = await connectPostgres(stage.postgres, signal);
    await loadUsers(postgres.query, 1, before.users + 1, signal);
  }
  if (stage.cassandra) {
    await using cassandra = await connectCassandra(stage.cassandra, signal);
    await loadRides(cassandra.query, 0, before.rides, users, signal);
  }
}

interface Databases {
  readonly postgres: PostgresClient;
  readonly cassandra: CassandraClient;
}

async function openDatabases(local: LocalStack, parts: AsyncDisposableStack, signal: AbortSignal): Promise<Databases> {
  return {
    postgres: parts.use(await connectPostgres(local.stack.endpoint('postgres'), signal)),
    cassandra: parts.use(await connectCassandra(local.stack.endpoint('cassandra'), signal)),
  };
}

/** The last quarter of the rows, then changes of every kind, while workers live and die. */
async function liveChanges(
  options: DemoOptions,
  before: { readonly users: number; readonly rides: number },
  databases: Databases,
  control: { isStopping: boolean },
  progress: Progress,
  signal: AbortSignal,
): Promise<ChangeCounts> {
  const { postgres, cassandra } = databases;
  const step = progress.start('live changes');
  await Promise.all([
    loadUsers(postgres.query, before.users + 1, options.users + 1, signal),
    loadRides(cassandra.query, before.rides, options.rides, options.users, signal),
  ]);
  const counts = await makeChanges(
    { postgres: postgres.query, cassandra: cassandra.query },
    options,
    { changesMin: options.changes, pauseMs: 2 },
    control,
    signal,
  );
  step.done(`${total(counts.users)} in PostgreSQL, ${total(counts.rides)} in Cassandra`);
  return counts;
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

async function killWorkers(
  options: DemoOptions,
  worker: { readonly entry: string; readonly configFile: string; readonly logFile: string },
  loaded: LoadedConfig,
  readers: Readers,
  signal: AbortSignal,
): Promise<readonly Kill[]> {
  const kills: Kill[] = [];
  const orphans = new Set<string>();
  for (let number = 1; number <= options.kills; number++) {
    const step = options.progress.start(`worker, kill -9 number ${number}`);
    const kill = await killInMidStream(
      worker,
      { table: number % 2 === 1 ? 'raw.users' : 'raw.rides', commit: 2 },
      tableTargets(loaded.config),
      readers,
      orphans,
      signal,
    );
    step.done(
      `${kill.table} at offset ${kill.atOffset}: ${kill.flushedUncommittedRows} rows flushed but not committed, ${kill.remaining} to come`,
    );
    kills.push(kill);
  }
  return kills;
}

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

const steadyMs = 6_000;

/** Some seconds of changes with a worker that has worked off what the killed ones left: freshness is measured there. */
async function steadyTime(loaded: LoadedConfig, readers: Readers, progress: Progress, signal: AbortSignal): Promise<Span> {
  const step = progress.start('worker, left alive');
  const deadlineMs = Date.now() + 120_000;
  await Promise.all(tableTargets(loaded.config).map((target) => caughtUp({ target, ...readers }, deadlineMs, signal)));
  const fromMs = Date.now();
  await setTimeout(steadyMs, undefined, { signal });
  step.done(`caught up, then ${steadyMs / 1000} s of changes`);
  return { fromMs, toMs: Date.now() };
}

/** Until every table holds what its topic held, with nothing new in between: twice in a row. */
async function catchUp(loaded: LoadedConfig, readers: Readers, progress: Progress, signal: AbortSignal): Promise<void> {
  const step = progress.start('catching up');
  for (let quiet = 0; quiet < 3;) {
    const tables = await Promise.all(tableTargets(loaded.config).map((target) => tableProgress(target, readers, signal)));
    const remaining = tables.reduce((sum, table) => sum + table.remaining, 0);
    step.update(`${remaining} records to come`);
    quiet = remaining === 0 ? quiet + 1 : 0;
    await setTimeout(500, undefined, { signal });
  }
  step.done();
}

async function prove(
  loaded: LoadedConfig,
  readers: Readers,
  lake: LakeQuery,
  directory: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<Omit<DemoResult, 'kills' | 'changes' | 'freshnessSeconds'>> {
  const targets = tableTargets(loaded.config);
  const compared: Record<string, Compared> = {};
  for (const name of ['users', 'rides']) {
    const target = targets.find(({ ident }) => ident.name === name);
    if (!target) throw new Error(`the demo's configuration has no table ${name}`);
    const step = progress.start(`verify ${name}`);
    const masks = await masksInForce(loaded, target.ident, signal);
    const { source, lake: rows, missing, extra, differing } = await verifyTable({ target, loaded, ...readers, lake, masks }, signal);
    compared[name] = { source, lake: rows, missing, extra, differing };
    step.done(`${source} rows in the source, ${rows} in the lake, ${missing} missing, ${extra} extra, ${differing} differing`);
  }
  const totals = { rowsRaw: 0, checked: 0, mismatched: 0, duplicates: 0, upstreamDuplicates: 0, rescued: 0 };
  const step = progress.start('every log record against its row');
  for (const target of targets) {
    const masks = await masksInForce(loaded, target.ident, signal);
    const [rebuilt, counts] = [
      await compareWithLog({ target, ...readers, cacheDir: join(directory, 'cache'), masks: masks ? [masks] : [] }, signal),
      await duplicateCounts(lake, target),
    ];
    totals.rowsRaw += rebuilt.rowsRaw;
    totals.checked += rebuilt.checked;
    totals.mismatched += rebuilt.mismatched;
    totals.duplicates += counts.duplicates;
    totals.upstreamDuplicates += counts.upstreamDuplicates;
    totals.rescued += counts.rescued;
  }
  const { rowsRaw, checked, mismatched, ...counts } = totals;
  step.done(`${checked} records read again, ${mismatched} differ`);
  const { users, rides } = compared;
  if (!users || !rides) throw new Error('a table was not compared');
  return {
    users,
    rides,
    rowsRaw,
    ...counts,
    rebuilt: { checked, mismatched },
    queries: await demoQueries(lake),
  };
}

async function freshness(lake: LakeQuery, { fromMs, toMs }: Span): Promise<{ readonly p50: number; readonly p99: number }> {
  const isInside = `changed_at BETWEEN epoch_ms(${fromMs})::TIMESTAMPTZ AND epoch_ms(${toMs})::TIMESTAMPTZ`;
  const { rows } = await lake.query(`
    WITH live AS (
      SELECT epoch_ms(_committed_at) - epoch_ms(changed_at) AS ms FROM raw.users WHERE ${isInside}
      UNION ALL SELECT epoch_ms(_committed_at) - epoch_ms(changed_at) FROM raw.rides WHERE ${isInside}
    ) SELECT quantile_cont(ms, 0.5) / 1000, quantile_cont(ms, 0.99) / 1000 FROM live`);
  const [p50, p99] = rows[0] ?? [];
  return { p50: Number(p50), p99: Number(p99) };
}
