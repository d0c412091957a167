// What is told of an entity: what was declared of it, what the contract in force says, and which tables it has.

import type { Contract } from '../../contracts/contract.ts';
import { compareVersions } from '../registry/semantic-version.ts';
import { newestInForce } from '../registry/in-force.ts';
import type { StoredContract } from '../store/contract-store.ts';
import type { StoredEntity } from '../store/entity-store.ts';
import { columnFacts, tableOf, type ColumnFacts } from './column-facts.ts';
import type { EntityTable } from './entity-tables.ts';

export interface EntityView {
  readonly name: string;
  /** Rises with every declaration: `expectedRevision` of the next. 0: nothing was declared. */
  readonly revision: number;
  readonly description: string | null;
  readonly owner: string | null;
  readonly team: string | null;
  readonly domain: string | null;
  readonly tags: readonly string[];
  /** Which of these were declared; the others are the contract's. */
  readonly declared: readonly string[];
  readonly tables: readonly EntityTable[];
  readonly contract: EntityContract | null;
  readonly columns: readonly ColumnFacts[];
  /** ISO 8601; null: nothing was declared. */
  readonly updatedAt: string | null;
  readonly updatedBy: string | null;
}

export interface EntityContract {
  readonly id: string;
  /** Null: none is. */
  readonly inForce: string | null;
  /** Highest first. */
  readonly versions: readonly { readonly version: string; readonly state: string; readonly activatedAt: string | null }[];
}

export interface EntityParts {
  readonly name: string;
  readonly declared: StoredEntity | null;
  readonly tables: readonly EntityTable[];
  readonly stored: StoredContract | null;
  /** The version in force, read; null: none is. */
  readonly contract: Contract | null;
}

export function entityView({ name, declared, tables, stored, contract }: EntityParts): EntityView {
  const table = tableOf(contract, name);
  const said = { description: declared?.description ?? null, owner: declared?.owner ?? null, team: declared?.team ?? null };
  return {
    name,
    revision: declared?.revision ?? 0,
    // What a contract of one table says of itself is about that table.
    description: said.description ?? (contract?.tables.length === 1 ? contract.description : null) ?? table?.description ?? null,
    owner: said.owner,
    team: said.team ?? contract?.owner ?? null,
    domain: contract?.domain ?? null,
    tags: [...new Set([...(declared?.tags ?? []), ...(contract?.tags ?? []), ...(table?.tags ?? [])])],
    declared: [
      ...Object.entries(said).flatMap(([field, value]) => (value === null ? [] : [field])),
      ...((declared?.tags.length ?? 0) > 0 ? ['tags'] : []),
      ...((declared?.tables.length ?? 0) > 0 ? ['tables'] : []),
      ...(Object.keys(declared?.columns ?? {}).length > 0 ? ['columns'] : []),
    ],
    tables,
    contract: stored && contractOf(stored),
    columns: columnFacts(table, declared),
    updatedAt: declared && new Date(declared.updatedAt).toISOString(),
    updatedBy: declared?.updatedBy ?? null,
  };
}

function contractOf({ id, versions }: StoredContract): EntityContract {
  return {
    id,
    inForce: newestInForce(versions),
    versions: versions
      .toSorted((a, b) => compareVersions(b.version, a.version))
      .map(({ version, state, activatedAt }) => ({
        version,
        state,
        activatedAt: activatedAt === null ? null : new Date(activatedAt).toISOString(),
      })),
  };
}
