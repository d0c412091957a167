// The first metadata of a table, as the commit that creates it: `createCommit` says it in requirements and updates (what
// a stage-create client sends back), `createMetadata` applies that to nothing.

import type { EpochMs } from '../../runtime/clock.ts';
import { applyCommit, type AppliedCommit } from './apply-commit.ts';
import { assignFieldIds } from './assign-field-ids.ts';
import type { TableCommit } from './commit.ts';
import type { PartitionSpec, SortOrder } from './metadata.ts';
import type { Schema } from './schema.ts';

export interface NewTable {
  readonly uuid: string;
  readonly location: string;
  readonly schema: Schema;
  readonly partitionSpec?: PartitionSpec | undefined;
  readonly sortOrder?: SortOrder | undefined;
  readonly properties?: Readonly<Record<string, string>> | undefined;
  /** 2 unless `format-version` among the properties says otherwise. */
  readonly formatVersion?: number | undefined;
}

/** Fields and partition fields get fresh ids; sources follow them. */
export function createMetadata(table: NewTable, now: EpochMs): AppliedCommit {
  const { schema, idMap } = assignFieldIds(table.schema);
  const { partitionSpec: spec, sortOrder: order } = table;
  const partitionSpec = spec && {
    ...spec,
    fields: spec.fields.map((field) => ({ ...field, 'source-id': idMap.get(field['source-id']) ?? -1, 'field-id': 0 })),
  };
  const sortOrder = order && { ...order, fields: order.fields.map((field) => withSource(field, idMap)) };
  return applyCommit(null, createCommit({ ...table, schema, partitionSpec, sortOrder }), { now });
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

function withSource(sortField: unknown, idMap: ReadonlyMap<number, number>): unknown {
  if (typeof sortField !== 'object' || sortField === null || !('source-id' in sortField)) return sortField;
  const old = sortField['source-id'];
  return { ...sortField, 'source-id': typeof old === 'number' ? (idMap.get(old) ?? -1) : -1 };
}

function formatVersionOf(properties: Readonly<Record<string, string>> | undefined): number {
  const text = properties?.['format-version'];
  return text === undefined ? 2 : /^\d{1,3}$/.test(text) ? Number(text) : -1;
}
