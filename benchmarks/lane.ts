// One lane: the real `foz run` as a process, from a full topic to committed snapshots. Measured from outside: the wall
// clock from the first record taken to the last commit, the process's CPU time and peak memory as the kernel counts
// them, the bytes of the committed files, and every (partition, offset) once.

import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { countOffsets } from './duckdb.ts';
import { cpuSecondsOf, peakRssBytes } from './process-figures.ts';

export interface LaneTarget {
  readonly name: string;
  /** `lake.store` of foz.yaml. */
  readonly store: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface LaneResult {
  readonly name: string;
  readonly eventsPerSecond: number;
  readonly eventsPerCpuSecond: number;
  readonly rssBytesMax: number;
  readonly bytesOut: number;
  readonly lost: number;
  readonly duplicated: number;
}

export interface LaneInput {
  readonly bootstrap: string;
  readonly topic: string;
  /** The clock stops with the commit that reaches this many; the topic holds `total`, so that the worker has work until then. */
  readonly events: number;
  readonly total: number;
  readonly dir: string;
  readonly entry: string;
  readonly target: LaneTarget;
  readonly freePort: () => Promise<number>;
}

const laneMaxMs = 10 * 60_000;

export async function runLane(input: LaneInput): Promise<LaneResult> {
  const dir = await mkdtemp(join(input.dir, `${input.target.name}-`));
  const [http, catalog] = [await input.freePort(), await input.freePort()];
  const configFile = join(dir, 'foz.yaml');
  await writeFile(configFile, laneConfig(input, http, catalog));
  await mkdir(join(dir, 'work'), { recursive: true });
  const log = openSync(join(dir, 'worker.log'), 'a');
  const child = spawn(process.execPath, [input.entry, 'run', '--config', configFile], {
    stdio: ['ignore', log, log],
    env: { ...process.env, ...input.target.env },
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  // Also when the benchmark itself is ended.
  const stop = (): void => void child.kill('SIGTERM');
  process.once('exit', stop);
  try {
    const pid = child.pid ?? 0;
    const { startedAt, cpuAtStart } = await firstRecord(pid, http);
    const rows = await committed(http, input.events);
    const endedAt = Date.now();
    const cpuSeconds = cpuSecondsOf(pid) - cpuAtStart;
    const rssBytesMax = peakRssBytes(pid);
    await committed(http, input.total);
    const counted = await countOffsets({ configFile, catalogUrl: `http://127.0.0.1:${catalog}`, dir: join(dir, 'check') });
    return {
      name: input.target.name,
      eventsPerSecond: Math.round(rows / ((endedAt - startedAt) / 1000)),
      eventsPerCpuSecond: Math.round(rows / cpuSeconds),
      rssBytesMax,
      bytesOut: Math.round(counted.fileBytes * (input.events / input.total)),
      lost: input.total - counted.distinct,
      duplicated: counted.rows - counted.distinct,
    };
  } catch (cause) {
    throw new Error(`lane ${input.target.name}: ${(await readFile(join(dir, 'worker.log'), 'utf8')).slice(-2_000)}`, { cause });
  } finally {
    stop();
    await exited;
    process.off('exit', stop);
    await rm(dir, { recursive: true, force: true });
  }
}

function laneConfig({ bootstrap, topic, target }: LaneInput, http: number, catalog: number): string {
  return `kafka: { brokers: ['${bootstrap}'], groupId: bench-${target.name} }
lake:
  store: ${target.store}
catalog: { kind: embedded, listen: '127.0.0.1:${catalog}' }
sync: { tables: [{ topic: ${topic}, table: users }] }
http: { listen: '127.0.0.1:${http}' }
`;
}

interface Status {
  readonly tables?: readonly {
    readonly rowsCommitted: number;
    readonly state: string;
    readonly reason: string | null;
    readonly positions: Readonly<Record<string, string>>;
  }[];
}

async function statusOf(http: number): Promise<Status> {
  const response = await fetch(`http://127.0.0.1:${http}/status`).catch(() => null);
  const body: unknown = response ? await response.json() : {};
  return isStatus(body) ? body : {};
}

function isStatus(body: unknown): body is Status {
  return typeof body === 'object' && body !== null;
}

/** The clock starts when the worker knows its positions: before the first fetch. */
async function firstRecord(pid: number, http: number): Promise<{ readonly startedAt: number; readonly cpuAtStart: number }> {
  for (const until = Date.now() + 60_000; Date.now() < until; await sleep(2)) {
    const table = (await statusOf(http)).tables?.[0];
    if (table && Object.keys(table.positions).length > 0) return { startedAt: Date.now(), cpuAtStart: cpuSecondsOf(pid) };
  }
  throw new Error('the worker did not begin within a minute');
}

/** Resolves with the rows committed, once they are at least `events`. */
async function committed(http: number, events: number): Promise<number> {
  for (const until = Date.now() + laneMaxMs; Date.now() < until; await sleep(50)) {
    const table = (await statusOf(http)).tables?.[0];
    if (table?.state === 'halted') throw new Error(`halted: ${table.reason}`);
    if (table && table.rowsCommitted >= events) return table.rowsCommitted;
  }
  throw new Error(`not everything was committed within ${laneMaxMs / 60_000} minutes`);
}
