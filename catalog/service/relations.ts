// What tables and views have in common: a name in a namespace that points to a metadata file. A change writes a new file
// under its own name and then moves the pointer, if it still is where it was; a file that no pointer came to is discarded.
// A pointer whose outcome is unknown is thrown as such and nothing is deleted (I5).

import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { LakeError } from '../../runtime/errors.ts';
import { identText, type TableIdent } from '../catalog.ts';
import type { CatalogStore } from '../store/catalog-store.ts';
import type { ChangeRecord } from '../store/change-record.ts';
import type { InsertRefusal, NameRefusal, RelationKind } from '../store/relation-store.ts';
import { namespaceMissing, ok, pagedFrom, refused, type Answer, type Page, type Paged, type Refusal } from './answer.ts';
import { metadataFolder, nameProblem, nextMetadataLocation, type Placed } from './locations.ts';
import type { MetadataFile, MetadataFiles } from './metadata-files.ts';
import type { Placement } from './placement.ts';

export interface Relations<Metadata> {
  list(namespace: readonly string[], page: Page): Promise<Answer<Paged<TableIdent>>>;
  exists(ident: TableIdent): Promise<Answer<null>>;
  /** Null when there is none. */
  current(ident: TableIdent): Promise<MetadataFile<Metadata> | null>;
  load(ident: TableIdent): Promise<Answer<MetadataFile<Metadata>>>;
  /** What a change once answered: the file that it wrote, or what is current where that file is gone by now. */
  answered(ident: TableIdent, metadataLocation: string): Promise<Answer<MetadataFile<Metadata>>>;
  /** Writes its first metadata file and takes the name. */
  insert(ident: TableIdent, uuid: string, metadata: Metadata, recordOf: RecordOf): Promise<Answer<MetadataFile<Metadata>>>;
  /** `lost`: the pointer is elsewhere by now. */
  swap(
    ident: TableIdent,
    current: MetadataFile<Metadata>,
    metadata: Metadata,
    recordOf: RecordOf,
  ): Promise<Answer<MetadataFile<Metadata>> | 'lost'>;
  rename(from: TableIdent, to: TableIdent, record: ChangeRecord): Promise<Answer<null>>;
  missing(ident: TableIdent): Refusal;
  /** Why nothing can be made under this name: it is no name, its namespace is not there, or it is taken. Null: nothing is in the way. */
  unavailable(ident: TableIdent): Promise<Refusal | null>;
  /** Why `ident` cannot have the name. */
  nameRefused(outcome: NameRefusal, ident: TableIdent): Refusal;
  /** As well; or why it cannot lie where it is meant to: another came there since that was looked at. */
  insertRefused(outcome: InsertRefusal, ident: TableIdent, placed: Placed, base: Placed | null): Promise<Refusal>;
}

/** What is kept with the change, which tells of the file that was written for it. */
export type RecordOf = (metadataLocation: string) => ChangeRecord;

export interface RelationsOptions<Metadata> {
  readonly kind: RelationKind;
  readonly store: CatalogStore;
  readonly files: MetadataFiles<Metadata>;
  readonly placement: Placement;
}

export function relations<Metadata extends Placed>(options: RelationsOptions<Metadata>): Relations<Metadata> {
  const { kind, store, files, placement } = options;
  const missing = (ident: TableIdent): Refusal => refused(`${kind}-missing`, `${words[kind]} does not exist: ${identText(ident)}`);
  const nameRefused = (outcome: NameRefusal, ident: TableIdent): Refusal => {
    if (outcome === 'namespace-missing') return namespaceMissing(ident.namespace);
    const taken = outcome === 'exists' ? `${words[kind]} already exists` : `${words[otherKind(kind)]} with same name already exists`;
    return refused(`${kind}-exists`, `${taken}: ${identText(ident)}`);
  };
  const current = (ident: TableIdent): Promise<MetadataFile<Metadata> | null> => readCurrent(options, ident);
  const insertRefused: Relations<Metadata>['insertRefused'] = async (outcome, ident, placed, base) => {
    if (outcome !== 'overlaps') return nameRefused(outcome, ident);
    const problem = await placement.problem(placed, base);
    if (problem !== null) return refused('invalid', problem);
    return refused('conflict', `another table lay where ${identText(ident)} was to lie, and is gone; try again`);
  };
  return {
    missing,
    nameRefused,
    insertRefused,
    current,
    async unavailable(ident) {
      if (!(await store.getNamespace(ident.namespace))) return namespaceMissing(ident.namespace);
      const problem = nameProblem(ident.name);
      if (problem !== null) return refused('invalid', problem);
      if (await store.getRelation(kind, ident)) return nameRefused('exists', ident);
      return (await store.getRelation(otherKind(kind), ident)) ? nameRefused('other-exists', ident) : null;
    },
    async list(namespace, page) {
      if (!(await store.getNamespace(namespace))) return namespaceMissing(namespace);
      const rows = await store.listRelations(kind, namespace, { after: page.token, limit: page.size + 1 });
      const idents = rows.map((row) => row.ident);
      return ok(pagedFrom(idents, page.size, (ident) => ident.name));
    },
    async exists(ident) {
      return (await store.getRelation(kind, ident)) ? ok(null) : missing(ident);
    },
    async load(ident) {
      for (;;) {
        const file = await current(ident);
        if (!file) return missing(ident);
        // A cached file may be gone from the store: then nobody else can read it, and it must not look sound here.
        if (await files.isThere(file.location)) return ok(file);
        if ((await store.getRelation(kind, ident))?.metadataLocation === file.location) throw metadataGone(file.location);
      }
    },
    async answered(ident, metadataLocation) {
      try {
        return ok(await files.read(metadataLocation));
      } catch (error) {
        if (!(error instanceof LakeError) || error.code !== 'OBJECT_MISSING') throw error;
        const file = await current(ident);
        return file ? ok(file) : missing(ident);
      }
    },
    async insert(ident, uuid, metadata, recordOf) {
      const file = await writeNext(files, null, metadata);
      const outcome = await orDiscard(files, [file], () =>
        store.insertRelation(
          { ident, kind, uuid, metadataLocation: file.location },
          recordOf(file.location),
          placement.claim(metadata, null),
        ),
      );
      if (outcome === 'inserted') return ok(file);
      await files.discard([file.location]);
      return insertRefused(outcome, ident, metadata, null);
    },
    async swap(ident, base, metadata, recordOf) {
      const file = await writeNext(files, base, metadata);
      const claim = placement.claim(metadata, base.metadata);
      const pointers = [base.location, file.location] as const;
      const outcome = await orDiscard(files, [file], () =>
        claim === null
          ? store.swapRelation(kind, ident, ...pointers, recordOf(file.location))
          : store.moveRelation(kind, ident, ...pointers, claim, recordOf(file.location)),
      );
      if (outcome === 'swapped') {
        files.forget(base.location);
        return ok(file);
      }
      await files.discard([file.location]);
      if (outcome === 'lost') return 'lost';
      return outcome === 'missing' ? missing(ident) : insertRefused(outcome, ident, metadata, base.metadata);
    },
    async rename(from, to, record) {
      const problem = nameProblem(to.name);
      if (problem !== null) return refused('invalid', problem);
      if (isDeepStrictEqual(from, to)) return (await store.getRelation(kind, from)) ? ok(null) : missing(from);
      const outcome = await store.renameRelation(kind, from, to, record);
      if (outcome === 'renamed') return ok(null);
      if (outcome === 'missing') return missing(from);
      if (outcome === 'namespace-missing') return namespaceMissing(to.namespace);
      const other = words[outcome === 'exists' ? kind : otherKind(kind)];
      return refused(`${kind}-exists`, `Cannot rename ${identText(from)} to ${identText(to)}. ${other} already exists`);
    },
  };
}

const words: Readonly<Record<RelationKind, string>> = { table: 'Table', view: 'View' };

function otherKind(kind: RelationKind): RelationKind {
  return kind === 'table' ? 'view' : 'table';
}

/** Under a name of its own, one number above the file it follows; no pointer comes to it by this. */
export function writeNext<Metadata extends Placed>(
  files: MetadataFiles<Metadata>,
  previous: MetadataFile<Metadata> | null,
  metadata: Metadata,
): Promise<MetadataFile<Metadata>> {
  return files.write(nextMetadataLocation(metadataFolder(metadata), previous?.location ?? null, randomUUID()), metadata);
}

/** A key that another request took leaves nothing behind; of any other failure it is not known what it did. */
export async function orDiscard<T, Metadata>(
  files: MetadataFiles<Metadata>,
  written: readonly MetadataFile<Metadata>[],
  move: () => Promise<T>,
): Promise<T> {
  try {
    return await move();
  } catch (error) {
    if (error instanceof LakeError && error.code === 'CATALOG_KEY_TAKEN') await files.discard(written.map(({ location }) => location));
    throw error;
  }
}

/** Another process may delete a superseded file between our look at the pointer and our read: then the pointer has moved. */
async function readCurrent<Metadata>(
  { kind, store, files }: RelationsOptions<Metadata>,
  ident: TableIdent,
): Promise<MetadataFile<Metadata> | null> {
  for (let row = await store.getRelation(kind, ident); ;) {
    if (!row) return null;
    try {
      return await files.read(row.metadataLocation);
    } catch (error) {
      const newer = await store.getRelation(kind, ident);
      if (!(error instanceof LakeError) || error.code !== 'OBJECT_MISSING') throw error;
      if (newer?.metadataLocation === row.metadataLocation) throw metadataGone(row.metadataLocation, error);
      row = newer;
    }
  }
}

/** The words are those by which the Java client's own file access says so: some programs look for them. */
function metadataGone(location: string, cause?: LakeError): LakeError {
  const message = `Failed to open input stream for file: ${location}; the store no longer has it, although it is the current metadata`;
  return new LakeError('OBJECT_MISSING', message, { cause, context: { location } });
}
