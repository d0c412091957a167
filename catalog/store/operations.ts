// All operations of the store, by name and by how much of each has to be one.

import { assert } from '../../runtime/errors.ts';
import { auditOperations } from './audit-operations.ts';
import { contractOperations } from './contract-operations.ts';
import { entityOperations } from './entity-operations.ts';
import { lineageOperations } from './lineage-operations.ts';
import { namespaceOperations } from './namespace-operations.ts';
import { qualityOperations } from './quality-operations.ts';
import { relationOperations } from './relation-operations.ts';
import { replyOperations } from './reply-operations.ts';
import type { SqlOperation, SqlOperations, SqlReader } from './sql.ts';
import { tokenOperations } from './token-operations.ts';

const parts: readonly SqlOperations[] = [
  namespaceOperations,
  relationOperations,
  contractOperations,
  lineageOperations,
  qualityOperations,
  auditOperations,
  replyOperations,
  tokenOperations,
  entityOperations,
];

export type NamedOperation =
  | { readonly kind: 'read'; readonly run: SqlOperation<SqlReader> }
  | { readonly kind: 'step' | 'transaction'; readonly run: SqlOperation };

export function operationsByName(): ReadonlyMap<string, NamedOperation> {
  const named = parts.flatMap(({ reads, steps, transactions }): readonly (readonly [string, NamedOperation])[] => [
    ...Object.entries(reads).map(([name, run]) => [name, { kind: 'read', run }] as const),
    ...Object.entries(steps).map(([name, run]) => [name, { kind: 'step', run }] as const),
    ...Object.entries(transactions).map(([name, run]) => [name, { kind: 'transaction', run }] as const),
  ]);
  const byName = new Map(named);
  assert(byName.size === named.length, 'two operations of the catalog store have one name');
  return byName;
}
