// The pure heart of every commit to a view: (metadata, requirements + updates, now) → next metadata, or why not. As with
// tables, ids are assigned here: of schemas from 0, of versions from 1, and what is there already is reused; clients follow
// with -1, "the one added last". A commit that repeats itself after a lost reply changes nothing.
// Spec: https://iceberg.apache.org/view-spec/, open-api CommitViewRequest

import { isDeepStrictEqual } from 'node:util';
import type { EpochMs } from '../../runtime/clock.ts';
import { schemaProblem } from './check-schema.ts';
import { expireViewVersions } from './expire-view-versions.ts';
import { isSameSchema, type Schema } from './schema.ts';
import type { ViewCommit, ViewUpdate } from './view-commit.ts';
import { dialectsOf, viewFormatVersionMax, type ViewMetadata, type ViewVersion } from './view-metadata.ts';

export type AppliedViewCommit =
  /** The very object given when the commit changes nothing. */
  | { readonly kind: 'applied'; readonly metadata: ViewMetadata }
  /** The view is another one by now (409). */
  | { readonly kind: 'conflict'; readonly message: string }
  /** No state of the view could make this commit right (400). */
  | { readonly kind: 'invalid'; readonly message: string };

export interface NewView {
  readonly uuid: string;
  readonly location: string;
  readonly schema: Schema;
  /** Its ids are assigned here. */
  readonly version: ViewVersion;
  readonly properties: Readonly<Record<string, string>>;
}

/** More than any view needs; bounds what one commit can make every later one carry. */
const schemasMax = 10_000;
/** Spec: ids are 32-bit. */
const idMax = 2 ** 31 - 1;
const dropDialectProperty = 'replace.drop-dialect.allowed';

interface Draft {
  readonly next: { -readonly [Key in keyof ViewMetadata]: ViewMetadata[Key] };
  readonly now: EpochMs;
  lastSchemaId: number | null;
  lastVersionId: number | null;
  readonly addedVersionIds: Set<number>;
}

/** What is wrong, in words for the one who sent it. */
type Problem = string | null;

export function createViewMetadata(view: NewView, now: EpochMs): AppliedViewCommit {
  const version: ViewVersion = { ...view.version, 'version-id': 1, 'schema-id': -1 };
  return applied({ ...emptyView, 'view-uuid': view.uuid, location: view.location }, now, [
    { action: 'add-schema', schema: view.schema },
    { action: 'set-properties', updates: view.properties },
    { action: 'add-view-version', 'view-version': version },
    { action: 'set-current-view-version', 'view-version-id': -1 },
  ]);
}

export function applyViewCommit(metadata: ViewMetadata, commit: ViewCommit, now: EpochMs): AppliedViewCommit {
  const found = metadata['view-uuid'];
  const failed = commit.requirements.find(({ uuid }) => uuid.toLowerCase() !== found.toLowerCase());
  if (failed) return { kind: 'conflict', message: `Requirement failed: view UUID does not match: expected ${failed.uuid}, found ${found}` };
  return applied(metadata, now, commit.updates);
}

function applied(base: ViewMetadata, now: EpochMs, updates: readonly ViewUpdate[]): AppliedViewCommit {
  const draft: Draft = { next: { ...base }, now, lastSchemaId: null, lastVersionId: null, addedVersionIds: new Set() };
  for (const update of updates) {
    const problem = applyUpdate(draft, update);
    if (problem !== null) return { kind: 'invalid', message: problem };
  }
  if (!Object.entries(draft.next).some(([key, value]) => value !== base[key])) return { kind: 'applied', metadata: base };
  const dropped = droppedDialects(base, draft.next);
  if (dropped !== null) return { kind: 'invalid', message: dropped };
  logCurrent(draft, base);
  const metadata = expireViewVersions(draft.next, draft.addedVersionIds);
  return typeof metadata === 'string' ? { kind: 'invalid', message: metadata } : { kind: 'applied', metadata };
}

function applyUpdate(draft: Draft, update: ViewUpdate): Problem {
  switch (update.action) {
    case 'assign-uuid':
      return update.uuid.toLowerCase() === draft.next['view-uuid'].toLowerCase() ? null : 'Cannot reassign uuid';
    case 'upgrade-format-version':
      return upgradeFormat(draft, update['format-version']);
    case 'add-schema':
      return addSchema(draft, update.schema);
    case 'set-location':
      return setLocation(draft, update.location);
    case 'set-properties':
      return setProperties(draft, update.updates);
    case 'remove-properties':
      return removeProperties(draft, update.removals);
    case 'add-view-version':
      return addVersion(draft, update['view-version']);
    case 'set-current-view-version':
      return setCurrentVersion(draft, update['view-version-id']);
  }
}

function upgradeFormat({ next }: Draft, version: number): Problem {
  if (version < next['format-version']) return `Cannot downgrade v${next['format-version']} view to v${version}`;
  if (version > viewFormatVersionMax) return `Unsupported format version: ${version}`;
  next['format-version'] = version;
  return null;
}

function addSchema(draft: Draft, schema: Schema): Problem {
  const { next } = draft;
  const problem = schemaProblem(schema);
  if (problem !== null) return problem;
  const known = next.schemas.find((candidate) => isSameSchema(candidate, schema));
  const id = known?.['schema-id'] ?? Math.max(-1, ...next.schemas.map((candidate) => candidate['schema-id'])) + 1;
  if (!known && (next.schemas.length >= schemasMax || id > idMax)) return `a view may hold ${schemasMax} schemas`;
  if (!known) next.schemas = [...next.schemas, { ...schema, type: 'struct', 'schema-id': id }];
  draft.lastSchemaId = id;
  return null;
}

function setLocation({ next }: Draft, location: string): Problem {
  const trimmed = location.replace(/\/+$/, '');
  if (trimmed === '') return 'Invalid location: empty';
  next.location = trimmed;
  return null;
}

function setProperties({ next }: Draft, updates: Readonly<Record<string, string>>): Problem {
  const { properties } = next;
  const changed = Object.entries(updates).filter(
    ([key, value]) => key !== '__proto__' && !(Object.hasOwn(properties, key) && properties[key] === value),
  );
  if (changed.length > 0) next.properties = { ...properties, ...Object.fromEntries(changed) };
  return null;
}

function removeProperties({ next }: Draft, removals: readonly string[]): Problem {
  const kept = Object.entries(next.properties).filter(([key]) => !removals.includes(key));
  if (kept.length !== Object.keys(next.properties).length) next.properties = Object.fromEntries(kept);
  return null;
}

function addVersion(draft: Draft, given: ViewVersion): Problem {
  const { next } = draft;
  const schemaId = given['schema-id'] === -1 ? draft.lastSchemaId : given['schema-id'];
  if (schemaId === null) return 'Cannot set last added schema: no schema has been added';
  if (!next.schemas.some((schema) => schema['schema-id'] === schemaId)) return `Cannot add version with unknown schema: ${schemaId}`;
  if (given.representations.length === 0) return 'Invalid view version: Cannot add a version without a query';
  const twice = repeatedDialect(given);
  if (twice !== null) return `Invalid view version: Cannot add multiple queries for dialect ${twice}`;
  const version: ViewVersion = { ...given, 'schema-id': schemaId };
  const known = next.versions.find((candidate) => isSameVersion(candidate, version));
  const id = known?.['version-id'] ?? Math.max(0, ...next.versions.map((other) => other['version-id'])) + 1;
  if (id > idMax) return 'Invalid view version: there are no ids left';
  if (!known) {
    next.versions = [...next.versions, { ...version, 'version-id': id }];
    draft.addedVersionIds.add(id);
  }
  draft.lastVersionId = id;
  return null;
}

function setCurrentVersion(draft: Draft, versionId: number): Problem {
  const id = versionId === -1 ? draft.lastVersionId : versionId;
  if (id === null) return 'Cannot set last version id: no current version id has been set';
  if (!draft.next.versions.some((version) => version['version-id'] === id)) return `Cannot set current version to unknown version: ${id}`;
  draft.next['current-version-id'] = id;
  return null;
}

/** A version added here is current since its own time; one that is taken up again, since now. */
function logCurrent({ next, now, addedVersionIds }: Draft, base: ViewMetadata): void {
  const id = next['current-version-id'];
  if (id === base['current-version-id']) return;
  const version = addedVersionIds.has(id) ? next.versions.find((candidate) => candidate['version-id'] === id) : undefined;
  next['version-log'] = [...next['version-log'], { 'version-id': id, 'timestamp-ms': version?.['timestamp-ms'] ?? now }];
}

/** A view that one engine replaces must not vanish for another, unless its owner allows that. */
function droppedDialects(base: ViewMetadata, next: ViewMetadata): Problem {
  const before = versionOf(base);
  const after = versionOf(next);
  if (!before || !after || next.properties[dropDialectProperty]?.toLowerCase() === 'true') return null;
  const dialects = dialectsOf(after);
  if ([...dialectsOf(before)].every((dialect) => dialects.has(dialect))) return null;
  return `Cannot replace view due to loss of view dialects (${dropDialectProperty}=false):\nPrevious dialects: ${dialectText(before)}\nNew dialects: ${dialectText(after)}`;
}

function dialectText(version: ViewVersion): string {
  return `[${[...dialectsOf(version)].join(', ')}]`;
}

function versionOf(metadata: ViewMetadata): ViewVersion | undefined {
  return metadata.versions.find((version) => version['version-id'] === metadata['current-version-id']);
}

function repeatedDialect(version: ViewVersion): string | null {
  const seen = new Set<string>();
  for (const { type, dialect } of version.representations) {
    const name = type === 'sql' ? dialect?.toLowerCase() : undefined;
    if (name === undefined) continue;
    if (seen.has(name)) return name;
    seen.add(name);
  }
  return null;
}

/** Whether both read the same: whatever their ids, and whenever they were written. */
function isSameVersion(a: ViewVersion, b: ViewVersion): boolean {
  return isDeepStrictEqual(meaningOf(a), meaningOf(b));
}

function meaningOf(version: ViewVersion): ViewVersion {
  return { ...version, 'version-id': 0, 'timestamp-ms': 0, 'default-catalog': version['default-catalog'] ?? null };
}

const emptyView: ViewMetadata = {
  'view-uuid': '',
  'format-version': viewFormatVersionMax,
  location: '',
  schemas: [],
  'current-version-id': -1,
  versions: [],
  'version-log': [],
  properties: {},
};
