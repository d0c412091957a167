// A commit as it arrives in JSON, checked against the protocol: an unknown requirement or update is refused, as the
// protocol demands, since skipping one would change the commit's meaning. Spec: open-api CommitTableRequest

import type { Requirement, TableCommit, Update } from './commit.ts';
import { isInt, isListOf, isLong, isMapOf, isRecord, isSchema, isSnapshot, isSnapshotRef, isString } from './read-metadata.ts';
import { filledSnapshot, isPartitionSpec, isSortOrder, type Json } from './read-metadata.ts';

/** Throws SyntaxError naming what is unknown or malformed. */
export function readCommit(value: unknown): TableCommit {
  if (!isRecord(value)) throw new SyntaxError('a commit must be an object');
  const requirements: unknown = value['requirements'] ?? [];
  const updates: unknown = value['updates'] ?? [];
  if (!Array.isArray(requirements)) throw new SyntaxError('requirements must be a list');
  if (!Array.isArray(updates)) throw new SyntaxError('updates must be a list');
  return { requirements: requirements.map(readRequirement), updates: updates.map(readUpdate) };
}

function readRequirement(value: unknown): Requirement {
  if (isRequirement(value)) return value;
  const type = isRecord(value) ? value['type'] : undefined;
  if (!isString(type)) throw new SyntaxError('a requirement must be an object with a type');
  throw new SyntaxError(requirementMembers.has(type) ? `requirement ${type} is malformed` : `unknown requirement ${type}`);
}

function readUpdate(value: unknown): Update {
  const action = isRecord(value) ? value['action'] : undefined;
  if (!isRecord(value) || !isString(action)) throw new SyntaxError('an update must be an object with an action');
  const filled = filledUpdate(value, action);
  if (isUpdate(filled)) return filled;
  throw new SyntaxError(updateMembers.has(action) ? `update ${action} is malformed` : `unknown update ${action}`);
}

/** What the protocol lets clients leave out. */
function filledUpdate(update: Json, action: string): Json {
  if (action === 'add-spec') return { ...update, spec: withFieldIds(update['spec']) };
  if (action === 'add-snapshot') return { ...update, snapshot: filledSnapshot(update['snapshot']) };
  return action === 'set-statistics' ? fillStatisticsId(update) : update;
}

/** The protocol lets clients leave partition field ids to the catalog: 0 says "assign one". */
export function withFieldIds(spec: unknown): unknown {
  if (!isRecord(spec)) return spec;
  const fields = spec['fields'];
  if (!Array.isArray(fields)) return spec;
  return {
    'spec-id': 0,
    ...spec,
    fields: fields.map((field: unknown) => (isRecord(field) ? { ...field, 'field-id': field['field-id'] ?? 0 } : field)),
  };
}

/** The id beside the statistics file is optional: the file names it too. */
function fillStatisticsId(update: Json): Json {
  if (update['snapshot-id'] !== undefined) return update;
  const file = update['statistics'];
  return isRecord(file) ? { ...update, 'snapshot-id': file['snapshot-id'] } : update;
}

type Check = (value: Json) => boolean;
const has =
  (name: string, check: (member: unknown) => boolean): Check =>
  (value) =>
    check(value[name]);

const requirementMembers: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['assert-create', () => true],
  ['assert-table-uuid', has('uuid', isString)],
  [
    'assert-ref-snapshot-id',
    (value) => isString(value['ref']) && 'snapshot-id' in value && (value['snapshot-id'] === null || isLong(value['snapshot-id'])),
  ],
  ['assert-last-assigned-field-id', has('last-assigned-field-id', isInt)],
  ['assert-current-schema-id', has('current-schema-id', isInt)],
  ['assert-last-assigned-partition-id', has('last-assigned-partition-id', isInt)],
  ['assert-default-spec-id', has('default-spec-id', isInt)],
  ['assert-default-sort-order-id', has('default-sort-order-id', isInt)],
]);

const updateMembers: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['assign-uuid', has('uuid', isString)],
  ['upgrade-format-version', has('format-version', isInt)],
  ['add-schema', (value) => isSchema(value['schema']) && (value['last-column-id'] === undefined || isInt(value['last-column-id']))],
  ['set-current-schema', has('schema-id', isInt)],
  ['remove-schemas', has('schema-ids', isListOf(isInt))],
  ['add-spec', has('spec', isPartitionSpec)],
  ['set-default-spec', has('spec-id', isInt)],
  ['remove-partition-specs', has('spec-ids', isListOf(isInt))],
  ['add-sort-order', has('sort-order', isSortOrder)],
  ['set-default-sort-order', has('sort-order-id', isInt)],
  ['add-snapshot', has('snapshot', isSnapshot)],
  ['remove-snapshots', has('snapshot-ids', isListOf(isLong))],
  ['set-snapshot-ref', (value) => isString(value['ref-name']) && isSnapshotRef(value)],
  ['remove-snapshot-ref', has('ref-name', isString)],
  ['set-location', has('location', isString)],
  ['set-properties', has('updates', isMapOf(isString))],
  ['remove-properties', has('removals', isListOf(isString))],
  ['set-statistics', (value) => isLong(value['snapshot-id']) && isRecord(value['statistics'])],
  ['remove-statistics', has('snapshot-id', isLong)],
  ['set-partition-statistics', has('partition-statistics', isRecord)],
  ['remove-partition-statistics', has('snapshot-id', isLong)],
  ['add-encryption-key', (value) => isRecord(value['encryption-key']) && isString(value['encryption-key']['key-id'])],
  ['remove-encryption-key', has('key-id', isString)],
]);

function isRequirement(value: unknown): value is Requirement {
  return isRecord(value) && isString(value['type']) && requirementMembers.get(value['type'])?.(value) === true;
}

function isUpdate(value: unknown): value is Update {
  return isRecord(value) && isString(value['action']) && updateMembers.get(value['action'])?.(value) === true;
}
