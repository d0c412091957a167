// Twenty checks on a table of ten million rows: the planned pass of the quality jobs against the same statements one check
// at a time, against queries written by hand, and against the several queries a check that other tools make. Every lane
// is a process of its own over the same files; all must measure the same.

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { memoryCatalog } from '../catalog/memory-catalog.ts';
import { sqliteCatalogStore } from '../catalog/store/sqlite-catalog-store.ts';
import { filesystemStore } from '../lake/store/filesystem-store.ts';
import { isRecord } from '../runtime/options.ts';
import { lakeTables } from '../tests/unit/lake-table-fixture.ts';
import { benchChecks, makeTables } from './quality-checks.ts';

export interface QualityBench {
  readonly rows: number;
  readonly checks: number;
  readonly lanes: readonly QualityLane[];
}

export interface QualityLane {
  readonly lane: string;
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Rows of the table, once for all checks. */
  readonly rowsPerSecond: number;
  readonly rssMebibytesMax: number;
  /** Checks whose figure is not that of the first lane. */
  readonly differing: number;
}

export interface QualityBenchInput {
  readonly rows: number;
  readonly note: (text: string) => void;
}

const lanes = ['planned', 'query-per-check', 'single-queries', 'tool-style'] as const;
const laneMaxMs = 30 * 60_000;
const run = promisify(execFile);

export async function benchQuality({ rows, note }: QualityBenchInput): Promise<QualityBench> {
  const dir = await mkdtemp(join(tmpdir(), 'foz-bench-quality-'));
  try {
    note(`writing ${rows} rows`);
    await writeTables(dir, rows);
    const results: QualityLane[] = [];
    let expected: Readonly<Record<string, number>> | null = null;
    for (const lane of lanes) {
      note(lane);
      const measured = await runLane(lane, dir, rows);
      expected ??= measured.values;
      const reference = expected;
      results.push({
        lane,
        seconds: rounded(measured.seconds),
        cpuSeconds: rounded(measured.cpuSeconds),
        rowsPerSecond: Math.round(rows / measured.seconds),
        rssMebibytesMax: Math.round(measured.rssBytesMax / 1024 ** 2),
        differing: Object.entries(measured.values).filter(([id, value]) => !isSame(value, reference[id])).length,
      });
    }
    return { rows, checks: benchChecks(rows).length, lanes: results };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function writeTables(dir: string, rows: number): Promise<void> {
  await using store = filesystemStore({ root: join(dir, 'lake') });
  await using catalogStore = await sqliteCatalogStore({ path: join(dir, 'catalog.sqlite') });
  await using catalog = memoryCatalog({ objectStore: store, store: catalogStore });
  await using lab = await lakeTables({ catalog, store });
  await makeTables(lab, rows);
}

interface Measured {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly rssBytesMax: number;
  readonly values: Readonly<Record<string, number>>;
}

async function runLane(lane: string, dir: string, rows: number): Promise<Measured> {
  const script = fileURLToPath(new URL('quality-lane.ts', import.meta.url));
  const { stdout } = await run(process.execPath, [script, lane, dir, String(rows)], { timeout: laneMaxMs, maxBuffer: 1024 ** 2 });
  const result: unknown = JSON.parse(stdout);
  if (!isRecord(result) || !isRecord(result['values'])) throw new Error(`lane ${lane} said ${stdout.slice(0, 200)}`);
  const values = Object.fromEntries(Object.entries(result['values']).map(([id, value]) => [id, Number(value)]));
  return {
    seconds: Number(result['seconds']),
    cpuSeconds: Number(result['cpuSeconds']),
    rssBytesMax: Number(result['rssBytesMax']),
    values,
  };
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

/** Sums of doubles hang on their order. */
function isSame(value: number, other: number | undefined): boolean {
  return other !== undefined && Math.abs(value - other) <= Math.abs(other) * 1e-9;
}
