// The offset chain: which records of which log partitions a raw table holds. It lives in the table (I1): the property
// `foz.next` says what comes next, each data snapshot's summary says what it added, and both move in the one pointer
// swap that makes the files visible (I3). Pure: the worker checks it before every try, the catalog checks it again.

import type { TableCommit } from '../iceberg/commit.ts';
import { mainSnapshot, sameLong, snapshotById, type Snapshot, type TableMetadata } from '../iceberg/metadata.ts';

export const chainProperty = 'foz.next';
export const summaryKeys = {
  commitId: 'foz.commit-id',
  clusterId: 'foz.cluster-id',
  offsets: 'foz.offsets',
  rows: 'foz.rows',
  rescued: 'foz.rescued',
  changedAtMin: 'foz.changed-at-min',
  changedAtMax: 'foz.changed-at-max',
  /** Contract versions that judged the rows: `id@version`, several separated by a space. */
  contract: 'foz.contract',
  /** Rows that break a rule, rows kept out of the current view, and violations by `property rule` (JSON, the most frequent). */
  violations: 'foz.violations',
  quarantined: 'foz.quarantined',
  violationsByRule: 'foz.violations-by-rule',
  /** Masked columns and their masks with the id of the key, as JSON: `{"email":"hmac k1"}`. */
  masked: 'foz.masked',
  /** A person's decision after a HALT: `accept-gap`, `adopt-source`, `reread` or `accept-violations`. */
  resume: 'foz.resume',
  /** What `foz erase` took out: rows, and a salted hash of each key. */
  erased: 'foz.erased',
} as const;

export type ResumeDecision = 'accept-gap' | 'adopt-source' | 'reread' | 'accept-violations';

/** First offset not yet in the table, by topic id and log partition. */
export type NextOffsets = ReadonlyMap<string, ReadonlyMap<number, bigint>>;

export interface OffsetChain {
  /** The commit that wrote this value. */
  readonly commitId: string;
  readonly clusterId: string;
  readonly next: NextOffsets;
  /** Rows of the table with that commit, by its snapshot's summary; null where the summary does not count them. */
  readonly records: bigint | null;
  /**
   * How often a decision has set offsets back. What was uploaded before may have been swept since, when the offsets lay above
   * it: a worker commits only what it has read since the newest of these.
   */
  readonly rereads: number;
}

/** Records [from, to) of one log partition, in one commit. `to` is the consumer's position: offsets have holes. */
export interface OffsetSpan {
  readonly topicId: string;
  readonly partition: number;
  readonly from: bigint;
  readonly to: bigint;
}

export type ChainState =
  /** Nothing of Foz has been committed to this table. */
  | { readonly kind: 'empty' }
  | { readonly kind: 'valid'; readonly chain: OffsetChain }
  /** The table was rolled back, replaced or tampered with: HALT (I1). */
  | { readonly kind: 'broken'; readonly reason: string };

/**
 * I1: the property counts only when main's ancestry leads to the commit that wrote it, or to an expired parent at which the
 * table held as many rows as with that commit: a roll-back whose traces have expired is told by its count alone.
 */
export function readChain(metadata: TableMetadata): ChainState {
  const chain = parseChain(metadata.properties[chainProperty]);
  if (chain.kind === 'malformed') return { kind: 'broken', reason: `table property ${chainProperty} is malformed: ${chain.reason}` };
  let oldest: Snapshot | null = null;
  for (const step of ancestry(metadata)) {
    if (step.kind === 'snapshot') {
      oldest = step.snapshot;
      const commitId = step.snapshot.summary[summaryKeys.commitId];
      if (commitId === undefined) continue;
      if (chain.kind === 'absent')
        return { kind: 'broken', reason: `snapshot ${step.snapshot['snapshot-id']} is a Foz commit but ${chainProperty} is gone` };
      if (commitId === chain.chain.commitId) return { kind: 'valid', chain: chain.chain };
      return {
        kind: 'broken',
        reason: `${chainProperty} was written by commit ${chain.chain.commitId}, but the newest Foz commit on main is ${commitId}`,
      };
    }
    if (chain.kind === 'absent') return { kind: 'empty' };
    if (step.kind === 'expired') return behindExpired(chain.chain, oldest);
    return {
      kind: 'broken',
      reason: `main no longer descends from commit ${chain.chain.commitId}: the table was replaced or rolled back to before it`,
    };
  }
  return { kind: 'empty' };
}

function behindExpired(chain: OffsetChain, oldest: Snapshot | null): ChainState {
  const before = oldest && recordsBefore(oldest.summary);
  if (chain.records === null || before === chain.records) return { kind: 'valid', chain };
  return {
    kind: 'broken',
    reason: `commit ${chain.commitId} left ${chain.records} rows; the oldest snapshot kept, ${oldest?.['snapshot-id']}, began with ${before ?? 'an unknown number'}: the table was rolled back, or others changed its rows, and the snapshots that would tell have expired`,
  };
}

/** Rows of the table with a snapshot, by its summary. */
export function recordsOf(summary: Snapshot['summary']): bigint | null {
  return countIn(summary['total-records']);
}

function recordsBefore(summary: Snapshot['summary']): bigint | null {
  const total = recordsOf(summary);
  return total === null ? null : total - (countIn(summary['added-records']) ?? 0n) + (countIn(summary['deleted-records']) ?? 0n);
}

function countIn(text: string | undefined): bigint | null {
  return text !== undefined && /^\d{1,19}$/.test(text) ? BigInt(text) : null;
}

/** What the property says, whether or not main still descends from it; null when absent or malformed. For decisions only. */
export function writtenChain(metadata: TableMetadata): OffsetChain | null {
  const parsed = parseChain(metadata.properties[chainProperty]);
  return parsed.kind === 'chain' ? parsed.chain : null;
}

/** Whether this commit is on main: in its ancestry, or the writer of the property (I5). */
export function holdsCommit(metadata: TableMetadata, commitId: string): boolean {
  for (const step of ancestry(metadata)) {
    if (step.kind === 'snapshot' && step.snapshot.summary[summaryKeys.commitId] === commitId) return true;
  }
  const state = readChain(metadata);
  return state.kind === 'valid' && state.chain.commitId === commitId;
}

export function nextOffset(chain: OffsetChain | null, topicId: string, partition: number): bigint | undefined {
  return chain?.next.get(topicId)?.get(partition);
}

/** I2: null when every span starts exactly at the table's next offset (or begins a partition); else what does not fit. */
export function illegalSpan(chain: OffsetChain | null, spans: readonly OffsetSpan[]): string | null {
  for (const span of spans) {
    const next = nextOffset(chain, span.topicId, span.partition);
    if (next !== undefined && next !== span.from) {
      return `offsets [${span.from}, ${span.to}) of topic ${span.topicId} partition ${span.partition} do not continue the table: its next offset is ${next}`;
    }
  }
  return null;
}

/** The chain after a commit of these spans, which leaves the table with so many rows. */
export function extendChain(
  chain: OffsetChain | null,
  spans: readonly OffsetSpan[],
  commitId: string,
  clusterId: string,
  records: bigint | null,
): OffsetChain {
  const next = new Map([...(chain?.next ?? [])].map(([topicId, partitions]) => [topicId, new Map(partitions)]));
  for (const span of spans) {
    const partitions = next.get(span.topicId) ?? new Map<number, bigint>();
    partitions.set(span.partition, span.to);
    next.set(span.topicId, partitions);
  }
  const isSetBack = spans.some(({ from, to }) => to < from);
  return { commitId, clusterId, next, records, rereads: rereadsOf(chain) + (isSetBack ? 1 : 0) };
}

export function rereadsOf(chain: OffsetChain | null): number {
  return chain?.rereads ?? 0;
}

export function chainText(chain: OffsetChain): string {
  const next: Record<string, (string | null)[]> = {};
  for (const [topicId, partitions] of chain.next) {
    const size = Math.max(-1, ...partitions.keys()) + 1;
    next[topicId] = Array.from({ length: size }, (_, partition) => partitions.get(partition)?.toString() ?? null);
  }
  const { commitId, clusterId, records, rereads } = chain;
  const counts = { ...(records === null ? {} : { records: records.toString() }), ...(rereads === 0 ? {} : { rereads }) };
  return JSON.stringify({ commitId, clusterId, next, ...counts });
}

export function spansText(spans: readonly OffsetSpan[]): string {
  const byTopic: Record<string, Record<string, { from: string; to: string }>> = {};
  for (const span of spans) {
    const partitions = (byTopic[span.topicId] ??= {});
    partitions[span.partition] = { from: span.from.toString(), to: span.to.toString() };
  }
  return JSON.stringify(byTopic);
}

/**
 * The catalog's side of I2, on exactly the metadata that the swap asserts. Null when the commit is legal or is not one
 * of Foz's; else the reason for a 409.
 */
export function checkChainCommit(metadata: TableMetadata, commit: TableCommit): string | null {
  const added = commit.updates.flatMap((update) => (update.action === 'add-snapshot' ? [update.snapshot] : []));
  const values = commit.updates.flatMap((update) => (update.action === 'set-properties' ? [update.updates[chainProperty]] : []));
  const allWritten = values.filter((value) => value !== undefined);
  // Updates apply in their order: of several the last one counts, and what was judged must be what comes to be.
  if (allWritten.length > 1) return `${chainProperty} is set ${allWritten.length} times in one commit`;
  if (added.length > 1 && added.some(({ summary }) => summary[summaryKeys.offsets] !== undefined))
    return `a snapshot with ${summaryKeys.offsets} must be the only one of its commit, not one of ${added.length}`;
  const [snapshot] = added;
  const [written] = allWritten;
  if (commit.updates.some((update) => update.action === 'remove-properties' && update.removals.includes(chainProperty)))
    return `${chainProperty} must not be removed`;
  const spansJson = snapshot?.summary[summaryKeys.offsets];
  if (spansJson === undefined) {
    if (written !== undefined && written !== metadata.properties[chainProperty])
      return `${chainProperty} may only change together with a snapshot that carries ${summaryKeys.offsets}`;
    return null;
  }
  const after = parseChain(written);
  if (after.kind !== 'chain') return `a snapshot with ${summaryKeys.offsets} must set ${chainProperty} in the same commit`;
  const spans = parseSpans(spansJson);
  if (spans === null) return `${summaryKeys.offsets} is malformed`;
  const asserted = commit.requirements.some((requirement) => requirement.type === 'assert-ref-snapshot-id' && requirement.ref === 'main');
  if (!asserted) return `a snapshot with ${summaryKeys.offsets} must assert the snapshot of main`;
  if (snapshot && after.chain.records !== recordsOf(snapshot.summary))
    return `${chainProperty} says ${after.chain.records ?? 'no'} rows, the snapshot's summary ${recordsOf(snapshot.summary) ?? 'none'}`;
  return illegalExtension(metadata, after.chain, spans, snapshot?.summary[summaryKeys.resume]);
}

function illegalExtension(
  metadata: TableMetadata,
  after: OffsetChain,
  spans: readonly OffsetSpan[],
  resume: string | undefined,
): string | null {
  const state = readChain(metadata);
  if (state.kind === 'broken' && resume === undefined)
    return `the table's offset chain is broken (${state.reason}); decide with foz resume`;
  const before = writtenChain(metadata);
  if (before && before.clusterId !== after.clusterId && resume !== 'adopt-source')
    return `the table was written from cluster ${before.clusterId}, not ${after.clusterId}`;
  const illegal = illegalSpan(before, spans);
  if (illegal) return illegal;
  const backwards = spans.find((span) => span.to < span.from);
  if (backwards && resume !== 'reread' && resume !== 'adopt-source') return `offsets go back from ${backwards.from} to ${backwards.to}`;
  const expected = chainText(extendChain(before, spans, after.commitId, after.clusterId, after.records));
  return expected === chainText(after) ? null : `${chainProperty} does not equal the table's chain extended by ${summaryKeys.offsets}`;
}

type ParsedChain =
  | { readonly kind: 'absent' }
  | { readonly kind: 'malformed'; readonly reason: string }
  | { readonly kind: 'chain'; readonly chain: OffsetChain };

function parseChain(text: string | undefined): ParsedChain {
  if (text === undefined) return { kind: 'absent' };
  const value = parseObject(text);
  if (!value || typeof value['commitId'] !== 'string' || typeof value['clusterId'] !== 'string')
    return { kind: 'malformed', reason: 'commitId or clusterId is missing' };
  const topics = value['next'];
  if (!isRecord(topics)) return { kind: 'malformed', reason: 'next is missing' };
  const next = new Map<string, Map<number, bigint>>();
  for (const [topicId, offsets] of Object.entries(topics)) {
    if (!Array.isArray(offsets)) return { kind: 'malformed', reason: `next of topic ${topicId} is not a list` };
    const partitions = new Map<number, bigint>();
    for (const [partition, offset] of offsets.entries()) {
      if (offset === null) continue;
      const parsed = parseOffset(offset);
      if (parsed === null) return { kind: 'malformed', reason: `next of topic ${topicId} partition ${partition} is not an offset` };
      partitions.set(partition, parsed);
    }
    next.set(topicId, partitions);
  }
  const records = value['records'] === undefined ? null : parseOffset(value['records']);
  if (value['records'] !== undefined && records === null) return { kind: 'malformed', reason: 'records is not a count' };
  const rereads = value['rereads'] ?? 0;
  if (typeof rereads !== 'number' || !Number.isSafeInteger(rereads) || rereads < 0)
    return { kind: 'malformed', reason: 'rereads is not a count' };
  return { kind: 'chain', chain: { commitId: value['commitId'], clusterId: value['clusterId'], next, records, rereads } };
}

/** The spans a data snapshot added; null when the summary's text is malformed. */
export function parseSpans(text: string): readonly OffsetSpan[] | null {
  const topics = parseObject(text);
  if (!topics) return null;
  const spans: OffsetSpan[] = [];
  for (const [topicId, partitions] of Object.entries(topics)) {
    if (!isRecord(partitions)) return null;
    for (const [partition, range] of Object.entries(partitions)) {
      if (!isRecord(range) || !/^\d{1,9}$/.test(partition)) return null;
      const from = parseOffset(range['from']);
      const to = parseOffset(range['to']);
      if (from === null || to === null) return null;
      spans.push({ topicId, partition: Number(partition), from, to });
    }
  }
  return spans;
}

type Step = { readonly kind: 'snapshot'; readonly snapshot: Snapshot } | { readonly kind: 'expired' } | { readonly kind: 'root' };

/** Main's snapshots, newest first, then how the walk ends: at a null parent (`root`) or at one no longer kept (`expired`). */
export function* ancestry(metadata: TableMetadata): Generator<Step> {
  let snapshot = mainSnapshot(metadata);
  while (snapshot) {
    yield { kind: 'snapshot', snapshot };
    const parent: Snapshot['parent-snapshot-id'] = snapshot['parent-snapshot-id'];
    if (parent === undefined || parent === null || sameLong(parent, -1)) break;
    snapshot = snapshotById(metadata, parent);
    if (!snapshot) return yield { kind: 'expired' };
  }
  yield { kind: 'root' };
}

function parseOffset(value: unknown): bigint | null {
  return typeof value === 'string' && /^\d{1,19}$/.test(value) ? BigInt(value) : null;
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
