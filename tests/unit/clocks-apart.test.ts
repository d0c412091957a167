// Whether a store's clock and ours agree.

import assert from 'node:assert/strict';
import test from 'node:test';
import { clocksApart, clocksApartMaxMs } from '../../lake/store/clocks-apart.ts';
import { memoryStore } from '../../lake/store/memory-store.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';
import { keysOf } from './iceberg-fixture.ts';

const at = (now: number, stepMs = 0) => ({ now: () => (now += stepMs), sleep: () => Promise.resolve() });

test('a store that is minutes ahead or behind is told, by how much; what was asked with is gone', async () => {
  await using store = memoryStore('clocks', { clock: at(10_000_000) });
  const why = (now: number, stepMs = 0) => clocksApart(store, at(now, stepMs));
  assert.match(String(await why(9_400_000)), /^the store's clock is 10 minutes ahead of this machine's/);
  assert.match(String(await why(10_420_000)), /^the store's clock is 7 minutes behind this machine's/);
  assert.deepEqual([await why(10_000_000 - clocksApartMaxMs), await why(10_000_000 + clocksApartMaxMs)], [null, null]);
  assert.equal(await why(9_400_000, 400_000), null, 'the time that it took says nothing');
  assert.deepEqual(await keysOf(store), []);
});

test('a store that does not tell', async () => {
  await using store = memoryStore('clocks', { clock: at(1_000_000) });
  const silent: ObjectStore = { ...store, head: () => Promise.resolve(null) };
  assert.match(String(await clocksApart(silent, at(1_000_000))), /does not tell its time/);
});
