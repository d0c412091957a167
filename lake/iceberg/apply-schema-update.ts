// Updates that change what a table's rows look like: schemas, partition specs, sort orders. Ids are assigned here, as
// every Iceberg catalog does: the first is 0 (a sort order with fields: 1), the next the highest plus one, and what is
// already there is reused; clients follow with -1, "the one added last".

import { isDeepStrictEqual } from 'node:util';
import { formatProblem, indexFields, schemaProblem, sortOrderProblem, specProblem } from './check-schema.ts';
import { invalid, type MetadataDraft, type UpdateProblem } from './metadata-draft.ts';
import type { PartitionField, PartitionSpec, SortOrder } from './metadata.ts';
import { highestFieldId, isSameSchema, type Schema } from './schema.ts';

/** More than any table needs; bounds what one commit can make every later one carry. */
const schemasMax = 10_000;

/** The protocol's last-column-id is not asked for: clients send the schema's highest id, which dropped columns exceed. */
export function addSchema(draft: MetadataDraft, schema: Schema): UpdateProblem | null {
  const { next } = draft;
  const problem = schemaProblem(schema) ?? formatProblem(schema, next['format-version']);
  if (problem !== null) return invalid(problem);
  const known = next.schemas.find((candidate) => isSameSchema(candidate, schema));
  const id = known?.['schema-id'] ?? nextId(next.schemas.map((candidate) => candidate['schema-id']));
  if (!known) {
    if (next.schemas.length >= schemasMax) return invalid(`a table may hold ${schemasMax} schemas`);
    next.schemas = [...next.schemas, { ...schema, type: 'struct', 'schema-id': id }];
  }
  next['last-column-id'] = Math.max(next['last-column-id'], highestFieldId(schema));
  draft.lastAddedSchemaId = id;
  return null;
}

export function setCurrentSchema(draft: MetadataDraft, schemaId: number): UpdateProblem | null {
  const id = schemaId === -1 ? draft.lastAddedSchemaId : schemaId;
  if (id === null) return invalid('set-current-schema -1: no schema has been added by this commit');
  const schema = draft.next.schemas.find((candidate) => candidate['schema-id'] === id);
  if (!schema) return invalid(`set-current-schema: unknown schema id ${id}`);
  const fields = indexFields(schema);
  const spec = draft.next['partition-specs'].find((candidate) => candidate['spec-id'] === draft.next['default-spec-id']);
  const orphan = spec?.fields.find((field) => field.transform !== 'void' && typeof fields !== 'string' && !fields.has(field['source-id']));
  if (orphan) return invalid(`schema ${id} has no field ${orphan['source-id']}, which the default partition spec uses`);
  draft.next['current-schema-id'] = id;
  return null;
}

export function removeSchemas(draft: MetadataDraft, ids: readonly number[]): UpdateProblem | null {
  if (ids.includes(draft.next['current-schema-id'])) return invalid('the current schema cannot be removed');
  const kept = draft.next.schemas.filter((schema) => !ids.includes(schema['schema-id']));
  if (kept.length !== draft.next.schemas.length) draft.next.schemas = kept;
  return null;
}

export function addSpec(draft: MetadataDraft, spec: PartitionSpec): UpdateProblem | null {
  const { next } = draft;
  const schema = schemaMeant(draft);
  if (!schema) return invalid('add-spec: the table has no schema yet');
  const withIds = assignPartitionIds(draft, spec);
  const problem = specProblem(withIds, schema) ?? reusedPartitionId(draft, withIds);
  if (problem !== null) return invalid(problem);
  const known = next['partition-specs'].find((candidate) => isDeepStrictEqual(candidate.fields, withIds.fields));
  const id = known?.['spec-id'] ?? nextId(next['partition-specs'].map((candidate) => candidate['spec-id']));
  if (!known) next['partition-specs'] = [...next['partition-specs'], { ...withIds, 'spec-id': id }];
  next['last-partition-id'] = Math.max(next['last-partition-id'], ...withIds.fields.map((field) => field['field-id']));
  draft.lastAddedSpecId = id;
  return null;
}

/** The current one; while a table is being made, what its commit has added: DuckDB makes it current last of all. */
function schemaMeant({ next, lastAddedSchemaId }: MetadataDraft): Schema | undefined {
  const id = next['current-schema-id'] === -1 ? lastAddedSchemaId : next['current-schema-id'];
  return next.schemas.find((candidate) => candidate['schema-id'] === id);
}

/** Fields without an id (0) get the one that this source and transform already have, or the next. */
function assignPartitionIds(draft: MetadataDraft, spec: PartitionSpec): PartitionSpec {
  const known = draft.next['partition-specs'].flatMap((candidate) => candidate.fields);
  let last = Math.max(draft.next['last-partition-id'], ...spec.fields.map((field) => field['field-id']));
  const fields = spec.fields.map((field) => {
    if (field['field-id'] > 0) return field;
    const same = known.find((candidate) => isSamePartition(candidate, field) && candidate.name === field.name);
    return { ...field, 'field-id': same?.['field-id'] ?? ++last };
  });
  return { ...spec, fields };
}

/** Spec: partition field ids are unique across all specs; the same id for another meaning would misread manifests. */
function reusedPartitionId(draft: MetadataDraft, spec: PartitionSpec): string | null {
  for (const field of spec.fields) {
    for (const known of draft.next['partition-specs'].flatMap((candidate) => candidate.fields)) {
      if (known['field-id'] === field['field-id'] && !isSamePartition(known, field) && field.transform !== 'void')
        return `partition field ${field.name} reuses the id ${field['field-id']} of ${known.name}`;
    }
  }
  return null;
}

function isSamePartition(a: PartitionField, b: PartitionField): boolean {
  return a['source-id'] === b['source-id'] && a.transform === b.transform;
}

export function setDefaultSpec(draft: MetadataDraft, specId: number): UpdateProblem | null {
  const id = specId === -1 ? draft.lastAddedSpecId : specId;
  if (id === null) return invalid('set-default-spec -1: no partition spec has been added by this commit');
  if (!draft.next['partition-specs'].some((candidate) => candidate['spec-id'] === id))
    return invalid(`set-default-spec: unknown partition spec id ${id}`);
  draft.next['default-spec-id'] = id;
  return null;
}

export function removeSpecs(draft: MetadataDraft, ids: readonly number[]): UpdateProblem | null {
  if (ids.includes(draft.next['default-spec-id'])) return invalid('the default partition spec cannot be removed');
  const kept = draft.next['partition-specs'].filter((spec) => !ids.includes(spec['spec-id']));
  if (kept.length !== draft.next['partition-specs'].length) draft.next['partition-specs'] = kept;
  return null;
}

export function addSortOrder(draft: MetadataDraft, order: SortOrder): UpdateProblem | null {
  const { next } = draft;
  const schema = schemaMeant(draft);
  if (!schema) return invalid('add-sort-order: the table has no schema yet');
  const problem = sortOrderProblem(order, schema);
  if (problem !== null) return invalid(problem);
  const known = next['sort-orders'].find((candidate) => isDeepStrictEqual(candidate.fields, order.fields));
  // Spec: order id 0 is reserved for the unsorted order.
  const fresh = order.fields.length === 0 ? 0 : Math.max(1, nextId(next['sort-orders'].map((candidate) => candidate['order-id'])));
  const id = known?.['order-id'] ?? fresh;
  if (!known) next['sort-orders'] = [...next['sort-orders'], { ...order, 'order-id': id }];
  draft.lastAddedOrderId = id;
  return null;
}

export function setDefaultSortOrder(draft: MetadataDraft, orderId: number): UpdateProblem | null {
  const id = orderId === -1 ? draft.lastAddedOrderId : orderId;
  if (id === null) return invalid('set-default-sort-order -1: no sort order has been added by this commit');
  if (!draft.next['sort-orders'].some((candidate) => candidate['order-id'] === id))
    return invalid(`set-default-sort-order: unknown sort order id ${id}`);
  draft.next['default-sort-order-id'] = id;
  return null;
}

function nextId(ids: readonly number[]): number {
  return Math.max(-1, ...ids) + 1;
}
