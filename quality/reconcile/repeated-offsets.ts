// Rows of raw that stand at one log offset: the worker landed a record more than once. The current rows do not tell, since
// each key has one there; whoever counts rows of raw sees it.

import { quoted } from '../../lake/parquet/duckdb-type.ts';
import type { TableIdent } from '../../catalog/catalog.ts';
import type { LakeQuery } from '../../query/lake-query.ts';

export interface RepeatedOffsets {
  /** Beyond the first at each offset. */
  readonly rows: number;
  readonly samples: readonly RepeatedOffset[];
}

export interface RepeatedOffset {
  readonly partition: number;
  readonly offset: bigint;
  readonly rows: number;
  /** The record's key as it stood in the log; null where it has none. */
  readonly key: string | null;
}

export async function repeatedOffsets(
  lake: LakeQuery,
  ident: TableIdent,
  samplesMax: number,
  signal?: AbortSignal,
): Promise<RepeatedOffsets> {
  if ((await lake.schemaOf(ident.name, signal)) === null) return { rows: 0, samples: [] };
  const relation = ident.namespace.concat(ident.name).map(quoted).join('.');
  // Without the keys, which would have to be held for every offset.
  const { rows: found } = await lake.query(
    `WITH repeated AS (SELECT _log_partition AS p, _log_offset AS o, count(*) AS n FROM ${relation} GROUP BY 1, 2 HAVING count(*) > 1)
     SELECT (SELECT sum(n - 1) FROM repeated)::BIGINT, p, o, n FROM repeated ORDER BY p, o LIMIT ${Math.max(1, samplesMax)}`,
    signal,
  );
  if (found.length === 0) return { rows: 0, samples: [] };
  const places = found.map(([, partition, offset]) => `(${String(partition)}, ${String(offset)})`).join(', ');
  const { rows: keyed } = await lake.query(
    `SELECT _log_partition, _log_offset, any_value(_log_key) FROM ${relation} WHERE (_log_partition, _log_offset) IN (${places}) GROUP BY 1, 2`,
    signal,
  );
  const keys = new Map(keyed.map(([partition, offset, key]) => [`${String(partition)} ${String(offset)}`, key]));
  const samples = found.slice(0, samplesMax).map(([, partition, offset, count]) => ({
    partition: Number(partition),
    offset: BigInt(String(offset)),
    rows: Number(count),
    key: textOf(keys.get(`${String(partition)} ${String(offset)}`)),
  }));
  return { rows: Number(found[0]?.[0] ?? 0), samples };
}

function textOf(key: unknown): string | null {
  return key instanceof Uint8Array ? Buffer.from(key.buffer, key.byteOffset, key.length).toString('utf8') : null;
}
