// I4: offsets may go back without a decision that the chain counts: the catalog's database comes back from an old copy, or a foreign
// catalog points the table to an older file. What a sweep has taken meanwhile must not be committed, and nobody looks on the hot path.

import assert from 'node:assert/strict';
import test from 'node:test';
import { sweepAgeMinMs } from '../../maintenance/sweep/sweep-table.ts';
import { noFaults, type WorkerFaults } from './simulation/faults.ts';
import { ident, World } from './simulation/world.ts';

/** The first worker uploads [30, 35) and waits; the second commits the same; the first one's files are swept; the pointer goes back. */
async function setBack(seed: number, fault: WorkerFaults, waitMs: number): Promise<World> {
  const world = new World(seed, 1);
  world.produce(0, 30);
  world.spawn({ waitMaxMs: 30_000 });
  await world.drain();
  const copy = (await world.pointers.getRelation('table', ident)) ?? assert.fail();
  const before = await dataOf(world);
  world.faults = { next: (port, method, worker) => (worker === 0 ? fault(port, method) : 'none') };
  world.produce(0, 5);
  await world.pass(3_000);
  const waiting = (await dataOf(world)).filter((key) => !before.includes(key));
  assert.ok(waiting.length > 0, 'the first worker has uploaded, and its commit waits');
  await world.workers[0]?.subscription()?.close();
  world.spawn();
  await world.pass(10_000);
  assert.equal((await world.tableRows()).length, 35);
  await world.pass(waitMs);
  await world.store.delete(waiting);
  const now = (await world.pointers.getRelation('table', ident)) ?? assert.fail();
  await world.pointers.swapRelation('table', ident, now.metadataLocation, copy.metadataLocation);
  assert.equal((await world.tableRows()).length, 30, 'an old copy of the pointer');
  return world;
}

async function dataOf({ store }: World): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list('')) if (key.includes('/data/')) keys.push(key);
  return keys;
}

interface Wait {
  readonly what: string;
  readonly fault: WorkerFaults;
  readonly waitMs?: number;
  readonly reason: RegExp;
}

const waits: readonly Wait[] = [
  {
    what: 'to be taken',
    fault: (port, method) => (port === 'catalog' && method === 'commitTable' ? 'reject' : 'none'),
    reason: /do not continue the table/,
  },
  { what: 'for its catalog', fault: (port) => (port === 'catalog' ? 'reject' : 'none'), reason: /\.parquet was swept/ },
  {
    what: 'longer than a sweep does, before its first try,',
    fault: (port, method) => (port === 'store' && method === 'put' ? 'reject' : 'none'),
    waitMs: sweepAgeMinMs,
    reason: /\.parquet was swept/,
  },
];

for (const { what, fault, waitMs = 0, reason } of waits) {
  test(`I4: a commit that waited ${what} while its files were swept and the pointer went back is not made, and all lands once`, async () => {
    const world = await setBack(21, fault, waitMs);
    world.faults = noFaults;
    await world.pass(40_000);
    assert.ok(
      world.fences.some((why) => reason.test(why)),
      world.fences.join('\n'),
    );
    await world.tableRows();
    world.produce(0, 3);
    await world.pass(40_000);
    await world.assertExactlyOnce();
    await world.close();
  });
}

test('nobody looks for what was just uploaded, not even after a commit of another writer; only a second try does', async () => {
  const world = new World(22, 1);
  const looks: string[] = [];
  const { head } = world.store;
  Object.assign(world.store, {
    head: (key: string) => {
      if (key.includes('/data/')) looks.push(key);
      return head(key);
    },
  });
  world.produce(0, 40);
  world.spawn({ manifestsMax: 1_000 });
  await world.drain();
  looks.length = 0;
  for (let i = 0; i < 5; i++) {
    world.produce(0, 5);
    await world.pass(2_000);
  }
  assert.equal((await world.tableRows()).length, 65);
  assert.deepEqual(looks, []);
  await world.catalog.commitTable(ident, { requirements: [], updates: [{ action: 'set-properties', updates: { theirs: '1' } }] });
  world.produce(0, 5);
  await world.pass(5_000);
  assert.deepEqual(looks, [], 'properties alone leave the head where it is');
  let failures = 1;
  world.faults = { next: (_, method) => (method === 'commitTable' && failures-- > 0 ? 'fail-unsent' : 'none') };
  world.produce(0, 5);
  await world.pass(5_000);
  assert.ok(looks.length > 0);
  assert.equal(new Set(looks).size, looks.length, 'once each');
  await world.drain();
  await world.assertExactlyOnce();
  await world.close();
});
