// Trino's access rules as a command has them: from the catalog's own database where it can be reached from here, else from
// the catalog over HTTP, where it takes an operator.

import { rulesService, type CompiledRules } from '../../catalog/policy/rules-service.ts';
import { entityService } from '../../catalog/entities/entity-service.ts';
import { registryParts } from '../../catalog/registry/registry-parts.ts';
import { refusedBy, restExchange, type RestRequest } from '../../catalog/rest-http.ts';
import { catalogServices } from '../../catalog/service/catalog-services.ts';
import { storePlaces } from '../../catalog/service/object-stores.ts';
import { systemClock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/log.ts';
import { isRecord } from '../../runtime/options.ts';
import type { LoadedConfig } from '../config.ts';
import { openPlaces, openStoreAt, reachOf, type CatalogReach } from '../wire.ts';
import { catalogSettings } from './catalog-settings.ts';

const requestTimeoutMs = 60_000;
const responseBytesMax = 64 * 1024 * 1024;

export async function compileRules(loaded: LoadedConfig, logger: Logger, signal: AbortSignal): Promise<CompiledRules> {
  const reach = reachOf(loaded);
  if (reach.kind === 'rest') return rulesOverHttp(reach, signal);
  const settings = catalogSettings(loaded);
  await using parts = new AsyncDisposableStack();
  const places = storePlaces(openPlaces(settings, null, parts, logger));
  const store = parts.use(await openStoreAt(reach.address, loaded));
  const services = catalogServices({ store, places, clock: systemClock, logger });
  const { documents } = registryParts(store.contracts, systemClock);
  const entities = entityService({ store, documents, clock: systemClock });
  const { policy } = settings;
  const loads = { loadTable: services.tables.load, loadView: services.views.load };
  return await rulesService({ store, ...loads, entities, policy, clock: systemClock }).compiled();
}

async function rulesOverHttp({ uri, token }: Extract<CatalogReach, { kind: 'rest' }>, signal: AbortSignal): Promise<CompiledRules> {
  const request: RestRequest = { method: 'GET', url: `${uri.replace(/\/+$/, '')}/v1/foz/trino/rules`, isWrite: false };
  const answer = await restExchange({ token, requestTimeoutMs, responseBytesMax }, request, signal);
  if (answer.status !== 200 || !isRecord(answer.body)) throw refusedBy(request, answer);
  const { rules, digest, notes } = answer.body;
  return { text: JSON.stringify(rules), digest: String(digest), notes: Array.isArray(notes) ? notes.map(String) : [] };
}
