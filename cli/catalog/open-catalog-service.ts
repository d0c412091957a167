// The catalog as a service, alone or in the worker's process: its database, its object stores, the server over them and
// the jobs beside it. A database that is away is waited for.

import { keepConfiguredTokens } from '../../catalog/access/configured-tokens.ts';
import { identityProvider } from '../../catalog/access/identity-provider.ts';
import { auditService } from '../../catalog/audit/audit-service.ts';
import { forgetCommits } from '../../catalog/audit/forget-commits.ts';
import { serveCatalog } from '../../catalog/serve.ts';
import { ownContext } from '../../catalog/service/request-context.ts';
import type { StorePlace } from '../../catalog/service/object-stores.ts';
import type { CatalogStore } from '../../catalog/store/catalog-store.ts';
import { storeAddressText } from '../../catalog/store/store-address.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';
import { systemClock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/log.ts';
import type { PromMetrics } from '../../runtime/prom-metrics.ts';
import { addressOf } from '../settings.ts';
import { untilAnswers } from '../until-answers.ts';
import { startMaintenance } from '../maintenance/start-maintenance.ts';
import { localCatalog, openStore, openStoreAt, openStoreOf } from '../wire.ts';
import { absoluteLocation, type CatalogSettings } from './catalog-settings.ts';

export interface CatalogServiceParts {
  readonly logger: Logger;
  /** Of the process; also served by the catalog itself. */
  readonly metrics?: PromMetrics;
  /** The lake's, where it is open already; it stays the caller's. */
  readonly lakeStore?: ObjectStore;
  /** Told why the start waits. */
  readonly onWait?: (reason: string) => void;
}

export interface CatalogService extends AsyncDisposable {
  /** For clients, without a trailing slash. */
  readonly url: string;
  readonly warehouse: string;
  /** Which database, without its password. */
  readonly database: string;
  readonly allowLocations: readonly string[];
  readonly pointers: CatalogStore;
}

export async function openCatalogService(
  settings: CatalogSettings,
  { logger, metrics, lakeStore, onWait }: CatalogServiceParts,
  signal: AbortSignal,
): Promise<CatalogService> {
  await using opening = new AsyncDisposableStack();
  const { store: objectStore, warehouse, allowed } = openPlaces(settings, lakeStore ?? null, opening, logger);
  const waiting = { what: 'the catalog’s database', logger, ...(onWait === undefined ? {} : { onWait }) };
  const pointers = opening.use(await untilAnswers(() => openStoreAt(settings.store, settings), waiting, signal));
  const { auth, policy } = settings;
  await keepConfiguredTokens(pointers.tokens, auth.tokens, systemClock);
  const served = await serveCatalog({
    ...addressOf(settings.listen),
    store: pointers,
    objectStore,
    warehouse,
    allowed,
    namespaceSeparator: settings.namespaceSeparator,
    policy,
    dropGraceMs: settings.maintenance.dropGrace,
    ...(metrics === undefined ? {} : { metrics }),
    isLoginRequired: auth.required,
    ...(auth.oidc === undefined ? {} : { identity: identityProvider(auth.oidc, systemClock) }),
    logger,
  });
  opening.defer(() => served.close());
  opening.use(
    startMaintenance({
      settings: settings.maintenance,
      loaded: settings.lake,
      catalog: opening.use(localCatalog(pointers, objectStore, logger)),
      store: objectStore,
      logger,
      metrics: metrics ?? null,
      purgeDropped: (ended) => served.dropped.purgeDue(purgedAtOnce, ownContext, {}, ended),
    }),
  );
  const audit = auditService({ store: pointers, clock: systemClock });
  opening.use(forgetCommits({ audit, keepMs: settings.audit.keepCommits, clock: systemClock, logger }));
  const parts = opening.move();
  return {
    url: served.url,
    warehouse,
    database: storeAddressText(settings.store),
    allowLocations: allowed.map(({ prefix }) => prefix),
    pointers,
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

/** In one run. */
const purgedAtOnce = 100;

interface Warehouse {
  readonly store: ObjectStore;
  readonly warehouse: string;
}

interface Places extends Warehouse {
  readonly allowed: readonly StorePlace[];
  /** The warehouse first, then what is allowed besides. */
  readonly places: readonly StorePlace[];
}

export function openPlaces(settings: CatalogSettings, lakeStore: ObjectStore | null, parts: AsyncDisposableStack, logger: Logger): Places {
  const opened = warehouseOf(settings, lakeStore, parts, logger);
  const allowed = settings.allowLocations.map((location) => {
    const absolute = absoluteLocation(location, settings.directory);
    // Locations are compared as texts: who allows file:/a does not allow file:///a.
    const prefix = location.startsWith('file:/') ? location.replace(/\/+$/, '') : absolute;
    return { prefix, root: prefix, store: parts.use(openStoreOf(absolute, settings.lake, logger)) };
  });
  return { ...opened, allowed, places: [{ prefix: opened.warehouse, store: opened.store }, ...allowed] };
}

/** The lake's own store, unless the warehouse lies elsewhere. */
function warehouseOf(settings: CatalogSettings, given: ObjectStore | null, parts: AsyncDisposableStack, logger: Logger): Warehouse {
  const { lake, directory } = settings;
  const warehouse = settings.warehouse === undefined ? null : absoluteLocation(settings.warehouse, directory);
  const lakeStore = given ?? (lake === null ? null : parts.use(openStore(lake, logger)));
  if (lakeStore !== null && (warehouse === null || `${warehouse}/`.startsWith(`${lakeStore.root}/`) || given !== null))
    return { store: lakeStore, warehouse: warehouse ?? lakeStore.root };
  const store = parts.use(openStoreOf(warehouse ?? '', lake, logger));
  return { store, warehouse: store.root };
}
