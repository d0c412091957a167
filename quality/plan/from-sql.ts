// FROM, joins and WHERE of a pass over the rows of a view.

import { quoted } from '../../lake/parquet/duckdb-type.ts';
import { rowAlias, type JoinedRelation } from '../measure/measure-part.ts';

export interface RowsOf {
  readonly relation: string;
  readonly where: string | null;
}

/** Relations that several checks join are joined once. */
export function fromSql({ relation, where }: RowsOf, joins: readonly JoinedRelation[]): string {
  const once = new Map(joins.map((join) => [`${join.name} ${join.on}`, join]));
  const joined = [...once.values()].map((join) => `LEFT JOIN ${join.relation} ${quoted(join.name)} ON ${join.on}`);
  return [`FROM ${relation} ${rowAlias}`, ...joined, ...(where === null ? [] : [`WHERE ${where}`])].join('\n');
}
