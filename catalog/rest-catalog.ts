// The catalog port over HTTP: a client of any Iceberg REST catalog, ours among them. The first call asks the server for
// its configuration (prefix, namespace separator); from then on each method is one or two exchanges.
// Spec: open-api/rest-catalog-open-api.yaml

import type { TableCommit } from '../lake/iceberg/commit.ts';
import { isListOf, isMapOf, isRecord, isString, readMetadata, type Json } from '../lake/iceberg/read-metadata.ts';
import { LakeError } from '../runtime/errors.ts';
import type { Catalog, CommitOutcome, CreateTable, LoadedTable, TableIdent } from './catalog.ts';
import { commitOfStaged } from './create-through-stage.ts';
import {
  errorMessage,
  errorType,
  refusedBy,
  restExchange,
  type RestHttpOptions,
  type RestRequest,
  type RestResponse,
  type BearerToken,
} from './rest-http.ts';

export interface RestCatalogOptions {
  /** Base address, as `http://127.0.0.1:8181`; `/v1/…` is added. */
  readonly uri: string;
  readonly warehouse?: string;
  /** Sent as a bearer token. */
  readonly token?: BearerToken;
  readonly requestTimeoutMs?: number;
  readonly responseBytesMax?: number;
}

const requestTimeoutDefaultMs = 30_000;
const responseBytesDefault = 256 * 1024 * 1024;
const listPagesMax = 10_000;

export function restCatalog(options: RestCatalogOptions): Catalog {
  const session = restSession(options);
  const client: Client = async (request, signal) => (await session(signal))(request, signal);
  return {
    ensureNamespace: (namespace, signal) => ensureNamespace(client, namespace, signal),
    listTables: (namespace, signal) => listTables(client, namespace, signal),
    async loadTable(ident, signal) {
      const request: PathRequest = { method: 'GET', path: tablePath(ident), isWrite: false };
      const response = await client(request, signal);
      // Of a table whose metadata file is gone the catalog says so with a 404 as well: that one is no table to create.
      if (response.status === 404 && errorType(response.body) !== 'NotFoundException') return null;
      return loadedTable(request, response);
    },
    createTable: (ident, create, signal) => createTable(client, ident, create, signal),
    commitTable: (ident, commit, signal) => commitTable(client, ident, commit, signal),
    async dropTable(ident, dropOptions, signal) {
      const query = { purgeRequested: String(dropOptions?.purge ?? false) };
      const request: PathRequest = { method: 'DELETE', path: tablePath(ident), query, isWrite: true };
      const response = await client(request, signal);
      if (response.status === 404) return false;
      if (response.status >= 300) throw refused(request, response);
      return true;
    },
    async [Symbol.asyncDispose]() {
      // Connections are pooled by the runtime and end by themselves.
    },
  };
}

interface PathRequest extends Omit<RestRequest, 'url'> {
  /** Namespace levels are a list, so that the server's separator can join them. */
  readonly path: readonly (string | readonly string[])[];
  readonly query?: Readonly<Record<string, string>>;
}

type Client = (request: PathRequest, signal?: AbortSignal) => Promise<RestResponse>;

/** One handshake that succeeded serves all calls; until then each call makes its own, under its own signal. */
function restSession(options: RestCatalogOptions): (signal?: AbortSignal) => Promise<Client> {
  let session: Client | null = null;
  return async (signal) => (session ??= await handshake(options, signal));
}

async function handshake(options: RestCatalogOptions, signal?: AbortSignal): Promise<Client> {
  const base = options.uri.replace(/\/+$/, '');
  const http: RestHttpOptions = {
    token: options.token,
    requestTimeoutMs: options.requestTimeoutMs ?? requestTimeoutDefaultMs,
    responseBytesMax: options.responseBytesMax ?? responseBytesDefault,
  };
  const query = options.warehouse === undefined ? '' : `?${new URLSearchParams({ warehouse: options.warehouse }).toString()}`;
  const request: RestRequest = { method: 'GET', url: `${base}/v1/config${query}`, isWrite: false };
  const response = await restExchange(http, request, signal);
  if (response.status !== 200 || !isRecord(response.body)) throw refusedBy(request, response);
  const settings: Json = { ...settingsOf(response.body['defaults']), ...settingsOf(response.body['overrides']) };
  const prefix = isString(settings['prefix']) && settings['prefix'] !== '' ? `/${settings['prefix']}` : '';
  // The separator comes percent-encoded, as it stands in a path.
  const separator = isString(settings['namespace-separator']) ? settings['namespace-separator'] : '%1F';
  return ({ path, query: parameters, ...rest }, callSignal) => {
    const parts = path.map((part) => (isString(part) ? encodeURIComponent(part) : part.map(encodeURIComponent).join(separator)));
    const search = parameters === undefined ? '' : `?${new URLSearchParams(parameters).toString()}`;
    return restExchange(http, { ...rest, url: `${base}/v1${prefix}/${parts.join('/')}${search}` }, callSignal);
  };
}

function settingsOf(value: unknown): Json {
  return isRecord(value) ? value : {};
}

async function ensureNamespace(
  client: Client,
  namespace: readonly string[],
  signal?: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  const find = () => client({ method: 'GET', path: ['namespaces', namespace], isWrite: false }, signal);
  let found = await find();
  if (found.status === 404) {
    for (let depth = 1; depth <= namespace.length; depth++) {
      const body = { namespace: namespace.slice(0, depth), properties: {} };
      const request: PathRequest = { method: 'POST', path: ['namespaces'], body, isWrite: true };
      const created = await client(request, signal);
      if (created.status >= 300 && created.status !== 409) throw refused(request, created);
    }
    found = await find();
  }
  if (found.status !== 200 || !isRecord(found.body)) throw refused({ method: 'GET', path: ['namespaces', namespace] }, found);
  const properties = found.body['properties'] ?? {};
  return isMapOf(isString)(properties) ? properties : {};
}

async function listTables(client: Client, namespace: readonly string[], signal?: AbortSignal): Promise<readonly TableIdent[]> {
  const idents: TableIdent[] = [];
  let pageToken = '';
  for (let page = 0; page < listPagesMax; page++) {
    const request: PathRequest = { method: 'GET', path: ['namespaces', namespace, 'tables'], query: { pageToken }, isWrite: false };
    const response = await client(request, signal);
    if (response.status !== 200 || !isRecord(response.body)) throw refused(request, response);
    const identifiers = response.body['identifiers'];
    if (!isListOf(isIdent)(identifiers)) throw malformed(request, 'identifiers');
    idents.push(...identifiers.map(({ namespace: levels, name }) => ({ namespace: levels, name })));
    const next = response.body['next-page-token'];
    if (!isString(next) || next === '') return idents;
    pageToken = next;
  }
  throw new LakeError('LIMIT_EXCEEDED', `namespace ${namespace.join('.')} lists more than ${listPagesMax} pages of tables`);
}

function isIdent(value: unknown): value is TableIdent {
  return isRecord(value) && isString(value['name']) && isListOf(isString)(value['namespace']);
}

/** The catalog chooses uuid and place in the staged answer; the schema's ids stay ours, since the commit carries them. */
async function createTable(client: Client, ident: TableIdent, create: CreateTable, signal?: AbortSignal): Promise<CommitOutcome> {
  const body = {
    name: ident.name,
    schema: create.schema,
    'partition-spec': create.partitionSpec,
    properties: { 'format-version': '2', ...create.properties },
    location: create.location,
    'stage-create': true,
  };
  // Staging stores nothing, so a lost answer to it is no unknown outcome.
  const request: PathRequest = { method: 'POST', path: ['namespaces', ident.namespace, 'tables'], body, isWrite: false };
  const response = await client(request, signal);
  if (response.status === 409) return { kind: 'conflict', message: errorMessage(response.body) };
  if (response.status === 404) return { kind: 'missing', message: errorMessage(response.body) };
  if (response.status !== 200 || !isRecord(response.body)) throw refused(request, response);
  const staged = metadataOf(request, response.body);
  return commitTable(client, ident, commitOfStaged(staged, create), signal);
}

async function commitTable(client: Client, ident: TableIdent, commit: TableCommit, signal?: AbortSignal): Promise<CommitOutcome> {
  const body = { identifier: ident, requirements: commit.requirements, updates: commit.updates };
  const request: PathRequest = { method: 'POST', path: tablePath(ident), body, isWrite: true };
  const response = await client(request, signal);
  if (response.status === 409) return { kind: 'conflict', message: errorMessage(response.body) };
  if (response.status === 404) return { kind: 'missing', message: errorMessage(response.body) };
  return { kind: 'committed', table: loadedTable(request, response) };
}

function loadedTable(request: PathRequest, response: RestResponse): LoadedTable {
  if (response.status !== 200 || !isRecord(response.body)) throw refused(request, response);
  const metadataLocation = response.body['metadata-location'];
  if (!isString(metadataLocation)) throw malformed(request, 'metadata-location');
  return { metadata: metadataOf(request, response.body), metadataLocation };
}

function metadataOf(request: PathRequest, body: Json): LoadedTable['metadata'] {
  try {
    return readMetadata(body['metadata']);
  } catch (cause) {
    throw malformed(request, 'metadata', cause);
  }
}

/** A success that cannot be read: of a write, the outcome is not known. */
function malformed(request: PathRequest, member: string, cause?: unknown): LakeError {
  const reason = cause instanceof Error ? `: ${cause.message}` : '';
  const code = request.isWrite ? 'CATALOG_OUTCOME_UNKNOWN' : 'CATALOG_REFUSED';
  return new LakeError(code, `the catalog's answer to ${request.method} ${pathText(request.path)} has no usable ${member}${reason}`, {
    cause,
  });
}

function refused(request: Pick<PathRequest, 'method' | 'path'>, response: RestResponse): LakeError {
  return refusedBy({ method: request.method, url: pathText(request.path) }, response);
}

function tablePath(ident: TableIdent): PathRequest['path'] {
  return ['namespaces', ident.namespace, 'tables', ident.name];
}

function pathText(path: PathRequest['path']): string {
  return path.map((part) => (isString(part) ? part : part.join('.'))).join('/');
}
