// A commit that waits while the sweep runs, all its objects older than the age gate: it goes through afterwards, and the table is whole.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { prepareMerge } from '../../lake/iceberg/merge-manifests.ts';
import { keyOf } from '../../lake/store/object-store.ts';
import { mergeAgeMaxMs, mergeTableManifests } from '../../maintenance/merge-table-manifests.ts';
import { sweepTable, type SweepOutcome, type Swept } from '../../maintenance/sweep/sweep-table.ts';
import { openUploadOffsets } from '../../maintenance/sweep/upload-offsets.ts';
import { systemClock } from '../../runtime/clock.ts';
import { loadedTable } from './erase-fixture.ts';
import { assertWhole, compact, dayMs, inserted, smallFilesLab, swept, upkeepDeps } from './maintenance-fixture.ts';
import type { QueryLab } from './query-fixture.ts';

/** A store whose object of this key was written at the time of the sweep. */
function withYoung({ store }: QueryLab, key: string): QueryLab['store'] {
  return {
    ...store,
    async *list(prefix, signal) {
      for await (const head of store.list(prefix, signal))
        yield head.key === key ? { ...head, modifiedAt: head.modifiedAt + 9 * dayMs } : head;
    },
  };
}

for (const isYoung of [false, true]) {
  test(`a merge of manifests whose ${isYoung ? 'newest list is young' : 'objects are all old'} can be committed after the sweep`, async () => {
    await using lab = await smallFilesLab(3);
    const { metadata } = await loadedTable(lab);
    const limits = { manifestsMin: 3, bytesTarget: 1 << 20, entriesTarget: 100 };
    const merge = await prepareMerge({ metadata, store: lab.store, snapshotId: 99, mergeId: 'waits', now: Date.now(), limits });
    assert.ok(merge);
    const list = String(merge.snapshot['manifest-list']);
    const store = isYoung ? withYoung(lab, keyOf(lab.store, list) ?? '') : lab.store;
    const { left, locations } = await swept({ ...lab, store });
    assert.deepEqual(locations, []);
    const ledTo = merge.merged.map(({ path }) => [path, `${list} leads to it, and may still be committed`]);
    assert.deepEqual(
      left.map(({ location, why }) => [location, why]),
      isYoung ? ledTo : [[list, 'its snapshot may still be committed'], ...ledTo],
    );
    const outcome = await lab.catalog.commitTable(lab.target.ident, merge.commit);
    assert.equal(outcome.kind, 'committed');
    await assertWhole(lab, 6);
    await lab.land([inserted(7)]);
    await assertWhole(lab, 7);
  });
}

test('a compaction that is swept beside right before its commit, days after it was written, is committed whole', async () => {
  await using lab = await smallFilesLab(3);
  let found: Swept | undefined;
  const compacted = await compact(lab, { pass: async (at) => void (at === 'compact:before-commit' && (found = await swept(lab))) });
  assert.deepEqual([compacted.bins, found?.locations], [1, []]);
  assert.ok(
    found?.left.some(({ location }) => location.endsWith('-compacted.parquet')),
    JSON.stringify(found?.left),
  );
  await assertWhole(lab, 6);
});

test('a sweep that sleeps between its listing and its judging takes nothing for old that was young when it listed', async () => {
  await using lab = await smallFilesLab(3);
  let laterMs = 0;
  const clock = { ...systemClock, now: () => systemClock.now() + laterMs };
  const [listed, ready] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const head: QueryLab['store']['head'] = async (key, signal) => {
    const found = await lab.store.head(key, signal);
    return found !== null && key.startsWith('foz-clock') ? { ...found, modifiedAt: found.modifiedAt + laterMs } : found;
  };
  const sleeping = (): Promise<SweepOutcome> =>
    sweepTable(lab.target.ident, {
      catalog: lab.catalog,
      store: { ...lab.store, head },
      clock,
      olderThanMs: 3 * dayMs,
      objectsMax: 1_000,
      isDry: false,
      openOffsets: () => openUploadOffsets(lab.store, join(lab.directory, 'sleeping')),
      pass: async (at) => {
        if (at !== 'sweep:listed') return;
        listed.resolve();
        await ready.promise;
        laterMs = 9 * dayMs;
      },
    });
  let outcome: Promise<SweepOutcome> | undefined;
  // Its file is in the listing, its list is not; it has looked at the time, and sends what it has once everybody is awake.
  const compacted = await compact(lab, {
    pass: async (at) => {
      if (at === 'compact:uploaded') {
        outcome = sleeping();
        await listed.promise;
      }
      if (at === 'compact:before-commit') {
        ready.resolve();
        await outcome;
      }
    },
  });
  const told = await outcome;
  assert.ok(told?.kind === 'swept' && laterMs > 0, JSON.stringify(told));
  assert.deepEqual([told.swept.locations, compacted.bins], [[], 1]);
  await assertWhole(lab, 6);
});

test('what a waiting list led to goes with it, once another commit has taken its place', async () => {
  await using lab = await smallFilesLab(3);
  const { metadata } = await loadedTable(lab);
  const limits = { manifestsMin: 3, bytesTarget: 1 << 20, entriesTarget: 100 };
  const merge = await prepareMerge({ metadata, store: lab.store, snapshotId: 99, mergeId: 'late', now: Date.now(), limits });
  assert.ok(merge);
  await lab.land([inserted(7)]);
  const { left, locations } = await swept(lab);
  assert.deepEqual(
    [locations.toSorted(), left],
    [[String(merge.snapshot['manifest-list']), ...merge.merged.map(({ path }) => path)].toSorted(), []],
  );
  assert.equal((await lab.catalog.commitTable(lab.target.ident, merge.commit)).kind, 'conflict');
  await assertWhole(lab, 7);
});

test('a merge that was held up for longer than the sweep waits sends nothing', async () => {
  await using lab = await smallFilesLab(3);
  let [asked, sent] = [0, 0];
  const clock = { ...systemClock, now: () => systemClock.now() + (asked++ === 0 ? 0 : mergeAgeMaxMs + 1) };
  const catalog: QueryLab['catalog'] = {
    ...lab.catalog,
    commitTable: (...call) => {
      sent++;
      return lab.catalog.commitTable(...call);
    },
  };
  const deps = { ...upkeepDeps(lab), catalog, clock, manifestsMin: 3 };
  const outcome = await mergeTableManifests(lab.target.ident, await loadedTable(lab), deps);
  assert.deepEqual([outcome.kind, outcome.manifests, sent], ['lost', 0, 0]);
});
