// What can be found: entities, tables, views, contracts and the jobs that read them, each one document. A column is found
// through what has it, so that a name that a hundred tables share is a hundred answers, not a hundred thousand.

import type { TableMetadata } from '../../lake/iceberg/metadata.ts';
import { identText } from '../catalog.ts';
import type { EntityView } from '../entities/entity-view.ts';
import type { SeenJob } from '../store/lineage-store.ts';
import type { StoredRelation } from '../store/relation-store.ts';
import { tableColumns } from '../tables/table-columns.ts';

export const foundKinds = ['entity', 'table', 'view', 'contract', 'consumer'] as const;
export type FoundKind = (typeof foundKinds)[number];

export interface SearchDocument {
  /** `table raw.users`: unique. */
  readonly id: string;
  readonly kind: FoundKind;
  readonly name: string;
  readonly columns: string;
  /** Classifications and kinds of personal data among them. */
  readonly tags: string;
  readonly people: string;
  readonly description: string;
  /** What it is, in a sentence; null: nobody says. */
  readonly told: string | null;
}

/** By how much a hit in it counts. */
export const searchFields = { name: 8, tags: 4, columns: 3, people: 2, description: 1 } as const;
export type SearchField = keyof typeof searchFields;

const textLengthMax = 20_000;

export function entityDocument({ name, description, owner, team, domain, tags, columns, tables }: EntityView): SearchDocument {
  return document('entity', name, {
    columns: columns.map(({ column }) => column),
    tags: [...tags, ...columns.flatMap(({ classification, pii, tags: own }) => [classification, pii, ...own])],
    people: [owner, team, domain],
    description: [description, ...columns.map((column) => column.description), ...tables.map((table) => table.name)],
    told: description,
  });
}

export function contractDocument({ contract, name, description, team, columns }: EntityView): SearchDocument | null {
  if (!contract) return null;
  return document('contract', contract.id, {
    columns: columns.map(({ column }) => column),
    tags: [],
    people: [team],
    description: [name, description, ...contract.versions.map(({ version }) => version)],
    told: contract.inForce === null ? 'no version in force' : `version ${contract.inForce} in force`,
  });
}

/** `metadata`: null of a view, and of a table that cannot be read. */
export function relationDocument({ ident, kind }: Pick<StoredRelation, 'ident' | 'kind'>, metadata: TableMetadata | null): SearchDocument {
  // Foz's own columns are in every raw table: they find nothing.
  const columns = metadata ? tableColumns(metadata, null, []).filter(({ column }) => !column.startsWith('_')) : [];
  const comment = metadata?.properties['comment'];
  return document(kind, identText(ident), {
    columns: columns.map(({ column }) => column),
    tags: [],
    people: [metadata?.properties['owner']],
    description: [comment, ...columns.map(({ description }) => description)],
    told: comment ?? null,
  });
}

export function consumerDocument({ namespace, name, info }: SeenJob): SearchDocument {
  const { type, owners = [], description = null } = info ?? {};
  const said = { columns: [], tags: [type], people: owners, description: [description, namespace], told: description };
  return document('consumer', name, said, `consumer ${namespace}/${name}`);
}

type Words = readonly (string | null | undefined)[];
type Said = Readonly<Record<Exclude<SearchField, 'name'>, Words>> & { readonly told: string | null };

function document(kind: FoundKind, name: string, { told, ...words }: Said, id = `${kind} ${name}`): SearchDocument {
  return {
    id,
    kind,
    name,
    columns: textOf(words.columns),
    tags: textOf(words.tags),
    people: textOf(words.people),
    description: textOf(words.description),
    told: told?.split('\n', 1)[0] ?? null,
  };
}

function textOf(parts: Words): string {
  return [...new Set(parts.filter((part) => part !== null && part !== undefined))].join('\n').slice(0, textLengthMax);
}
