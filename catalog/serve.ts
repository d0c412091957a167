// The catalog as a running service: services over a store and an object store, and the contract registry and the lineage over
// the same store, behind the REST server.

import { systemClock, type Clock } from '../runtime/clock.ts';
import { LakeError } from '../runtime/errors.ts';
import { silentLogger, type Logger } from '../runtime/log.ts';
import { accessControl } from './access/access-control.ts';
import { isLoopbackHost } from './access/loopback.ts';
import type { IdentityProvider } from './access/identity-provider.ts';
import { lakeRegistry } from './lake-registry.ts';
import { lineageService } from './lineage/lineage-service.ts';
import { closedPolicy, type AccessPolicy } from './policy/access-policy.ts';
import { rulesService } from './policy/rules-service.ts';
import { registryParts } from './registry/registry-parts.ts';
import { threadJudge } from './registry/thread-judge.ts';
import { catalogServer, type CatalogServerOptions } from './server/catalog-server.ts';
import { catalogServices } from './service/catalog-services.ts';
import type { DroppedTableService } from './service/dropped-table-service.ts';
import { storePlaces, type Warehouse } from './service/object-stores.ts';
import { readiness } from './service/readiness.ts';
import { snapshotAheadDefaultMs } from './service/table-parts.ts';
import type { CatalogStore } from './store/catalog-store.ts';

export interface ServeCatalogOptions
  extends Warehouse, Pick<CatalogServerOptions, 'bodyBytesMax' | 'jsonDepthMax' | 'requestTimeoutMs' | 'namespaceSeparator' | 'metrics'> {
  /** 0: a free one. */
  readonly port: number;
  /** Loopback unless said otherwise: beyond it nobody is let in without a token. */
  readonly host?: string;
  readonly store: CatalogStore;
  /** Whose logins are taken besides the store's tokens. */
  readonly identity?: IdentityProvider;
  /** Whether it asks who is there even while it has no token; beyond loopback it always does. */
  readonly isLoginRequired?: boolean;
  /** What Trino shows of classified columns. Default: nothing. */
  readonly policy?: AccessPolicy;
  /** How long a table dropped with its files can be taken back; 0: its files go at once. */
  readonly dropGraceMs?: number;
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly metadataCacheBytesMax?: number;
  readonly snapshotAheadMaxMs?: number;
}

export interface ServedCatalog {
  /** Base address for clients, without a trailing slash. */
  readonly url: string;
  /** For the purge of those whose grace is over. */
  readonly dropped: DroppedTableService;
  /** Ends connections and waits for requests under way. The stores stay open: they are the caller's. */
  close(): Promise<void>;
}

const closeMaxMs = 10_000;
const dropGraceDefaultMs = 7 * 24 * 3_600_000;

export async function serveCatalog(options: ServeCatalogOptions): Promise<ServedCatalog> {
  const { store, objectStore, clock = systemClock, logger = silentLogger, host = '127.0.0.1' } = options;
  const warehouse = (options.warehouse ?? objectStore.root).replace(/\/+$/, '');
  const places = storePlaces(options);
  const isLoopbackOnly = isLoopbackHost(host);
  const identity = options.identity ?? null;
  if (!isLoopbackOnly && identity === null && !(await store.tokens.hasTokens())) throw openToAll(host, options.port);
  const judge = threadJudge();
  const lineage = lineageService({ store, clock });
  const { registry, veto, documents } = registryParts(store.contracts, clock, judge, lineage.consumers);
  const close = async (): Promise<void> => {
    // A client that neither sends the rest of its request nor takes the rest of its answer.
    const hurry = setTimeout(() => app.server.closeAllConnections(), closeMaxMs);
    await app.close();
    clearTimeout(hurry);
    await services.settled();
    await judge[Symbol.asyncDispose]();
  };
  const services = catalogServices({
    snapshotAheadMaxMs: snapshotAheadDefaultMs,
    dropGraceMs: dropGraceDefaultMs,
    ...options,
    places,
    clock,
    logger,
    veto,
  });
  const lake = lakeRegistry({ store, clock, documents, lineage, places, load: services.tables.load });
  const app = catalogServer({
    ...options,
    warehouse,
    logger,
    clock,
    replies: store.replies,
    isLoopbackOnly,
    access: accessControl({ tokens: store.tokens, identity, isClosed: !isLoopbackOnly || options.isLoginRequired === true, clock, logger }),
    rules: rulesService({
      store,
      loadTable: services.tables.load,
      loadView: services.views.load,
      entities: lake.entities,
      policy: options.policy ?? closedPolicy,
      clock,
      logger,
    }),
    ...services,
    lake,
    registry,
    lineage,
    checkReady: readiness({ store, objectStore, clock }),
  });
  try {
    const url = await app.listen({ port: options.port, host });
    logger.info({ url, warehouse }, 'catalog is listening');
    return { url, dropped: services.dropped, close };
  } catch (cause) {
    await close();
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LakeError('CONFIG_INVALID', `the catalog cannot listen on ${host}:${options.port}: ${reason}`, {
      cause,
      context: { host, port: options.port },
    });
  }
}

function openToAll(host: string, port: number): LakeError {
  return new LakeError('CONFIG_INVALID', `the catalog would listen on ${host}:${port} and answer everyone who reaches it`, {
    context: {
      expected: 'a token in its store, or an identity provider (catalog.auth.oidc), before it listens beyond 127.0.0.1',
      found: 'neither',
      next: 'foz catalog token create admin --role operator',
    },
  });
}
