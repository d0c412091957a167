// The catalog port in this process: the same services that answer over HTTP, called directly. Compare-and-swap, the
// offset chain check and the metadata files are the real ones; only the pointer store is memory unless one is given.

import { systemClock, type Clock } from '../runtime/clock.ts';
import { LakeError } from '../runtime/errors.ts';
import { silentLogger, type Logger } from '../runtime/log.ts';
import type { Catalog, CommitOutcome } from './catalog.ts';
import { commitOfStaged } from './create-through-stage.ts';
import { registryParts } from './registry/registry-parts.ts';
import type { Answer, Refusal } from './service/answer.ts';
import { catalogServices } from './service/catalog-services.ts';
import type { MetadataFile } from './service/metadata-files.ts';
import { storePlaces, type Warehouse } from './service/object-stores.ts';
import { ownContext, type RequestContext } from './service/request-context.ts';
import type { CatalogStore } from './store/catalog-store.ts';
import { memoryCatalogStore } from './store/memory-catalog-store.ts';

export interface MemoryCatalogOptions extends Warehouse {
  readonly store?: CatalogStore;
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** Who commits, for the audit log; `foz` when absent. */
  readonly actor?: string;
}

const listPageSize = 1000;

export function memoryCatalog(options: MemoryCatalogOptions): Catalog {
  const { store = memoryCatalogStore(), clock = systemClock, logger = silentLogger } = options;
  const { veto } = registryParts(store.contracts, clock);
  const context: RequestContext = options.actor === undefined ? ownContext : { ...ownContext, actor: options.actor };
  const { namespaces, tables, settled } = catalogServices({ store, places: storePlaces(options), clock, logger, veto });
  return {
    async ensureNamespace(namespace) {
      for (let depth = 1; depth <= namespace.length; depth++) {
        const created = await namespaces.create(namespace.slice(0, depth), {}, context);
        if (created.kind === 'refused' && created.reason !== 'namespace-exists') throw refusal(created);
      }
      const found = await namespaces.get(namespace);
      if (found.kind === 'refused') throw refusal(found);
      return found.value.properties;
    },
    async listTables(namespace) {
      const idents = [];
      for (let token: string | null = null; ;) {
        const page: Awaited<ReturnType<typeof tables.list>> = await tables.list(namespace, { token, size: listPageSize });
        if (page.kind === 'refused') throw refusal(page);
        idents.push(...page.value.items);
        token = page.value.nextToken;
        if (token === null) return idents;
      }
    },
    async loadTable(ident) {
      const found = await tables.load(ident);
      if (found.kind === 'ok') return { metadata: found.value.metadata, metadataLocation: found.value.location };
      if (found.reason === 'table-missing') return null;
      throw refusal(found);
    },
    async createTable(ident, create) {
      const staged = await tables.stage(ident.namespace, { ...create, name: ident.name });
      if (staged.kind === 'refused') return outcomeOf(staged);
      return outcomeOf(await tables.commit({ ident, commit: commitOfStaged(staged.value, create) }, context));
    },
    async commitTable(ident, commit) {
      return outcomeOf(await tables.commit({ ident, commit }, context));
    },
    async dropTable(ident, dropOptions) {
      const dropped = await tables.drop(ident, { purge: dropOptions?.purge ?? false }, context);
      if (dropped.kind === 'ok') return true;
      if (dropped.reason === 'table-missing') return false;
      throw refusal(dropped);
    },
    async [Symbol.asyncDispose]() {
      await settled();
      if (options.store === undefined) await store[Symbol.asyncDispose]();
    },
  };
}

function outcomeOf(answer: Answer<MetadataFile>): CommitOutcome {
  if (answer.kind === 'ok')
    return { kind: 'committed', table: { metadata: answer.value.metadata, metadataLocation: answer.value.location } };
  if (answer.reason === 'conflict' || answer.reason === 'table-exists') return { kind: 'conflict', message: answer.message };
  if (answer.reason === 'table-missing' || answer.reason === 'namespace-missing') return { kind: 'missing', message: answer.message };
  throw refusal(answer);
}

function refusal(answer: Refusal): LakeError {
  return new LakeError('CATALOG_REFUSED', answer.message, { context: { reason: answer.reason } });
}
