// A commit to a view: requirements + updates, as the Iceberg REST protocol writes them. `applyViewCommit` makes the next
// metadata of it. Unknown requirements and updates are refused, and so are those that only tables have: skipping one
// would change what the commit means. Spec: open-api CommitViewRequest

import { isInt, isListOf, isMapOf, isRecord, isSchema, isString, type Json } from './read-metadata.ts';
import type { Schema } from './schema.ts';
import { isViewVersion, type ViewVersion } from './view-metadata.ts';

export interface ViewRequirement {
  readonly type: 'assert-view-uuid';
  readonly uuid: string;
}

export type ViewUpdate =
  | { readonly action: 'assign-uuid'; readonly uuid: string }
  | { readonly action: 'upgrade-format-version'; readonly 'format-version': number }
  | { readonly action: 'add-schema'; readonly schema: Schema }
  | { readonly action: 'set-location'; readonly location: string }
  | { readonly action: 'set-properties'; readonly updates: Readonly<Record<string, string>> }
  | { readonly action: 'remove-properties'; readonly removals: readonly string[] }
  /** Its schema id may be -1: the schema added last. */
  | { readonly action: 'add-view-version'; readonly 'view-version': ViewVersion }
  /** -1: the version added last. */
  | { readonly action: 'set-current-view-version'; readonly 'view-version-id': number };

export interface ViewCommit {
  readonly requirements: readonly ViewRequirement[];
  readonly updates: readonly ViewUpdate[];
}

/** Throws SyntaxError naming what is unknown or malformed. */
export function readViewCommit(value: unknown): ViewCommit {
  if (!isRecord(value)) throw new SyntaxError('a commit must be an object');
  const requirements: unknown = value['requirements'] ?? [];
  const updates: unknown = value['updates'];
  if (!Array.isArray(requirements)) throw new SyntaxError('requirements must be a list');
  if (!Array.isArray(updates)) throw new SyntaxError('updates must be a list');
  return { requirements: requirements.map(readRequirement), updates: updates.map(readUpdate) };
}

function readRequirement(value: unknown): ViewRequirement {
  if (isRequirement(value)) return value;
  const type = isRecord(value) ? value['type'] : undefined;
  if (!isString(type)) throw new SyntaxError('a requirement must be an object with a type');
  throw new SyntaxError(type === 'assert-view-uuid' ? `requirement ${type} is malformed` : `requirement ${type} does not apply to a view`);
}

function readUpdate(value: unknown): ViewUpdate {
  if (isUpdate(value)) return value;
  const action = isRecord(value) ? value['action'] : undefined;
  if (!isString(action)) throw new SyntaxError('an update must be an object with an action');
  throw new SyntaxError(updateMembers.has(action) ? `update ${action} is malformed` : `update ${action} does not apply to a view`);
}

const updateMembers: ReadonlyMap<string, (value: Json) => boolean> = new Map<string, (value: Json) => boolean>([
  ['assign-uuid', ({ uuid }) => isString(uuid)],
  ['upgrade-format-version', (value) => isInt(value['format-version'])],
  ['add-schema', ({ schema }) => isSchema(schema)],
  ['set-location', ({ location }) => isString(location)],
  ['set-properties', ({ updates }) => isMapOf(isString)(updates)],
  ['remove-properties', ({ removals }) => isListOf(isString)(removals)],
  ['add-view-version', (value) => isViewVersion(value['view-version'])],
  ['set-current-view-version', (value) => isInt(value['view-version-id'])],
]);

function isRequirement(value: unknown): value is ViewRequirement {
  return isRecord(value) && value['type'] === 'assert-view-uuid' && isString(value['uuid']);
}

function isUpdate(value: unknown): value is ViewUpdate {
  return isRecord(value) && isString(value['action']) && updateMembers.get(value['action'])?.(value) === true;
}
