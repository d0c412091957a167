// What `foz status` says of checks that fail.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StoredResult } from '../../catalog/store/quality-store.ts';
import { failingOf } from '../../cli/quality/failing.ts';
import { qualityNotes } from '../../cli/quality/status-notes.ts';

const result = (checkId: string, outcome: string, reason: string): StoredResult => ({
  key: checkId,
  checkId,
  table: 'users',
  at: 1,
  outcome,
  runId: 'r1',
  snapshotId: null,
  value: null,
  record: JSON.stringify({ reason }),
});

const latest = [
  result('users.a', 'failed', '1 of 9 rows'),
  result('users.b', 'error', 'the statement failed: Binder Error\n\nLINE 1: SELECT'),
  result('users.c', 'passed', ''),
];

test('a check that is declared no longer does not fail', () => {
  assert.deepEqual(
    failingOf(latest, new Set(['users.b', 'users.c'])).map(({ check }) => check),
    ['users.b'],
  );
  assert.deepEqual(
    failingOf(latest, null).map(({ check }) => check),
    ['users.a', 'users.b'],
  );
});

test('the status has one line a check, whatever an engine said', () => {
  const quality = { state: 'kept', checks: 3, lastRun: { endedAt: 1 }, failing: failingOf(latest, null) };
  assert.deepEqual(
    qualityNotes(quality, () => '2 s ago', 1),
    [
      'quality: 3 checks, last run 2 s ago; 2 fail',
      '  users.a: 1 of 9 rows',
      '  users.b: the statement failed: Binder Error',
      '  next: foz quality show CHECK',
    ],
  );
});
