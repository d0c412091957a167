// How Foz creates tables: the catalog stages one, which says the uuid and the place, and a commit with assert-create makes it.
// A plain create gives every field a new id; this way the ids stay those that its files are written with.

import { createCommit } from '../lake/iceberg/create-metadata.ts';
import type { TableCommit } from '../lake/iceberg/commit.ts';
import type { TableMetadata } from '../lake/iceberg/metadata.ts';
import type { CreateTable } from './catalog.ts';

export function commitOfStaged(staged: TableMetadata, create: CreateTable): TableCommit {
  const { 'format-version': _version, ...properties } = { ...staged.properties, ...create.properties };
  return createCommit({
    uuid: staged['table-uuid'],
    location: staged.location,
    schema: create.schema,
    partitionSpec: create.partitionSpec,
    properties,
    formatVersion: staged['format-version'],
  });
}
