// Whether the store honours If-None-Match, on which exactly-once leans; asked of it at the start, and believed for a day.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ObjectStore } from '../lake/store/object-store.ts';
import { systemClock } from '../runtime/clock.ts';
import { LakeError } from '../runtime/errors.ts';
import { isRecord } from '../runtime/options.ts';
import type { LoadedConfig } from './config.ts';
import { pathIn } from './settings.ts';

/** STORE_NOT_CONDITIONAL where the configuration requires conditional writes and the store ignores them. */
export async function requireConditionalWrites(loaded: LoadedConfig, store: ObjectStore, signal?: AbortSignal): Promise<void> {
  const { store: config } = loaded.config.lake;
  if (config.kind === 's3' && config.conditionalWrites === 'off') return;
  const test = await store.selfTest(signal);
  if (!test.conditionalPut || !test.conditionalComplete || test.raceFailures > 0) {
    throw new LakeError('STORE_NOT_CONDITIONAL', `${store.root} does not honour If-None-Match`, {
      context: {
        expected: 'one winner in every race',
        found: `put: ${String(test.conditionalPut)}, multipart complete: ${String(test.conditionalComplete)}, ${test.raceFailures} of ${test.raceRounds} races with other than one winner`,
      },
    });
  }
  await mkdir(dirname(proofFile(loaded)), { recursive: true });
  await writeFile(proofFile(loaded), JSON.stringify({ store: proofName(loaded, store), provenAt: systemClock.now() }));
}

const proofAgeMaxMs = 24 * 3600 * 1000;

/** As above, but takes a proof of the last day on this machine: the races cost seconds, and workers restart. */
export async function requireConditionalWritesOnceADay(loaded: LoadedConfig, store: ObjectStore, signal?: AbortSignal): Promise<void> {
  const proof = await readProof(proofFile(loaded));
  const isFresh =
    isRecord(proof) &&
    proof['store'] === proofName(loaded, store) &&
    typeof proof['provenAt'] === 'number' &&
    Math.abs(systemClock.now() - proof['provenAt']) < proofAgeMaxMs;
  if (!isFresh) await requireConditionalWrites(loaded, store, signal);
}

/** Null for a file that is absent, cut short or no proof at all. */
async function readProof(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return null;
  }
}

function proofFile(loaded: LoadedConfig): string {
  return join(pathIn(loaded, loaded.config.lake.workDir), 'conditional-writes.json');
}

function proofName(loaded: LoadedConfig, store: ObjectStore): string {
  const { store: config } = loaded.config.lake;
  return `${config.kind === 's3' ? (config.endpoint ?? 'aws') : 'file'} ${store.root}`;
}
