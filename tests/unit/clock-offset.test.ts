// How far a store's clock is from ours.

import assert from 'node:assert/strict';
import test from 'node:test';
import { clockOffset } from '../../lake/store/clock-offset.ts';
import { memoryStore } from '../../lake/store/memory-store.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';
import { keysOf } from './iceberg-fixture.ts';

const at = (now: number, stepMs = 0) => ({ now: () => (now += stepMs), sleep: () => Promise.resolve() });

test('a store that is ahead or behind is told apart by how much, and keeps nothing', async () => {
  await using store = memoryStore('clocks', { clock: at(1_000_000) });
  assert.equal(await clockOffset(store, at(400_000)), 600_000);
  assert.equal(await clockOffset(store, at(1_700_000)), -700_000);
  assert.equal(await clockOffset(store, at(999_999, 1)), 0, 'within the time that it took');
  assert.deepEqual(await keysOf(store), []);
});

test('a store that does not tell', async () => {
  await using store = memoryStore('clocks', { clock: at(1_000_000) });
  const silent: ObjectStore = { ...store, head: () => Promise.resolve(null) };
  assert.equal(await clockOffset(silent, at(1_000_000)), null);
});
