// `gc.enabled=false`: other tables may share the files. Nothing that deletes touches such a table; what only adds goes on.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { ErasePoint } from '../../cli/erase/erase-point.ts';
import { mainSnapshot } from '../../lake/iceberg/metadata.ts';
import { maintainTable, maintenanceSteps, type MaintenanceStep } from '../../maintenance/maintain-table.ts';
import { erase, loadedTable } from './erase-fixture.ts';
import {
  allRows,
  compact,
  forgetHistory,
  inserted,
  objectKeys,
  smallFilesLab,
  sweep,
  swept,
  unnamedKeys,
  upkeepDeps,
} from './maintenance-fixture.ts';
import type { QueryLab } from './query-fixture.ts';

async function set(lab: QueryLab, properties: Readonly<Record<string, string>>): Promise<void> {
  const outcome = await lab.catalog.commitTable(lab.target.ident, {
    requirements: [],
    updates: [{ action: 'set-properties', updates: properties }],
  });
  assert.equal(outcome.kind, 'committed');
}

function closing(lab: QueryLab, point: ErasePoint): (at: ErasePoint) => Promise<void> {
  return async (at) => (at === point ? set(lab, { 'gc.enabled': 'false' }) : undefined);
}

/** Which of the keys are not there any more. */
async function gone(lab: QueryLab, keys: readonly string[]): Promise<readonly string[]> {
  const now = await objectKeys(lab);
  return keys.filter((key) => !now.includes(key));
}

test('nothing of a table with gc.enabled=false is swept or erased, and the report says why; the worker goes on', async () => {
  await using lab = await smallFilesLab(4);
  await compact(lab, { filesMin: 4 });
  await forgetHistory(lab);
  assert.notDeepEqual(await unnamedKeys(lab), [], 'there would be something to sweep');
  await set(lab, { 'gc.enabled': 'false' });
  const keys = await objectKeys(lab);
  const { snapshots } = (await loadedTable(lab)).metadata;
  for (const isDry of [true, false]) {
    const { steps } = await maintainTable(lab.target.ident, maintenanceSteps, upkeepDeps(lab), isDry);
    const told = new Map<MaintenanceStep, string>(steps.map(({ step, outcome, detail }) => [step, `${outcome}: ${detail}`]));
    assert.match(told.get('expire') ?? '', /^nothing:/);
    assert.match(told.get('orphans') ?? '', /^left: the table has gc\.enabled=false: .* so no object of it is deleted/);
    assert.match(told.get('compact') ?? '', /^nothing:/);
  }
  await assert.rejects(erase(lab, '101'), /gc\.enabled=false: .* so the key cannot be taken out of them/);
  assert.deepEqual([await gone(lab, keys), (await loadedTable(lab)).metadata.snapshots], [[], snapshots]);
  await lab.land([inserted(7)]);
  assert.equal((await allRows(lab)).length, 9, 'the worker goes on');
  await set(lab, { 'gc.enabled': 'true' });
  assert.notEqual((await swept(lab)).locations.length, 0);
});

test('a table that is closed while it is swept keeps what is left of it', async () => {
  await using lab = await smallFilesLab(3);
  await compact(lab);
  await forgetHistory(lab);
  const keys = await objectKeys(lab);
  const outcome = await sweep(lab, { pass: async (at) => (at === 'sweep:listed' ? set(lab, { 'gc.enabled': 'false' }) : undefined) });
  assert.equal(outcome.kind, 'refused', JSON.stringify(outcome));
  assert.deepEqual(await gone(lab, keys), []);
});

for (const point of ['rewrite:uploaded', 'commit:before'] as const) {
  test(`a table that is closed while a key is erased from it, at ${point}, is left as it is`, async () => {
    await using lab = await smallFilesLab(3);
    const [keys, before, { metadata }] = [await objectKeys(lab), await allRows(lab), await loadedTable(lab)];
    await assert.rejects(erase(lab, '101', { crashPoint: closing(lab, point) }), /gc\.enabled=false: .* so nothing was erased/);
    assert.deepEqual((await loadedTable(lab)).metadata.snapshots, metadata.snapshots);
    assert.deepEqual([await gone(lab, keys), await allRows(lab)], [[], before]);
  });
}

for (const point of ['commit:after', 'sweep:listed', 'sweep:before-data'] as const) {
  test(`a table that is closed once a key has been erased from it, at ${point}, loses no object`, async () => {
    await using lab = await smallFilesLab(3);
    const keys = await objectKeys(lab);
    await assert.rejects(
      erase(lab, '101', { crashPoint: closing(lab, point) }),
      /gc\.enabled=false: .* so the objects that held the key stay/,
    );
    assert.deepEqual([await gone(lab, keys), (await allRows(lab)).length], [[], 5]);
    await set(lab, { 'gc.enabled': 'true' });
    assert.ok((await erase(lab, '101')).swept.dataFiles > 0, 'the next run deletes them, once it may');
  });
}

test('a raw table with gc.enabled=false forgets snapshots, so that its metadata stays bounded, and keeps every object', async () => {
  await using lab = await smallFilesLab(3);
  await set(lab, { 'gc.enabled': 'false', 'write.metadata.previous-versions-max': '1' });
  const keys = await objectKeys(lab);
  const before = (await loadedTable(lab)).metadata.snapshots.length;
  const [dry, done] = [
    await maintainTable(lab.target.ident, ['expire'], upkeepDeps(lab), true),
    await maintainTable(lab.target.ident, ['expire', 'orphans'], upkeepDeps(lab), false),
  ];
  assert.match(dry.steps[0]?.detail ?? '', new RegExp(`^${before - 1} snapshots would be forgotten`));
  assert.deepEqual(
    done.steps.map(({ outcome }) => outcome),
    ['done', 'left'],
  );
  for (const id of [7, 8]) await lab.land([inserted(id)]);
  const { metadata } = await loadedTable(lab);
  assert.deepEqual([metadata.snapshots.length, metadata['metadata-log'].length], [3, 1]);
  assert.deepEqual(await gone(lab, keys), [], 'nor a metadata file that has fallen off the log');
  await set(lab, { 'gc.enabled': 'true' });
  await set(lab, { seen: 'yes' });
  assert.equal((await allRows(lab)).length, 8);
});

test('another writer’s table that asks for no expiry keeps its history; one that does is answered', async () => {
  await using lab = await smallFilesLab(2);
  const { metadata } = await loadedTable(lab);
  const own = Object.keys(metadata.properties).filter((name) => name.startsWith('foz.') || name.startsWith('history.expire.'));
  const ident = { namespace: ['raw'], name: 'others' };
  const created = await lab.catalog.createTable(ident, { schema: metadata.schemas[0] ?? assert.fail(), properties: {} });
  assert.ok(created.kind === 'committed' && own.length > 0);
  const expire = async (): Promise<string> => {
    const { steps } = await maintainTable(ident, ['expire'], upkeepDeps({ ...lab, target: { ...lab.target, ident } }), false);
    return `${steps[0]?.outcome}: ${steps[0]?.detail}`;
  };
  assert.equal(mainSnapshot(created.table.metadata), undefined);
  assert.equal(await expire(), 'nothing: another writer’s table, which does not set history.expire.*');
  await lab.catalog.commitTable(ident, {
    requirements: [],
    updates: [{ action: 'set-properties', updates: { 'history.expire.max-snapshot-age-ms': '1000' } }],
  });
  assert.equal(await expire(), 'nothing: nothing to do');
});
