// Results and receivers for tests of alerts.

import type { Check } from '../../quality/check.ts';
import type { CheckResult, Outcome } from '../../quality/result.ts';

export function alertCheck(id: string, more: Partial<Check> = {}): Check {
  const [table = '', name = ''] = id.split('.');
  return {
    id,
    name,
    table,
    view: 'current',
    measure: { kind: 'nulls', column: 'email' },
    filter: null,
    fail: { operator: 'equal', values: [0], unit: 'value' },
    warn: null,
    severity: 'error',
    dimension: 'completeness',
    scope: 'all',
    when: { kind: 'command' },
    samplesMax: 5,
    engine: 'duckdb',
    description: null,
    owner: 'accounts',
    tags: [],
    origin: { document: 'quality/users.yaml', line: 7, contract: null },
    ...more,
  };
}

/** With personal data wherever a result can hold some. */
export function alertResult(check: Check, outcome: Outcome, at: number, more: Partial<CheckResult> = {}): CheckResult {
  return {
    runId: `run-${at}`,
    check,
    snapshotId: '42',
    startedAt: at,
    durationMs: 5,
    outcome,
    measured: { value: outcome === 'passed' ? 0 : 12, text: null, total: 1000, exactness: 'exact', by: 'scan' },
    expected: '0 rows',
    reason: "could not convert 'ana@example.com'",
    failing:
      outcome === 'passed'
        ? null
        : {
            columns: ['id', 'email'],
            rows: [['1', 'ana@example.com']],
            masked: [],
            query: 'SELECT id FROM current.users WHERE email IS NULL',
          },
    keys: [],
    ...more,
  };
}
