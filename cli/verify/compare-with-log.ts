// The strongest proof of a raw table: every record of its topic, read again from the log's first offset by a consumer of
// its own, against the row that the table rebuilds for it: key and headers byte for byte, the value JSON-equal. What the
// worker decoded, or believes it did, plays no part. Rows without a record count as mismatched, and records without a row.

import type { Catalog } from '../../catalog/catalog.ts';
import { fieldNamed, isStruct, type Schema } from '../../lake/iceberg/schema.ts';
import { quoted } from '../../lake/parquet/duckdb-type.ts';
import { erasedProperty, isErased, keyMembers, parseErased, type ErasedKeys } from '../../lake/raw/erased.ts';
import { isRebuilt, rebuildRecord, type RawRow, type RebuiltRecord } from '../../lake/raw/rebuild.ts';
import { parseShapes, shapesProperty } from '../../lake/raw/shapes-property.ts';
import type { Shape } from '../../lake/raw/shape.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';
import { masksUnder, type ColumnMasks } from '../../sync/contract/column-masks.ts';
import { keyHeaders } from '../../sync/contract/enforced-columns.ts';
import { maskKey } from '../../sync/contract/mask-value.ts';
import { isMaskedRebuild } from '../../sync/contract/masked-proof.ts';
import type { Log, LogBatch } from '../../sync/log/log.ts';
import { keyAt, valueAt, type RecordHeader } from '../../sync/log/record-block.ts';
import type { TableTarget } from '../../sync/table.ts';
import { openLakeQuery, type LakeQuery } from '../../query/lake-query.ts';
import { tableOffsets } from './catch-up.ts';
import { readLog } from './read-log.ts';

export interface CompareWithLogInput {
  readonly target: TableTarget;
  readonly catalog: Catalog;
  readonly store: ObjectStore;
  readonly log: Log;
  readonly cacheDir: string;
  readonly samplesMax?: number;
  /** Masks that have been in force: a row is the record, or what one of them makes of it. */
  readonly masks?: readonly ColumnMasks[];
}

export interface Mismatch {
  readonly partition: number;
  readonly offset: bigint;
  readonly what: 'no row' | 'no record' | 'key' | 'value' | 'headers' | 'rebuild';
  readonly detail: string;
}

export interface LogCompared {
  /** Records read from the log's start to the table's next offset. */
  readonly checked: number;
  readonly rowsRaw: number;
  readonly mismatched: number;
  readonly samples: readonly Mismatch[];
  /** Records whose rows were erased, by the table's own record of it; absent when there is none. */
  readonly erased?: number;
}

export async function compareWithLog(input: CompareWithLogInput, signal: AbortSignal): Promise<LogCompared> {
  const { target, catalog, store, log, cacheDir } = input;
  const table = await catalog.loadTable(target.ident, signal);
  if (!table) return { checked: 0, rowsRaw: 0, mismatched: 0, samples: [] };
  const ends = await tableOffsets(input, signal);
  await using lake = await openLakeQuery({ catalog, store, cacheDir, ...namespaceOf(target) });
  const shapes = new Map(parseShapes(table.metadata.properties[shapesProperty]).map((shape) => [shape.number, shape]));
  const tally: Tally = {
    checked: 0,
    rowsRaw: 0,
    mismatched: 0,
    samples: [],
    samplesMax: input.samplesMax ?? 20,
    shapes,
    masks: input.masks ?? [],
    erasedKeys: parseErased(table.metadata.properties[erasedProperty]),
    erased: 0,
  };
  const cursors = new Map<number, RowCursor>();
  try {
    for (const partition of ends.keys()) cursors.set(partition, rowCursor(lake, target, partition, signal));
    await readLog(
      log,
      target.topic,
      ends,
      async (batch, end) => {
        const cursor = cursors.get(batch.partition);
        if (cursor) await compareBatch(batch, end, cursor, tally);
      },
      signal,
    );
    for (const [partition, cursor] of cursors)
      for (let row = await cursor.next(); row; row = await cursor.next()) noRecord(tally, partition, row);
    const others = [...ends.keys()].join(', ') || '-1';
    const { rows } = await lake.query(`SELECT count(*) FROM ${relationOf(target)} WHERE _log_partition NOT IN (${others})`, signal);
    tally.mismatched += Number(rows[0]?.[0] ?? 0);
    tally.rowsRaw += Number(rows[0]?.[0] ?? 0);
  } finally {
    for (const cursor of cursors.values()) await cursor.close();
  }
  const { checked, rowsRaw, mismatched, samples, erased } = tally;
  return { checked, rowsRaw, mismatched, samples, ...(erased === 0 ? {} : { erased }) };
}

export interface DuplicateCounts {
  /** (log partition, offset) more than once in raw. */
  readonly duplicates: number;
  /** What the connector itself sent more than once. */
  readonly upstreamDuplicates: number;
  readonly rescued: number;
}

export async function duplicateCounts(lake: LakeQuery, target: TableTarget, signal?: AbortSignal): Promise<DuplicateCounts> {
  const schema = await lake.schemaOf(target.ident.name, signal);
  if (!schema) return { duplicates: 0, upstreamDuplicates: 0, rescued: 0 };
  const source = fieldNamed(schema, 'source')?.type;
  const has = (name: string) => source !== undefined && isStruct(source) && fieldNamed(source, name) !== undefined;
  const upstream = has('lsn')
    ? repeated('source.lsn, _log_key, op', `source.lsn IS NOT NULL AND op IN ('c', 'u', 'd', 'r', 't')`)
    : has('file')
      ? repeated(
          `source.file, source.pos, _log_key, op${rangeColumns(schema)}`,
          `op IS NOT NULL${has('snapshot') ? ` AND source.snapshot IS DISTINCT FROM 'true'` : ''}`,
        )
      : '0';
  const { rows } = await lake.query(
    `SELECT ${repeated('_log_partition, _log_offset', 'true')}, ${upstream}, count(*) FILTER (WHERE _rescued IS NOT NULL) FROM ${relationOf(target)}`,
    signal,
  );
  const [duplicates, upstreamDuplicates, rescued] = (rows[0] ?? []).map(Number);
  return { duplicates: duplicates ?? 0, upstreamDuplicates: upstreamDuplicates ?? 0, rescued: rescued ?? 0 };
}

function repeated(identity: string, where: string): string {
  return `count(*) FILTER (WHERE ${where}) - count(DISTINCT ROW(${identity})) FILTER (WHERE ${where})`;
}

/** Several ranges of one partition may be deleted by one mutation. */
function rangeColumns(schema: Schema): string {
  const after = fieldNamed(schema, 'after')?.type;
  if (after === undefined || !isStruct(after)) return '';
  return ['_range_start', '_range_end']
    .filter((name) => fieldNamed(after, name))
    .map((name) => `, "after".${name}`)
    .join('');
}

interface Tally {
  checked: number;
  rowsRaw: number;
  mismatched: number;
  readonly samples: Mismatch[];
  readonly samplesMax: number;
  readonly shapes: ReadonlyMap<number, Shape>;
  readonly masks: readonly ColumnMasks[];
  readonly erasedKeys: ErasedKeys | null;
  erased: number;
}

function mismatch(tally: Tally, partition: number, offset: bigint, what: Mismatch['what'], detail: string): void {
  tally.mismatched++;
  if (tally.samples.length < tally.samplesMax) tally.samples.push({ partition, offset, what, detail: detail.slice(0, 400) });
}

function noRecord(tally: Tally, partition: number, row: RawRow): void {
  tally.rowsRaw++;
  mismatch(tally, partition, offsetOf(row), 'no record', 'the log holds no record at this offset');
}

/** Both sides are in offset order: a merge. */
async function compareBatch(batch: LogBatch, end: bigint, cursor: RowCursor, tally: Tally): Promise<void> {
  const { records, partition } = batch;
  for (let i = 0; i < records.count; i++) {
    const offset = records.offsets[i] ?? 0n;
    if (offset >= end) return;
    tally.checked++;
    let row = await cursor.peek();
    while (row && offsetOf(row) < offset) {
      noRecord(tally, partition, row);
      await cursor.next();
      row = await cursor.peek();
    }
    if (!row || offsetOf(row) > offset) {
      if (isErased(tally.erasedKeys, keyMembers(keyAt(records, i)))) tally.erased++;
      else mismatch(tally, partition, offset, 'no row', 'the table holds no row for this record');
      continue;
    }
    await cursor.next();
    tally.rowsRaw++;
    compareRecord(tally, partition, offset, row, {
      key: keyAt(records, i),
      value: valueAt(records, i),
      headers: records.headers?.[i] ?? [],
    });
  }
}

function compareRecord(
  tally: Tally,
  partition: number,
  offset: bigint,
  row: RawRow,
  record: { readonly key: Uint8Array | null; readonly value: Uint8Array | null; readonly headers: readonly RecordHeader[] },
): void {
  let rebuilt;
  try {
    rebuilt = rebuildRecord(row, tally.shapes);
  } catch (error) {
    mismatch(tally, partition, offset, 'rebuild', String(error));
    return;
  }
  const shape = tally.shapes.get(Number(row['_shape']));
  if (tally.masks.some((masks) => isMaskedRecord(rebuilt, record, masks, shape))) return;
  if (!sameBytes(rebuilt.key, record.key)) mismatch(tally, partition, offset, 'key', `${textOf(rebuilt.key)} for ${textOf(record.key)}`);
  else if (!isRebuilt(rebuilt.value, record.value))
    mismatch(tally, partition, offset, 'value', `${JSON.stringify(rebuilt.value).slice(0, 180)} for ${textOf(record.value)}`);
  else if (!sameHeaders(rebuilt.headers, record.headers))
    mismatch(tally, partition, offset, 'headers', `${rebuilt.headers.length} headers for ${record.headers.length}`);
}

function isMaskedRecord(
  rebuilt: RebuiltRecord,
  record: { readonly key: Uint8Array | null; readonly value: Uint8Array | null; readonly headers: readonly RecordHeader[] },
  masks: ColumnMasks,
  shape: Shape | undefined,
): boolean {
  const headers = record.headers.map(({ key, value }) => ({
    key,
    value: value && keyHeaders.includes(key) ? maskKey(masks, value) : value,
  }));
  return (
    sameBytes(rebuilt.key, record.key && maskKey(masks, record.key)) &&
    (isRebuilt(rebuilt.value, record.value) || isMaskedRebuild(rebuilt.value, record.value, masksUnder(masks, shape))) &&
    sameHeaders(rebuilt.headers, headers)
  );
}

function sameBytes(left: Uint8Array | null, right: Uint8Array | null): boolean {
  return left === null || right === null ? left === right : Buffer.compare(left, right) === 0;
}

function sameHeaders(left: readonly RecordHeader[], right: readonly RecordHeader[]): boolean {
  return (
    left.length === right.length &&
    left.every((header, i) => header.key === right[i]?.key && sameBytes(header.value, right[i]?.value ?? null))
  );
}

function textOf(bytes: Uint8Array | null): string {
  return bytes === null ? 'null' : Buffer.from(bytes.subarray(0, 180)).toString('utf8');
}

function offsetOf(row: RawRow): bigint {
  return BigInt(String(row['_log_offset']));
}

interface RowCursor {
  peek(): Promise<RawRow | null>;
  next(): Promise<RawRow | null>;
  close(): Promise<void>;
}

function rowCursor(lake: LakeQuery, target: TableTarget, partition: number, signal: AbortSignal): RowCursor {
  const pages = lake.objects(
    `SELECT * EXCLUDE (_file, _committed_at) FROM ${relationOf(target)} WHERE _log_partition = ${partition} ORDER BY _log_offset`,
    signal,
  );
  let page: readonly RawRow[] = [];
  let at = 0;
  const peek = async (): Promise<RawRow | null> => {
    while (at >= page.length) {
      const next = await pages.next();
      if (next.done === true) return null;
      page = next.value;
      at = 0;
    }
    return page[at] ?? null;
  };
  return {
    peek,
    next: async () => {
      const row = await peek();
      if (row) at++;
      return row;
    },
    close: async () => void (await pages.return(undefined)),
  };
}

function relationOf(target: TableTarget): string {
  return [...target.ident.namespace, target.ident.name].map(quoted).join('.');
}

function namespaceOf(target: TableTarget): { readonly namespace?: string } {
  const [namespace] = target.ident.namespace;
  return namespace === undefined ? {} : { namespace };
}
