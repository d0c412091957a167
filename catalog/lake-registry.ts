// The registry of the lake as it is served: entities, facts of tables, search and the audit log, over one store.

import type { ObjectStore } from '../lake/store/object-store.ts';
import type { Clock } from '../runtime/clock.ts';
import { auditService, type AuditService } from './audit/audit-service.ts';
import { entityService, type EntityService } from './entities/entity-service.ts';
import type { LineageService } from './lineage/lineage-service.ts';
import type { RegisteredDocuments } from './registry/registered-documents.ts';
import { searchService, type SearchService } from './search/search-service.ts';
import { objectStores, type StorePlace } from './service/object-stores.ts';
import type { CatalogStore } from './store/catalog-store.ts';
import { tableFactsService, type LoadMetadata, type TableFactsService } from './tables/table-facts-service.ts';

export interface LakeRegistry {
  readonly entities: EntityService;
  readonly facts: TableFactsService;
  readonly search: SearchService;
  readonly audit: AuditService;
}

export interface LakeRegistryOptions {
  readonly store: CatalogStore;
  readonly clock: Clock;
  readonly documents: RegisteredDocuments;
  readonly lineage: LineageService;
  readonly load: LoadMetadata;
  /** Where tables may lie. */
  readonly places: readonly StorePlace[];
}

export function lakeRegistry({ store, clock, documents, lineage, load, places }: LakeRegistryOptions): LakeRegistry {
  const entities = entityService({ store, documents, clock });
  return {
    entities,
    facts: tableFactsService({ store, load, storeOf: storesByLocation(places), entities, lineage }),
    search: searchService({ store, entities, load, clock }),
    audit: auditService({ store, clock }),
  };
}

/** The store of a location, under the root by which locations there are spelled; null: in no store of this catalog. */
function storesByLocation(places: readonly StorePlace[]): (location: string) => ObjectStore | null {
  const stores = objectStores(places);
  return (location) => {
    const placed = stores.at(location);
    if (placed === null) return null;
    const root = location.slice(0, location.length - placed.key.length - 1);
    return root === placed.store.root ? placed.store : { ...placed.store, root };
  };
}
