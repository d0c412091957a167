// What is due after a commit, and what a change of the declaration does to it.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Check } from '../../quality/check.ts';
import { afterRun, scheduled, type Remembered } from '../../quality/schedule/due.ts';
import { checkOf } from './quality-fixture.ts';

const minute = 60_000;
const now = Date.parse('2026-11-21T12:00:00Z');
const cron = () => null;
const check = checkOf('a', { when: { kind: 'commit', atMostEveryMs: 5 * minute } });
const dueOf = (declared: Check, remembered: Remembered | null, at: number, head = 's1') =>
  [
    ...scheduled(
      { checks: [declared], remembered: new Map(remembered ? [['users.a', remembered]] : []), headOf: () => head, cron },
      at,
    ).due.keys(),
  ].length > 0;

it('a check after commits whose words change is due at once, though nothing was committed and its pause goes on', () => {
  const remembered = afterRun(check, now, 's1', cron);
  assert.equal(dueOf(check, remembered, now + minute), false);
  assert.equal(dueOf({ ...check, fail: { operator: 'lessOrEqual', values: [7], unit: 'value' } }, remembered, now + minute), true);
  assert.equal(dueOf({ ...check, measure: { kind: 'nulls', column: 'city' } }, remembered, now + minute), true);
});

it('who is told, and in which words, makes nothing due', () => {
  const remembered = afterRun(check, now, 's1', cron);
  assert.equal(dueOf({ ...check, owner: 'somebody', description: 'else', tags: ['x'] }, remembered, now + minute), false);
});

it('a commit makes it due, once its pause is over', () => {
  const remembered = afterRun(check, now, 's1', cron);
  assert.equal(dueOf(check, remembered, now + minute, 's2'), false);
  assert.equal(dueOf(check, remembered, now + 5 * minute, 's2'), true);
});
