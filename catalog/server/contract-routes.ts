// The registry over HTTP. What a request may be is in its schema (contract-schemas.ts), so handlers see only such.

import type { FastifyInstance } from 'fastify';
import { isRecord, isString } from '../../lake/iceberg/read-metadata.ts';
import { isOffset, storedEffective, type EffectiveBody } from '../registry/effective.ts';
import type { RegistryService } from '../registry/registry-service.ts';
import type { StoredEffective } from '../store/contract-store.ts';
import { contractSchemas as schemas } from './contract-schemas.ts';
import { describeRoute as describe } from './describe-route.ts';
import { contextOf } from './guard.ts';
import { answerJson } from './reply.ts';
import { member, pageOf } from './request.ts';
import { sendError } from './reply.ts';
import { refusalError } from './rest-error.ts';

const contractsPath = '/v1/foz/contracts';
const versionPath = `${contractsPath}/:contract/versions/:version`;

export function contractRoutes(app: FastifyInstance, registry: RegistryService): void {
  const { contractParams: params, versionParams, tableParams, pageQuery: querystring } = schemas;
  app.post(
    contractsPath,
    describe('contract-admin', 'registerContract', 'Register a version; with activate, put it in force', schemas.registered, [409, 413], {
      body: schemas.registerBody,
    }),
    async (request, reply) => {
      const { body } = request;
      const [document, documentName] = [textIn(body, 'document'), textIn(body, 'documentName')];
      const wanted = { ...changeOf(body), document, documentName, activate: effectiveIn(body, 'activate') };
      return answerJson(reply, await registry.register(wanted, contextOf(request)), (registered) => registered);
    },
  );
  app.get(
    contractsPath,
    describe('reader', 'listContracts', 'Contracts by id', schemas.contracts, [], { querystring }),
    async ({ query }, reply) =>
      answerJson(reply, await registry.list(pageOf(query)), ({ items, nextToken }) => ({ contracts: items, 'next-page-token': nextToken })),
  );
  app.get(
    `${contractsPath}/:contract`,
    describe('reader', 'getContract', 'A contract with its versions', schemas.contract, [404], { params }),
    async ({ params: path }, reply) => answerJson(reply, await registry.get(textIn(path, 'contract')), (contract) => contract),
  );
  app.get(
    `${contractsPath}/:contract/history`,
    describe('reader', 'getContractHistory', 'What happened to it, oldest first', schemas.history, [404], { params, querystring }),
    async ({ params: path, query }, reply) =>
      answerJson(reply, await registry.history(textIn(path, 'contract'), pageOf(query)), ({ items, nextToken }) => ({
        events: items,
        'next-page-token': nextToken,
      })),
  );
  app.get(
    versionPath,
    describe('reader', 'getContractVersion', 'A version: its document as it came, and as it was read', schemas.versionDocument, [404], {
      params: versionParams,
    }),
    async ({ params: path }, reply) =>
      answerJson(reply, await registry.show(textIn(path, 'contract'), textIn(path, 'version')), (document) => document),
  );
  app.get(
    `${versionPath}/document`,
    describe('reader', 'getContractDocument', 'The document alone, byte for byte', { type: 'string' }, [404], { params: versionParams }),
    async ({ params: path }, reply) => {
      const found = await registry.show(textIn(path, 'contract'), textIn(path, 'version'));
      if (found.kind === 'refused') return sendError(reply, refusalError(found));
      // No browser shall take a document for a page.
      return reply
        .header('x-content-type-options', 'nosniff')
        .header('content-type', 'text/plain; charset=utf-8')
        .send(Buffer.from(found.value.document));
    },
  );
  app.post(
    `${versionPath}/state`,
    describe('contract-admin', 'changeContractState', 'Activate, deprecate or retire a version', schemas.contract, [404, 409], {
      params: versionParams,
      body: schemas.stateBody,
    }),
    async (request, reply) => {
      const { params: path, body } = request;
      const wanted = { ...changeOf(body), to: stateIn(body), effective: effectiveIn(body, 'effective') };
      const changed = await registry.changeState(textIn(path, 'contract'), textIn(path, 'version'), wanted, contextOf(request));
      return answerJson(reply, changed, (contract) => contract);
    },
  );
  app.get(
    '/v1/foz/tables/:table/contracts',
    describe('reader', 'getContractsInForce', 'Versions that judge the rows of a table, oldest first', schemas.inForce, [], {
      params: tableParams,
    }),
    async ({ params: path }, reply) => answerJson(reply, await registry.inForce(textIn(path, 'table')), (contracts) => ({ contracts })),
  );
}

function changeOf(body: unknown): {
  readonly note: string | null;
  readonly isUnknownAccepted: boolean;
  readonly expectedRevision: number | null;
} {
  const given = isRecord(body) ? body : {};
  const revision = given['expectedRevision'];
  return {
    note: member(body, 'note') ?? null,
    isUnknownAccepted: given['acceptUnknown'] === true,
    expectedRevision: typeof revision === 'number' ? revision : null,
  };
}

function textIn(holder: unknown, name: string): string {
  return member(holder, name) ?? '';
}

function stateIn(body: unknown): 'active' | 'deprecated' | 'retired' {
  const to = member(body, 'to');
  if (to === 'active' || to === 'deprecated' || to === 'retired') return to;
  throw new SyntaxError('to must be active, deprecated or retired');
}

function effectiveIn(body: unknown, name: string): StoredEffective | null {
  const value = isRecord(body) ? body[name] : undefined;
  if (value === undefined) return null;
  if (isEffectiveBody(value)) return storedEffective(value);
  throw new SyntaxError(`${name} is malformed, or has an offset beyond 64 bits`);
}

function isEffectiveBody(value: unknown): value is EffectiveBody {
  if (!isRecord(value)) return false;
  const { kind, time, topic, offsets } = value;
  if (kind === 'now') return true;
  if (kind === 'time') return isString(time);
  return (
    kind === 'offset' &&
    isString(topic) &&
    isRecord(offsets) &&
    Object.values(offsets).every((offset) => isString(offset) && isOffset(offset))
  );
}
