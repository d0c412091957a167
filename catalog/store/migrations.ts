// The store's tables, one migration per version, applied in order. Never change one that has been released: add the next at
// the end.

import { LakeError } from '../../runtime/errors.ts';
import { auditGuardMigration, auditMigration } from './audit-operations.ts';
import { contractMigration } from './contract-operations.ts';
import { entityMigration } from './entity-operations.ts';
import { lineageMigration } from './lineage-operations.ts';
import { namespaceMigration } from './namespace-operations.ts';
import { placeMigration } from './place-operations.ts';
import { qualityCounterMigration, qualityMigration, qualityOrderMigration } from './quality-operations.ts';
import { relationMigration } from './relation-operations.ts';
import { replyMigration } from './reply-operations.ts';
import type { Migration } from './sql.ts';
import { tokenMigration } from './token-operations.ts';

export const migrations: readonly Migration[] = [
  namespaceMigration,
  contractMigration,
  qualityMigration,
  lineageMigration,
  qualityOrderMigration,
  relationMigration,
  qualityCounterMigration,
  auditMigration,
  replyMigration,
  tokenMigration,
  entityMigration,
  auditGuardMigration,
  placeMigration,
];

export const migrationsTable =
  'CREATE TABLE IF NOT EXISTS migrations (version INTEGER NOT NULL PRIMARY KEY, applied_at TEXT NOT NULL) STRICT;';

/** What a database at `version` still lacks, with the version that each makes. */
export function migrationsAfter(version: number): readonly { readonly version: number; readonly migration: Migration }[] {
  if (version > migrations.length) {
    const known = `this program knows ${migrations.length}: use a newer one`;
    throw new LakeError('CATALOG_REFUSED', `the catalog store has schema version ${version}; ${known}`, { context: { version } });
  }
  return migrations.slice(version).map((migration, index) => ({ version: version + index + 1, migration }));
}
