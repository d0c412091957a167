// The adapters behind the commands about the lake: the registry over the catalog's own database, or over HTTP.

import { userInfo } from 'node:os';
import type { LakeFacts } from '../catalog/lake-facts.ts';
import { lakeRegistry } from '../catalog/lake-registry.ts';
import { lineageService } from '../catalog/lineage/lineage-service.ts';
import { memoryLakeFacts } from '../catalog/memory-lake-facts.ts';
import { registryParts } from '../catalog/registry/registry-parts.ts';
import { restLakeFacts } from '../catalog/rest-lake-facts.ts';
import { catalogServices } from '../catalog/service/catalog-services.ts';
import { systemClock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/log.ts';
import type { LoadedConfig } from './config.ts';
import { openStore, openStoreAt, reachOf } from './wire.ts';

/** Entities, facts of tables, search and the audit log: of the same database or the same address as the catalog. */
export async function openLakeFacts(loaded: LoadedConfig, logger: Logger): Promise<LakeFacts> {
  const reach = reachOf(loaded);
  if (reach.kind === 'rest') return restLakeFacts(reach);
  await using opening = new AsyncDisposableStack();
  const objectStore = opening.use(openStore(loaded, logger));
  const store = opening.use(await openStoreAt(reach.address, loaded));
  const places = [{ prefix: objectStore.root, store: objectStore }];
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

/** Who runs this command, for the audit log of a catalog that asks nobody: the file is open to whoever can read it. */
export function personHere(): string {
  try {
    return userInfo().username;
  } catch {
    // No such user in this container.
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
