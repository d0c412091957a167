// One raw table as the worker sees it: created when absent, its chain read and checked (I1, I6), its shapes, and the
// start position of each log partition checked against what the log still holds (I7).

import { randomUUID } from 'node:crypto';
import { identText, type Catalog, type LoadedTable, type TableIdent } from '../catalog/catalog.ts';
import type { TableMetadata } from '../lake/iceberg/metadata.ts';
import { nextOffset, readChain, type OffsetChain } from '../lake/raw/offset-chain.ts';
import { acceptedProperty, parseAccepted } from '../lake/raw/accepted-violations.ts';
import { rawPartitionSpec, rawSchema } from '../lake/raw/raw-schema.ts';
import { parseShapes, shapesProperty } from '../lake/raw/shapes-property.ts';
import { LakeError } from '../runtime/errors.ts';
import type { CrashHook } from './crash-point.ts';
import type { PinnedContract } from './contract/pinned-contract.ts';
import type { DecodePlan } from './decode/decoder.ts';
import { HaltError, logTruncated, retentionGap, rolledBack, sourceReplaced } from './halt.ts';
import type { OffsetRange, TopicDescription } from './log/log.ts';

export interface TableTarget {
  readonly topic: string;
  readonly ident: TableIdent;
}

/** Properties a raw table is created with. The engines' own settings keep metadata bounded (default expiry). */
function rawTableProperties(topic: string): Readonly<Record<string, string>> {
  return {
    'foz.topic': topic,
    'write.format.default': 'parquet',
    'write.parquet.compression-codec': 'zstd',
    'write.metadata.previous-versions-max': '20',
    'write.metadata.delete-after-commit.enabled': 'true',
    'history.expire.max-snapshot-age-ms': String(60 * 60 * 1000),
    // A commit a second is usual here: with the four retries of the default, other writers give up.
    'commit.retry.num-retries': '20',
  };
}

/** Loads the table, creating it (and its namespace) when absent. Two workers may race: one creates, both load. */
export async function ensureTable(
  catalog: Catalog,
  target: TableTarget,
  crashPoint: CrashHook,
  signal?: AbortSignal,
): Promise<LoadedTable> {
  const loaded = await catalog.loadTable(target.ident, signal);
  if (loaded) return loaded;
  await crashPoint('assign:before-create');
  await catalog.ensureNamespace(target.ident.namespace, signal);
  const outcome = await catalog.createTable(
    target.ident,
    { schema: rawSchema, partitionSpec: rawPartitionSpec, properties: rawTableProperties(target.topic) },
    signal,
  );
  await crashPoint('assign:after-create');
  if (outcome.kind === 'committed') return outcome.table;
  const created = await catalog.loadTable(target.ident, signal);
  if (!created) throw new LakeError('CATALOG_UNREACHABLE', `table ${identText(target.ident)} could not be created: ${outcome.message}`);
  return created;
}

/** The valid chain, or null for a table without Foz commits. Throws HaltError when it is broken or of another source. */
export function checkedChain(table: LoadedTable, target: TableTarget, source: TopicDescription): OffsetChain | null {
  const name = identText(target.ident);
  const state = readChain(table.metadata);
  if (state.kind === 'broken') throw new HaltError(name, rolledBack(name, state.reason));
  if (state.kind === 'empty') return null;
  const { chain } = state;
  if (chain.clusterId !== source.clusterId) {
    throw new HaltError(
      name,
      sourceReplaced(
        name,
        `the table was written from cluster ${chain.clusterId}; topic ${source.topic} is now on cluster ${source.clusterId}`,
      ),
    );
  }
  if (chain.next.size > 0 && !chain.next.has(source.topicId)) {
    const known = [...chain.next.keys()].join(', ');
    throw new HaltError(
      name,
      sourceReplaced(
        name,
        `topic ${source.topic} was re-created: the table was written from topic id ${known}, it is now ${source.topicId}`,
      ),
    );
  }
  return chain;
}

/** Where to start a log partition. Throws HaltError when the log no longer has that position (I7). */
export function startOffset(
  target: TableTarget,
  chain: OffsetChain | null,
  source: TopicDescription,
  partition: number,
  range: OffsetRange,
): bigint {
  const next = nextOffset(chain, source.topicId, partition);
  if (next === undefined) return range.logStart;
  checkRange(target, source.topic, partition, next, range);
  return next;
}

export function checkRange(target: TableTarget, topic: string, partition: number, next: bigint, range: OffsetRange): void {
  const name = identText(target.ident);
  const where = `topic ${topic} partition ${partition}`;
  if (range.logStart > next) throw new HaltError(name, retentionGap(name, where, next, range.logStart));
  if (range.highWatermark < next) throw new HaltError(name, logTruncated(name, where, next, range.highWatermark));
}

/** `contract`: of the rows to be written under the plan. */
export function planOf(metadata: TableMetadata, contract: PinnedContract | null = null, topicId = ''): DecodePlan {
  const schema = metadata.schemas.find((candidate) => candidate['schema-id'] === metadata['current-schema-id']);
  const spec = metadata['partition-specs'].find((candidate) => candidate['spec-id'] === metadata['default-spec-id']);
  const date = spec?.fields.find((field) => field.transform === 'day');
  if (!schema || !date)
    throw new LakeError('INTERNAL', `table ${metadata['table-uuid']} is not a raw table: it is not partitioned by day(_log_time)`);
  const accepted = parseAccepted(metadata.properties[acceptedProperty]).get(topicId);
  return {
    schema,
    lastColumnId: metadata['last-column-id'],
    datePartitionFieldId: date['field-id'],
    shapes: parseShapes(metadata.properties[shapesProperty]),
    ...(contract === null ? {} : { contract }),
    ...(accepted === undefined ? {} : { violationsAccepted: accepted }),
  };
}

export function newCommitId(): string {
  return randomUUID();
}
