// The quality jobs as foz.yaml says: what is declared, where results are kept, and how a run is made. `foz quality run` uses
// it once, `foz quality serve` for as long as it lives.

import { join } from 'node:path';
import type { Catalog } from '../../catalog/catalog.ts';
import type { QualityStore } from '../../catalog/store/quality-store.ts';
import type { Logger } from '../../runtime/log.ts';
import { systemClock } from '../../runtime/clock.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { Check } from '../../quality/check.ts';
import type { Declared } from '../../quality/declare/declared.ts';
import type { CheckEngine } from '../../quality/engine.ts';
import { openDuckdbEngine } from '../../quality/engine/duckdb-engine.ts';
import { openTrinoEngine } from '../../quality/engine/trino-engine.ts';
import { personalColumns } from '../../quality/plan/personal-columns.ts';
import type { PersonalColumns } from '../../quality/report/public-result.ts';
import { snapshotIdOf } from '../../quality/run/pinned-catalog.ts';
import { runChecks, type RunParts, type RunReport } from '../../quality/run/run-checks.ts';
import type { Run } from '../../quality/run/run-record.ts';
import type { LoadedConfig } from '../config.ts';
import { pathIn } from '../settings.ts';
import { contractsOf, openCatalog, openContracts, openQualityStore, openStore } from '../wire.ts';
import { reconciliationOf } from '../verify/reconciliation.ts';
import { declaredChecks } from './declared-checks.ts';
import { measurersOf } from './measurers.ts';
import { pipelineOf } from './pipeline.ts';

export interface Quality extends AsyncDisposable {
  readonly store: QualityStore;
  /** As files and contracts say now. `loaded`: of foz.yaml read again; default: as it was opened. */
  declared(signal: AbortSignal, loaded?: LoadedConfig): Promise<Declared>;
  run(checks: readonly Check[], run: Run, signal: AbortSignal, hooks?: Pick<RunParts, 'onResult' | 'beforeEnd'>): Promise<RunReport>;
  readonly catalog: Catalog;
  readonly objectStore: ObjectStore;
  /** What the contracts in force call personal; null for a table whose contract could not be asked for. */
  personalColumns(tables: readonly string[], signal: AbortSignal): Promise<PersonalColumns>;
  /** Newest snapshot of a table; null: none yet. */
  head(table: string, signal: AbortSignal): Promise<string | null>;
}

export async function openQuality(loaded: LoadedConfig, logger: Logger): Promise<Quality> {
  const { quality, lake } = loaded.config;
  const { namespace } = lake;
  await using parts = new AsyncDisposableStack();
  const objectStore = parts.use(openStore(loaded, logger));
  const { catalog } = parts.use(await openCatalog(loaded, objectStore, logger));
  const { quality: store } = parts.use(await openQualityStore(loaded));
  const registry = loaded.config.contracts.registry === 'none' ? null : parts.use(await openContracts(loaded));
  const contracts = contractsOf(loaded, registry);
  const given: RunParts = {
    catalog,
    contracts,
    store,
    objectStore,
    namespace,
    logger,
    clock: systemClock,
    measurers: measurersOf(pipelineOf(loaded, logger), reconciliationOf(loaded, logger)),
    openEngine: (kind, pinned) => openEngine(loaded, kind, { catalog: pinned, store: objectStore }),
    limits: { parallel: quality.parallel, checkTimeoutMs: quality.timeout.check, runTimeoutMs: quality.timeout.run },
  };
  const owned = parts.move();
  return {
    store,
    declared: (signal, now = loaded) => declaredChecks(now, contracts, signal),
    run: (checks, run, signal, hooks = {}) => runChecks(checks, run, { ...given, ...hooks }, signal),
    catalog,
    objectStore,
    personalColumns: async (tables, signal) => {
      const known = new Map<string, ReadonlySet<string> | null>();
      for (const name of tables) {
        const asked = contracts?.activeContract({ namespace: [namespace], name }, signal) ?? Promise.resolve(null);
        known.set(name, await asked.then(personalColumns, () => null));
      }
      signal.throwIfAborted();
      return (table) => known.get(table) ?? null;
    },
    head: async (table, signal) => {
      const found = await catalog.loadTable({ namespace: [namespace], name: table }, signal);
      return found && snapshotIdOf(found.metadata);
    },
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

interface EngineParts {
  readonly catalog: Catalog;
  readonly store: ObjectStore;
}

async function openEngine(loaded: LoadedConfig, kind: Check['engine'], parts: EngineParts): Promise<CheckEngine> {
  const { quality, lake } = loaded.config;
  const cacheDir = pathIn(loaded, quality.cacheDir);
  const shared = { catalog: parts.catalog, namespace: lake.namespace, timeLimitMs: quality.timeout.check };
  if (kind === 'duckdb') {
    const { memory, threads, cacheMax } = quality;
    return openDuckdbEngine({ ...shared, store: parts.store, cacheDir, cacheBytesMax: cacheMax, memoryBytes: memory, threads });
  }
  const { trino } = quality;
  if (trino === undefined)
    throw new LakeError('CONFIG_INVALID', 'a check says `engine: trino`, and quality.trino is not set', {
      context: { expected: 'quality.trino.url', found: 'no such setting', next: `set it in ${loaded.file}` },
    });
  const { url, user, password, token, catalog: catalogName } = trino;
  const login = {
    ...(password === undefined ? {} : { password: password.reveal() }),
    ...(token === undefined ? {} : { token: token.reveal() }),
  };
  return openTrinoEngine({ ...shared, trino: { url, user, ...login }, catalogName, workDir: join(cacheDir, 'parser') });
}
