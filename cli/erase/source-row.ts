// Whether the source still has the row, asked before anything is erased: Foz only reads sources, and a row that is still
// there comes back with its next change or snapshot. Where it is gone, its delete may still be on its way: the event
// names the key too, so the erasure waits until the table holds it.

import { identText } from '../../catalog/catalog.ts';
import { usersDefaults } from '../../connectors/users.ts';
import type { KeyMembers } from '../../lake/raw/erased.ts';
import type { CurrentSource } from '../../lake/raw/current.ts';
import { slotConfirmed } from '../../quality/reconcile/slot-confirmed.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { Source, SourcePosition, SourceTable } from '../../sources/source.ts';
import type { TableTarget } from '../../sync/table.ts';
import type { LoadedConfig } from '../config.ts';
import { postgresSettings } from '../settings.ts';
import { caughtUp, topicQuiet, type CatchUpParts } from '../verify/catch-up.ts';

/** Topics are `prefix.schema.table` and `prefix.keyspace.table`. */
export async function sourceTable(source: Source, { topic, ident }: TableTarget, signal?: AbortSignal): Promise<SourceTable> {
  const [, namespace = '', ...rest] = topic.split('.');
  const table = await source.introspect({ namespace, table: rest.join('.') }, signal);
  if (table && table.key.length > 0) return table;
  throw new LakeError('CONFIG_INVALID', `${identText(ident)}: the source cannot be asked for the row`, {
    context: {
      expected: `a table ${namespace}.${rest.join('.')} with a primary key`,
      found: table ? 'no primary key' : 'no such table',
      next: '--even-if-in-source does not ask',
    },
  });
}

/** Those of the keys that have a row in the source. */
export async function keysInSource(
  source: Source,
  table: SourceTable,
  keys: readonly KeyMembers[],
  signal?: AbortSignal,
): Promise<{ readonly there: readonly KeyMembers[]; readonly position: SourcePosition }> {
  const wanted = keys.filter((key) => table.key.every((name) => key.has(name)));
  const values = wanted.map((key) => table.key.map((name) => inSource(table, name, key.get(name) ?? '')));
  await using reading = await source.read(table, { kind: 'keys', keys: values }, signal);
  const places = table.key.map((name) => table.columns.findIndex((column) => column.name === name));
  const rows: string[] = [];
  for await (const page of reading.pages)
    for (const row of page) rows.push(JSON.stringify(places.map((place) => row.values[place] ?? null)));
  const found = new Set(rows);
  // A value may have another canonical spelling than the one that was given: a row is a row.
  const there = wanted.length === 1 && rows.length > 0 ? wanted : wanted.filter((_, i) => found.has(JSON.stringify(values[i])));
  return { there, position: reading.position };
}

/** Records spell a date in days since 1970-01-01. */
function inSource({ columns }: SourceTable, name: string, text: string): string {
  const isDays = columns.find((column) => column.name === name)?.type.name === 'date' && /^-?\d{1,7}$/.test(text);
  return isDays ? new Date(Number(text) * 86_400_000).toISOString().slice(0, 10) : text;
}

/** Everything that the source had sent at `position`, in the table. LAKE_BEHIND when it is not by `deadlineMs`. */
export async function landed(
  loaded: LoadedConfig,
  kind: CurrentSource,
  position: SourcePosition,
  parts: CatchUpParts,
  deadlineMs: number,
  signal?: AbortSignal,
): Promise<void> {
  const settings = postgresSettings(loaded);
  if (kind === 'postgres' && settings && position.kind === 'postgres')
    await slotConfirmed(
      { settings, slot: loaded.config.connectors.postgres?.slot ?? usersDefaults.slot },
      position.lsn,
      deadlineMs,
      signal,
    );
  else await topicQuiet(parts, deadlineMs, signal);
  await caughtUp(parts, deadlineMs, signal);
}
