// What a command that reads the lake opens: store, catalog and queries as foz.yaml says, disposed together.

import type { Catalog } from '../../catalog/catalog.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';
import type { Logger } from '../../runtime/log.ts';
import type { LoadedConfig } from '../config.ts';
import { pathIn } from '../settings.ts';
import { openCatalog, openStore } from '../wire.ts';
import { openLakeQuery, type LakeQuery } from '../../query/lake-query.ts';

export interface LakeSession extends AsyncDisposable {
  readonly catalog: Catalog;
  readonly store: ObjectStore;
  readonly lake: LakeQuery;
}

export async function openLakeSession(loaded: LoadedConfig, logger: Logger): Promise<LakeSession> {
  await using parts = new AsyncDisposableStack();
  const store = parts.use(openStore(loaded, logger));
  const { catalog } = parts.use(await openCatalog(loaded, store, logger));
  const { query, lake: lakeConfig } = loaded.config;
  const lake = parts.use(
    await openLakeQuery({
      catalog,
      store,
      cacheDir: pathIn(loaded, query.cacheDir),
      cacheBytesMax: query.cacheMax,
      memoryBytes: query.memory,
      threads: query.threads,
      namespace: lakeConfig.namespace,
    }),
  );
  const owned = parts.move();
  return { catalog, store, lake, [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() };
}
