// What of a result may be told to anyone: built from figures and declarations alone. A result's reason may quote a value (an
// engine's message does), a sample is a row, the keys of a limit are people: none of them is here.

import { createHash } from 'node:crypto';
import { originText } from '../declare/declare-checks.ts';
import { measureText } from '../declare/measure-text.ts';
import type { CheckResult } from '../result.ts';
import { foundText } from '../run/expected-text.ts';
import type { AlertLevel, ChangeFacts } from './alert.ts';

const queryLengthMax = 4_000;

/** Null for outcomes that say nothing: what was not measured neither fires nor resolves. */
export function levelOf({ outcome }: CheckResult): AlertLevel | null {
  switch (outcome) {
    case 'passed':
      return 'ok';
    case 'warning':
    case 'failed':
    case 'error':
      return outcome;
    default:
      return null;
  }
}

export function factsOf(result: CheckResult, level: AlertLevel): ChangeFacts {
  const { check, measured, expected, snapshotId, runId, startedAt, failing } = result;
  const query = failing?.query ?? null;
  return {
    checkId: check.id,
    table: check.table,
    title: check.description ?? measureText(check.measure),
    severity: level === 'warning' && check.severity === 'error' ? 'warning' : check.severity,
    level,
    found: measured === null || isOneValue(check.measure) ? null : foundText(check, measured),
    expected,
    owner: check.owner,
    declaredIn: originText(check.origin),
    snapshotId,
    runId,
    at: startedAt,
    query: query !== null && query.length > queryLengthMax ? null : query,
  };
}

/** The least, the greatest and a quantile are somebody's value. */
function isOneValue(measure: CheckResult['check']['measure']): boolean {
  if (measure.kind === 'sql') return measure.result === 'value';
  return measure.kind === 'aggregate' && (measure.of === 'min' || measure.of === 'max' || typeof measure.of === 'object');
}

const keysMax = 1_000;

/**
 * Enough to tell a new key from one that was told, and nothing of the key itself: who and which window, not how much it is
 * by now. Keys that are masked look alike: there, one more of them is a new one.
 */
export function keyDigests(result: CheckResult, origin: string): readonly string[] {
  const times = new Map<string, number>();
  const { measure } = result.check;
  const names: readonly string[] = measure.kind === 'windowLimit' ? [...measure.keys, 'window'] : [];
  return result.keys.slice(0, keysMax).map((key) => {
    const text = JSON.stringify(names.length === 0 ? key : names.map((name) => key[name] ?? null));
    const time = times.get(text) ?? 0;
    times.set(text, time + 1);
    return createHash('sha256').update(`${origin} ${text} ${time}`).digest('base64url').slice(0, 12);
  });
}
