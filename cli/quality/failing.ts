// Checks that fail now, of their newest results.

import type { StoredResult } from '../../catalog/store/quality-store.ts';

export interface Failing {
  readonly check: string;
  readonly outcome: string;
  readonly reason: string;
}

const failingMax = 50;

/** `declared`: ids of checks that there are; null: not known, so all count. */
export function failingOf(latest: readonly StoredResult[], declared: ReadonlySet<string> | null): readonly Failing[] {
  const bad = latest.filter(
    ({ checkId, outcome }) => (outcome === 'failed' || outcome === 'error') && (declared === null || declared.has(checkId)),
  );
  return bad.slice(0, failingMax).map(({ checkId, outcome, record }) => ({ check: checkId, outcome, reason: reasonIn(record) }));
}

function reasonIn(record: string): string {
  const value: unknown = JSON.parse(record);
  return typeof value === 'object' && value !== null && 'reason' in value ? String(value.reason) : '';
}
