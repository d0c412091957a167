// What makes two measurements the same one. A check of a snapshot is measured once: the key is its id, what it says (a
// check whose threshold changed is another one) and the snapshots it reads. What hangs on the time of asking (freshness,
// slots, statements that say now()) is measured once each time it is due. What was not measured is tried again each time.

import { createHash } from 'node:crypto';
import { namedTables } from '../../query/named-tables.ts';
import type { EpochMs } from '../../runtime/clock.ts';
import type { Check, Measure } from '../check.ts';
import type { Outcome } from '../result.ts';

export interface KeyParts {
  readonly check: Check;
  /** Of the check's own table, then of those it names; null: no snapshot yet. */
  readonly snapshotIds: readonly (string | null)[];
  /** Of the contract in force: what `schema` compares with. */
  readonly contractDigest: string | null;
  /** When it was due. */
  readonly slot: EpochMs;
}

export function resultKey({ check, snapshotIds, contractDigest, slot }: KeyParts): string {
  const at = hangsOnTime(check) ? `@${slot}` : snapshotIds.map((id) => id ?? 'none').join('+');
  const contract = check.measure.kind === 'schema' && contractDigest !== null ? ` ${contractDigest.slice(0, digestLength)}` : '';
  return `${check.id} ${definitionDigest(check)}${contract} ${at}`;
}

/** The key under which an outcome is kept: only measured ones settle the question. */
export function keyOfOutcome(key: string, outcome: Outcome, slot: EpochMs): string {
  return ['passed', 'warning', 'failed', 'learning'].includes(outcome) || key.endsWith(`@${slot}`) ? key : `${key} @${slot}`;
}

const digestLength = 12;

/** Of what decides the outcome, not of who is told about it. */
export function definitionDigest(check: Check): string {
  const { view, measure, filter, fail, warn, severity, scope, samplesMax, engine } = check;
  const text = JSON.stringify([view, measure, filter, fail, warn, severity, scope, samplesMax, engine]);
  return createHash('sha256').update(text).digest('hex').slice(0, digestLength);
}

export function hangsOnTime({ measure, filter }: Pick<Check, 'measure' | 'filter'>): boolean {
  return saysNow(filter) || measureHangsOnTime(measure);
}

function measureHangsOnTime(measure: Measure): boolean {
  switch (measure.kind) {
    case 'freshness':
    case 'latency':
    case 'retention':
    case 'frequency':
    case 'anomaly':
    case 'changeOverTime':
    case 'distribution':
    case 'windowLimit':
      return true;
    case 'expression':
    case 'sql':
      return saysNow(measure.sql);
    case 'cdc':
      return !['offsetGaps', 'offsetDuplicates', 'rescuedRows', 'violatingRows', 'smallFiles'].includes(measure.of);
    default:
      return false;
  }
}

/** Functions and words of both engines whose value changes; a column of such a name costs only a measurement more. */
const volatile =
  /\b(now|today|current_date|current_time|current_timestamp|localtime|localtimestamp|random|rand|uuid|get_current_timestamp|transaction_timestamp)\b/i;

function saysNow(sql: string | null): boolean {
  return sql !== null && volatile.test(sql);
}

/** Tables that a check reads beside its own, and that its result therefore hangs on. */
export function otherTables({ measure, filter, table }: Check, namespace: string): readonly string[] {
  const statements = [filter, measure.kind === 'sql' || measure.kind === 'expression' ? measure.sql : null];
  const named = statements.flatMap((sql) => (sql === null ? [] : namedTables(sql, namespace).map(({ name }) => name)));
  const related = measure.kind === 'relationship' ? [measure.to.table] : [];
  return [...new Set([...related, ...named])].filter((name) => name !== table).sort();
}
