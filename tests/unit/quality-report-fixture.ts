// Results as runs keep them, and what is declared, for the tests of reports.

import type { Check } from '../../quality/check.ts';
import type { DeclaredLevel, NotExecuted } from '../../quality/declare/declared.ts';
import type { CheckResult } from '../../quality/result.ts';

export const startedAt = Date.parse('2026-11-21T12:00:00Z');

export function resultOf(check: Check, given: Partial<CheckResult> = {}): CheckResult {
  return {
    runId: 'run-1',
    check,
    snapshotId: '77',
    startedAt,
    durationMs: 12,
    outcome: 'failed',
    measured: { value: 3, text: null, total: 10, exactness: 'exact', by: 'scan' },
    expected: '0',
    reason: '3 of 10 rows',
    failing: null,
    keys: [],
    ...given,
  };
}

export function notExecutedOf(name: string, given: Partial<NotExecuted> = {}): NotExecuted {
  return {
    id: `users.${name}`,
    table: 'users',
    name,
    description: 'emails look nice',
    reason: 'text is for people',
    severity: 'error',
    dimension: null,
    origin: { document: 'contracts/users.yaml', line: 30, contract: { id: 'users', version: '1.0.0' } },
    ...given,
  };
}

export function levelOf(property: string, given: Partial<DeclaredLevel> = {}): DeclaredLevel {
  return {
    table: 'users',
    property,
    value: '60 s',
    element: null,
    description: null,
    driver: null,
    checkId: null,
    reason: null,
    origin: { document: 'contracts/users.yaml', line: 40, contract: { id: 'users', version: '1.0.0' } },
    ...given,
  };
}
