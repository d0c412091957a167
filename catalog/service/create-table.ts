// The first metadata of a table: given to a client that stages a create, or stored at once.

import { randomUUID } from 'node:crypto';
import { createMetadata } from '../../lake/iceberg/create-metadata.ts';
import type { PartitionSpec, SortOrder, TableMetadata } from '../../lake/iceberg/metadata.ts';
import type { Schema } from '../../lake/iceberg/schema.ts';
import { namespaceMissing, ok, refused, type Answer } from './answer.ts';
import type { MetadataFile } from './metadata-files.ts';
import type { RequestContext } from './request-context.ts';
import { loadedRecord, type TableParts } from './table-parts.ts';

export interface CreateRequest {
  readonly name: string;
  readonly schema: Schema;
  readonly location?: string | undefined;
  readonly partitionSpec?: PartitionSpec | undefined;
  readonly sortOrder?: SortOrder | undefined;
  readonly properties?: Readonly<Record<string, string>> | undefined;
}

/** The metadata a create would have; nothing is stored. */
export async function stageTable(parts: TableParts, namespace: readonly string[], request: CreateRequest): Promise<Answer<TableMetadata>> {
  const { store, tables, placement } = parts;
  const ident = { namespace, name: request.name };
  const row = await store.getNamespace(namespace);
  if (!row) return namespaceMissing(namespace);
  const unavailable = await tables.unavailable(ident);
  if (unavailable) return unavailable;
  const uuid = randomUUID();
  const location = request.location?.replace(/\/+$/, '') ?? placement.locationOf(row, request.name, uuid);
  const created = createMetadata({ ...request, uuid, location }, parts.clock.now());
  if (created.kind !== 'applied') return refused('invalid', created.message);
  const misplaced = await placement.tableProblem(created.metadata, null);
  return misplaced === null ? ok(created.metadata) : refused('invalid', misplaced);
}

export async function createTable(
  parts: TableParts,
  namespace: readonly string[],
  request: CreateRequest,
  context: RequestContext,
): Promise<Answer<MetadataFile>> {
  const ident = { namespace, name: request.name };
  const staged = await stageTable(parts, namespace, request);
  if (staged.kind === 'refused') return staged;
  const { value: metadata } = staged;
  const veto = await parts.veto?.check(ident, null, metadata);
  if (veto) return veto;
  const recordFor = loadedRecord(parts, context, { ident, before: null, after: metadata });
  return parts.tables.insert(ident, metadata['table-uuid'], metadata, recordFor);
}
