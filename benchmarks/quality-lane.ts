// One lane of the quality benchmark, in a process of its own so that its CPU time and peak memory are the kernel's own
// figures. Prints one line of JSON.
//
// planned           what `foz quality run` does: one pass for all checks, one more for rows of those that failed
// query-per-check   the same statements of ours, one check at a time
// single-queries    by hand over the Parquet files, one query a check that counts what fails; DuckDB as it comes
// tool-style        as Soda and Great Expectations do it: for each check the rows, what fails, and failing rows

import { join } from 'node:path';
import { memoryCatalog } from '../catalog/memory-catalog.ts';
import { sqliteCatalogStore } from '../catalog/store/sqlite-catalog-store.ts';
import { filesystemStore } from '../lake/store/filesystem-store.ts';
import { openDuckdbEngine } from '../quality/engine/duckdb-engine.ts';
import { measureAll } from '../tests/conformance/quality-session.ts';
import { benchChecks } from './quality-checks.ts';
import { handQuery } from './duckdb.ts';

const [lane = '', dir = '', rowsText = ''] = process.argv.slice(2);
const checks = benchChecks(Number(rowsText));
const values: Record<string, number> = {};

async function ours(isPlanned: boolean): Promise<void> {
  await using store = filesystemStore({ root: join(dir, 'lake') });
  await using catalogStore = await sqliteCatalogStore({ path: join(dir, 'catalog.sqlite') });
  await using catalog = memoryCatalog({ objectStore: store, store: catalogStore });
  await using engine = await openDuckdbEngine({ catalog, store, cacheDir: join(dir, 'cache') });
  const all = checks.map(({ check }) => check);
  for (const group of isPlanned ? [all] : all.map((check) => [check])) {
    for (const [id, { finding }] of await measureAll(group, { engine, store, now: Date.now() })) {
      if (finding.kind !== 'measured') throw new Error(`${id}: ${JSON.stringify(finding)}`);
      values[id] = finding.measured.value;
    }
  }
}

async function byHand(isToolStyle: boolean): Promise<void> {
  await using query = await handQuery(join(dir, 'lake', 'raw'));
  for (const { check, by } of checks) {
    if (isToolStyle) await query.one(by.considered);
    values[check.id] = Number(await query.one(by.measured));
    if (isToolStyle && by.failing !== null) await query.one(by.failing);
  }
}

const startedAt = performance.now();
const before = process.resourceUsage();
if (lane === 'planned' || lane === 'query-per-check') await ours(lane === 'planned');
else await byHand(lane === 'tool-style');
const seconds = (performance.now() - startedAt) / 1000;
const after = process.resourceUsage();
const cpuSeconds = (after.userCPUTime + after.systemCPUTime - before.userCPUTime - before.systemCPUTime) / 1e6;
process.stdout.write(`${JSON.stringify({ seconds, cpuSeconds, rssBytesMax: after.maxRSS * 1024, values })}\n`);
