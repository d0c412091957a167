// A person's decision after a HALT, as a commit: an empty append snapshot that carries `foz.next` and names the
// decision, so that it passes through the same compare-and-swap as data and stands in the history for ever. Which
// offsets are skipped, adopted or read again is computed here from the table and the log, shown, and written once.

import { identText, type Catalog, type LoadedTable } from '../catalog/catalog.ts';
import { prepareAppend } from '../lake/iceberg/append.ts';
import { mainSnapshot, sameLong, snapshotById, type Snapshot, type TableMetadata } from '../lake/iceberg/metadata.ts';
import {
  ancestry,
  chainProperty,
  chainText,
  extendChain,
  parseSpans,
  readChain,
  recordsOf,
  spansText,
  summaryKeys,
  writtenChain,
  type OffsetChain,
  type OffsetSpan,
  type ResumeDecision,
} from '../lake/raw/offset-chain.ts';
import { acceptedProperty, acceptedText } from '../lake/raw/accepted-violations.ts';
import type { ObjectStore } from '../lake/store/object-store.ts';
import type { Clock } from '../runtime/clock.ts';
import { newSnapshotId } from '../lake/iceberg/next-snapshot.ts';
import { LakeError } from '../runtime/errors.ts';
import type { Random } from '../runtime/random.ts';
import type { Log, OffsetRange, TopicDescription } from './log/log.ts';
import { newCommitId, type TableTarget } from './table.ts';

export interface ResumeDeps {
  readonly catalog: Catalog;
  readonly store: ObjectStore;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: Random;
}

export interface ResumePlan {
  readonly table: string;
  readonly decision: ResumeDecision;
  /** `to` > `from`: skipped for ever; `to` < `from`: read again; equal: taken as they stand. */
  readonly spans: readonly OffsetSpan[];
}

interface Situation {
  readonly loaded: LoadedTable;
  readonly source: TopicDescription;
  readonly ranges: ReadonlyMap<number, OffsetRange>;
  /** What the property says, even when main has left it. */
  readonly chain: OffsetChain | null;
  readonly isBroken: boolean;
}

/** Says what the decision would do, without doing it. Errors: CONFIG_INVALID when there is nothing of that kind to decide. */
export async function planResume(
  target: TableTarget,
  decision: ResumeDecision,
  deps: ResumeDeps,
  signal?: AbortSignal,
): Promise<ResumePlan> {
  const situation = await look(target, deps, signal);
  return { table: identText(target.ident), decision, spans: spansOf(target, decision, situation) };
}

/** Commits the decision. A conflict means that the table moved meanwhile: nothing is written, plan again. */
export async function resumeTable(
  target: TableTarget,
  decision: ResumeDecision,
  deps: ResumeDeps,
  signal?: AbortSignal,
): Promise<ResumePlan> {
  const name = identText(target.ident);
  const situation = await look(target, deps, signal);
  const spans = spansOf(target, decision, situation);
  const { metadata } = situation.loaded;
  const commitId = newCommitId();
  const append = await prepareAppend(
    {
      metadata,
      store: deps.store,
      files: [],
      summary: {
        [summaryKeys.commitId]: commitId,
        [summaryKeys.clusterId]: situation.source.clusterId,
        [summaryKeys.offsets]: spansText(spans),
        [summaryKeys.resume]: decision,
      },
      snapshotId: newSnapshotId(deps.random),
      commitId,
      now: deps.clock.now(),
    },
    signal,
  );
  const records = recordsOf(append.snapshot.summary);
  const next = chainText(extendChain(situation.chain, spans, commitId, situation.source.clusterId, records));
  const outcome = await deps.catalog.commitTable(
    target.ident,
    {
      requirements: [
        { type: 'assert-table-uuid', uuid: metadata['table-uuid'] },
        { type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': mainSnapshot(metadata)?.['snapshot-id'] ?? null },
      ],
      updates: [
        { action: 'add-snapshot', snapshot: append.snapshot },
        { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': append.snapshot['snapshot-id'] },
        { action: 'set-properties', updates: { [chainProperty]: next, ...acceptedBy(decision, situation) } },
      ],
    },
    signal,
  );
  if (outcome.kind !== 'committed')
    throw new LakeError(
      'CATALOG_REFUSED',
      `${name}: the decision was not written, the table moved meanwhile (${outcome.message}). Look again and repeat the command`,
    );
  return { table: name, decision, spans };
}

async function look(target: TableTarget, deps: ResumeDeps, signal?: AbortSignal): Promise<Situation> {
  const name = identText(target.ident);
  const loaded = await deps.catalog.loadTable(target.ident, signal);
  if (!loaded) throw new LakeError('CONFIG_INVALID', `there is no table ${name}: nothing to decide`);
  const [source] = await deps.log.describe([target.topic], signal);
  if (!source) throw new LakeError('CONFIG_INVALID', `topic ${target.topic} of table ${name} does not exist: create it first`);
  const ranges = await deps.log.offsets(target.topic, signal);
  return { loaded, source, ranges, chain: writtenChain(loaded.metadata), isBroken: readChain(loaded.metadata).kind === 'broken' };
}

function spansOf(target: TableTarget, decision: ResumeDecision, situation: Situation): readonly OffsetSpan[] {
  const nothing = (why: string): LakeError =>
    new LakeError('CONFIG_INVALID', `foz resume ${identText(target.ident)} --${decision}: nothing to decide, ${why}`);
  switch (decision) {
    case 'accept-gap': {
      const spans = gapSpans(situation);
      if (!situation.isBroken && spans.every((span) => span.to === span.from))
        throw nothing('the log still holds every offset the table waits for');
      return spans;
    }
    case 'adopt-source': {
      const spans = adoptSpans(situation);
      if (spans === null) throw nothing('the table was written from this topic and the log reaches beyond it');
      return spans;
    }
    case 'accept-violations':
      return [...(situation.chain?.next.get(situation.source.topicId) ?? [])].map(([partition, at]) => ({
        topicId: situation.source.topicId,
        partition,
        from: at,
        to: at,
      }));
    case 'reread': {
      if (!situation.isBroken) throw nothing('the table holds the last commit of its chain');
      return rereadSpans(target, situation);
    }
  }
}

/** Every record that the log holds now: what comes later is judged anew. */
function acceptedBy(decision: ResumeDecision, { source, ranges }: Situation): Readonly<Record<string, string>> {
  if (decision !== 'accept-violations') return {};
  const offsets = new Map([...ranges].map(([partition, { highWatermark }]) => [partition, highWatermark] as const));
  return { [acceptedProperty]: acceptedText(new Map([[source.topicId, offsets]])) };
}

/** Skips what retention took; for a table rolled back, keeps the hole. */
function gapSpans({ chain, source, ranges }: Situation): readonly OffsetSpan[] {
  return [...(chain?.next.get(source.topicId) ?? [])].map(([partition, from]) => {
    const logStart = ranges.get(partition)?.logStart ?? from;
    return { topicId: source.topicId, partition, from, to: logStart > from ? logStart : from };
  });
}

/** A re-created topic begins at its log start; a truncated log goes back to its end. Null when neither is the case. */
function adoptSpans({ chain, source, ranges }: Situation): readonly OffsetSpan[] | null {
  const known = chain?.next.get(source.topicId);
  const spans = [...ranges].map(([partition, range]): OffsetSpan => {
    const from = known?.get(partition);
    if (from === undefined) return { topicId: source.topicId, partition, from: range.logStart, to: range.logStart };
    return { topicId: source.topicId, partition, from, to: range.highWatermark < from ? range.highWatermark : from };
  });
  const isSame = known !== undefined && chain?.clusterId === source.clusterId && spans.every((span) => span.to === span.from);
  return isSame ? null : spans;
}

/** Back to what main still holds: read again everything the lost snapshots had added. */
function rereadSpans(target: TableTarget, { loaded, chain, source }: Situation): readonly OffsetSpan[] {
  const surviving = survivingOffsets(loaded.metadata, source.topicId);
  const lost = lostOffsets(loaded.metadata, chain, source.topicId);
  const partitions = new Set([...surviving.next.keys(), ...lost.keys(), ...(chain?.next.get(source.topicId)?.keys() ?? [])]);
  return [...partitions].map((partition) => {
    const to = surviving.next.get(partition) ?? lost.get(partition) ?? (surviving.isWhole ? 0n : undefined);
    if (to === undefined) {
      throw new LakeError(
        'CONFIG_INVALID',
        `${identText(target.ident)}: snapshots that would tell where partition ${partition} continues have expired; decide with foz resume ${identText(target.ident)} --accept-gap`,
      );
    }
    const from = chain?.next.get(source.topicId)?.get(partition) ?? to;
    return { topicId: source.topicId, partition, from, to };
  });
}

/** The newest `to` of each partition among the commits main still descends from. */
function survivingOffsets(
  metadata: TableMetadata,
  topicId: string,
): { readonly next: ReadonlyMap<number, bigint>; readonly isWhole: boolean } {
  const next = new Map<number, bigint>();
  let isWhole = false;
  for (const step of ancestry(metadata)) {
    if (step.kind === 'root') isWhole = true;
    if (step.kind !== 'snapshot') continue;
    for (const span of spansOfSnapshot(step.snapshot, topicId)) if (!next.has(span.partition)) next.set(span.partition, span.to);
  }
  return { next, isWhole };
}

/** The oldest `from` of each partition among the commits that main has lost but the metadata still lists. */
function lostOffsets(metadata: TableMetadata, chain: OffsetChain | null, topicId: string): ReadonlyMap<number, bigint> {
  const kept = new Set([...ancestry(metadata)].flatMap((step) => (step.kind === 'snapshot' ? [String(step.snapshot['snapshot-id'])] : [])));
  const oldest = new Map<number, bigint>();
  let snapshot = metadata.snapshots.find((candidate) => candidate.summary[summaryKeys.commitId] === chain?.commitId);
  while (snapshot && !kept.has(String(snapshot['snapshot-id']))) {
    for (const span of spansOfSnapshot(snapshot, topicId)) oldest.set(span.partition, span.from);
    const parent: Snapshot['parent-snapshot-id'] = snapshot['parent-snapshot-id'];
    snapshot = parent === undefined || sameLong(parent, -1) ? undefined : snapshotById(metadata, parent);
  }
  return oldest;
}

function spansOfSnapshot(snapshot: Snapshot, topicId: string): readonly OffsetSpan[] {
  const text = snapshot.summary[summaryKeys.offsets];
  return (text === undefined ? [] : (parseSpans(text) ?? [])).filter((span) => span.topicId === topicId);
}
