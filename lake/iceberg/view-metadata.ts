// View metadata as the specification writes it in JSON (format v1). The object *is* the JSON: kebab-case keys, unknown
// fields kept. A view is text for several engines over one schema: each version has a representation per SQL dialect.
// Spec: https://iceberg.apache.org/view-spec/

import { isInt, isInteger, isListOf, isMapOf, isRecord, isSchema, isString } from './read-metadata.ts';
import type { Schema } from './schema.ts';

/** `sql` is the only type the specification has; others are carried. */
export interface ViewRepresentation {
  readonly type: string;
  readonly dialect?: string;
  readonly sql?: string;
}

export interface ViewVersion {
  readonly 'version-id': number;
  /** Epoch milliseconds, of the writer. */
  readonly 'timestamp-ms': number;
  readonly 'schema-id': number;
  readonly summary: Readonly<Record<string, string>>;
  readonly representations: readonly ViewRepresentation[];
  /** What names without a namespace mean in the text. */
  readonly 'default-namespace': readonly string[];
  readonly 'default-catalog'?: string | null;
}

/** Which version was current from when on. */
export interface ViewLogEntry {
  readonly 'version-id': number;
  readonly 'timestamp-ms': number;
}

export interface ViewMetadata {
  readonly 'view-uuid': string;
  readonly 'format-version': number;
  readonly location: string;
  readonly schemas: readonly Schema[];
  readonly 'current-version-id': number;
  readonly versions: readonly ViewVersion[];
  readonly 'version-log': readonly ViewLogEntry[];
  readonly properties: Readonly<Record<string, string>>;
  readonly [other: string]: unknown;
}

export const viewFormatVersionMax = 1;

/** Dialects a version can be read in, each once; engines compare them ignoring case. */
export function dialectsOf(version: ViewVersion): ReadonlySet<string> {
  return new Set(
    version.representations.flatMap(({ type, dialect }) => (type === 'sql' && dialect !== undefined ? [dialect.toLowerCase()] : [])),
  );
}

/** Throws SyntaxError naming the member when the value is not view metadata. */
export function readViewMetadata(value: unknown): ViewMetadata {
  if (!isRecord(value)) throw new SyntaxError('view metadata must be an object');
  const metadata = { properties: {}, 'version-log': [], ...value };
  if (!isViewMetadata(metadata)) throw new SyntaxError(`view metadata: ${viewProblem(metadata) ?? 'malformed'}`);
  return metadata;
}

function isViewMetadata(value: unknown): value is ViewMetadata {
  return viewProblem(value) === null;
}

function viewProblem(value: unknown): string | null {
  if (!isRecord(value)) return 'must be an object';
  for (const [name, check] of viewMembers) if (!check(value[name])) return `member ${name} is missing or malformed`;
  const { versions, schemas } = value;
  const current = value['current-version-id'];
  if (!isListOf(isViewVersion)(versions) || !isListOf(isSchema)(schemas)) return 'malformed';
  const version = versions.find((candidate) => candidate['version-id'] === current);
  if (!version) return `the current version ${String(current)} is not among its versions`;
  const isKnown = schemas.some((schema) => schema['schema-id'] === version['schema-id']);
  return isKnown ? null : `schema ${version['schema-id']} of the current version is not among its schemas`;
}

export function isViewVersion(value: unknown): value is ViewVersion {
  if (!isRecord(value)) return false;
  const catalog = value['default-catalog'];
  return (
    isInt(value['version-id']) &&
    isInteger(value['timestamp-ms']) &&
    isInt(value['schema-id']) &&
    isMapOf(isString)(value['summary']) &&
    isListOf(isRepresentation)(value['representations']) &&
    isListOf(isString)(value['default-namespace']) &&
    (catalog === undefined || catalog === null || isString(catalog))
  );
}

function isRepresentation(value: unknown): value is ViewRepresentation {
  if (!isRecord(value) || !isString(value['type'])) return false;
  return value['type'] !== 'sql' || (isString(value['dialect']) && isString(value['sql']));
}

function isLogEntry(value: unknown): value is ViewLogEntry {
  return isRecord(value) && isInt(value['version-id']) && isInteger(value['timestamp-ms']);
}

const viewMembers: ReadonlyMap<string, (value: unknown) => boolean> = new Map<string, (value: unknown) => boolean>([
  ['view-uuid', isString],
  ['format-version', (value) => isInt(value) && value >= 1 && value <= viewFormatVersionMax],
  ['location', isString],
  ['schemas', isListOf(isSchema)],
  ['current-version-id', isInt],
  ['versions', isListOf(isViewVersion)],
  ['version-log', isListOf(isLogEntry)],
  ['properties', isMapOf(isString)],
]);
