// Namespaces, tables and views over one store and its object stores: what answers over HTTP and what an embedded catalog calls are
// the same.

import { readMetadata } from '../../lake/iceberg/read-metadata.ts';
import { readViewMetadata } from '../../lake/iceberg/view-metadata.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/log.ts';
import type { CommitVeto } from '../registry/commit-veto.ts';
import type { CatalogStore } from '../store/catalog-store.ts';
import { droppedTableService, type DroppedTableService } from './dropped-table-service.ts';
import { metadataFiles } from './metadata-files.ts';
import { namespaceService, type NamespaceService } from './namespace-service.ts';
import { objectStores, type StorePlace } from './object-stores.ts';
import { placement } from './placement.ts';
import type { TableServiceOptions } from './table-parts.ts';
import { tableService, type TableService } from './table-service.ts';
import { viewService, type ViewService } from './view-service.ts';

export interface CatalogServicesOptions extends Pick<TableServiceOptions, 'swapAttemptsMax' | 'snapshotAheadMaxMs'> {
  readonly store: CatalogStore;
  /** The warehouse first, then what is allowed beside it. */
  readonly places: readonly StorePlace[];
  readonly clock: Clock;
  readonly logger: Logger;
  /** Text bytes of metadata kept in memory. */
  readonly metadataCacheBytesMax?: number;
  /** Default: at once. */
  readonly dropGraceMs?: number;
  /** Holds schemas against the contracts in force. Absent: there are none. */
  readonly veto?: CommitVeto;
}

export interface CatalogServices {
  readonly namespaces: NamespaceService;
  readonly tables: TableService;
  readonly views: ViewService;
  readonly dropped: DroppedTableService;
  /** Superseded files that were being deleted are gone: before the object stores are closed. */
  settled(): Promise<void>;
}

const metadataCacheBytesDefault = 64 * 1024 * 1024;

export function catalogServices(options: CatalogServicesOptions): CatalogServices {
  const { store, clock, logger, metadataCacheBytesMax: cacheBytesMax = metadataCacheBytesDefault } = options;
  const places = objectStores(options.places);
  const placed = placement({ store, objectStores: places });
  const reading = { objectStores: places, logger, cacheBytesMax };
  const files = metadataFiles({ ...reading, readValue: readMetadata, list: 'snapshots' });
  return {
    settled: () => files.settled(),
    namespaces: namespaceService({ store, objectStores: places, clock }),
    tables: tableService({
      dropGraceMs: 0,
      ...options,
      files,
      objectStores: places,
      placement: placed,
    }),
    dropped: droppedTableService({ store, files, objectStores: places, clock, logger }),
    views: viewService({
      store,
      files: metadataFiles({ ...reading, readValue: readViewMetadata, list: 'versions' }),
      clock,
      objectStores: places,
      placement: placed,
    }),
  };
}
