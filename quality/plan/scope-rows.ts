// The rows that a check looks at, as they stand after FROM. With `scope: new` these are, of raw rows, those at or above
// the offsets that the table stood at when the check last saw it; of current rows, those of keys with such an event. Told
// by log coordinates, which every row keeps, so compaction changes nothing. A key whose row lost cells to a delete of its
// whole partition, and no event of its own, is not new.

import type { NextOffsets } from '../../lake/raw/offset-chain.ts';
import { readChain } from '../../lake/raw/offset-chain.ts';
import { currentSource, currentSql } from '../../lake/raw/current.ts';
import { formerNames } from '../../lake/raw/former-names.ts';
import type { Check } from '../check.ts';
import type { PinnedTable } from '../engine.ts';
import { checkDialects, type CheckDialect } from '../measure/check-dialect.ts';
import { rowAlias } from '../measure/measure-part.ts';
import type { MeasureSession } from '../measurer.ts';

export type ScopeRows =
  | {
      readonly kind: 'rows';
      /** Stands after FROM, before the alias. */
      readonly relation: string;
      /** Over the alias `t`; null: all of them. */
      readonly where: string | null;
      /** Where more rows are looked at than the scope says: why. */
      readonly note: string | null;
    }
  | { readonly kind: 'problem'; readonly reason: string };

export function scopeRows(
  check: Pick<Check, 'id' | 'view' | 'scope'>,
  session: Pick<MeasureSession, 'engine' | 'table' | 'since'>,
): ScopeRows {
  const { table } = session;
  const relation = check.view === 'raw' ? table.raw : table.current;
  if (relation === null)
    return { kind: 'problem', reason: `${table.name} has no current rows: its records are no change events, or none has landed yet` };
  const all = (note: string | null): ScopeRows => ({ kind: 'rows', relation, where: null, note });
  if (check.scope === 'all') return all(null);
  const next = session.since.get(check.id)?.next ?? null;
  if (next === null) return all(null);
  const from = firstNewOffsets(table, next);
  if (from === null) return all('all rows were looked at: the log was replaced or read again since the last time');
  const dialect = checkDialects[session.engine.dialect];
  if (check.view === 'raw' || currentSource(table.schema) !== 'cassandra')
    return { kind: 'rows', relation, where: isNewSql(from, rowAlias, dialect), note: null };
  return { kind: 'rows', relation: newCassandraRows(table, from, dialect), where: null, note: null };
}

/** By log partition; a partition that is absent is all new. Null: the two states cannot be compared by offsets. */
function firstNewOffsets({ table }: PinnedTable, next: NextOffsets): readonly bigint[] | null {
  const chain = readChain(table.metadata);
  if (chain.kind !== 'valid') return null;
  const now = chain.chain.next;
  if ([...next.keys()].some((topic) => !now.has(topic))) return null;
  const from: bigint[] = [];
  for (const [topic, partitions] of now) {
    const before = next.get(topic);
    for (const [partition, offset] of partitions) {
      const seen = before?.get(partition) ?? 0n;
      if (offset < seen) return null;
      // Rows do not say which of a table's topics they came from: the lowest counts.
      const known = from[partition];
      from[partition] = known === undefined || seen < known ? seen : known;
    }
  }
  return Array.from(from, (offset) => offset ?? 0n);
}

function isNewSql(from: readonly bigint[], row: string, dialect: CheckDialect): string {
  const at = `${row}._log_offset`;
  if (from.every((offset) => offset === 0n)) return 'true';
  const least = from.reduce((low, offset) => (offset < low ? offset : low), from[0] ?? 0n);
  // The first comparison lets engines leave out files and row groups by their statistics.
  const own = `coalesce(${dialect.element(dialect.array(from.map(String)), `${row}._log_partition + 1`)}, 0)`;
  return `${at} >= ${least} AND ${at} >= ${own}`;
}

/** Every cell stands alone, so the rows of some keys come of the events of these keys, and of deletes that may reach them. */
function newCassandraRows({ raw, schema, table }: PinnedTable, from: readonly bigint[], dialect: CheckDialect): string {
  const isNew = isNewSql(from, 'n', dialect);
  const events = `(SELECT * FROM ${raw} k WHERE k.op IN ('d', 'r') OR k._log_key IN (SELECT n._log_key FROM ${raw} n WHERE ${isNew})) changed_rows`;
  return `(${currentSql({ schema, dialect: dialect.name, from: events, formerNames: formerNames(table.metadata) })})`;
}
