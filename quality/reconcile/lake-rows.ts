// The current rows of a table as the lake has them, in the source's canonical text.

import { quoted } from '../../lake/parquet/duckdb-type.ts';
import { currentColumns, currentSql, type CurrentSource } from '../../lake/raw/current.ts';
import type { Schema } from '../../lake/iceberg/schema.ts';
import { canonicalCassandraEvent } from '../../sources/canonical-cassandra.ts';
import { canonicalPostgresEvent } from '../../sources/canonical-postgres.ts';
import type { PostgresSnapshot, SourceTable } from '../../sources/source.ts';
import type { LakeQuery } from '../../query/lake-query.ts';
import type { KeyedRow } from './key-ranges.ts';

export interface LakeRowsInput {
  readonly lake: LakeQuery;
  /** `raw.users` */
  readonly relation: string;
  readonly schema: Schema;
  readonly formerNames?: ReadonlyMap<string, string>;
  readonly kind: CurrentSource;
  readonly table: SourceTable;
  /** Columns that are compared, in order. */
  readonly columns: readonly string[];
  /** PostgreSQL: only what this snapshot sees. */
  readonly snapshot?: PostgresSnapshot;
}

export interface LakeRow extends KeyedRow {
  /** Of the event that decided. */
  readonly partition: number;
  readonly offset: bigint;
}

export async function* lakeRows(input: LakeRowsInput, signal?: AbortSignal): AsyncGenerator<readonly LakeRow[]> {
  const { lake, table, schema, kind } = input;
  const canonical = kind === 'postgres' ? canonicalPostgresEvent : canonicalCassandraEvent;
  const inLake = new Set(currentColumns(schema).map((field) => field.name));
  const wanted = [...new Set([...table.key, ...input.columns])];
  const selected = wanted.map((name) => (inLake.has(name) ? `c.${quoted(name)}` : `NULL AS ${quoted(name)}`));
  const sql = `SELECT c._log_partition, c._log_offset, ${selected.join(', ')} FROM (${rowsSql(input)}) c`;
  const types = wanted.map((name) => table.columns.find((column) => column.name === name)?.type);
  const places = new Map(wanted.map((name, i) => [name, i]));
  for await (const page of lake.pages(sql, signal)) {
    yield page.map(([partition, offset, ...row]) => {
      const values = row.map((value, i) => {
        const type = types[i];
        return type ? canonical(type, asInEvent(value)) : null;
      });
      const pick = (names: readonly string[]) => names.map((name) => values[places.get(name) ?? -1] ?? null);
      return { key: pick(table.key), values: pick(input.columns), partition: Number(partition), offset: BigInt(String(offset)) };
    });
  }
}

/** Bytes and maps of typed columns as the event spells them; of the rest the canonical forms know both spellings. */
function asInEvent(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64');
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    return items.length > 0 && items.every(isEntry)
      ? items.map((entry) => [asInEvent(entry.key), asInEvent(entry.value)])
      : items.map(asInEvent);
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, asInEvent(inner)]));
}

/** Of a map; a struct of just these two fields is told apart by its column's type in the source. */
function isEntry(value: unknown): value is { readonly key: unknown; readonly value: unknown } {
  return typeof value === 'object' && value !== null && Object.keys(value).join() === 'key,value';
}

function rowsSql({ schema, kind, relation, snapshot, formerNames }: LakeRowsInput): string {
  if (currentColumns(schema).length === 0) return 'SELECT NULL AS _log_partition, NULL AS _log_offset WHERE false';
  const from = snapshot ? `(SELECT * FROM ${relation} WHERE ${isVisibleSql(snapshot)}) seen` : relation;
  // Quarantine is the contract's wish, not a loss: the comparison with the source leaves it aside.
  return currentSql({ schema, dialect: 'duckdb', from, source: kind, quarantined: 'shown', ...(formerNames ? { formerNames } : {}) });
}

/** As `isVisible` of sources/source.ts: ids in events are the low 32 bits; the epoch is the snapshot's or its neighbour. */
export function isVisibleSql({ xmin, xmax, running }: PostgresSnapshot): string {
  const epoch = (xmax >> 32n) << 32n;
  const near = `(${epoch} + source.txId)`;
  const full = `(CASE WHEN ${near} > ${xmax + 0x80000000n} AND ${epoch} > 0 THEN ${near} - 4294967296 WHEN ${near} + 2147483648 < ${xmax} THEN ${near} + 4294967296 ELSE ${near} END)`;
  const isRunning = running.length === 0 ? 'false' : `${full} IN (${running.join(', ')})`;
  return `(source.txId IS NULL OR ${full} < ${xmin} OR (${full} < ${xmax} AND NOT ${isRunning}))`;
}
