// What the quality jobs tell beside alerts, for as long as they are served: gauges, the tables of results in the lake, and the
// lineage of the catalog. None of them holds up a check, and a failure of one is logged and tried again.

import { join } from 'node:path';
import { systemClock, type EpochMs } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/log.ts';
import { systemRandom } from '../../runtime/random.ts';
import { nothingDeclared, type Declared } from '../../quality/declare/declared.ts';
import { appendResults, type AppendParts } from '../../quality/report/append-results.ts';
import { qualityGaugesOf, successesOf, type QualityGauges } from '../../quality/report/gauges.ts';
import { knownKeysIn } from '../../quality/report/known-keys.ts';
import { publicResult, type PersonalColumns } from '../../quality/report/public-result.ts';
import { freshnessTable, resultsTable } from '../../quality/report/result-tables.ts';
import { resultOfRecord } from '../../quality/run/result-record.ts';
import type { RunReport } from '../../quality/run/run-checks.ts';
import type { LoadedConfig } from '../config.ts';
import { pathIn } from '../settings.ts';
import { openLineage } from '../wire.ts';
import type { Quality } from './open-quality.ts';
import { lineageEvents } from './run-report.ts';

export interface ServedReports {
  /** After each run. */
  observe(report: RunReport): Promise<void>;
  declared(declared: Declared): void;
  /** Ends when the signal aborts, once what waits is appended. */
  readonly done: Promise<void>;
}

export interface ServeReports {
  readonly loaded: LoadedConfig;
  readonly quality: Quality;
  readonly logger: Logger;
  /** Of several processes one appends; it would be harmless if two did. */
  readonly isLeader: () => boolean;
  readonly onGauges: (gauges: QualityGauges) => void;
}

interface Told {
  declared: Declared;
  personalOf: PersonalColumns;
  runMs: number | null;
  lastSuccess: ReadonlyMap<string, EpochMs>;
  /** Results that this process saw and did not append yet. */
  waiting: number;
  appendedAt: EpochMs;
  gauges: string;
  /** When they are looked at again; results of other processes are seen then too. */
  gaugesAt: EpochMs;
}

const tickMs = 2_000;
const gaugesEveryMs = 30_000;
const lastAppendMaxMs = 5_000;
const appendPauseMs = 10_000;

export function serveReports(served: ServeReports, signal: AbortSignal): ServedReports {
  const told: Told = {
    declared: nothingDeclared,
    personalOf: () => null,
    runMs: null,
    lastSuccess: new Map(),
    waiting: 0,
    // What another process left is appended soon.
    appendedAt: 0,
    gauges: '',
    gaugesAt: 0,
  };
  return {
    observe: async (report) => {
      told.runMs = report.endedAt - report.startedAt;
      told.waiting += report.results.length - report.reused.size;
      told.gaugesAt = 0;
      told.personalOf = await personalOf(served, told.declared, signal);
      await tried(served.logger, signal, 'the run could not be told to the lineage', () => tellLineage(served, told, report, signal));
    },
    declared: (declared) => {
      told.declared = declared;
      told.gaugesAt = 0;
    },
    done: keepReporting(served, told, signal),
  };
}

async function keepReporting(served: ServeReports, told: Told, signal: AbortSignal): Promise<void> {
  const { logger, loaded, isLeader } = served;
  const { publish } = loaded.config.quality;
  // The lease is given back before the end.
  let leads = false;
  while (!signal.aborted) {
    leads = isLeader();
    if (systemClock.now() >= told.gaugesAt)
      await tried(logger, signal, 'gauges of quality checks could not be told', () => tellGauges(served, told));
    const sinceMs = systemClock.now() - told.appendedAt;
    const isDue = sinceMs >= publish.every || (told.waiting >= publish.rows && sinceMs >= appendPauseMs);
    if (publish.enabled && leads && isDue) {
      // However it goes: what is away is not asked at every tick.
      told.appendedAt = systemClock.now();
      await tried(logger, signal, 'results could not be appended to the lake; tried again later', () => append(served, told, signal));
    }
    await systemClock.sleep(tickMs, signal).catch(() => undefined);
  }
  const last = AbortSignal.timeout(lastAppendMaxMs);
  if (publish.enabled && told.waiting > 0 && leads)
    await tried(logger, last, 'results were not appended to the lake before the end; the next process does it', () =>
      append(served, told, last),
    );
}

async function tried(logger: Logger, signal: AbortSignal, message: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!signal.aborted) logger.warn({ error }, message);
  }
}

async function tellGauges({ quality, onGauges }: ServeReports, told: Told): Promise<void> {
  told.gaugesAt = systemClock.now() + gaugesEveryMs;
  const newest = new Map((await quality.store.latestResults()).map((stored) => [stored.checkId, resultOfRecord(stored)]));
  const { declared, personalOf: of, runMs } = told;
  const { checks, notExecuted } = declared;
  told.lastSuccess = successesOf({ checks, newest, lastSuccess: told.lastSuccess });
  const gauges = qualityGaugesOf({ checks, notExecuted, newest, personalOf: of, runMs, lastSuccess: told.lastSuccess });
  const text = JSON.stringify(gauges);
  if (text === told.gauges) return;
  told.gauges = text;
  onGauges(gauges);
}

async function append(served: ServeReports, told: Told, signal: AbortSignal): Promise<void> {
  const { loaded, quality } = served;
  const { store, catalog, objectStore } = quality;
  const { quality: config } = loaded.config;
  const cacheDir = pathIn(loaded, config.cacheDir);
  const seen = told.waiting;
  const of = await personalOf(served, told.declared, signal);
  const parts: AppendParts = {
    store,
    catalog,
    objectStore,
    clock: systemClock,
    random: systemRandom,
    directory: join(cacheDir, 'results'),
    told: (result) => publicResult(result, of),
    rowsMax: config.publish.rows,
    knownKeys: knownKeysIn({ catalog, store: objectStore, cacheDir: join(cacheDir, 'result-keys') }),
  };
  for (const table of [resultsTable, freshnessTable]) await appendResults(table, parts, signal);
  told.waiting -= seen;
}

/** A table whose checks are declared no more has none: its least and greatest values are not told. */
async function personalOf({ quality }: ServeReports, { checks }: Declared, signal: AbortSignal): Promise<PersonalColumns> {
  return quality.personalColumns([...new Set(checks.map(({ table }) => table))], signal);
}

/** Only into the catalog of Foz: others may not take events. */
async function tellLineage({ loaded }: ServeReports, told: Told, report: RunReport, signal: AbortSignal): Promise<void> {
  if (loaded.config.catalog.kind !== 'embedded' || report.results.length === report.reused.size) return;
  const results = report.results.filter(({ check }) => !report.reused.has(check.id));
  await using lineage = await openLineage(loaded);
  await lineage.record(lineageEvents({ ...report, results, notExecuted: [] }, loaded, told.personalOf), signal);
}
