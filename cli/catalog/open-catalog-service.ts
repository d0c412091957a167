// The catalog as a service, alone or in the worker's process: its database, its object stores, the server over them and
// the jobs beside it. A database that is away is waited for.

import { keepConfiguredTokens } from '../../catalog/access/configured-tokens.ts';
import { identityProvider } from '../../catalog/access/identity-provider.ts';
import { auditService } from '../../catalog/audit/audit-service.ts';
import { forgetCommits } from '../../catalog/audit/forget-commits.ts';
import { serveCatalog } from '../../catalog/serve.ts';
import { ownContext } from '../../catalog/service/request-context.ts';
import type { CatalogStore } from '../../catalog/store/catalog-store.ts';
import { storeAddressText } from '../../catalog/store/store-address.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';
import { systemClock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/log.ts';
import type { PromMetrics } from '../../runtime/prom-metrics.ts';
import { addressOf } from '../settings.ts';
import { untilAnswers } from '../until-answers.ts';
import { startMaintenance } from '../maintenance/start-maintenance.ts';
import { localCatalog, openPlaces, openStoreAt, type Places } from '../wire.ts';
import type { CatalogSettings } from './catalog-settings.ts';

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
  readonly places: Places;
}

export async function openCatalogService(
  settings: CatalogSettings,
  { logger, metrics, lakeStore, onWait }: CatalogServiceParts,
  signal: AbortSignal,
): Promise<CatalogService> {
  await using opening = new AsyncDisposableStack();
  const places = openPlaces(settings, lakeStore ?? null, opening, logger);
  const { objectStore, warehouse, allowed } = places;
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
      catalog: opening.use(localCatalog(pointers, places, logger)),
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
    places,
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

/** In one run. */
const purgedAtOnce = 100;
