// A deployment's declarations and results with every state of a service level and every outcome of a check.

import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import type { Check } from '../../quality/check.ts';
import type { Declared } from '../../quality/declare/declared.ts';
import { boardOf, type Board } from '../../quality/report/board.ts';
import type { Outcome } from '../../quality/result.ts';
import { storedResult } from '../../quality/run/result-record.ts';
import { checkOf } from './quality-fixture.ts';
import { levelOf, notExecutedOf, resultOf, startedAt } from './quality-report-fixture.ts';

const fresh = (name: string, seconds: number, given: Partial<Check> = {}): Check =>
  checkOf(name, {
    measure: { kind: 'freshness', by: 'change' },
    fail: { operator: 'lessOrEqual', values: [seconds], unit: 'value' },
    description: `service level freshness: ${seconds} s`,
    origin: { document: 'contracts/users.yaml', line: 41, contract: { id: 'users', version: '1.2.0' } },
    ...given,
  });

const minuteMs = 60_000;

const times = (count: number, outcome: Outcome): readonly Outcome[] => Array.from({ length: count }, () => outcome);

/** `past`: outcomes of a check, oldest first, a minute apart; the newest is of `startedAt`. */
export async function boardFixture(text = ''): Promise<{ readonly declared: Declared; readonly board: Board }> {
  const store = memoryCatalogStore().quality;
  const add = async (check: Check, past: readonly Outcome[], seconds: number, agoMs = 0): Promise<Check> => {
    for (const [at, outcome] of past.entries()) {
      const time = startedAt - agoMs - (past.length - 1 - at) * minuteMs;
      const isMeasured = ['passed', 'warning', 'failed'].includes(outcome);
      const measured = isMeasured ? ({ value: seconds, text: null, total: null, exactness: 'exact', by: 'metadata' } as const) : null;
      const result = resultOf(check, { outcome, startedAt: time, measured, reason: `the source is away${text}`, expected: 'at most 1m' });
      await store.addResults([storedResult(result, `${check.id} ${time}`)]);
    }
    return check;
  };
  const checks = [
    await add(fresh('sla-freshness', 60), [...times(20, 'passed'), 'failed', 'warning', ...times(12, 'passed')], 12.4),
    await add(
      fresh('sla-latency', 30, { measure: { kind: 'latency', quantile: 0.95, overMs: 3_600_000 } }),
      [...times(9, 'passed'), 'failed'],
      44,
    ),
    await add(fresh('sla-frequency', 900), ['passed', 'unknown'], 5),
    await add(fresh('sla-old', 60), times(4, 'passed'), 5, 3 * 86_400_000),
    fresh('sla-new', 60),
    await add(checkOf('email-present', { description: `emails are there${text}` }), times(30, 'passed'), 0),
    await add(checkOf('status-known', { severity: 'warning' }), ['passed', 'failed'], 3),
    await add(checkOf('broken-sql'), ['error'], 0),
    await add(fresh('sla-rides', 60, { table: 'rides' }), times(3, 'passed'), 58),
  ];
  const declared: Declared = {
    checks,
    notExecuted: [
      notExecutedOf('nice', { reason: `a text is for people${text}` }),
      notExecutedOf('sla-general', { reason: 'a date that people keep', origin: levelOf('x').origin }),
    ],
    serviceLevels: [
      levelOf('freshness', { checkId: 'users.sla-freshness', driver: 'operational', description: `new rows within a minute${text}` }),
      levelOf('latency', { checkId: 'users.sla-latency', value: '30 s' }),
      levelOf('frequency', { checkId: 'users.sla-frequency', value: '15 min' }),
      levelOf('freshness', { checkId: 'users.sla-old', element: 'users.updated_at' }),
      levelOf('freshness', { checkId: 'users.sla-new', element: 'users.created_at' }),
      levelOf('generalAvailability', { value: '2026-12-01', reason: 'a date that people keep' }),
      levelOf('freshness', {
        table: 'rides',
        checkId: 'rides.sla-rides',
        origin: { document: 'contracts/rides.yaml', line: 12, contract: { id: 'rides', version: '2.0.0' } },
      }),
    ],
    problems: [],
  };
  const board = await boardOf({ declared, store, personalOf: () => new Set(), now: startedAt + 90_000 });
  return { declared, board };
}
