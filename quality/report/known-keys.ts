// Which results a table of the lake holds already, by SQL over its files: asked after the quality store was lost or went back.

import type { Catalog, TableIdent } from '../../catalog/catalog.ts';
import { literal, quoted } from '../../lake/parquet/duckdb-type.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';
import { openLakeQuery } from '../../query/lake-query.ts';
import type { AppendParts } from './append-results.ts';

export interface KnownKeysParts {
  readonly catalog: Catalog;
  readonly store: ObjectStore;
  readonly cacheDir: string;
}

const memoryBytes = 64_000_000;

export function knownKeysIn({ catalog, store, cacheDir }: KnownKeysParts): AppendParts['knownKeys'] {
  return async ({ namespace, name }: TableIdent, keys, signal) => {
    await using lake = await openLakeQuery({ catalog, store, cacheDir, memoryBytes, threads: 1, namespace: namespace.join('.') });
    const place = `${quoted(namespace.join('.'))}.${quoted(name)}`;
    const { rows } = await lake.query(`SELECT result_key FROM ${place} WHERE result_key IN (${keys.map(literal).join(', ')})`, signal);
    return new Set(rows.map(([key]) => String(key)));
  };
}
