// `foz verify`: quality/reconcile with what foz.yaml names: the source, the masks in force, and how to wait until the lake
// holds what the source held.

import { identText, type Catalog } from '../../catalog/catalog.ts';
import { usersDefaults } from '../../connectors/users.ts';
import { currentSource, type CurrentSource } from '../../lake/raw/current.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';
import type { Difference } from '../../quality/reconcile/compare-rows.ts';
import type { MaskedColumns } from '../../quality/reconcile/compared-columns.ts';
import { reconcile, type Reconciled, type ReconcileInput } from '../../quality/reconcile/reconcile.ts';
import { repeatedOffsets, type RepeatedOffsets } from '../../quality/reconcile/repeated-offsets.ts';
import { slotConfirmed } from '../../quality/reconcile/slot-confirmed.ts';
import type { LakeQuery } from '../../query/lake-query.ts';
import { systemClock } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { Source, SourcePosition } from '../../sources/source.ts';
import { masksOfColumns, type ColumnMasks } from '../../sync/contract/column-masks.ts';
import { maskText } from '../../sync/contract/mask-value.ts';
import type { Log } from '../../sync/log/log.ts';
import type { TableTarget } from '../../sync/table.ts';
import type { LoadedConfig } from '../config.ts';
import { pathIn, postgresSettings } from '../settings.ts';
import { openSource } from '../wire.ts';
import { caughtUp, topicQuiet } from './catch-up.ts';

export interface VerifyInput {
  readonly target: TableTarget;
  readonly loaded: LoadedConfig;
  readonly catalog: Catalog;
  readonly store: ObjectStore;
  readonly log: Log;
  readonly lake: LakeQuery;
  /** How long to wait for the lake to catch up, and for rows of a changing Cassandra table to agree. */
  readonly waitMs?: number;
  readonly samplesMax?: number;
  /** In force: the source is compared as the masks make it. */
  readonly masks?: ColumnMasks | null;
  /** Default: the database that foz.yaml names. */
  readonly openSource?: (kind: CurrentSource) => Source;
}

export interface Verified {
  readonly table: string;
  readonly source: number;
  readonly lake: number;
  readonly missing: number;
  readonly extra: number;
  readonly differing: number;
  /** The log position (`LSN 0/1A2B3C4`) or time at which the two were compared. */
  readonly at: string;
  readonly ranges: Reconciled['ranges'];
  /** Rows of raw at one log offset: they do not change the current rows. */
  readonly repeated: RepeatedOffsets;
  readonly samples: readonly Difference[];
  /** Masked columns that hold no text, and so are null in the lake: not compared. */
  readonly notCompared?: readonly string[];
}

export async function verifyTable(input: VerifyInput, signal: AbortSignal): Promise<Verified> {
  const samplesMax = input.samplesMax ?? 20;
  const [found, repeated] = await withReconcileInput(input, signal, async (parts) => [
    await reconcile({ ...parts, differencesMax: samplesMax }, signal),
    await repeatedOffsets(parts.lake, parts.ident, samplesMax, signal),
  ]);
  return verifiedOf(input.target, found, repeated, samplesMax);
}

export function verifiedOf(target: TableTarget, found: Reconciled, repeated: RepeatedOffsets, samplesMax: number): Verified {
  const { source, lake, missing, extra, differing, at, ranges, differences, notCompared } = found;
  const left = notCompared.length === 0 ? {} : { notCompared };
  const counts = { source, lake, missing, extra, differing };
  return { table: identText(target.ident), ...counts, at, ranges, repeated, samples: differences.slice(0, samplesMax), ...left };
}

/** What reconciling a table needs; the source is open while `work` runs. */
export async function withReconcileInput<T>(
  input: VerifyInput,
  signal: AbortSignal,
  work: (parts: Omit<ReconcileInput, 'differencesMax'>) => Promise<T>,
): Promise<T> {
  const { target, loaded, lake } = input;
  const schema = await lake.schemaOf(target.ident.name, signal);
  const kind = (schema && currentSource(schema)) ?? configuredSource(loaded, target);
  await using source = input.openSource?.(kind) ?? openSource(loaded, kind);
  const { cacheDir, memory, threads } = loaded.config.query;
  return await work({
    ident: target.ident,
    sourceName: sourceNameOf(target),
    kind,
    source,
    catalog: input.catalog,
    lake,
    duckdb: { directory: pathIn(loaded, cacheDir), memoryBytes: memory, threads },
    arrived: (position, deadlineMs, waitSignal) => arrived(input, position, deadlineMs, waitSignal),
    masks: input.masks ? maskedColumns(input.masks) : null,
    deadlineMs: systemClock.now() + (input.waitMs ?? 60_000),
    rangesMax: loaded.config.verify.ranges,
  });
}

/** Of a table without change events so far: which database its topic belongs to, by the connector's prefix. */
function configuredSource({ config }: LoadedConfig, target: TableTarget): CurrentSource {
  const prefix = target.topic.split('.')[0];
  if (config.connectors.cassandra?.topicPrefix === prefix) return 'cassandra';
  if (config.connectors.postgres?.topicPrefix === prefix) return 'postgres';
  throw new LakeError('CONFIG_INVALID', `${identText(target.ident)} cannot be verified: no source is known for topic ${target.topic}`, {
    context: { expected: 'a topic of one of the connectors', found: target.topic },
  });
}

/** Topics are `prefix.schema.table` and `prefix.keyspace.table`. */
function sourceNameOf({ topic }: TableTarget): ReconcileInput['sourceName'] {
  const [, namespace = '', ...rest] = topic.split('.');
  return { namespace, table: rest.join('.') };
}

async function arrived(input: VerifyInput, position: SourcePosition, deadlineMs: number, signal: AbortSignal): Promise<void> {
  const settings = postgresSettings(input.loaded);
  if (position.kind !== 'postgres') await topicQuiet(input, deadlineMs, signal);
  else if (settings) {
    const slot = input.loaded.config.connectors.postgres?.slot ?? usersDefaults.slot;
    await slotConfirmed({ settings, slot }, position.lsn, deadlineMs, signal);
  }
  await caughtUp(input, deadlineMs, signal);
}

function maskedColumns(masks: ColumnMasks): MaskedColumns {
  const whole = new Map([...masks.byColumn].map(([name, mask]) => [name, (text: string) => maskText(mask, text)] as const));
  const ofColumns = (names: readonly string[]) => maskedColumns(masksOfColumns(masks, names));
  return { whole, inside: new Set(masks.inside.keys()), ofColumns };
}
