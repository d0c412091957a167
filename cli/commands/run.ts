// `foz run`: the worker, by default with the embedded catalog in the same process and the quality jobs in one beside it. Runs
// until it is told to stop; then everything taken is committed and the group is left. Dependencies that are away are waited
// for, not died of.

import type { ObjectStore } from '../../lake/store/object-store.ts';
import { systemClock } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/log.ts';
import type { Metrics } from '../../runtime/metrics.ts';
import type { PromMetrics } from '../../runtime/prom-metrics.ts';
import { aborted } from '../../runtime/shutdown.ts';
import type { HaltCode } from '../../sync/halt.ts';
import type { TableTarget } from '../../sync/table.ts';
import type { Worker, WorkerStatus } from '../../sync/worker.ts';
import type { CatalogService } from '../catalog/open-catalog-service.ts';
import type { Command, CommandCall } from '../command.ts';
import type { LoadedConfig } from '../config.ts';
import type { DriftWatch } from '../contract/drift-watch.ts';
import type { ReadinessCheck } from '../http.ts';
import type { QualityProcess } from '../quality/quality-process.ts';
import type { QualityGauges } from '../../quality/report/gauges.ts';

export const run: Command = {
  description:
    'Run the worker (log to lake), the quality jobs in a process beside it and, where catalog.kind is embedded, the catalog. SIGINT or SIGTERM commits what was taken and stops; a second one stops at once.',
  options: [
    { flags: '--only <part>', doc: 'run one part; the others run elsewhere', choices: ['sync', 'catalog', 'quality'] },
    { flags: '--exit-on-halt', doc: 'stop with exit code 4 as soon as a table halts' },
  ],
  examples: [
    ['foz run', 'worker, catalog and quality jobs'],
    ['foz run --only catalog', 'the catalog alone; then elsewhere: foz run --only sync'],
    ['curl -s 127.0.0.1:8585/readyz', 'is data flowing, and if not, why'],
  ],
  run: async (call) => {
    const loaded = call.loadConfig();
    const logger = call.logger(loaded);
    if (call.options['only'] === 'quality') return (await import('./quality/serve.ts')).serve.run(call);
    if (call.options['only'] === 'catalog') {
      const [{ serveCatalogAlone }, { catalogSettings }] = await Promise.all([
        import('./catalog.ts'),
        import('../catalog/catalog-settings.ts'),
      ]);
      return serveCatalogAlone(call, catalogSettings(loaded), logger);
    }
    return runWorker(call, loaded, logger);
  },
};

async function runWorker(call: CommandCall, loaded: LoadedConfig, logger: Logger): Promise<number> {
  const { config } = loaded;
  const [
    wire,
    workerWire,
    { untilAnswers },
    { requireConditionalWritesOnceADay },
    { createPromMetrics },
    { metricsObserver },
    { version },
    { clearWorkDirectory },
  ] = await Promise.all([
    import('../wire.ts'),
    import('../wire-worker.ts'),
    import('../until-answers.ts'),
    import('../conditional-writes.ts'),
    import('../../runtime/prom-metrics.ts'),
    import('../observe.ts'),
    import('../version.ts'),
    import('../work-directory.ts'),
  ]);
  const halted = new AbortController();
  const metrics = createPromMetrics({ version: version(), process: true });
  const observer = metricsObserver(metrics, {
    onHalt: (table) => {
      call.note(`foz: ${table} has halted: foz status says why and which command decides`);
      if (call.options['exitOnHalt'] === true) halted.abort();
    },
  });
  await clearWorkDirectory(loaded);
  await using parts = new AsyncDisposableStack();
  const startedAt = Date.now();
  const started: Started = { worker: null, drift: null, quality: null, catalogUrl: null, waiting: 'starting' };
  const [{ serveOperators }, { addressOf }, { measureLag }, { watchDrift }, { watchTables }, { tellLineage }, { emittedLineage }] =
    await Promise.all([
      import('../http.ts'),
      import('../settings.ts'),
      import('../lag.ts'),
      import('../contract/watch-drift.ts'),
      import('../table/watch-tables.ts'),
      import('../lineage/tell-lineage.ts'),
      import('../lineage/emitted-lineage.ts'),
    ]);
  const status = () => ({
    version: version(),
    pid: process.pid,
    startedAt,
    catalog: started.catalogUrl,
    waiting: started.waiting,
    ...started.worker?.status(),
    drift: started.drift?.status() ?? [],
    quality: started.quality?.status() ?? null,
  });
  const http = parts.use(
    await serveOperators(addressOf(config.http.listen), {
      readiness: () => readiness(started),
      refresh: () => refresh(started, metrics),
      status,
      metrics,
    }),
  );
  const store = parts.use(wire.openStore(loaded, logger));
  const waiting = { what: 'the object store', logger, onWait: (reason: string) => void (started.waiting = reason) };
  await untilAnswers(() => requireConditionalWritesOnceADay(loaded, store, call.signal), waiting, call.signal);
  const served = parts.use(await openService(call, loaded, { started, logger, metrics, lakeStore: store }));
  const pointers = served?.pointers ?? null;
  const catalog = served
    ? parts.use(wire.localCatalog(served.pointers, served.places, logger))
    : parts.use(await wire.openCatalog(loaded, store, logger)).catalog;
  if (config.catalog.kind === 'rest') {
    const { startMaintenance } = await import('../maintenance/start-maintenance.ts');
    const settings = config.catalog.maintenance;
    parts.use(startMaintenance({ settings, loaded, catalog, store, logger, metrics, purgeDropped: null }));
  }
  const log = parts.use(wire.openLog(loaded, logger));
  const registry = pointers ? wire.localContracts(pointers) : parts.use(await wire.openContracts(loaded));
  const worker = parts.use(await workerWire.openWorker(loaded, { store, catalog, log, logger, observer, contracts: registry }));
  Object.assign(started, { worker, catalogUrl: served?.url ?? null, waiting: null });
  call.note(`worker: ${http.url}/status${served ? `   catalog: ${served.url}` : ''}   lake: ${store.root}`);
  worker.start();
  const ended = new AbortController();
  parts.defer(() => ended.abort());
  void measureLag(log, () => worker.status(), metrics, systemClock, logger, ended.signal);
  started.drift = watchDrift(loaded, () => call.loadConfig(), registry, { clock: systemClock, logger, metrics }, ended.signal);
  const watched = { loaded, reload: () => call.loadConfig(), add: (target: TableTarget) => worker.add(target), clock: systemClock, logger };
  void watchTables(watched, ended.signal);
  const lineage = pointers ? wire.localLineage(pointers) : parts.use(await wire.openLineage(loaded));
  const { lineage: elsewhere } = loaded.config;
  const told = elsewhere === undefined ? lineage : emittedLineage(lineage, elsewhere);
  void tellLineage({ loaded, reload: watched.reload, catalog, lineage: told, clock: systemClock, logger }, ended.signal);
  const checking = new AbortController();
  parts.defer(() => checking.abort());
  started.quality = await startQuality(call, loaded, { logger, metrics }, checking.signal);
  await Promise.race([aborted(call.signal), aborted(halted.signal), worker.done]);
  checking.abort();
  const haltedTables = await stop(worker, logger);
  await started.quality?.done;
  await clearWorkDirectory(loaded);
  return haltedTables > 0 ? 4 : 0;
}

/** What the operator endpoints can say before everything is up. */
interface Started {
  worker: Worker | null;
  drift: DriftWatch | null;
  /** Null: it runs elsewhere, or nowhere. */
  quality: QualityProcess | null;
  catalogUrl: string | null;
  waiting: string | null;
}

async function startQuality(
  call: CommandCall,
  loaded: LoadedConfig,
  { logger, metrics }: { readonly logger: Logger; readonly metrics: Metrics },
  signal: AbortSignal,
): Promise<QualityProcess | null> {
  if (!loaded.config.quality.enabled || call.options['only'] !== undefined) return null;
  const [{ startQualityProcess }, { packageFile }, { setQualityGauges }] = await Promise.all([
    import('../quality/quality-process.ts'),
    import('../package-file.ts'),
    import('../../quality/report/gauges.ts'),
  ]);
  const onGauges = (gauges: QualityGauges): void => setQualityGauges(metrics, gauges);
  return startQualityProcess({ entry: packageFile('bin/foz.mjs'), configFile: loaded.file, clock: systemClock, logger, onGauges }, signal);
}

/** Null where the catalog is served elsewhere. */
async function openService(
  call: CommandCall,
  loaded: LoadedConfig,
  parts: { readonly started: Started; readonly logger: Logger; readonly metrics: PromMetrics; readonly lakeStore: ObjectStore },
): Promise<CatalogService | null> {
  if (loaded.config.catalog.kind !== 'embedded' || call.options['only'] === 'sync') return null;
  const [{ openCatalogService }, { catalogSettings }] = await Promise.all([
    import('../catalog/open-catalog-service.ts'),
    import('../catalog/catalog-settings.ts'),
  ]);
  const { started, ...rest } = parts;
  const onWait = (reason: string): void => void (started.waiting = reason);
  return openCatalogService(catalogSettings(loaded), { ...rest, onWait }, call.signal);
}

const stopMaxMs = 60_000;

/** Commits what was taken; gives up after a minute, which loses nothing: it is read again. */
async function stop(worker: Worker, logger: Logger): Promise<number> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new LakeError('LOG_UNREACHABLE', `the worker did not stop within ${stopMaxMs} ms`)), stopMaxMs);
  });
  try {
    await Promise.race([worker.stop(), expired]);
  } catch (error) {
    logger.warn({ error }, 'stopped before everything taken was committed: it is read again at the next start');
  } finally {
    clearTimeout(timer);
  }
  return worker.status().tables.filter((table) => table.state === 'halted').length;
}

function readiness({ worker, waiting }: Started): readonly ReadinessCheck[] {
  if (!worker) return [{ name: 'start', isReady: false, reason: waiting }];
  const status: WorkerStatus = worker.status();
  const log = { name: 'log', isReady: status.log.available, reason: status.log.reason };
  const tables = status.tables.map(({ table, state, reason }) => {
    const isReady = state === 'reading' || state === 'idle';
    return { name: table, isReady, reason: isReady ? null : (reason ?? state) };
  });
  return [log, ...tables];
}

const haltReasons = [
  'SOURCE_REPLACED',
  'RETENTION_GAP',
  'LOG_TRUNCATED',
  'TABLE_ROLLED_BACK',
  'BATCH_POISONED',
  'CONTRACT_VIOLATED',
  'CONTRACT_UNENFORCEABLE',
] as const satisfies readonly HaltCode[];

/** Figures that are only looked up when somebody asks. */
function refresh({ worker }: Started, metrics: Metrics): void {
  const now = worker?.status();
  if (!now) return;
  metrics.set('foz_buffer_bytes', {}, now.bufferedBytes);
  metrics.set('foz_dependency_up', { dependency: 'log' }, now.log.available ? 1 : 0);
  for (const { table, halt } of now.tables)
    for (const reason of haltReasons) metrics.set('foz_halted', { table, reason }, halt?.code === reason ? 1 : 0);
}
