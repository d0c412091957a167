// I9: an ordinary conflict is tried again at once; one that comes back on a table that has not moved, as where a newer version of
// Foz has written what this worker cannot continue, is waited for with a reason, and leaves no objects behind for each try.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { Catalog, CommitOutcome } from '../../catalog/catalog.ts';
import { ident, World } from './simulation/world.ts';

/** The worker's commits of records are refused as long as `refuse` says so. */
async function refusing(seed: number, refuse: (tries: number) => Promise<boolean>): Promise<{ world: World; tries: number[] }> {
  const world = new World(seed, 1);
  world.produce(0, 30);
  world.spawn({ waitMinMs: 100, waitMaxMs: 2_000, manifestsMax: 1_000 });
  await world.drain();
  const tries: number[] = [];
  const { commitTable } = world.catalog;
  const refused: Catalog['commitTable'] = async (table, commit, signal): Promise<CommitOutcome> => {
    const hasRecords = commit.updates.some((update) => update.action === 'add-snapshot' && 'foz.offsets' in update.snapshot.summary);
    if (!hasRecords) return commitTable(table, commit, signal);
    tries.push(world.clock.now());
    return (await refuse(tries.length)) ? { kind: 'conflict', message: 'scripted: refused' } : commitTable(table, commit, signal);
  };
  Object.assign(world.catalog, { commitTable: refused });
  return { world, tries };
}

async function listsOf({ store }: World): Promise<number> {
  let lists = 0;
  for await (const { key } of store.list('')) if (/\/snap-[^/]*$/.test(key)) lists++;
  return lists;
}

test('I9: a commit that is refused again on a table that has not moved waits longer and longer, says why, and leaves one list', async () => {
  let isRefused = true;
  const { world, tries } = await refusing(31, async () => isRefused);
  const before = await listsOf(world);
  world.produce(0, 5);
  await world.pass(30_000);
  assert.equal(tries[1], tries[0], 'the first retry is made at once');
  assert.ok(tries.length >= 8 && tries.length <= 120, `${tries.length} tries`);
  assert.equal((await listsOf(world)) - before, 1);
  const reason = () => world.workers[0]?.worker.status().tables[0]?.reason;
  assert.match(reason() ?? '', /the table has not moved: scripted: refused/);
  isRefused = false;
  await world.pass(5_000);
  assert.equal(reason(), null);
  await world.drain();
  await world.assertExactlyOnce();
  await world.close();
});

test('a commit that another writer overtakes is tried again at once, as often as that happens', async () => {
  const overtaken = 10;
  const { world, tries } = await refusing(32, async (count) => {
    if (count > overtaken) return false;
    await world.catalog.commitTable(ident, {
      requirements: [],
      updates: [{ action: 'set-properties', updates: { theirs: String(count) } }],
    });
    return true;
  });
  world.produce(0, 5);
  await world.pass(5_000);
  assert.equal(tries.length, overtaken + 1);
  assert.deepEqual(new Set(tries).size, 1, 'no time passes');
  await world.drain();
  await world.assertExactlyOnce();
  await world.close();
});
