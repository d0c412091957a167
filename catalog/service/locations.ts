// Where tables may lie. Locations belong to the catalog: everything is under the warehouse or a prefix that is allowed
// beside it, names are plain, and no two tables share a folder, so that purging one can never take objects of another.

import type { CatalogStore } from '../store/catalog-store.ts';
import type { Claim } from '../store/relation-store.ts';

/** As much of its metadata as says where files of a table or view lie. */
export interface Placed {
  readonly location: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly 'table-uuid'?: string;
  readonly 'view-uuid'?: string;
}

/** Safe as a path segment in every store and as an identifier in every engine. */
const plainName = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
/** What every store and every client's URL handling leaves alone. */
const plainPath = /^[\p{L}\p{N} !$&'()*+,\-./:;=@_~]+$/u;
const namespaceLevelsMax = 16;
const locationToldMax = 500;
/** Properties that send files elsewhere. */
const pathProperties = ['write.data.path', 'write.metadata.path', 'write.object-storage.path', 'write.folder-storage.path'];

export function nameProblem(name: string): string | null {
  if (plainName.test(name)) return null;
  return `the name ${JSON.stringify(name.slice(0, 140))} must be 1 to 128 letters, digits, "_", "-" or ".", beginning with a letter, a digit or "_"`;
}

export function namespaceProblem(namespace: readonly string[]): string | null {
  if (namespace.length === 0) return 'a namespace must have at least one level';
  if (namespace.length > namespaceLevelsMax) return `a namespace may have ${namespaceLevelsMax} levels`;
  return namespace.map(nameProblem).find((problem) => problem !== null) ?? null;
}

export function defaultNamespaceLocation(warehouse: string, namespace: readonly string[]): string {
  return `${warehouse}/${namespace.join('/')}`;
}

/** A name is not enough: a table dropped and created again must not meet the old one's files. */
export function defaultTableLocation(namespaceLocation: string, name: string, uuid: string): string {
  return `${namespaceLocation}/${name}-${uuid.replaceAll('-', '')}`;
}

/** The prefix that the location lies below; the longest of several. */
export function prefixOf(prefixes: readonly string[], location: string): string | null {
  return prefixesOf(prefixes, location).at(-1) ?? null;
}

/** One may be allowed inside another: the outermost first. */
function prefixesOf(prefixes: readonly string[], location: string): readonly string[] {
  return prefixes.filter((prefix) => location.startsWith(`${prefix}/`)).toSorted((a, b) => a.length - b.length);
}

/** Null when the location is a plain path under the warehouse, the first prefix, or another that is allowed. */
export function locationProblem(prefixes: readonly string[], location: string): string | null {
  const [warehouse = '', ...others] = prefixes;
  const prefix = prefixOf(prefixes, location);
  if (prefix === null) {
    const beside = others.length === 0 ? '' : ` and what is allowed beside it: ${others.join(', ')}`;
    return `location ${cut(location)} is outside the warehouse ${warehouse}${beside}`;
  }
  const path = location.slice(prefix.length + 1);
  const isPlain = plainPath.test(path) && !path.split('/').some((part) => part === '' || part === '.' || part === '..');
  return isPlain ? null : `location ${cut(location)} is not a plain path under ${prefix}`;
}

/** As well; and no folder above that of a table or namespace looks like a table's, as it would with `metadata` below it. */
export function folderProblem(prefixes: readonly string[], location: string): string | null {
  const problem = locationProblem(prefixes, location);
  const [, ...inner] = problem === null ? foldersTo(prefixes, location) : [];
  if (!inner.some((folder) => folder.endsWith('/metadata'))) return problem;
  return `location ${cut(location)} has a level "metadata", which only a table's own folder has: give a \`location\` that has none`;
}

export function pathPropertyProblem(prefixes: readonly string[], placed: Placed): string | null {
  for (const name of pathProperties) {
    const location = pathProperty(placed, name);
    const problem = location === null ? null : locationProblem(prefixes, location);
    if (problem !== null) return `property ${name}: ${problem}`;
  }
  return null;
}

/**
 * What `next` takes that `base` had not; null where it takes nothing. What `base` said already is not asked again, so that no
 * table stops that has been so. Files that were written stay where they are: a folder that is left becomes one of its paths.
 */
export function claimOf(prefixes: readonly string[], next: Placed, base: Placed | null): Claim | null {
  const isMoved = next.location !== base?.location;
  if (!isMoved && next.properties === base.properties) return null;
  const paths = newPaths(next, base).map(({ path }) => path);
  if (!isMoved && paths.length === 0) return null;
  const within = [
    ...(isMoved ? foldersTo(prefixes, next.location).slice(0, -1) : []),
    ...paths.flatMap((path) => foldersTo(prefixes, path)),
  ];
  const uuid = uuidOf(next);
  const left = isMoved && base !== null && uuidOf(base) === uuid ? [base.location] : [];
  return { uuid, folder: isMoved ? next.location : null, within: [...new Set(within)], paths: [...paths, ...left] };
}

/**
 * Null when no other table lies in the folder that is claimed, nor sends files there, and nothing that is claimed lies in another
 * table's folder: purging either one would take files of the other.
 */
export async function claimProblem(store: CatalogStore, claim: Claim, next: Placed, base: Placed | null): Promise<string | null> {
  const folder = claim.within.length === 0 ? null : await store.tableFolderAmong(claim.within);
  if (folder !== null) {
    const sent = newPaths(next, base).find(({ path }) => `${path}/`.startsWith(`${folder}/`));
    const inside = `location ${sent?.path ?? next.location} lies inside the table at ${folder}`;
    return sent === undefined ? inside : `property ${sent.name}: ${inside}`;
  }
  if (claim.folder === null || !(await store.hasTableUnder(`${claim.folder}/`, claim))) return null;
  return `location ${claim.folder} already holds a table, one that was dropped and is kept, or files of another`;
}

/** Null when of `placed`, which are made or moved at once, none has another's folder, and none of `all` lies or sends files there. */
export function sharedFolderProblem(prefixes: readonly string[], placed: readonly Placed[], all: readonly Placed[]): string | null {
  const owners = new Map<string, Placed>();
  for (const table of placed) {
    if (owners.has(table.location)) return `location ${table.location} is of two tables`;
    owners.set(table.location, table);
  }
  for (const table of all)
    for (const location of [table.location, ...pathProperties.flatMap((name) => pathProperty(table, name) ?? [])]) {
      const folder = foldersTo(prefixes, location).find((candidate) => (owners.get(candidate) ?? table) !== table);
      if (folder !== undefined) return `location ${location} lies inside the table at ${folder}`;
    }
  return null;
}

function pathProperty({ properties }: Placed, name: string): string | null {
  return (Object.hasOwn(properties, name) ? properties[name]?.replace(/\/+$/, '') : null) ?? null;
}

/** Where properties send files, outside its folder. */
export function pathsOutside(placed: Placed): readonly string[] {
  return newPaths(placed, null).map(({ path }) => path);
}

/** Those that properties send files to, outside its folder and not so before. */
function newPaths(next: Placed, base: Placed | null): readonly { readonly name: string; readonly path: string }[] {
  return pathProperties.flatMap((name) => {
    const path = pathProperty(next, name);
    const isNew = path !== null && (base === null || path !== pathProperty(base, name)) && !`${path}/`.startsWith(`${next.location}/`);
    return isNew ? [{ name, path }] : [];
  });
}

function uuidOf(placed: Placed): string {
  return placed['table-uuid'] ?? placed['view-uuid'] ?? '';
}

/** Below the outermost prefix, the outermost first and the location itself last. */
function foldersTo(prefixes: readonly string[], location: string): readonly string[] {
  const [prefix = location] = prefixesOf(prefixes, location);
  const parts = location.slice(prefix.length + 1).split('/');
  return parts.map((_, depth) => `${prefix}/${parts.slice(0, depth + 1).join('/')}`);
}

/** `<table>/metadata/<number>-<uuid>.metadata.json`, one above the number of the file it follows. */
export function nextMetadataLocation(folder: string, previous: string | null, uuid: string): string {
  const number = previous === null ? -1 : metadataNumber(previous);
  return `${folder}/${String(number + 1).padStart(5, '0')}-${uuid}.metadata.json`;
}

/** As its name says: `00012-….metadata.json` of this catalog, `v12.metadata.json` of others; −1 where it says none. */
export function metadataNumber(location: string): number {
  return Number(/\/v?(\d{1,15})[-.][^/]*$/.exec(location)?.[1] ?? -1);
}

export function metadataFolder(placed: Placed): string {
  return pathProperty(placed, 'write.metadata.path') ?? `${placed.location}/metadata`;
}

export function isMetadataFile(location: string): boolean {
  return location.endsWith('.metadata.json');
}

/** As told in messages: clients send what they like. */
function cut(location: string): string {
  return location.length > locationToldMax ? `${location.slice(0, locationToldMax)}…` : location;
}
