// A table of another catalog, or one that was dropped, by the metadata file it left: the file must lie in a place that is
// allowed, and so must everything it says of its own places.

import { identText } from '../catalog.ts';
import { namespaceMissing, ok, refused, type Answer } from './answer.ts';
import { nameProblem } from './locations.ts';
import type { MetadataFile } from './metadata-files.ts';
import { isOwnMetadata } from './placement.ts';
import { registeredFile } from './registered-file.ts';
import type { RequestContext } from './request-context.ts';
import { loadedRecord, type TableParts } from './table-parts.ts';

export interface RegisterRequest {
  readonly name: string;
  readonly metadataLocation: string;
  /** Points a table that is there to this file instead. */
  readonly isOverwrite: boolean;
}

export async function registerTable(
  parts: TableParts,
  namespace: readonly string[],
  { name, metadataLocation, isOverwrite }: RegisterRequest,
  context: RequestContext,
): Promise<Answer<MetadataFile>> {
  const { store, tables } = parts;
  const ident = { namespace, name };
  if (!(await store.getNamespace(namespace))) return namespaceMissing(namespace);
  const problem = nameProblem(name);
  if (problem !== null) return refused('invalid', problem);
  const current = await tables.current(ident);
  if (current && !isOverwrite) return tables.nameRefused('exists', ident);
  if (!current && (await store.getRelation('view', ident))) return tables.nameRefused('other-exists', ident);
  const read = await registeredFile(parts.files, parts.objectStores, metadataLocation);
  if (read.kind === 'refused') return read;
  const { metadata } = read.value;
  if (!isOwnMetadata(metadata.location, metadataLocation))
    return refused('invalid', `metadata file ${metadataLocation} does not lie in ${metadata.location}/metadata, as its table's own must`);
  const base = current?.metadata ?? null;
  const veto = await parts.veto?.check(ident, base, metadata);
  if (veto) return veto;
  const misplaced = await parts.placement.tableProblem(metadata, base && { location: base.location, properties: {} });
  if (misplaced !== null) return refused('invalid', misplaced);
  const record = loadedRecord(parts, context, { ident, before: base, after: metadata, action: 'table.register' })(metadataLocation);
  const next = { uuid: metadata['table-uuid'], metadataLocation };
  const outcome = await store.changeTables([{ ident, expected: current?.location ?? null, next }], record);
  if (outcome.kind === 'changed') return ok(read.value);
  if (outcome.kind === 'lost' || outcome.kind === 'missing')
    return refused('conflict', `${identText(ident)} was changed while it was registered; look at it and try again`);
  return tables.nameRefused(outcome.kind, ident);
}
