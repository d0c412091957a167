// The measurer of what only the source can tell: whether its rows and the lake's are the same (`reconcile`), and whether
// the rows that it no longer has are gone from the current view (`deletePropagation`). Both come of one comparison, at a
// position of the source's own: newer than the run's snapshot, once the lake has caught up with it.
// Where the source is away, or the lake is behind for longer than a check may take, nothing is known: no pass.

import { personalColumns } from '../plan/personal-columns.ts';
import type { Check } from '../check.ts';
import type { Finding, Measurer, MeasureSession } from '../measurer.ts';
import type { CheckResult } from '../result.ts';
import type { Difference } from './compare-rows.ts';
import { reconcile, type Reconciled, type ReconcileInput } from './reconcile.ts';

export interface Reconciliation {
  /** Opens what a table is compared with, for as long as `work` runs; null where its source is not configured here. */
  withTable<T>(table: string, signal: AbortSignal, work: (input: Omit<ReconcileInput, 'differencesMax'>) => Promise<T>): Promise<T | null>;
}

const keysMax = 100;

export function reconcileMeasurer(reconciliation: Reconciliation): Measurer {
  return {
    name: 'reconciliation',
    answers: (measure) => measure.kind === 'cdc' && (measure.of === 'reconcile' || measure.of === 'deletePropagation'),
    measure: async (checks, session, signal) => {
      const found = await reconciliation.withTable(session.table.name, signal, (input) =>
        reconcile({ ...input, differencesMax: keysMax }, signal),
      );
      return new Map(checks.map((check) => [check.id, findingOf(check, found, session)]));
    },
  };
}

function findingOf(check: Check, found: Reconciled | null, session: MeasureSession): Finding {
  if (found === null) return { kind: 'skipped', reason: 'the source of this table is not configured here (sources, connectors)' };
  const isDelete = check.measure.kind === 'cdc' && check.measure.of === 'deletePropagation';
  const { source, missing, extra, differing } = found;
  const value = isDelete ? extra : missing + extra + differing;
  const personal = new Set([...personalColumns(session.contract), ...found.masked]);
  const shown = found.differences.filter(({ kind }) => !isDelete || kind === 'extra').slice(0, check.samplesMax);
  return {
    kind: 'measured',
    measured: { value, text: null, total: source + extra, exactness: 'exact', by: 'service' },
    failing: null,
    keys: shown.map((difference) => keyOf(difference, found.table.key, personal)),
    reason: isDelete ? deleteReason(found) : reconcileReason(found),
  };
}

function keyOf({ kind, key, columns }: Difference, names: readonly string[], personal: ReadonlySet<string>): CheckResult['keys'][number] {
  const shown = names.map((name, i) => [name, personal.has(name) ? 'masked' : (key[i] ?? null)] as const);
  const differing = columns.map(({ column }) => column).join(', ');
  return { ...Object.fromEntries(shown), difference: differing === '' ? kind : `${kind}: ${differing}` };
}

function reconcileReason({ source, lake, missing, extra, differing, at, ranges }: Reconciled): string {
  return `${source} rows in the source, ${lake} in the lake at ${at}: ${missing} missing, ${extra} extra, ${differing} differing (${ranges.differing} of ${ranges.compared} ranges by ${ranges.by} differ)`;
}

function deleteReason({ extra, at }: Reconciled): string {
  return extra === 0
    ? `every current row is in the source at ${at}`
    : `${extra} current rows are no longer in the source at ${at} (foz verify --repair)`;
}
