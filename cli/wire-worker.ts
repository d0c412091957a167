// The worker with its adapters: from a configuration to one decoder a table over one engine. What it returns is the
// caller's to dispose.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Catalog } from '../catalog/catalog.ts';
import type { Contracts } from '../catalog/contracts.ts';
import type { ObjectStore } from '../lake/store/object-store.ts';
import { systemClock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/log.ts';
import { systemRandom } from '../runtime/random.ts';
import { decodeEngine, type DecodeEngine } from '../sync/decode/decode-engine.ts';
import type { Decoder } from '../sync/decode/decoder.ts';
import { openJsonDecoder } from '../sync/decode/json-decoder.ts';
import type { Log } from '../sync/log/log.ts';
import type { TableTarget } from '../sync/table.ts';
import type { TableObserver } from '../sync/table-observer.ts';
import { Worker } from '../sync/worker.ts';
import type { LoadedConfig } from './config.ts';
import { crashHook } from './crash-hook.ts';
import { pathIn, syncOptions, tableTargets } from './settings.ts';
import { workerContracts } from './wire.ts';
import { workDirectory } from './work-directory.ts';

export interface WorkerParts {
  readonly store: ObjectStore;
  readonly catalog: Catalog;
  readonly log: Log;
  readonly logger: Logger;
  /** The catalog's registry; null: none. */
  readonly contracts: Contracts | null;
  readonly observer?: Partial<TableObserver>;
}

/** A worker for every table of the configuration, not started yet. It disposes its decoders, not the parts. */
export async function openWorker(loaded: LoadedConfig, parts: WorkerParts): Promise<Worker> {
  const targets = tableTargets(loaded.config);
  const decoders = new Map<TableTarget, Decoder>();
  const engine = openEngine(loaded);
  for (const target of targets) decoders.set(target, await openDecoder(loaded, target, engine));
  const crashPoint = crashHook(process.env['FOZ_SIGNAL_AT']);
  const { contracts: registry, ...rest } = parts;
  const contracts = workerContracts(loaded, registry);
  return new Worker(targets, syncOptions(loaded.config), {
    ...rest,
    ...(contracts ? { contracts } : {}),
    ...(crashPoint ? { crashPoint } : {}),
    clock: systemClock,
    random: systemRandom,
    // Of a table that foz.yaml names later, when its topic is there.
    openDecoder: (target) => decoders.get(target) ?? openDecoder(loaded, target, engine),
  });
}

/** What all tables share: one DuckDB with one memory limit. It lives as long as the decoders. */
function openEngine(loaded: LoadedConfig): DecodeEngine {
  const { memory, limits } = loaded.config.sync;
  return decodeEngine({ memoryLimitBytes: memory.decoderMax, threads: limits.threads, tempDir: workDirectory(loaded) });
}

async function openDecoder(loaded: LoadedConfig, { ident }: TableTarget, engine: DecodeEngine): Promise<Decoder> {
  const tempDir = join(workDirectory(loaded), ident.name);
  await mkdir(tempDir, { recursive: true });
  const { memory, limits } = loaded.config.sync;
  return openJsonDecoder({
    engine,
    tempDir,
    // Of the child processes that isolate a batch: the engine has its own.
    memoryLimitBytes: memory.decoderMax,
    threads: limits.threads,
    depthMax: limits.jsonDepth,
    attempts: { directory: join(pathIn(loaded, loaded.config.lake.workDir), 'attempts'), table: ident.name },
  });
}
