// Every kind of check against planted faults in real tables: each fault is found by the checks that are about it, with the
// right count and rows, and by no other; tables without a fault pass them all.
// FOZ_TEST_LONG=1: every fault in tables of its own, over raw and current rows.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import type { Check } from '../../quality/check.ts';
import { openDuckdbEngine } from '../../quality/engine/duckdb-engine.ts';
import { lakeTables } from '../unit/lake-table-fixture.ts';
import { cleanPlant, mutations, packed, plantOf, type Mutation } from './quality-mutation-cases.ts';
import { mutationChecks, now, plantTables, type Plant } from './quality-mutation-tables.ts';
import { contractOf, measureAll, type Found } from './quality-session.ts';

const isLong = process.env['FOZ_TEST_LONG'] === '1';
const contracts = new Map([
  ['users', contractOf('users', ['id'])],
  ['rides', contractOf('rides', ['ride_id'])],
]);

async function checkTables(plant: Plant, view: Check['view']): Promise<ReadonlyMap<string, Found>> {
  await using lab = await lakeTables();
  await plantTables(lab, plant);
  await using engine = await openDuckdbEngine({
    catalog: lab.catalog,
    store: lab.store,
    cacheDir: join(lab.directory, 'cache'),
    threads: 1,
  });
  return await measureAll(mutationChecks(view), { engine, store: lab.store, now, contracts });
}

function valueOf({ finding }: Found): number | string {
  return finding.kind === 'measured' ? finding.measured.value : `${finding.kind}: ${finding.reason ?? ''}`;
}

function assertFound(found: ReadonlyMap<string, Found>, pack: readonly Mutation[]): void {
  const expected = new Map(pack.flatMap(({ breaks }) => Object.entries(breaks)));
  const failed = [...found].filter(([, { outcome }]) => outcome !== 'passed' && outcome !== 'unknown');
  assert.deepEqual(failed.map(([id]) => id).toSorted(), [...expected.keys()].toSorted());
  for (const [id, one] of failed) {
    const [value, wanted] = [valueOf(one), expected.get(id) ?? 0];
    assert.equal(one.outcome, 'failed', `${id}: ${value}`);
    assert.ok(typeof value === 'number' && Math.abs(value - wanted) <= Math.abs(wanted) * 1e-9, `${id}: ${value}, not ${wanted}`);
  }
  const unknown = [...found].filter(([, { outcome }]) => outcome === 'unknown').map(([id]) => id);
  assert.deepEqual(unknown.toSorted(), pack.flatMap((one) => one.unknown ?? []).toSorted());
  for (const { shows } of pack) {
    if (shows === undefined) continue;
    const [id, column, values] = shows;
    const finding = found.get(id)?.finding;
    assert.ok(finding?.kind === 'measured' && finding.failing, id);
    const at = finding.failing.columns.findIndex(
      (name) => name === column || name === `after.${column}.value` || name === `after.${column}`,
    );
    assert.deepEqual(
      finding.failing.rows.map((row) => row[at]),
      values,
      id,
    );
  }
}

for (const view of ['raw', 'current'] as const) {
  test(`tables without a fault pass every check of ${view} rows`, async () => {
    const found = await checkTables(cleanPlant, view);
    assert.equal(found.size, mutationChecks(view).length);
    assertFound(found, []);
  });
}

const inRaw = mutations.filter(({ deleteUsers }) => deleteUsers === undefined);
const inCurrent = isLong ? mutations : mutations.filter(({ deleteUsers }) => deleteUsers !== undefined);

for (const [view, all] of [
  ['raw', inRaw],
  ['current', inCurrent],
] as const) {
  for (const pack of isLong ? all.map((one) => [one]) : packed(all)) {
    test(`${view} rows: ${pack.map(({ name }) => name).join('; ')}`, async () => {
      assertFound(await checkTables(plantOf(pack), view), pack);
    });
  }
}

test('each kind of check is broken in at least three ways', () => {
  const kinds = new Map<string, Set<string>>();
  for (const { measure, id } of mutationChecks('raw')) {
    const kind = measure.kind === 'invalid' ? `invalid ${measure.valid.kind}` : measure.kind;
    for (const { name, breaks } of mutations) if (id in breaks) kinds.set(kind, (kinds.get(kind) ?? new Set()).add(name));
  }
  for (const { measure } of mutationChecks('raw')) {
    const kind = measure.kind === 'invalid' ? `invalid ${measure.valid.kind}` : measure.kind;
    assert.ok((kinds.get(kind)?.size ?? 0) >= 3, `${kind}: ${kinds.get(kind)?.size ?? 0}`);
  }
});
