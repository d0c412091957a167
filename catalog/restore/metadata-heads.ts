// Which metadata file is the newest of each table and view, told by the files alone. A commit writes its file first and moves
// the pointer then, so the files know more than the pointer did: a file whose commit never came through (a process that died, a
// swap that was lost) looks like the newest as well. A table's metadata lists the files it followed, so what any other follows
// is not the newest; views list nothing.
//
// Of what is left the later one wins. Numbers tell nothing of a table that was registered again from an older file: it counts on from
// there, below the line that was left. But a file takes the time of its snapshot, which a writer's clock sets: of times no further
// apart than that clock may be ahead the higher number wins, as a file without its commit is passed by those that came through. Each
// of the rest that is later, or of the same number or a higher one, is told as a rival: one of the two is not what the table was, and
// only a person may know which. Those that are neither were left behind. All this is for pointers that are lost: one that is there
// moves only along its own line.

import { parseJson } from '../../lake/iceberg/json.ts';
import { readMetadata } from '../../lake/iceberg/read-metadata.ts';
import { readViewMetadata } from '../../lake/iceberg/view-metadata.ts';
import { limiter } from '../../lake/store/limiter.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';
import type { EpochMs } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import { isRecord } from '../../runtime/options.ts';
import { isMetadataFile, metadataNumber, pathsOutside } from '../service/locations.ts';
import type { StorePlace } from '../service/object-stores.ts';
import { isOwnMetadata } from '../service/placement.ts';
import { snapshotAheadDefaultMs } from '../service/table-parts.ts';
import type { RelationKind } from '../store/relation-store.ts';

export interface MetadataHead {
  readonly kind: RelationKind;
  readonly uuid: string;
  /** Of the table or view. */
  readonly location: string;
  readonly metadataLocation: string;
  readonly updatedAt: EpochMs;
  /** Outside its folder, where its files lie as well as far as any of its metadata files says. */
  readonly paths: readonly string[];
  /** Files that may be the newest instead. */
  readonly rivals: readonly string[];
  /** Whether a pointer that names this file is to move on to the head: it came out of that file, or of those that are gone. */
  isFollowed(metadataLocation: string): boolean;
}

export interface MetadataHeads {
  readonly heads: readonly MetadataHead[];
  /** Files that are no metadata, or lie where their own table says it is not. */
  readonly ignored: readonly { readonly metadataLocation: string; readonly reason: string }[];
}

interface MetadataFact extends Omit<MetadataHead, 'rivals' | 'isFollowed'> {
  readonly follows: readonly string[];
  /** As in its name; −1 where the name has none. */
  readonly number: number;
}

/** Files read at a time. */
const readsMax = 16;

export async function metadataHeads(places: readonly StorePlace[], signal?: AbortSignal): Promise<MetadataHeads> {
  const limited = limiter(readsMax);
  const found = new Map<string, Promise<MetadataFact | string>>();
  for (const { prefix, store, root = store.root } of places) {
    for await (const { key } of store.list(`${prefix.slice(root.length + 1)}/`.replace(/^\//, ''), signal)) {
      const location = `${root}/${key}`;
      if (!isMetadataFile(location) || found.has(location)) continue;
      found.set(
        location,
        limited(() => factOf(store, key, location, signal), signal),
      );
    }
  }
  const facts: MetadataFact[] = [];
  const ignored: { metadataLocation: string; reason: string }[] = [];
  for (const [metadataLocation, reading] of found) {
    const fact = await reading;
    if (typeof fact === 'string') ignored.push({ metadataLocation, reason: fact });
    else facts.push(fact);
  }
  const byUuid = Map.groupBy(facts, ({ kind, uuid }) => `${kind} ${uuid}`);
  return { heads: [...byUuid.values()].flatMap(headOf), ignored };
}

function headOf(facts: readonly MetadataFact[]): readonly MetadataHead[] {
  const superseded = new Set(facts.flatMap(({ follows }) => follows));
  const newest = facts.filter(({ metadataLocation }) => !superseded.has(metadataLocation));
  const latest = newest.reduce((max, { updatedAt }) => Math.max(max, updatedAt), 0);
  const [head] = newest
    .filter(({ updatedAt }) => updatedAt >= latest - snapshotAheadDefaultMs)
    .toSorted((a, b) => b.number - a.number || b.updatedAt - a.updatedAt || (a.metadataLocation < b.metadataLocation ? 1 : -1));
  if (!head) return [];
  const { follows: _, number, ...told } = head;
  const isRival = (other: MetadataFact): boolean => other.number >= number || other.updatedAt > head.updatedAt;
  const [rivals, left] = [newest.filter((other) => other !== head && isRival(other)), newest.filter((other) => !isRival(other))];
  const files = new Map(facts.map((fact) => [fact.metadataLocation, fact]));
  const before = head.kind === 'view' ? new Set(left.map(({ metadataLocation }) => metadataLocation)) : ancestorsOf(head, files);
  // What fell off the logs is deleted, and then no file says any more that it was followed.
  const isGone = (location: string): boolean =>
    !files.has(location) && isMetadataFile(location) && isOwnMetadata(head.location, location) && metadataNumber(location) < number;
  const isFollowed = (location: string): boolean => before.has(location) || isGone(location);
  return [{ ...told, paths: pathsOf(head, facts), rivals: rivals.map(({ metadataLocation }) => metadataLocation), isFollowed }];
}

/** A table that was moved has files in the folder that it left, too. */
function pathsOf({ location }: MetadataFact, facts: readonly MetadataFact[]): readonly string[] {
  const paths = new Set(facts.flatMap((fact) => [fact.location, ...fact.paths]));
  return [...paths].filter((path) => !`${path}/`.startsWith(`${location}/`));
}

/** Each file names only the last ones that it followed; those name more. */
function ancestorsOf(head: MetadataFact, files: ReadonlyMap<string, MetadataFact>): ReadonlySet<string> {
  const found = new Set(head.follows);
  // A set gives what is added while it is walked as well.
  for (const location of found) for (const earlier of files.get(location)?.follows ?? []) found.add(earlier);
  return found;
}

/** Or why it is none. */
async function factOf(store: ObjectStore, key: string, metadataLocation: string, signal?: AbortSignal): Promise<MetadataFact | string> {
  try {
    const value = parseJson(Buffer.from(await store.get(key, undefined, signal)).toString('utf8'));
    const fact = isRecord(value) && 'view-uuid' in value ? viewFact(value) : tableFact(value);
    const isOwn = metadataLocation.startsWith(`${fact.location}/`);
    return isOwn ? { ...fact, metadataLocation, number: metadataNumber(metadataLocation) } : `it says that it belongs to ${fact.location}`;
  } catch (error) {
    // Superseded files are deleted at any time.
    if (error instanceof LakeError && error.code === 'OBJECT_MISSING') return 'it was deleted meanwhile';
    if (error instanceof LakeError) throw error;
    return error instanceof Error ? error.message : String(error);
  }
}

type Said = Omit<MetadataFact, 'metadataLocation' | 'number'>;

function tableFact(value: unknown): Said {
  const metadata = readMetadata(value);
  return {
    kind: 'table',
    uuid: metadata['table-uuid'],
    location: metadata.location,
    updatedAt: metadata['last-updated-ms'],
    paths: pathsOutside(metadata),
    follows: metadata['metadata-log'].map((entry) => entry['metadata-file']),
  };
}

/** Views do not list the files before. */
function viewFact(value: unknown): Said {
  const metadata = readViewMetadata(value);
  const updatedAt = Math.max(0, ...metadata['version-log'].map((entry) => entry['timestamp-ms']));
  return { kind: 'view', uuid: metadata['view-uuid'], location: metadata.location, updatedAt, paths: pathsOutside(metadata), follows: [] };
}
