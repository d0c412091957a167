// The registry's routes without a network, and a validator of their answers made of the published OpenAPI document alone.

import assert from 'node:assert/strict';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { FastifyInstance } from 'fastify';
import { lakeRegistry, type LakeRegistry } from '../../catalog/lake-registry.ts';
import { lineageService } from '../../catalog/lineage/lineage-service.ts';
import { registryParts } from '../../catalog/registry/registry-parts.ts';
import type { RegistryService } from '../../catalog/registry/registry-service.ts';
import { openAccess } from '../../catalog/access/authenticate.ts';
import { catalogServer } from '../../catalog/server/catalog-server.ts';
import { catalogServices } from '../../catalog/service/catalog-services.ts';
import type { CatalogStore } from '../../catalog/store/catalog-store.ts';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import { isRecord } from '../../lake/iceberg/read-metadata.ts';
import { memoryStore } from '../../lake/store/memory-store.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';
import { systemClock } from '../../runtime/clock.ts';
import { silentLogger } from '../../runtime/log.ts';

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  readonly body: Record<string, unknown>;
}

export type Call = (method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown) => Promise<Answer>;

/** Routes as fastify has them, seen by a hook that is there before they are. */
export interface Served {
  readonly call: Call;
  readonly app: FastifyInstance;
  readonly store: CatalogStore;
  readonly objectStore: ObjectStore;
  readonly lake: LakeRegistry;
}

const noRules = () => Promise.resolve({ text: '{}', digest: '', notes: [] });

export async function withServer(
  run: (served: Served) => Promise<void>,
  registryOf: (store: CatalogStore) => RegistryService,
): Promise<void> {
  const store = memoryCatalogStore();
  const objectStore = memoryStore('lake');
  const warehouse = objectStore.root;
  const places = [{ prefix: warehouse, store: objectStore }];
  const services = catalogServices({ store, places, clock: systemClock, logger: silentLogger });
  const lineage = lineageService({ store, clock: systemClock });
  const { documents } = registryParts(store.contracts, systemClock);
  const lake = lakeRegistry({ store, clock: systemClock, documents, lineage, places, load: services.tables.load });
  const app = catalogServer({
    warehouse,
    logger: silentLogger,
    clock: systemClock,
    replies: store.replies,
    isLoopbackOnly: true,
    checkReady: async () => undefined,
    ...services,
    registry: registryOf(store),
    lineage,
    lake,
    access: { authenticate: openAccess, grant: () => Promise.reject(new Error('no tokens here')) },
    rules: { compiled: noRules, published: noRules },
  });
  const call: Call = async (method, path, body) => {
    const payload = body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) };
    const headers = { host: '127.0.0.1', ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
    const response = await app.inject({ method, url: path.startsWith('/') ? path : `/v1/foz/${path}`, headers, ...payload });
    const type = String(response.headers['content-type']);
    const parsed: unknown = type.startsWith('application/json') ? JSON.parse(response.body) : {};
    return { status: response.statusCode, type, text: response.body, body: isRecord(parsed) ? { ...parsed } : {} };
  };
  try {
    await app.ready();
    await run({ call, app, store, objectStore, lake });
  } finally {
    await app.close();
  }
}

/** path → method → operation */
export type Paths = Record<
  string,
  Record<string, { operationId: string; responses: Record<string, { content: Record<string, { schema: object }> }> }>
>;

export async function openApi(call: Call): Promise<{ paths: Paths; components: object }> {
  const { status, body } = await call('GET', 'openapi.json');
  assert.equal(status, 200);
  return body as unknown as { paths: Paths; components: object };
}

/** Answers checked by a validator made of the published document alone. */
export function conform(paths: Paths, components: object): (operationId: string, answer: Answer) => void {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  return (operationId, answer) => {
    const found = Object.values(paths)
      .flatMap((methods) => Object.values(methods))
      .find((operation) => operation.operationId === operationId);
    const response = found?.responses[String(answer.status)];
    assert.ok(response, `${operationId} answered ${answer.status}, which is not described: ${answer.text}`);
    const [media = '', content] = Object.entries(response.content)[0] ?? [];
    assert.ok(answer.type.startsWith(media), `${operationId}: ${answer.type}`);
    const isValid = ajv.validate({ ...content?.schema, components }, media === 'application/json' ? answer.body : answer.text);
    assert.ok(isValid, `${operationId} ${answer.status}: ${ajv.errorsText()} ${answer.text.slice(0, 500)}`);
  };
}
