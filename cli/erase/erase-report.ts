// What an erasure found, did and could not do, for people and for scripts.

import type { KeyMembers } from '../../lake/raw/erased.ts';
import { tableText } from '../output.ts';
import type { Erased } from './erase-table.ts';
import type { Found } from './find-files.ts';
import type { LogCopies } from './log-copies.ts';

export type EraseOutcome = 'planned' | 'refused' | 'erased';

export interface EraseReport {
  readonly table: string;
  readonly outcome: EraseOutcome;
  /** Rows of the newest snapshot, by key. */
  readonly keys: readonly { readonly key: Readonly<Record<string, string>>; readonly rows: number }[];
  /** Keys that rows of the key had before or got after, not erased. */
  readonly linked: readonly Readonly<Record<string, string>>[];
  readonly refused: readonly string[];
  readonly rows: number;
  readonly files: { readonly lookedInto: number; readonly ruledOut: number; readonly rewritten: number };
  readonly snapshots: number;
  readonly tags: readonly string[];
  readonly objectsDeleted: number;
  /** Objects that hold the key and may still be named by a commit, or that cannot be read. */
  readonly left: readonly { readonly location: string; readonly why: string }[];
  /** Null: the log was not read. */
  readonly log: readonly (Omit<LogCopies, 'retainedUntil'> & { readonly retainedUntil: string | null })[] | null;
}

export function eraseReport(
  table: string,
  outcome: EraseOutcome,
  found: Found,
  refused: readonly string[],
  copies: readonly LogCopies[] | null,
  erased: Erased | null,
): EraseReport {
  const swept = erased?.swept;
  return {
    table,
    outcome,
    keys: found.keys.map((key, i) => ({ key: Object.fromEntries(key.members), rows: found.rowsInHead[i] ?? 0 })),
    linked: found.linked.map((key) => Object.fromEntries(key)),
    refused,
    rows: erased?.rows ?? found.rowsInHead.reduce((sum, rows) => sum + rows, 0),
    files: { lookedInto: found.filesLookedInto, ruledOut: found.filesRuledOut, rewritten: erased?.files ?? found.inHead.size },
    snapshots: erased?.snapshots ?? found.snapshots.length,
    tags: erased?.tags ?? found.tags,
    objectsDeleted: (swept?.dataFiles ?? 0) + (swept?.manifests ?? 0) + (swept?.manifestLists ?? 0),
    left: swept?.left ?? [],
    log:
      copies &&
      copies.map(({ retainedUntil, ...copy }) => ({
        ...copy,
        retainedUntil: retainedUntil === null ? null : new Date(retainedUntil).toISOString(),
      })),
  };
}

/** Everything is gone that this command can take away. */
export function isComplete({ outcome, left, log }: EraseReport): boolean {
  return outcome !== 'refused' && left.length === 0 && (log ?? []).every(({ ahead }) => ahead === 0);
}

export function reportText(report: EraseReport): string {
  const { table, rows, files, snapshots, tags, objectsDeleted } = report;
  const verb = report.outcome === 'erased' ? 'erased' : report.outcome === 'planned' ? 'would be erased' : 'NOT erased';
  const head = `${table}: ${rows} rows ${verb}, in ${files.rewritten} data files (${files.lookedInto} looked into, ${files.ruledOut} ruled out by their bounds); ${snapshots} snapshots${tags.length === 0 ? '' : ` and the tags ${tags.join(', ')}`} ${report.outcome === 'erased' ? 'forgotten' : 'hold them'}`;
  const lines = [head];
  if (report.outcome === 'erased') lines.push(`${objectsDeleted} objects deleted`);
  for (const reason of report.refused) lines.push(`refused: ${reason}`);
  for (const { location, why } of report.left) lines.push(`left: ${location}: ${why}`);
  if (report.left.length > 0) lines.push('Run the same command again later: what is left now may go then.');
  lines.push('', logText(report));
  return lines.join('\n');
}

function logText({ log }: EraseReport): string {
  if (log === null) return 'The log was not read (--skip-log): what Kafka retains is not known.';
  if (log.length === 0) return 'Kafka retains no record of it.';
  const rows = log.map((copy) => [
    copy.partition,
    copy.records,
    `${copy.first}–${copy.last}`,
    copy.ahead,
    copy.retainedUntil ?? 'no time: compaction or for ever',
  ]);
  const ahead = log.some((copy) => copy.ahead > 0) ? '\nRecords not taken yet will land: run the same command again after that.' : '';
  return `Kafka retains records of it, which Foz does not change:\n${tableText(['partition', 'records', 'offsets', 'not taken yet', 'retained at least until'], rows)}${ahead}`;
}

export function keyText(key: KeyMembers): string {
  return JSON.stringify(Object.fromEntries(key));
}
