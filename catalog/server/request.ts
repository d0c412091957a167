// What a request says, read from its path, query and body. Throws SyntaxError with a message for the client.

import { readCommit, withFieldIds } from '../../lake/iceberg/read-commit.ts';
import {
  isListOf,
  isMapOf,
  isPartitionSpec,
  isRecord,
  isSchema,
  isSortOrder,
  isString,
  type Json,
} from '../../lake/iceberg/read-metadata.ts';
import type { TableIdent } from '../catalog.ts';
import type { Page } from '../service/answer.ts';
import type { IdentifiedCommit } from '../service/commit-tables.ts';
import type { CreateRequest } from '../service/create-table.ts';
import type { PropertyChanges } from '../service/namespace-service.ts';
import type { RegisterRequest } from '../service/register-table.ts';

/** Levels are joined by the unit separator, %1F in the path; the server decodes it before we see it. */
const levelSeparator = '\u001f';
export const pageSizeMax = 1000;

export interface CreateNamespace {
  readonly namespace: readonly string[];
  readonly properties: Readonly<Record<string, string>>;
}

export interface CreateTableBody extends CreateRequest {
  readonly stage: boolean;
}

export function namespaceParam(parameters: unknown): readonly string[] {
  return levelsOf(member(parameters, 'namespace') ?? '');
}

export function tableParam(parameters: unknown): TableIdent {
  return { namespace: namespaceParam(parameters), name: member(parameters, 'table') ?? '' };
}

export function parentQuery(query: unknown): readonly string[] {
  const parent = member(query, 'parent');
  return parent === undefined || parent === '' ? [] : levelsOf(parent);
}

/** Null when the client did not ask for pages: it must get everything. */
export function pageQuery(query: unknown): Page | null {
  const token = member(query, 'pageToken');
  const sizeText = member(query, 'pageSize');
  if (token === undefined && sizeText === undefined) return null;
  const size = sizeText === undefined ? pageSizeMax : Number(sizeText);
  if (!Number.isInteger(size) || size < 1) throw new SyntaxError(`pageSize must be a positive integer, not ${String(sizeText)}`);
  return { token: token === undefined || token === '' ? null : token, size: Math.min(size, pageSizeMax) };
}

/** Of a list that is always told in pages. */
export function pageOf(query: unknown): Page {
  return pageQuery(query) ?? { token: null, size: pageSizeMax };
}

export function member(holder: unknown, name: string): string | undefined {
  const value = isRecord(holder) && Object.hasOwn(holder, name) ? holder[name] : undefined;
  if (value === undefined || isString(value)) return value;
  throw new SyntaxError(`${name} must be given once`);
}

export function createNamespaceBody(body: unknown): CreateNamespace {
  const request = objectBody(body);
  const { namespace, properties = {} } = request;
  if (!isListOf(isString)(namespace)) throw new SyntaxError('namespace must be a list of names');
  if (!isMapOf(isString)(properties)) throw new SyntaxError('properties must be an object of strings');
  return { namespace, properties };
}

export function createTableBody(body: unknown): CreateTableBody {
  const request = objectBody(body);
  const { name, schema, location, properties } = request;
  const spec = withFieldIds(request['partition-spec']);
  const order = request['write-order'];
  const stage = request['stage-create'];
  if (!isAbsent(stage) && typeof stage !== 'boolean') throw new SyntaxError('stage-create must be true or false');
  if (!isString(name)) throw new SyntaxError('name must be a string');
  if (!isSchema(schema)) throw new SyntaxError('schema is missing or malformed');
  if (!isAbsent(location) && !isString(location)) throw new SyntaxError('location must be a string');
  if (!isAbsent(spec) && !isPartitionSpec(spec)) throw new SyntaxError('partition-spec is malformed');
  if (!isAbsent(order) && !isSortOrder(order)) throw new SyntaxError('write-order is malformed');
  if (!isAbsent(properties) && !isMapOf(isString)(properties)) throw new SyntaxError('properties must be an object of strings');
  return {
    name,
    schema,
    location: location ?? undefined,
    partitionSpec: spec ?? undefined,
    sortOrder: order ?? undefined,
    properties: properties ?? undefined,
    stage: stage === true,
  };
}

export function propertiesBody(body: unknown): PropertyChanges {
  const { updates, removals } = objectBody(body);
  if (!isAbsent(updates) && !isMapOf(isString)(updates)) throw new SyntaxError('updates must be an object of strings');
  if (!isAbsent(removals) && !isListOf(isString)(removals)) throw new SyntaxError('removals must be a list of names');
  return { updates: updates ?? {}, removals: removals ?? [] };
}

export function registerBody(body: unknown): RegisterRequest {
  const { name, 'metadata-location': metadataLocation, overwrite } = objectBody(body);
  if (!isString(name)) throw new SyntaxError('name must be a string');
  if (!isString(metadataLocation)) throw new SyntaxError('metadata-location must be a string');
  if (!isAbsent(overwrite) && typeof overwrite !== 'boolean') throw new SyntaxError('overwrite must be true or false');
  return { name, metadataLocation, isOverwrite: overwrite === true };
}

/** An identifier in the body must be the one in the path. */
export function commitBody(body: unknown, ident: TableIdent): IdentifiedCommit {
  const request = objectBody(body);
  const named = request['identifier'];
  if (isRecord(named) && isString(named['name']) && named['name'] !== ident.name)
    throw new SyntaxError(`the commit names table ${named['name']} but was sent to ${ident.name}`);
  return { ident, commit: readCommit(request) };
}

export function transactionBody(body: unknown): readonly IdentifiedCommit[] {
  const changes = objectBody(body)['table-changes'];
  if (!Array.isArray(changes)) throw new SyntaxError('table-changes must be a list of commits');
  return changes.map((change: unknown) => {
    const ident = isRecord(change) ? change['identifier'] : undefined;
    if (!isIdent(ident)) throw new SyntaxError('each of table-changes must have an identifier with namespace and name');
    return { ident: { namespace: ident.namespace, name: ident.name }, commit: readCommit(change) };
  });
}

export interface RenameBody {
  readonly source: TableIdent;
  readonly destination: TableIdent;
}

export function renameBody(body: unknown): RenameBody {
  const { source, destination } = objectBody(body);
  if (!isIdent(source)) throw new SyntaxError('source must be an identifier with namespace and name');
  if (!isIdent(destination)) throw new SyntaxError('destination must be an identifier with namespace and name');
  return { source, destination };
}

function isIdent(value: unknown): value is TableIdent {
  return isRecord(value) && isListOf(isString)(value['namespace']) && isString(value['name']);
}

export function objectBody(body: unknown): Json {
  if (!isRecord(body)) throw new SyntaxError('the request body must be a JSON object');
  return body;
}

function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

function levelsOf(text: string): readonly string[] {
  return text.split(levelSeparator);
}
