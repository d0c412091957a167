// The upkeep as a whole: every step of a table, on command, on its own, and when something keeps it from its turn.

import assert from 'node:assert/strict';
import test from 'node:test';
import { mainSnapshot } from '../../lake/iceberg/metadata.ts';
import { manifestsOf } from '../../lake/iceberg/metadata-object.ts';
import { maintainTable, maintenanceSteps } from '../../maintenance/maintain-table.ts';
import { maintainTables } from '../../maintenance/maintain-tables.ts';
import { maintenancePoints } from '../../maintenance/maintenance-point.ts';
import { systemClock } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import { silentLogger } from '../../runtime/log.ts';
import type { Metrics } from '../../runtime/metrics.ts';
import { readChain } from '../../lake/raw/offset-chain.ts';
import { laterStore, loadedTable } from './erase-fixture.ts';
import { foreignWriter } from './foreign-writer.ts';
import { assertWhole, dayMs, inserted, liveFiles, smallFilesLab, upkeepDeps } from './maintenance-fixture.ts';
import type { QueryLab } from './query-fixture.ts';

test('every step of a table, and a dry run that says the same and writes nothing', async () => {
  await using lab = await smallFilesLab(4);
  const { metadataLocation } = await loadedTable(lab);
  const told = await maintainTable(lab.target.ident, maintenanceSteps, upkeepDeps(lab), true);
  assert.deepEqual(
    told.steps.map(({ step, outcome, detail }) => [step, outcome, detail]),
    [
      ['expire', 'done', '4 snapshots would be forgotten'],
      ['manifests', 'done', '4 of 4 manifests would be merged'],
      ['compact', 'done', '4 files would become 1'],
      ['orphans', 'nothing', '0 objects would be deleted'],
    ],
  );
  assert.equal((await loadedTable(lab)).metadataLocation, metadataLocation);
  const done = await maintainTable(lab.target.ident, maintenanceSteps, upkeepDeps(lab), false);
  assert.deepEqual(
    done.steps.map(({ step, outcome, detail }) => [step, outcome, detail]),
    [
      ['expire', 'done', '4 snapshots forgotten'],
      ['manifests', 'done', '4 manifests merged'],
      ['compact', 'done', '4 files became 1'],
      ['orphans', 'nothing', '0 objects deleted'],
    ],
  );
  const { metadata } = await loadedTable(lab);
  assert.deepEqual(
    [(await liveFiles(lab)).length, (await manifestsOf(lab.store, mainSnapshot(metadata), undefined)).length, done.smallFiles],
    [1, 1, 1],
  );
  await assertWhole(lab, 8);
});

for (const point of maintenancePoints.filter((name) => /^(expire|manifests):/.test(name))) {
  const pass = (at: string): void => {
    if (at === point) throw new Error('killed');
  };
  test(`upkeep that dies at ${point} leaves the table whole, and the next one goes on`, async () => {
    await using lab = await smallFilesLab(3);
    await assert.rejects(maintainTable(lab.target.ident, maintenanceSteps, upkeepDeps(lab, { pass }), false), /killed/);
    await assertWhole(lab, 6);
    await maintainTable(lab.target.ident, maintenanceSteps, upkeepDeps(lab), false);
    await lab.land([inserted(7)]);
    await assertWhole(lab, 7);
    assert.equal((await liveFiles(lab)).length, 2);
  });
}

test('I5: after a commit whose outcome is unknown nothing of the table is swept', async () => {
  await using lab = await smallFilesLab(3);
  const deleted: string[] = [];
  const catalog: QueryLab['catalog'] = {
    ...lab.catalog,
    commitTable: () => Promise.reject(new LakeError('CATALOG_OUTCOME_UNKNOWN', 'the reply was lost')),
  };
  const store = { ...laterStore(lab.store, 9 * dayMs), delete: async (keys: readonly string[]) => void deleted.push(...keys) };
  await lab.store.put(`${(await loadedTable(lab)).metadata.location.slice(lab.store.root.length + 1)}/data/old.parquet`, Buffer.from('x'));
  const { steps } = await maintainTable(lab.target.ident, maintenanceSteps, upkeepDeps(lab, { catalog, store }), false);
  assert.deepEqual(
    steps.map(({ outcome }) => outcome),
    ['unknown', 'unknown', 'unknown', 'left'],
  );
  assert.equal(deleted.length, 0);
  await maintainTable(lab.target.ident, ['orphans'], upkeepDeps(lab, { store }), false);
  assert.ok(
    deleted.some((key) => key.endsWith('/old.parquet')),
    'the next run does',
  );
});

test('what one table or step cannot is told, and the others have their turn', async () => {
  await using lab = await smallFilesLab(3);
  const options = { ...upkeepDeps(lab).options, objectsMax: 2 };
  const { steps } = await maintainTable(lab.target.ident, ['orphans', 'compact'], upkeepDeps(lab, { options }), false);
  assert.deepEqual(
    steps.map(({ step, outcome }) => [step, outcome]),
    [
      ['compact', 'done'],
      ['orphans', 'left'],
    ],
  );
});

test('I1: rows that another engine adds while no record comes do not make the chain look rolled back once snapshots expire', async () => {
  await using lab = await smallFilesLab(2);
  await using foreign = await foreignWriter(lab.catalog, lab.store, lab.target.ident, lab.directory);
  for (let i = 0; i < 3; i++) await foreign.append();
  for (let i = 0; i < 2; i++) await maintainTable(lab.target.ident, ['expire', 'manifests', 'compact'], upkeepDeps(lab), false);
  const { metadata } = await loadedTable(lab);
  assert.equal(readChain(metadata).kind, 'valid');
  assert.ok(metadata.snapshots.length <= 3 + 2 + 2, `${metadata.snapshots.length} snapshots`);
  await lab.restart();
  await lab.land([inserted(7)]);
  const { rows } = await lab.lake.query('SELECT count(*) FROM raw.users');
  assert.deepEqual(rows, [[11n]]);
});

test('on its own it looks for orphans soon after its start, and then once a period', async () => {
  await using lab = await smallFilesLab(1);
  const ended = new AbortController();
  let now = systemClock.now();
  const startedAt = now;
  const sweptAt: number[] = [];
  const everyMs = 600_000;
  await maintainTables(
    {
      ...upkeepDeps(lab, { pass: (point) => void (point === 'sweep:listed' && sweptAt.push(now)) }),
      clock: { now: () => now, sleep: async (ms) => void (now += ms) },
      logger: silentLogger,
      metrics: null,
      namespaces: [['raw']],
      everyMs,
      orphansEveryMs: dayMs,
      purgeDropped: async () => {
        if (now > startedAt + 3 * dayMs) ended.abort();
        return 0;
      },
    },
    ended.signal,
  );
  assert.equal(sweptAt.length, 3);
  assert.ok((sweptAt[0] ?? Number.NaN) - startedAt <= 4 * everyMs, 'a process that is started anew every day sweeps too');
  assert.deepEqual(
    sweptAt.slice(1).map((at, i) => at - (sweptAt[i] ?? 0)),
    [dayMs, dayMs],
  );
});

test('on its own it looks at every table every so often, counts what it did, and purges what was dropped', async () => {
  await using lab = await smallFilesLab(3);
  const counted = new Map<string, number>();
  const add = (name: string, _labels: object, by = 1): void => void counted.set(name, (counted.get(name) ?? 0) + by);
  const metrics: Metrics = { count: add, set: add, replace: () => undefined, observe: () => undefined };
  const ended = new AbortController();
  let purges = 0;
  const twice = Promise.withResolvers<void>();
  const running = maintainTables(
    {
      ...upkeepDeps(lab),
      clock: { now: () => systemClock.now() + 9 * dayMs, sleep: (ms, signal) => systemClock.sleep(Math.min(ms, 20), signal) },
      logger: silentLogger,
      metrics,
      namespaces: [['nowhere'], ['raw']],
      everyMs: 1_000,
      orphansEveryMs: 0,
      purgeDropped: async () => {
        if (++purges === 2) twice.resolve();
        return purges;
      },
    },
    ended.signal,
  );
  await twice.promise;
  ended.abort();
  await running;
  assert.deepEqual([counted.get('foz_compacted_files_total'), counted.get('foz_orphan_objects_left')], [3, 0]);
  assert.ok((counted.get('foz_maintenance_runs_total') ?? 0) >= 2);
  await assertWhole(lab, 6);
});
