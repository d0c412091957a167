// A table of another catalog, or one that was dropped, by the metadata file it left: the file must lie in a place that is
// allowed, and so must everything it says of its own places.

import { setBack } from '../../lake/raw/set-back.ts';
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
  const isSame = base !== null && base['table-uuid'] === metadata['table-uuid'];
  const back = isSame ? setBack(base, metadata) : null;
  if (back !== null) return refused('invalid', setBackMessage(identText(ident), metadataLocation, back));
  const veto = await parts.veto?.check(ident, base, metadata);
  if (veto) return veto;
  // A table that comes back to an older file sends files where that says, and the other one may have been moved since.
  const placedBefore = base && { location: base.location, properties: {}, 'table-uuid': base['table-uuid'] };
  const misplaced = await parts.placement.tableProblem(metadata, placedBefore);
  if (misplaced !== null) return refused('invalid', misplaced);
  const record = loadedRecord(parts, context, { ident, before: base, after: metadata, action: 'table.register' })(metadataLocation);
  const next = { uuid: metadata['table-uuid'], metadataLocation };
  const claim = parts.placement.claim(metadata, placedBefore);
  const outcome = await store.changeTables([{ ident, expected: current?.location ?? null, next, claim }], record);
  if (outcome.kind === 'changed') return ok(read.value);
  if (outcome.kind === 'lost' || outcome.kind === 'missing')
    return refused('conflict', `${identText(ident)} was changed while it was registered; look at it and try again`);
  return tables.insertRefused(outcome.kind, ident, metadata, placedBefore);
}

function setBackMessage(table: string, metadataLocation: string, back: string): string {
  return (
    `metadata file ${metadataLocation} would set ${table} back behind what workers and sweeps rely on: ${back}. ` +
    `Roll main back instead (foz table rollback ${table} --to SNAPSHOT), then decide: foz resume ${table} --reread`
  );
}
