// The pure heart of every commit: (metadata, requirements + updates, now) → next metadata, or why not. Nothing here
// touches storage: the catalog writes what comes back and swaps the pointer only if the table still is `metadata` (I3).
// Unknown members of metadata, schemas and snapshots are carried as they are: other writers may know more than we do.
// Spec: https://iceberg.apache.org/spec/#table-metadata, open-api CommitTableRequest

import type { EpochMs } from '../../runtime/clock.ts';
import { addEncryptionKey, removeEncryptionKey } from './apply-encryption-key.ts';
import { addSchema, addSortOrder, addSpec, removeSchemas, removeSpecs } from './apply-schema-update.ts';
import { setCurrentSchema, setDefaultSortOrder, setDefaultSpec } from './apply-schema-update.ts';
import { addSnapshot, dropStatistics, removeRef, removeSnapshots, setRef, setStatistics } from './apply-snapshot-update.ts';
import { failedRequirement } from './check-requirement.ts';
import type { Requirement, TableCommit, Update } from './commit.ts';
import { invalid, longKey, openDraft, type MetadataDraft, type UpdateProblem } from './metadata-draft.ts';
import type { TableMetadata } from './metadata.ts';

export interface CommitContext {
  /** The catalog's clock. */
  readonly now: EpochMs;
  /** Where `metadata` is stored: it becomes the newest entry of the metadata log. */
  readonly previousMetadataLocation?: string;
  /** Used when a commit that creates the table sets no location. */
  readonly defaultLocation?: string;
}

export type AppliedCommit =
  | {
      readonly kind: 'applied';
      /** The very object given when the commit changes nothing. */
      readonly metadata: TableMetadata;
      /** Metadata files that fell off the log: nothing refers to them once the swap is done. */
      readonly supersededMetadata: readonly string[];
    }
  /** The table is not as the commit assumed: load it again, look, and perhaps try again (409). */
  | { readonly kind: 'conflict'; readonly message: string; readonly requirement: Requirement | null }
  /** No state of the table could make this commit right (400). */
  | { readonly kind: 'invalid'; readonly message: string };

const metadataLogMaxProperty = 'write.metadata.previous-versions-max';
const metadataLogMaxDefault = 20;
const formatVersions = { first: 1, last: 3 };
/** Members of metadata that some clients also send as properties. */
const reservedProperties: ReadonlySet<string> = new Set(['format-version', '__proto__']);

export function applyCommit(metadata: TableMetadata | null, commit: TableCommit, context: CommitContext): AppliedCommit {
  for (const requirement of commit.requirements) {
    const message = failedRequirement(metadata, requirement);
    if (message !== null) return { kind: 'conflict', message, requirement };
  }
  if (metadata === null && !commit.requirements.some((requirement) => requirement.type === 'assert-create'))
    return { kind: 'invalid', message: 'a commit to a table that does not exist must carry assert-create' };
  const draft = openDraft(metadata, context.now);
  for (const update of commit.updates) {
    const problem = applyUpdate(draft, update);
    if (problem?.kind === 'conflict') return { kind: 'conflict', message: problem.message, requirement: null };
    if (problem) return { kind: 'invalid', message: problem.message };
  }
  const problem = metadata === null ? completeNewTable(draft, context) : null;
  if (problem) return { kind: 'invalid', message: problem.message };
  if (metadata !== null && !isChanged(draft)) return { kind: 'applied', metadata, supersededMetadata: [] };
  tidySnapshotLog(draft);
  mirrorForFormat1(draft);
  // As the reference says "none": -1 before format v3, null since.
  if (draft.next['format-version'] >= 3 && draft.next['current-snapshot-id'] === -1) draft.next['current-snapshot-id'] = null;
  draft.next['last-updated-ms'] = updateTime(draft);
  const supersededMetadata = extendMetadataLog(draft, context.previousMetadataLocation);
  return { kind: 'applied', metadata: draft.next, supersededMetadata };
}

function applyUpdate(draft: MetadataDraft, update: Update): UpdateProblem | null {
  switch (update.action) {
    case 'assign-uuid':
      return assignUuid(draft, update.uuid);
    case 'upgrade-format-version':
      return upgradeFormat(draft, update['format-version']);
    case 'add-schema':
      return addSchema(draft, update.schema);
    case 'set-current-schema':
      return setCurrentSchema(draft, update['schema-id']);
    case 'remove-schemas':
      return removeSchemas(draft, update['schema-ids']);
    case 'add-spec':
      return addSpec(draft, update.spec);
    case 'set-default-spec':
      return setDefaultSpec(draft, update['spec-id']);
    case 'remove-partition-specs':
      return removeSpecs(draft, update['spec-ids']);
    case 'add-sort-order':
      return addSortOrder(draft, update['sort-order']);
    case 'set-default-sort-order':
      return setDefaultSortOrder(draft, update['sort-order-id']);
    case 'add-snapshot':
      return addSnapshot(draft, update.snapshot);
    case 'set-snapshot-ref': {
      const { action: _action, 'ref-name': name, ...ref } = update;
      return setRef(draft, name, ref);
    }
    case 'add-encryption-key':
      return addEncryptionKey(draft, update['encryption-key']);
    case 'remove-encryption-key':
      return removeEncryptionKey(draft, update['key-id']);
    default:
      return applyPlainUpdate(draft, update);
  }
}

type PlainAction =
  | 'remove-snapshots'
  | 'remove-snapshot-ref'
  | 'set-location'
  | 'set-properties'
  | 'remove-properties'
  | 'set-statistics'
  | 'remove-statistics'
  | 'set-partition-statistics'
  | 'remove-partition-statistics';

function applyPlainUpdate(draft: MetadataDraft, update: Extract<Update, { action: PlainAction }>): UpdateProblem | null {
  switch (update.action) {
    case 'remove-snapshots':
      return removeSnapshots(draft, update['snapshot-ids']);
    case 'remove-snapshot-ref':
      removeRef(draft, update['ref-name']);
      return null;
    case 'set-location':
      return setLocation(draft, update.location);
    case 'set-properties':
      setProperties(draft, update.updates);
      return null;
    case 'remove-properties':
      removeProperties(draft, update.removals);
      return null;
    case 'set-statistics':
      return setStatistics(draft, 'statistics', update.statistics);
    case 'remove-statistics':
      dropStatistics(draft, 'statistics', longKey(update['snapshot-id']));
      return null;
    case 'set-partition-statistics':
      return setStatistics(draft, 'partition-statistics', update['partition-statistics']);
    case 'remove-partition-statistics':
      dropStatistics(draft, 'partition-statistics', longKey(update['snapshot-id']));
      return null;
  }
}

function assignUuid(draft: MetadataDraft, uuid: string): UpdateProblem | null {
  const current = draft.next['table-uuid'];
  if (current !== '' && current.toLowerCase() !== uuid.toLowerCase())
    return invalid(`the table has the uuid ${current}; it cannot be assigned ${uuid}`);
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(uuid)) return invalid(`${uuid} is not a uuid`);
  draft.next['table-uuid'] = current === '' ? uuid : current;
  return null;
}

function upgradeFormat(draft: MetadataDraft, version: number): UpdateProblem | null {
  const { first, last } = formatVersions;
  if (version < first || version > last)
    return invalid(`format version ${version} is not supported; this catalog keeps ${first} to ${last}`);
  // A new table has no version that it could go back from.
  const current = draft.base?.['format-version'] ?? first;
  if (version < current) return invalid(`the table has format version ${current}; it cannot go back to ${version}`);
  draft.next['format-version'] = version;
  if (version >= 3 && draft.next['next-row-id'] === undefined) draft.next['next-row-id'] = 0;
  return null;
}

/** Spec: readers of format v1 may look for the current schema and spec where they stood before there were several. */
function mirrorForFormat1({ base, next }: MetadataDraft): void {
  if (next['format-version'] === 1) {
    next['schema'] = next.schemas.find((schema) => schema['schema-id'] === next['current-schema-id']);
    next['partition-spec'] = next['partition-specs'].find((spec) => spec['spec-id'] === next['default-spec-id'])?.fields;
  } else if (base?.['format-version'] === 1) {
    delete next['schema'];
    delete next['partition-spec'];
  }
}

function setLocation(draft: MetadataDraft, location: string): UpdateProblem | null {
  const trimmed = location.replace(/\/+$/, '');
  if (trimmed === '') return invalid('set-location: the location is empty');
  draft.next.location = trimmed;
  return null;
}

function setProperties(draft: MetadataDraft, updates: Readonly<Record<string, string>>): void {
  const { properties } = draft.next;
  const changed = Object.entries(updates).filter(
    ([key, value]) => !reservedProperties.has(key) && !(Object.hasOwn(properties, key) && properties[key] === value),
  );
  if (changed.length > 0) draft.next.properties = { ...properties, ...Object.fromEntries(changed) };
}

function removeProperties(draft: MetadataDraft, removals: readonly string[]): void {
  const { properties } = draft.next;
  const kept = Object.entries(properties).filter(([key]) => !removals.includes(key));
  if (kept.length !== Object.keys(properties).length) draft.next.properties = Object.fromEntries(kept);
}

/** A table needs a uuid, a place and a current schema; partitioning and order default to none. */
function completeNewTable(draft: MetadataDraft, context: CommitContext): UpdateProblem | null {
  const { next } = draft;
  if (next['table-uuid'] === '') return invalid('a new table needs assign-uuid');
  if (next.location === '' && context.defaultLocation !== undefined) next.location = context.defaultLocation;
  if (next.location === '') return invalid('a new table needs set-location');
  if (next['current-schema-id'] === -1) return invalid('a new table needs add-schema and set-current-schema');
  if (next['default-spec-id'] === -1) {
    return addSpec(draft, { 'spec-id': 0, fields: [] }) ?? setDefaultSpec(draft, -1) ?? completeSortOrder(draft);
  }
  return completeSortOrder(draft);
}

function completeSortOrder(draft: MetadataDraft): UpdateProblem | null {
  if (draft.next['default-sort-order-id'] !== -1) return null;
  return addSortOrder(draft, { 'order-id': 0, fields: [] }) ?? setDefaultSortOrder(draft, -1);
}

function isChanged({ base, next }: MetadataDraft): boolean {
  if (base === null || Object.keys(base).length !== Object.keys(next).length) return true;
  return Object.entries(next).some(([key, value]) => value !== base[key]);
}

/**
 * Spec: the log tells which snapshot was current when. Snapshots that were current only in the middle of this commit
 * never were for any reader, and nothing true can be said of the time before a removed one.
 */
function tidySnapshotLog(draft: MetadataDraft): void {
  const { next } = draft;
  const current = longKey(next['current-snapshot-id'] ?? -1);
  const kept = new Set(next.snapshots.map((snapshot) => longKey(snapshot['snapshot-id'])));
  const isFleeting = (id: string) => draft.addedSnapshotIds.has(id) && draft.mainSnapshotIds.has(id) && id !== current;
  const log = next['snapshot-log'].filter((entry) => !isFleeting(longKey(entry['snapshot-id'])));
  const lastGap = log.findLastIndex((entry) => !kept.has(longKey(entry['snapshot-id'])));
  if (lastGap >= 0 || log.length !== next['snapshot-log'].length) next['snapshot-log'] = log.slice(lastGap + 1);
}

function updateTime(draft: MetadataDraft): EpochMs {
  const { next } = draft;
  return Math.max(draft.now, next['last-updated-ms'], next['snapshot-log'].at(-1)?.['timestamp-ms'] ?? 0);
}

function extendMetadataLog(draft: MetadataDraft, previousLocation: string | undefined): readonly string[] {
  const { next, base } = draft;
  const log =
    base === null || previousLocation === undefined
      ? next['metadata-log']
      : [...next['metadata-log'], { 'timestamp-ms': base['last-updated-ms'], 'metadata-file': previousLocation }];
  const drop = Math.max(0, log.length - metadataLogMax(next.properties));
  next['metadata-log'] = log.slice(drop);
  return log.slice(0, drop).map((entry) => entry['metadata-file']);
}

function metadataLogMax(properties: Readonly<Record<string, string>>): number {
  const text = Object.hasOwn(properties, metadataLogMaxProperty) ? properties[metadataLogMaxProperty] : undefined;
  return text !== undefined && /^\d{1,6}$/.test(text) ? Math.max(1, Number(text)) : metadataLogMaxDefault;
}
