// The `_headers` column: a row's header set by its number. A few sets stand in the statement itself; many (a trace id
// on every record) go through a table of their own.

import { literal } from '../../lake/parquet/duckdb-type.ts';
import type { RecordHeader } from '../log/record-block.ts';
import type { Duckdb } from './duckdb.ts';

export interface HeaderColumn {
  readonly expression: string;
  readonly join: string;
  drop(): Promise<void>;
}

const type = 'STRUCT("key" VARCHAR, "value" BLOB)[]';
const inlineSetsMax = 8;

async function nothing(): Promise<void> {}

/** `mask`: what stands for a set of which a header is in `masked`. */
export interface HeaderMask {
  readonly masked: readonly string[];
  mask(headers: string): string;
}

export async function headerColumn(
  duckdb: Duckdb,
  id: number,
  sets: readonly (readonly RecordHeader[])[],
  mask: HeaderMask | null,
): Promise<HeaderColumn> {
  const isMasked = (set: readonly RecordHeader[]): boolean => mask !== null && set.some(({ key }) => mask.masked.includes(key));
  if (sets.length === 0) return { expression: `NULL::${type}`, join: '', drop: nothing };
  const isInline = sets.length <= inlineSetsMax && sets.every((set) => set.every((header) => !header.key.includes('\0')));
  if (isInline) {
    const branches = sets.map((set, i) => `WHEN ${i + 1} THEN ${mask && isMasked(set) ? mask.mask(setLiteral(set)) : setLiteral(set)}`);
    return { expression: `CASE header_set ${branches.join(' ')} ELSE NULL::${type} END`, join: '', drop: nothing };
  }
  const table = `header_sets_${id}`;
  const json = JSON.stringify(
    sets.map((set) => set.map((header) => ({ k: header.key, v: header.value === null ? null : base64(header.value) }))),
  );
  const headers = `list_transform(pairs, lambda x: struct_pack("key" := x.k, "value" := from_base64(x.v)))`;
  await duckdb.query(
    `CREATE OR REPLACE TABLE ${table} AS SELECT set_number, ${mask && sets.some(isMasked) ? mask.mask(headers) : headers} AS headers
     FROM (SELECT unnest(range(1, ${sets.length + 1})) AS set_number, unnest(from_json(${literal(json)}, '[[{"k":"VARCHAR","v":"VARCHAR"}]]')) AS pairs)`,
  );
  return {
    expression: 'headers',
    join: ` LEFT JOIN ${table} ON header_set = set_number`,
    drop: async () => void (await duckdb.query(`DROP TABLE IF EXISTS ${table}`)),
  };
}

function setLiteral(set: readonly RecordHeader[]): string {
  const pairs = set.map(
    (header) =>
      `struct_pack("key" := ${literal(header.key)}, "value" := ${header.value === null ? 'NULL::BLOB' : `from_base64('${base64(header.value)}')`})`,
  );
  return `[${pairs.join(', ')}]::${type}`;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
