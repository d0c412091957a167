// Upkeep cut short at every point, beside a worker that goes on: the table is whole at once, every object that a snapshot
// names is there, the next run finishes it, and a worker started from nothing reads on where the table is.

import assert from 'node:assert/strict';
import test from 'node:test';
import { maintenancePoints, type MaintenancePoint } from '../../maintenance/maintenance-point.ts';
import { kindOfObject } from '../../maintenance/sweep/object-kind.ts';
import { agedStore } from '../unit/busy-upkeep.ts';
import {
  allRows,
  assertWhole,
  compact,
  expireAll,
  forgetHistory,
  inserted,
  keepOneMetadataFile,
  liveFiles,
  smallFilesLab,
  sweep,
  swept,
  unnamedKeys,
} from '../unit/maintenance-fixture.ts';

function diesAt(point: MaintenancePoint): (at: MaintenancePoint) => void {
  return (at) => {
    if (at === point) throw new Error('killed');
  };
}

for (const point of maintenancePoints.filter((name) => name.startsWith('compact:'))) {
  test(`a compaction that dies at ${point} leaves the table whole; the next one and a sweep finish it`, async () => {
    await using lab = await smallFilesLab(3);
    const before = await allRows(lab);
    await assert.rejects(compact(lab, { pass: diesAt(point) }), /killed/);
    await assertWhole(lab, 6);
    assert.deepEqual(await allRows(lab), before);
    await lab.land([inserted(7)]);
    await assertWhole(lab, 7);
    await compact(lab);
    assert.ok((await liveFiles(lab)).length <= 2);
    await forgetHistory(lab);
    await swept(lab);
    assert.deepEqual(await unnamedKeys(lab), [], 'what it left behind is gone');
    await lab.restart();
    await lab.land([inserted(8)]);
    await assertWhole(lab, 8);
    assert.deepEqual((await allRows(lab)).slice(0, 6), before);
  });
}

for (const point of maintenancePoints.filter((name) => name.startsWith('sweep:'))) {
  test(`a sweep that dies at ${point} leaves every named object, and the next one deletes the rest`, async () => {
    await using lab = await smallFilesLab(3);
    await compact(lab);
    await forgetHistory(lab);
    const before = await allRows(lab);
    await assert.rejects(sweep(lab, { pass: diesAt(point) }), /killed/);
    await assertWhole(lab, 6);
    assert.deepEqual(await allRows(lab), before);
    await lab.land([inserted(7)]);
    await swept(lab);
    assert.deepEqual(await unnamedKeys(lab), []);
    await assertWhole(lab, 7);
  });
}

test('compactions, sweeps, expiry and an ingest at once, many times over: every row once, and every named object there', async () => {
  await using lab = await smallFilesLab(1);
  await keepOneMetadataFile(lab);
  const rounds = process.env['FOZ_TEST_LONG'] === '1' ? 60 : 5;
  // Nothing that is on its way takes a round: what is older than the one before counts as old.
  const startedAt = [0];
  const aged = { ...lab, store: agedStore(lab.store, () => startedAt.at(-2) ?? 0) };
  const deleted: string[] = [];
  const sweepUntil = async (isOver: () => boolean): Promise<void> => {
    while (!isOver()) {
      const outcome = await sweep(aged, { laterMs: 0, olderThanMs: 3_600_000 });
      if (outcome.kind === 'swept') deleted.push(...outcome.swept.locations);
    }
  };
  let landed = 2;
  for (let round = 0; round < rounds; round++) {
    startedAt.push(Date.now());
    let isOver = false;
    const others = Promise.all([
      (async () => {
        for (let i = 0; i < 3; i++) await lab.land([inserted(1_000 + landed++)]);
      })(),
      compact(lab, { filesMin: 2 }),
      compact(lab, { filesMin: 2 }),
      expireAll(lab),
    ]).finally(() => (isOver = true));
    await Promise.all([others, sweepUntil(() => isOver), sweepUntil(() => isOver)]);
    await assertWhole(lab, landed);
  }
  const kinds = new Set(deleted.map(kindOfObject));
  assert.deepEqual(
    [kinds.has('data'), kinds.has('manifest'), kinds.has('list')],
    [true, true, true],
    `${deleted.length} objects were deleted`,
  );
  await forgetHistory(lab);
  await swept(lab);
  assert.deepEqual(await unnamedKeys(lab), []);
  await assertWhole(lab, landed);
});
