// What a commit's snapshot summary says of its rows: counts and change times, for status, freshness and checks that
// cost no scan.

import { judgedSummary } from './contract/judged-summary.ts';
import { summaryKeys } from '../lake/raw/offset-chain.ts';
import type { FlushedChunk } from './flush.ts';

export interface Totals {
  readonly rows: number;
  readonly rescued: number;
  readonly violating: number;
  readonly fileBytes: number;
  /** Epoch microseconds. */
  readonly changedAtUs: { readonly min: number; readonly max: number } | null;
}

export function totals(chunks: readonly FlushedChunk[]): Totals {
  const changed = chunks.flatMap((chunk) => (chunk.changedAtUs ? [chunk.changedAtUs] : []));
  return {
    rows: chunks.reduce((sum, chunk) => sum + chunk.rows, 0),
    rescued: chunks.reduce((sum, chunk) => sum + chunk.rescued, 0),
    violating: chunks.reduce((sum, chunk) => sum + (chunk.judged?.violating ?? 0), 0),
    fileBytes: chunks.reduce((sum, chunk) => sum + chunk.fileBytes, 0),
    changedAtUs:
      changed.length === 0 ? null : { min: Math.min(...changed.map(({ min }) => min)), max: Math.max(...changed.map(({ max }) => max)) },
  };
}

export function commitSummary(chunks: readonly FlushedChunk[]): Readonly<Record<string, string>> {
  const sum = totals(chunks);
  return {
    [summaryKeys.rows]: String(sum.rows),
    [summaryKeys.rescued]: String(sum.rescued),
    ...(sum.changedAtUs
      ? { [summaryKeys.changedAtMin]: String(sum.changedAtUs.min), [summaryKeys.changedAtMax]: String(sum.changedAtUs.max) }
      : {}),
    ...judgedSummary(chunks.flatMap(({ judged }) => (judged ? [judged] : []))),
  };
}
