// The catalog under load: commits, loads and creates over REST with 1, 100 and 10,000 tables; and one table as its history
// grows, expired as by default and not at all. Every server gets the same requests in the same run, one server at a time.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultExpiryPolicy } from '../lake/iceberg/expire.ts';
import { cpuSecondsOf, peakRssBytes } from './process-figures.ts';
import { startServers, type BenchedServer } from './catalog-server.ts';
import { createTable, restClient, type BenchTable, type Rest } from './catalog-table.ts';

export interface CatalogBench {
  readonly tables: readonly TablesLane[];
  readonly history: readonly HistoryLane[];
}

export interface TablesLane {
  readonly server: string;
  readonly tables: number;
  readonly clients: number;
  readonly createsPerSecond: number;
  readonly commitsPerSecond: number;
  readonly commitP50Ms: number;
  readonly commitP99Ms: number;
  /** Of the server, all its threads. */
  readonly commitCpuMs: number;
  readonly loadsPerSecond: number;
  readonly loadP99Ms: number;
  readonly loadCpuMs: number;
  readonly rssMebibytesMax: number;
}

export interface HistoryLane {
  readonly server: string;
  readonly expiry: 'default' | 'none';
  readonly commitsBefore: number;
  readonly liveSnapshots: number;
  /** Of the answer to a load, which is the metadata and some words. */
  readonly loadBytes: number;
  readonly commitP50Ms: number;
  readonly commitP99Ms: number;
  readonly commitCpuMs: number;
  readonly loadP50Ms: number;
  readonly rssMebibytesMax: number;
}

export interface CatalogBenchInput {
  /** Seconds of each measurement. */
  readonly seconds: number;
  /** The most tables. */
  readonly tables: number;
  /** The longest history. */
  readonly commits: number;
  readonly note: (text: string) => void;
}

const clientsMax = 8;
const warmUpSeconds = 5;
const slices = 5;
const historySample = 100;
const growBatch = 500;

export async function benchCatalog({ seconds, tables, commits, note }: CatalogBenchInput): Promise<CatalogBench> {
  const dir = await mkdtemp(join(tmpdir(), 'foz-bench-catalog-'));
  await using parts = new AsyncDisposableStack();
  parts.defer(() => rm(dir, { recursive: true, force: true }));
  const servers = await startServers(dir, parts, note);
  const lanes: TablesLane[] = [];
  const history: HistoryLane[] = [];
  for (const server of servers) await warmUp(server);
  for (const count of [...new Set([1, 100, tables])].filter((number) => number <= tables)) {
    for (const lane of await tablesLanes(servers, count, seconds)) {
      lanes.push(lane);
      note(JSON.stringify(lane));
    }
  }
  for (const server of servers) {
    for await (const lane of historyLanes(server, commits)) {
      history.push(lane);
      note(JSON.stringify(lane));
    }
  }
  return { tables: lanes, history };
}

/** Compilers of both runtimes have seen the requests before anything counts. */
async function warmUp({ url }: BenchedServer): Promise<void> {
  using rest = restClient(url, clientsMax);
  const tables = await createTables(rest, 'warm', clientsMax);
  await repeated(clientsMax, warmUpSeconds, (client) => at(tables, client).commit());
  await repeated(clientsMax, warmUpSeconds, (client) => at(tables, client).load());
}

/** Servers take turns in short slices, so that what else the machine does meets them alike. */
async function tablesLanes(servers: readonly BenchedServer[], count: number, seconds: number): Promise<readonly TablesLane[]> {
  const benched: Benched[] = [];
  for (const server of servers) benched.push(await openBenched(server, count));
  const slice = seconds / slices;
  for (let round = 0; round < slices; round++) {
    for (const { server, clients, commits, commitNext } of benched)
      commits.push(await measured(server, () => repeated(clients, slice, commitNext)));
    for (const { server, tables, loads } of benched)
      loads.push(await measured(server, () => repeated(clientsMax, slice, () => at(tables, Math.floor(Math.random() * count)).load())));
  }
  return benched.map(({ server, rest, clients, createsPerSecond, commits, loads }) => {
    rest[Symbol.dispose]();
    const [committed, loaded] = [figuresOf(commits), figuresOf(loads)];
    return {
      server: server.name,
      tables: count,
      clients,
      createsPerSecond: rounded(createsPerSecond),
      commitsPerSecond: rounded(committed.perSecond),
      commitP50Ms: rounded(committed.p50Ms),
      commitP99Ms: rounded(committed.p99Ms),
      commitCpuMs: rounded(committed.cpuMs),
      loadsPerSecond: rounded(loaded.perSecond),
      loadP99Ms: rounded(loaded.p99Ms),
      loadCpuMs: rounded(loaded.cpuMs),
      rssMebibytesMax: Math.round(peakRssBytes(server.pid) / 1024 ** 2),
    };
  });
}

interface Benched {
  readonly server: BenchedServer;
  readonly rest: Rest;
  readonly tables: readonly BenchTable[];
  readonly clients: number;
  readonly createsPerSecond: number;
  readonly commits: Measured[];
  readonly loads: Measured[];
  commitNext(client: number): Promise<unknown>;
}

async function openBenched(server: BenchedServer, count: number): Promise<Benched> {
  const rest = restClient(server.url, clientsMax);
  const startedAt = performance.now();
  const tables = await createTables(rest, `of_${count}`, count);
  const createsPerSecond = (count / (performance.now() - startedAt)) * 1000;
  // One writer a table, as it should be: a race would measure refusals.
  const clients = Math.min(count, clientsMax);
  const turns = Array.from({ length: clients }, () => 0);
  const commitNext = (client: number): Promise<unknown> => {
    const turn = turns[client] ?? 0;
    turns[client] = turn + 1;
    return at(tables, (client + turn * clients) % (count - (count % clients))).commit();
  };
  return { server, rest, tables, clients, createsPerSecond, commits: [], loads: [], commitNext };
}

async function createTables(
  rest: Rest,
  namespace: string,
  count: number,
  snapshotsMax = defaultExpiryPolicy.snapshotsMax,
): Promise<readonly BenchTable[]> {
  await rest.send('POST', '/v1/namespaces', JSON.stringify({ namespace: [namespace], properties: {} }));
  const names = Array.from({ length: count }, (_, index) => `t${index}`);
  const tables: BenchTable[] = [];
  await Promise.all(
    Array.from({ length: Math.min(clientsMax, count) }, async () => {
      for (let name = names.pop(); name !== undefined; name = names.pop())
        tables.push(await createTable({ rest, namespace, name, snapshotsMax }));
    }),
  );
  return tables;
}

/** One table, one writer: after 10 commits and after many, with the default expiry; then with as many live snapshots. */
async function* historyLanes(server: BenchedServer, commits: number): AsyncGenerator<HistoryLane> {
  using rest = restClient(server.url, 1);
  const [expired] = await createTables(rest, 'expired', 1);
  if (!expired) throw new Error('no table');
  let done = 0;
  for (const before of [10, commits]) {
    for (; done < before; done++) await expired.commit();
    yield await historyLane(server, expired, 'default', done);
    done += historySample;
  }
  const [growing] = await createTables(rest, 'growing', 1, Number.MAX_SAFE_INTEGER);
  if (!growing) throw new Error('no table');
  while (growing.live < commits) await growing.grow(Math.min(growBatch, commits - growing.live));
  yield await historyLane(server, growing, 'none', growing.live);
}

async function historyLane(server: BenchedServer, table: BenchTable, expiry: HistoryLane['expiry'], before: number): Promise<HistoryLane> {
  const { live } = table;
  const { bytes } = await table.load();
  const loads = figuresOf([await measured(server, () => counted(historySample, () => table.load()))]);
  const commits = figuresOf([await measured(server, () => counted(historySample, () => table.commit()))]);
  return {
    server: server.name,
    expiry,
    commitsBefore: before,
    liveSnapshots: live,
    loadBytes: bytes,
    commitP50Ms: rounded(commits.p50Ms),
    commitP99Ms: rounded(commits.p99Ms),
    commitCpuMs: rounded(commits.cpuMs),
    loadP50Ms: rounded(loads.p50Ms),
    rssMebibytesMax: Math.round(peakRssBytes(server.pid) / 1024 ** 2),
  };
}

interface Measured {
  /** Milliseconds of each. */
  readonly times: readonly number[];
  readonly seconds: number;
  readonly cpuSeconds: number;
}

async function measured({ pid }: BenchedServer, work: () => Promise<number[]>): Promise<Measured> {
  const [startedAt, cpuBefore] = [performance.now(), cpuSecondsOf(pid)];
  const times = await work();
  return { times, seconds: (performance.now() - startedAt) / 1000, cpuSeconds: cpuSecondsOf(pid) - cpuBefore };
}

interface Figures {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMs: number;
}

function figuresOf(slicesOfOne: readonly Measured[]): Figures {
  const times = slicesOfOne.flatMap((slice) => slice.times).sort((left, right) => left - right);
  const [seconds, cpuSeconds] = [sumOf(slicesOfOne, (slice) => slice.seconds), sumOf(slicesOfOne, (slice) => slice.cpuSeconds)];
  const quantile = (part: number): number => times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? Number.NaN;
  const count = times.length;
  return { perSecond: count / seconds, p50Ms: quantile(0.5), p99Ms: quantile(0.99), cpuMs: (cpuSeconds * 1000) / count };
}

function sumOf<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((sum, item) => sum + of(item), 0);
}

/** Each client does one thing after the other until the time is over. Milliseconds of each. */
async function repeated(clients: number, seconds: number, work: (client: number) => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  const until = performance.now() + seconds * 1000;
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      while (performance.now() < until) times.push(await timed(() => work(client)));
    }),
  );
  return times;
}

async function counted(count: number, work: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let done = 0; done < count; done++) times.push(await timed(work));
  return times;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function at(tables: readonly BenchTable[], index: number): BenchTable {
  const table = tables[index];
  if (!table) throw new Error(`there is no table ${index}`);
  return table;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
