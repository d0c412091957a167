// The board of service levels: every level of every contract with its newest result, or with the reason why nothing measures it,
// beside the score of its table and what the other checks say. A promise that was not measured lately is not a kept one.

import type { QualityStore } from '../../catalog/store/quality-store.ts';
import type { EpochMs } from '../../runtime/clock.ts';
import type { Check, Origin } from '../check.ts';
import { originText } from '../declare/declare-checks.ts';
import type { Declared, DeclaredLevel } from '../declare/declared.ts';
import { durationText } from '../declare/duration-text.ts';
import { measureText } from '../declare/measure-text.ts';
import type { CheckResult, Outcome } from '../result.ts';
import { expectedText, foundText } from '../run/expected-text.ts';
import { resultOfRecord } from '../run/result-record.ts';
import { publicResult, type PersonalColumns } from './public-result.ts';
import { isJudged } from './report.ts';
import { scoreOf, type TableScore } from './score.ts';

export interface Board {
  readonly at: EpochMs;
  /** In order; each that has a check or a service level. */
  readonly tables: readonly BoardTable[];
}

export interface BoardTable extends TableScore {
  readonly table: string;
  readonly contract: { readonly id: string; readonly version: string } | null;
  readonly levels: readonly BoardLevel[];
  /** The others, those that need somebody first. */
  readonly checks: readonly BoardCheck[];
  readonly notExecuted: readonly {
    readonly id: string;
    readonly description: string;
    readonly reason: string;
    readonly declaredIn: string;
  }[];
}

export type LevelState = 'kept' | 'at risk' | 'broken' | 'not measured' | 'not executed';

export interface BoardLevel extends Shown {
  readonly property: string;
  readonly element: string | null;
  /** `60 s`. */
  readonly promised: string;
  readonly description: string | null;
  readonly driver: string | null;
  readonly checkId: string | null;
  readonly state: LevelState;
  readonly declaredIn: string;
}

export interface BoardCheck extends Shown {
  readonly id: string;
  readonly title: string;
  readonly severity: Check['severity'];
  /** Null: no result yet. */
  readonly outcome: Outcome | null;
  readonly expected: string;
  readonly declaredIn: string;
}

interface Shown {
  /** `12.4 s`; null: nothing was measured, or it is not to be shown. */
  readonly found: string | null;
  /** What was measured as a share of what is promised: above 1 is broken. Null where there is no such thing. */
  readonly share: number | null;
  /** Why it is not kept; null: it is. */
  readonly reason: string | null;
  readonly at: EpochMs | null;
  /** Oldest first; at most `historyMax`. */
  readonly history: readonly Outcome[];
}

const historyMax = 30;
/** Service levels are measured every few minutes: one that was not for so long is not known to be kept. */
const staleMs = 86_400_000;

export interface BoardParts {
  readonly declared: Declared;
  readonly store: Pick<QualityStore, 'listResults'>;
  readonly personalOf: PersonalColumns;
  readonly now: EpochMs;
}

export async function boardOf({ declared, store, personalOf, now }: BoardParts): Promise<Board> {
  const { checks, notExecuted, serviceLevels } = declared;
  const results = new Map<string, readonly CheckResult[]>();
  for (const { id } of checks) {
    const stored = await store.listResults({ checkId: id, limit: historyMax });
    results.set(
      id,
      stored.map((one) => publicResult(resultOfRecord(one), personalOf)),
    );
  }
  const tables = [...new Set([...checks, ...serviceLevels, ...notExecuted].map(({ table }) => table))].toSorted();
  return {
    at: now,
    tables: tables.map((table) => {
      const own = checks.filter((check) => check.table === table);
      const levels = serviceLevels.filter((level) => level.table === table);
      const ofLevels = new Set(levels.map(({ checkId }) => checkId));
      const left = notExecuted.filter((rule) => rule.table === table);
      const contract = levels[0]?.origin.contract ?? own.find(({ origin }) => origin.contract !== null)?.origin.contract ?? null;
      return {
        table,
        contract,
        ...scoreOf(own, left, ({ id }) => results.get(id)?.[0]?.outcome ?? null),
        levels: levels.map((level) => levelOf(level, own, results, now)),
        checks: own
          .filter(({ id }) => !ofLevels.has(id))
          .map((check) => checkOf(check, results.get(check.id) ?? []))
          .toSorted((a, b) => urgency(a) - urgency(b)),
        // Levels that nothing measures stand among the levels.
        notExecuted: left
          .filter((rule) => !levels.some((level) => level.reason === rule.reason && originText(level.origin) === originText(rule.origin)))
          .map(({ id, description, reason, origin }) => ({ id, description, reason, declaredIn: placeText(origin) })),
      };
    }),
  };
}

function levelOf(
  level: DeclaredLevel,
  checks: readonly Check[],
  results: ReadonlyMap<string, readonly CheckResult[]>,
  now: EpochMs,
): BoardLevel {
  const { property, element, value: promised, description, driver, checkId, origin } = level;
  const said = { property, element, promised, description, driver, checkId, declaredIn: placeText(origin) };
  const check = checks.find(({ id }) => id === checkId);
  if (checkId === null || check === undefined) {
    const reason = level.reason ?? 'another declaration has its name, and is the check that runs';
    return { ...said, state: 'not executed', found: null, share: null, reason, at: null, history: [] };
  }
  const shown = shownOf(check, results.get(checkId) ?? []);
  const newest = results.get(checkId)?.[0];
  if (newest === undefined) return { ...said, ...shown, state: 'not measured' };
  const ageMs = now - newest.startedAt;
  if (ageMs > staleMs) return { ...said, ...shown, state: 'not measured', reason: `not measured for ${durationText(wholeHours(ageMs))}` };
  return { ...said, ...shown, state: stateOf(newest.outcome) };
}

/** The contract stands in the head of its table. */
function placeText({ document, line }: Origin): string {
  return line === null ? document : `${document}:${line}`;
}

function wholeHours(ms: number): number {
  return Math.floor(ms / 3_600_000) * 3_600_000;
}

function stateOf(outcome: Outcome): LevelState {
  if (!isJudged(outcome)) return 'not measured';
  return outcome === 'passed' ? 'kept' : outcome === 'warning' ? 'at risk' : 'broken';
}

function checkOf(check: Check, results: readonly CheckResult[]): BoardCheck {
  const { id, description, measure, severity, origin } = check;
  return {
    id,
    title: description ?? measureText(measure),
    severity,
    outcome: results[0]?.outcome ?? null,
    expected: expectedText(check),
    declaredIn: placeText(origin),
    ...shownOf(check, results),
  };
}

function shownOf(check: Check, results: readonly CheckResult[]): Shown {
  const [newest] = results;
  const history = results.map(({ outcome }) => outcome).toReversed();
  if (newest === undefined) return { found: null, share: null, reason: 'it has not run yet', at: null, history };
  const { measured, outcome, reason, expected, startedAt } = newest;
  const limit =
    check.fail !== null && ['lessOrEqual', 'less'].includes(check.fail.operator) && check.fail.unit === 'value'
      ? check.fail.values[0]
      : undefined;
  return {
    found: measured === null ? null : foundText(check, measured),
    share: measured === null || limit === undefined || limit <= 0 ? null : measured.value / limit,
    reason: outcome === 'passed' ? null : measured === null ? reason : `expected ${expected}`,
    at: startedAt,
    history,
  };
}

const urgencies: readonly (Outcome | null)[] = ['failed', 'error', 'warning', 'unknown', 'skipped', null, 'learning', 'passed'];

function urgency({ outcome }: BoardCheck): number {
  return urgencies.indexOf(outcome);
}

export interface LevelCounts {
  readonly promised: number;
  readonly kept: number;
  readonly broken: number;
  /** At risk counts as kept; the rest is not known. */
  readonly unknown: number;
}

export function countLevels(tables: readonly BoardTable[]): LevelCounts {
  const states = tables.flatMap(({ levels }) => levels.map(({ state }) => state));
  const count = (...wanted: readonly LevelState[]): number => states.filter((state) => wanted.includes(state)).length;
  return {
    promised: states.length,
    kept: count('kept', 'at risk'),
    broken: count('broken'),
    unknown: count('not measured', 'not executed'),
  };
}
