// A declaration applied to what was declared before: what it does not name stays.

import type { EpochMs } from '../../runtime/clock.ts';
import type { DeclaredColumn, StoredEntity } from '../store/entity-store.ts';
import { entityLimits, tagPattern } from './entity-limits.ts';

/** Absent: stays. Null or '': is not declared any more. */
export interface Declaration {
  readonly description?: string | null;
  readonly owner?: string | null;
  readonly team?: string | null;
  readonly addTags?: readonly string[];
  readonly removeTags?: readonly string[];
  readonly addTables?: readonly string[];
  readonly removeTables?: readonly string[];
  readonly columns?: Readonly<Record<string, ColumnDeclaration>>;
}

export interface ColumnDeclaration {
  readonly description?: string | null;
  /** `none`: there is none, whatever the contract says. */
  readonly classification?: string | null;
  readonly pii?: string | null;
  readonly addTags?: readonly string[];
  readonly removeTags?: readonly string[];
}

export function declared(name: string, before: StoredEntity | null, said: Declaration, at: EpochMs, by: string): StoredEntity {
  return {
    name,
    revision: (before?.revision ?? 0) + 1,
    description: word(said.description, before?.description),
    owner: word(said.owner, before?.owner),
    team: word(said.team, before?.team),
    tags: changed(before?.tags, said.addTags, said.removeTags),
    tables: changed(before?.tables, said.addTables, said.removeTables),
    columns: columnsAfter(before?.columns ?? {}, said.columns ?? {}),
    updatedAt: at,
    updatedBy: by,
  };
}

/** Null: it may be kept. */
export function declarationProblem({ tags, tables, columns }: StoredEntity): string | null {
  const all = [...tags, ...Object.values(columns).flatMap((column) => column.tags)];
  const odd = all.find((tag) => !tagPattern.test(tag));
  if (odd !== undefined)
    return `the tag ${JSON.stringify(odd.slice(0, 140))} must be 1 to 128 letters, digits or any of _ . : / - and begin with a letter or digit`;
  const { tags: tagsMax, tables: tablesMax, columns: columnsMax } = entityLimits;
  if ([tags, ...Object.values(columns).map((column) => column.tags)].some((list) => list.length > tagsMax))
    return `at most ${tagsMax} tags`;
  if (tables.length > tablesMax) return `at most ${tablesMax} tables are declared of one entity`;
  if (Object.keys(columns).length > columnsMax) return `at most ${columnsMax} columns are declared of one entity`;
  return null;
}

function columnsAfter(
  before: Readonly<Record<string, DeclaredColumn>>,
  said: Readonly<Record<string, ColumnDeclaration>>,
): Readonly<Record<string, DeclaredColumn>> {
  const after = new Map(Object.entries(before));
  for (const [name, own] of Object.entries(said)) {
    const old = after.get(name);
    const column: DeclaredColumn = {
      description: word(own.description, old?.description),
      classification: word(own.classification, old?.classification),
      pii: word(own.pii, old?.pii),
      tags: changed(old?.tags, own.addTags, own.removeTags),
    };
    const isEmpty = column.description === null && column.classification === null && column.pii === null && column.tags.length === 0;
    if (isEmpty) after.delete(name);
    else after.set(name, column);
  }
  return Object.fromEntries(after);
}

function word(said: string | null | undefined, before: string | null | undefined): string | null {
  if (said === undefined) return before ?? null;
  return said === '' ? null : said;
}

function changed(before: readonly string[] = [], added: readonly string[] = [], removed: readonly string[] = []): readonly string[] {
  return [...new Set([...before, ...added])].filter((item) => !removed.includes(item)).toSorted();
}
