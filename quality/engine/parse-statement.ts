// A statement's tree, by DuckDB's own parser: it reads without running anything.

import { literal } from '../../lake/parquet/duckdb-type.ts';
import { LakeError } from '../../runtime/errors.ts';
import { isRecord } from '../../runtime/options.ts';

/** `ask`: the one value of a DuckDB statement. Throws QUERY_INVALID with the position for what is not made of SELECTs. */
export async function parseStatement(sql: string, ask: (statement: string) => Promise<unknown>): Promise<unknown> {
  const answer: unknown = JSON.parse(String(await ask(`SELECT json_serialize_sql(${literal(sql)})`)), exactLocation);
  if (isRecord(answer) && answer['error'] === false) return answer;
  const message = isRecord(answer) ? String(answer['error_message']) : 'no tree';
  const position = isRecord(answer) && /^\d+$/.test(String(answer['position'])) ? Number(answer['position']) : null;
  const place = position === null ? '' : ` at ${lineColumn(sql, position)}`;
  throw new LakeError('QUERY_INVALID', `the statement cannot be read${place}: ${message}`, {
    context: { expected: 'one SELECT (WITH … SELECT)', found: sql.slice(0, 100) },
  });
}

/** A node without a place has 2^64 − 1 for one. */
function exactLocation(key: string, value: unknown): unknown {
  return key === 'query_location' && typeof value === 'number' && !Number.isSafeInteger(value) ? null : value;
}

/** `byte` counts bytes of UTF-8. */
function lineColumn(sql: string, byte: number): string {
  const before = Buffer.from(sql).subarray(0, byte).toString().split('\n');
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}
