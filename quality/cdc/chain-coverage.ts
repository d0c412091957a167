// Whether the commits of a table cover its log without a hole and without an overlap: each says in its summary which
// offsets it added, so that the chain itself answers, without reading a row. Only commits that the table still knows can be
// compared; where the older ones have expired, the first one kept begins the comparison.

import type { TableMetadata } from '../../lake/iceberg/metadata.ts';
import { ancestry, parseSpans, readChain, summaryKeys, type NextOffsets } from '../../lake/raw/offset-chain.ts';

export interface ChainCoverage {
  /** Offsets that no commit covers, without those that a person's decision skipped. */
  readonly missing: readonly Stretch[];
  /** Offsets that two commits cover. */
  readonly repeated: readonly Stretch[];
  readonly commits: number;
  /** Offsets compared. */
  readonly offsets: bigint;
  /** Null: the chain is sound. Else what the worker would halt for. */
  readonly broken: string | null;
}

/** Offsets [from, to). */
export interface Stretch {
  readonly topicId: string;
  readonly partition: number;
  readonly from: bigint;
  readonly to: bigint;
}

export function chainCoverage(metadata: TableMetadata): ChainCoverage {
  const state = readChain(metadata);
  const missing: Stretch[] = [];
  const repeated: Stretch[] = [];
  const next = new Map<string, bigint>();
  let commits = 0;
  let offsets = 0n;
  for (const { summary } of [...ancestry(metadata)].flatMap((step) => (step.kind === 'snapshot' ? [step.snapshot] : [])).toReversed()) {
    const spans = parseSpans(summary[summaryKeys.offsets] ?? '') ?? [];
    const isDecision = summary[summaryKeys.resume] !== undefined;
    if (spans.length > 0) commits++;
    for (const { topicId, partition, from, to } of spans) {
      const place = `${topicId} ${partition}`;
      const expected = isDecision ? undefined : next.get(place);
      if (expected !== undefined && from > expected) missing.push({ topicId, partition, from: expected, to: from });
      if (expected !== undefined && from < expected) repeated.push({ topicId, partition, from, to: to < expected ? to : expected });
      offsets += to - from;
      // After a decision the log goes on from where it says, which may lie before.
      next.set(place, expected === undefined || to > expected ? to : expected);
    }
  }
  if (state.kind === 'valid') missing.push(...promisedButAbsent(state.chain.next, next));
  return { missing, repeated, commits, offsets, broken: state.kind === 'broken' ? state.reason : null };
}

/** What `foz.next` says is there, beyond the last commit of its partition. */
function promisedButAbsent(promised: NextOffsets, next: ReadonlyMap<string, bigint>): readonly Stretch[] {
  return [...promised].flatMap(([topicId, partitions]) =>
    [...partitions].flatMap(([partition, to]) => {
      const from = next.get(`${topicId} ${partition}`);
      return from === undefined || from >= to ? [] : [{ topicId, partition, from, to }];
    }),
  );
}

export function stretchText({ partition, from, to }: Stretch): string {
  return `partition ${partition} [${from}, ${to})`;
}
