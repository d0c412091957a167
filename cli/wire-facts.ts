// The adapters behind the commands about the lake: the registry over the catalog's own database, or over HTTP.

import type { DroppedTables } from '../catalog/dropped-tables.ts';
import type { LakeFacts } from '../catalog/lake-facts.ts';
import { lakeRegistry } from '../catalog/lake-registry.ts';
import { lineageService } from '../catalog/lineage/lineage-service.ts';
import { memoryDroppedTables } from '../catalog/memory-dropped-tables.ts';
import { memoryLakeFacts } from '../catalog/memory-lake-facts.ts';
import { registryParts } from '../catalog/registry/registry-parts.ts';
import { restDroppedTables } from '../catalog/rest-dropped-tables.ts';
import { restLakeFacts } from '../catalog/rest-lake-facts.ts';
import { catalogServices } from '../catalog/service/catalog-services.ts';
import type { DroppedTableService } from '../catalog/service/dropped-table-service.ts';
import { storePlaces } from '../catalog/service/object-stores.ts';
import { systemClock } from '../runtime/clock.ts';
import { assert } from '../runtime/errors.ts';
import type { Logger } from '../runtime/log.ts';
import { catalogSettings } from './catalog/catalog-settings.ts';
import type { LoadedConfig } from './config.ts';
import { personHere } from './person-here.ts';
import { openPlaces, openStoreAt, reachOf } from './wire.ts';

/** Entities, facts of tables, search and the audit log: of the same database or the same address as the catalog. */
export async function openLakeFacts(loaded: LoadedConfig, logger: Logger): Promise<LakeFacts> {
  const reach = reachOf(loaded);
  if (reach.kind === 'rest') return restLakeFacts(reach);
  await using opening = new AsyncDisposableStack();
  const places = storePlaces(openPlaces(catalogSettings(loaded), null, opening, logger));
  const store = opening.use(await openStoreAt(reach.address, loaded));
  const { tables } = catalogServices({ store, places, clock: systemClock, logger });
  const { documents } = registryParts(store.contracts, systemClock);
  const lineage = lineageService({ store, clock: systemClock });
  const registry = lakeRegistry({ store, clock: systemClock, documents, lineage, places, load: tables.load });
  const parts = opening.move();
  return {
    ...memoryLakeFacts(registry, { actor: personHere(), idempotency: null }),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

/** Tables that can still be taken back: of the same database or the same address as the catalog. */
export async function openDroppedTables(loaded: LoadedConfig, logger: Logger): Promise<DroppedTables> {
  const reach = reachOf(loaded);
  if (reach.kind === 'rest') return restDroppedTables(reach);
  await using opening = new AsyncDisposableStack();
  const dropped = await droppedHere(loaded, logger, opening);
  const parts = opening.move();
  return {
    ...memoryDroppedTables(dropped, { actor: personHere(), idempotency: null }),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

/** Files of dropped tables whose time is over go; of how many. Null where another process has the catalog: that one does it. */
export async function openPurge(loaded: LoadedConfig, logger: Logger, signal: AbortSignal): Promise<number | null> {
  if (reachOf(loaded).kind === 'rest') return null;
  await using opening = new AsyncDisposableStack();
  const dropped = await droppedHere(loaded, logger, opening);
  return await dropped.purgeDue(purgedAtOnce, { actor: personHere(), idempotency: null }, {}, signal);
}

const purgedAtOnce = 1_000;

async function droppedHere(loaded: LoadedConfig, logger: Logger, opening: AsyncDisposableStack): Promise<DroppedTableService> {
  const reach = reachOf(loaded);
  assert(reach.kind === 'store', 'the catalog’s database is reached from here');
  const places = storePlaces(openPlaces(catalogSettings(loaded), null, opening, logger));
  const store = opening.use(await openStoreAt(reach.address, loaded));
  return catalogServices({ store, places, clock: systemClock, logger }).dropped;
}
