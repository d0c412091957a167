// The checker of histories: what is linearizable passes, and each way of not being so is found.

import assert from 'node:assert/strict';
import test from 'node:test';
import { linearizabilityProblem, type Observed } from '../conformance/cas-register.ts';

const read = (value: string, start: number, end: number): Observed => ({ kind: 'read', value, start, end });
const swap = (expected: string, next: string, start: number, end: number, kind: 'swapped' | 'lost' | 'unknown' = 'swapped'): Observed => ({
  kind,
  expected,
  next,
  start,
  end,
});

const good: readonly (readonly [string, readonly Observed[]])[] = [
  ['nothing at all', []],
  ['one after the other', [read('0', 1, 2), swap('0', 'a', 3, 4), read('a', 5, 6), swap('0', 'x', 7, 8, 'lost')]],
  ['a read beside a swap sees either', [swap('0', 'a', 1, 6), read('0', 2, 5), read('a', 3, 4)]],
  ['a swap is lost to one that is still under way', [swap('0', 'a', 1, 6), swap('0', 'b', 2, 5, 'lost')]],
  ['an unknown swap that was never seen', [swap('0', 'a', 1, 2, 'unknown'), read('0', 3, 4), swap('0', 'b', 5, 6)]],
  ['an unknown swap that was seen long after', [swap('0', 'a', 1, 2, 'unknown'), read('0', 3, 4), read('a', 5, 6)]],
  ['an unknown swap seen by way of another', [swap('0', 'a', 1, 2, 'unknown'), swap('a', 'b', 3, 4, 'unknown'), read('b', 5, 6)]],
];

const bad: readonly (readonly [string, readonly Observed[], RegExp])[] = [
  ['two swaps from one value', [swap('0', 'a', 1, 2), swap('0', 'b', 3, 4)], /both a and b replaced 0/],
  ['a stale read', [swap('0', 'a', 1, 2), read('0', 3, 4)], /swap to a was answered before/],
  ['a read of the future', [read('a', 1, 2), swap('0', 'a', 3, 4)], /a was read before/],
  ['a value from nowhere', [read('z', 1, 2)], /never written/],
  ['a read that goes back', [swap('0', 'a', 1, 8), read('a', 2, 3), read('0', 4, 5)], /a was read before/],
  ['lost to nobody', [swap('0', 'a', 1, 2, 'lost'), read('0', 3, 4), swap('0', 'b', 5, 6)], /told as lost while the register held 0/],
  ['lost before the rival began', [swap('0', 'b', 1, 2, 'lost'), swap('0', 'a', 3, 4)], /told as lost/],
  ['a swap from what was not there', [swap('a', 'b', 1, 2)], /never held/],
  ['a swap in the wrong order', [swap('a', 'b', 1, 2), swap('0', 'a', 3, 4)], /swap to b was answered before/],
  ['an unknown swap seen before it began', [read('a', 1, 2), swap('0', 'a', 3, 4, 'unknown')], /a was read before/],
];

for (const [name, history] of good)
  test(`linearizable: ${name}`, () => {
    assert.equal(linearizabilityProblem('0', history), null);
    assert.equal(linearizabilityProblem('0', history.toReversed()), null);
  });

for (const [name, history, problem] of bad)
  test(`not linearizable: ${name}`, () => {
    assert.match(linearizabilityProblem('0', history) ?? 'found nothing', problem);
  });
