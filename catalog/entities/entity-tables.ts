// Which tables are one entity. The lake's own tables are by their name: `raw.users` and `current.users` are `users`; every
// other table is an entity of its own, under its dotted name. What was declared decides before that.

import { identText, type TableIdent } from '../catalog.ts';
import type { StoredEntity } from '../store/entity-store.ts';
import type { RelationKind } from '../store/relation-store.ts';

/** Namespaces whose tables tell of the same things: as they came, and as they are now. */
export const lakeNamespaces: readonly string[] = ['raw', 'current'];

export interface EntityTable {
  /** Dotted. */
  readonly name: string;
  readonly kind: RelationKind;
}

export interface Relation {
  readonly ident: TableIdent;
  readonly kind: RelationKind;
}

/** `declared`: entity by the dotted name of a table that was declared to be its. */
export function entityNameOf(ident: TableIdent, declared: ReadonlyMap<string, string>): string {
  const text = identText(ident);
  return declared.get(text) ?? (isOfLake(ident) ? ident.name : text);
}

export function isOfLake({ namespace }: TableIdent): boolean {
  return namespace.length === 1 && lakeNamespaces.includes(namespace[0] ?? '');
}

export function declaredTables(entities: readonly StoredEntity[]): ReadonlyMap<string, string> {
  return new Map(entities.flatMap(({ name, tables }) => tables.map((table) => [table, name] as const)));
}

/** By name of the entity, in the order of the names: those of tables and those that were only declared. */
export function groupTables(
  relations: readonly Relation[],
  entities: readonly StoredEntity[],
): ReadonlyMap<string, readonly EntityTable[]> {
  const declared = declaredTables(entities);
  const groups = new Map<string, EntityTable[]>(entities.map(({ name }) => [name, []]));
  for (const { ident, kind } of relations) {
    const name = entityNameOf(ident, declared);
    const tables = groups.get(name) ?? [];
    tables.push({ name: identText(ident), kind });
    groups.set(name, tables);
  }
  return new Map([...groups].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
