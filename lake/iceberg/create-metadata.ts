// The first metadata of a table, as the commit that creates it: `createCommit` says it in requirements and updates (what
// a stage-create client sends back), `createMetadata` applies that to nothing.

import type { EpochMs } from '../../runtime/clock.ts';
import { applyCommit, type AppliedCommit } from './apply-commit.ts';
import { assignFieldIds } from './assign-field-ids.ts';
import type { TableCommit } from './commit.ts';
import type { PartitionSpec, SortOrder, TableMetadata } from './metadata.ts';
import type { Schema } from './schema.ts';

export interface NewTable {
  readonly uuid: string;
  readonly location: string;
  readonly schema: Schema;
  readonly partitionSpec?: PartitionSpec | undefined;
  readonly sortOrder?: SortOrder | undefined;
  readonly properties?: Readonly<Record<string, string>> | undefined;
  /** 2 unless `format-version` among the properties says 3. */
  readonly formatVersion?: number | undefined;
}

/** Keeps the schema's ids when they are valid and unique, else assigns fresh ones. */
export function createMetadata(table: NewTable, now: EpochMs): AppliedCommit {
  const assigned = assignFieldIds(table.schema);
  const schema = assigned?.schema ?? table.schema;
  const spec = table.partitionSpec;
  const partitionSpec =
    assigned && spec
      ? { ...spec, fields: spec.fields.map((field) => ({ ...field, 'source-id': assigned.idMap.get(field['source-id']) ?? -1 })) }
      : spec;
  return applyCommit(null, createCommit({ ...table, schema, partitionSpec }), { now });
}

export function createCommit(table: NewTable): TableCommit {
  const version = table.formatVersion ?? formatVersionOf(table.properties);
  return {
    requirements: [{ type: 'assert-create' }],
    updates: [
      { action: 'assign-uuid', uuid: table.uuid },
      { action: 'upgrade-format-version', 'format-version': version },
      { action: 'add-schema', schema: table.schema },
      { action: 'set-current-schema', 'schema-id': -1 },
      { action: 'add-spec', spec: table.partitionSpec ?? { 'spec-id': 0, fields: [] } },
      { action: 'set-default-spec', 'spec-id': -1 },
      { action: 'add-sort-order', 'sort-order': table.sortOrder ?? { 'order-id': 0, fields: [] } },
      { action: 'set-default-sort-order', 'sort-order-id': -1 },
      { action: 'set-location', location: table.location },
      { action: 'set-properties', updates: table.properties ?? {} },
    ],
  };
}

/** The commit that makes a staged table (metadata a catalog returned but did not store) real, with the ids it was given. */
export function commitOfStaged(staged: TableMetadata): TableCommit {
  const schema = staged.schemas.find((candidate) => candidate['schema-id'] === staged['current-schema-id']);
  const partitionSpec = staged['partition-specs'].find((candidate) => candidate['spec-id'] === staged['default-spec-id']);
  const sortOrder = staged['sort-orders'].find((candidate) => candidate['order-id'] === staged['default-sort-order-id']);
  if (!schema) throw new Error(`staged table ${staged['table-uuid']} has no current schema`);
  return createCommit({
    uuid: staged['table-uuid'],
    location: staged.location,
    schema,
    partitionSpec,
    sortOrder,
    properties: staged.properties,
    formatVersion: staged['format-version'],
  });
}

function formatVersionOf(properties: Readonly<Record<string, string>> | undefined): number {
  const text = properties?.['format-version'];
  return text === undefined ? 2 : /^\d{1,3}$/.test(text) ? Number(text) : -1;
}
