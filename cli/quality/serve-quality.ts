// The quality jobs for as long as the process lives: the schedule over what is declared, told to whoever listens. Used by
// `foz quality serve`, which `foz run` starts beside the worker.

import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { systemClock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/log.ts';
import { problemText } from '../../contracts/document/contract-problem.ts';
import type { Check } from '../../quality/check.ts';
import { isBad } from '../../quality/result.ts';
import { countOutcomes, type RunReport } from '../../quality/run/run-checks.ts';
import { startScheduler, type ScheduleStatus } from '../../quality/schedule/scheduler.ts';
import { clearStaleSpill } from '../../query/duckdb.ts';
import type { LoadedConfig } from '../config.ts';
import { pathIn } from '../settings.ts';
import { failingOf, type Failing } from './failing.ts';
import { openQuality, type Quality } from './open-quality.ts';
import { serveAlerts, type ServedAlerts } from './serve-alerts.ts';
import { serveReports, type ServedReports } from './serve-reports.ts';
import type { QualityGauges } from '../../quality/report/gauges.ts';

export interface QualityStatus extends ScheduleStatus {
  readonly pid: number;
  readonly lastRun: {
    readonly id: string;
    readonly startedAt: number;
    readonly endedAt: number;
    readonly outcomes: Readonly<Record<string, number>>;
  } | null;
  /** Checks that fail now, by their newest result: those of other processes too. */
  readonly failing: readonly Failing[];
}

export interface ServeQuality {
  readonly loaded: LoadedConfig;
  /** foz.yaml read again: files of checks come and go. */
  readonly reload: () => LoadedConfig;
  readonly logger: Logger;
  readonly onStatus: (status: QualityStatus) => void;
  /** Whenever they change. */
  readonly onGauges: (gauges: QualityGauges) => void;
}

interface Told {
  lastRun: QualityStatus['lastRun'];
  problems: string;
  declared: ReadonlySet<string> | null;
}

const statusEveryMs = 2_000;

/** Ends when the signal aborts, once what ran has stopped. */
export async function serveQuality({ loaded, reload, logger, onStatus, onGauges }: ServeQuality, signal: AbortSignal): Promise<void> {
  // Killed processes leave what they spilled.
  await clearStaleSpill(pathIn(loaded, loaded.config.quality.cacheDir));
  await using quality = await openQuality(loaded, logger);
  const { quality: config } = loaded.config;
  const told: Told = { lastRun: null, problems: '', declared: null };
  const alerts = serveAlerts(loaded, quality.store, logger, signal);
  const leads = { isLeader: () => false };
  const reports = serveReports({ loaded, quality, logger, isLeader: () => leads.isLeader(), onGauges }, signal);
  const scheduler = startScheduler(
    {
      store: quality.store,
      clock: systemClock,
      logger,
      holder: `${hostname()}/${process.pid}/${randomUUID()}`,
      declared: async (within) => declaredNow(quality, reload(), { told, alerts, reports, logger }, within),
      namespace: loaded.config.lake.namespace,
      head: (table, within) => quality.head(table, within),
      run: (checks, run, beforeEnd, within) => quality.run(checks, run, within, { beforeEnd }),
      after: async (report) => {
        told.lastRun = { id: report.id, startedAt: report.startedAt, endedAt: report.endedAt, outcomes: countOutcomes(report.results) };
        logBad(report, logger);
        await alerts.observe(report);
        await reports.observe(report);
      },
      rhythm: {
        watchMs: config.watch,
        reloadMs: config.reload,
        leaseMs: config.lease,
        resultsKeptMs: config.keep.results,
        historyKeptMs: config.keep.history,
      },
    },
    signal,
  );
  leads.isLeader = () => scheduler.status().isLeader;
  while (!signal.aborted) {
    onStatus({ pid: process.pid, ...scheduler.status(), lastRun: told.lastRun, failing: await failingNow(quality, told.declared) });
    await systemClock.sleep(statusEveryMs, signal).catch(() => undefined);
  }
  await scheduler.done;
  await alerts.done;
  await reports.done;
}

interface DeclaredTo {
  readonly told: Told;
  readonly alerts: ServedAlerts;
  readonly reports: ServedReports;
  readonly logger: Logger;
}

/** What is wrong with a declaration is logged once; the others are run all the same. */
async function declaredNow(
  quality: Quality,
  loaded: LoadedConfig,
  { told, alerts, reports, logger }: DeclaredTo,
  signal: AbortSignal,
): Promise<readonly Check[]> {
  alerts.configured(loaded);
  const declared = await quality.declared(signal, loaded);
  const { checks, problems } = declared;
  const text = problems.map(problemText).join('\n');
  if (text !== told.problems && text !== '') logger.warn({ problems: problems.map(problemText) }, 'declared checks have problems');
  told.problems = text;
  told.declared = new Set(checks.map(({ id }) => id));
  await alerts.declared(declared);
  reports.declared(declared);
  return checks;
}

function logBad({ id, results, reused }: RunReport, logger: Logger): void {
  for (const result of results) {
    if (reused.has(result.check.id) || !isBad(result)) continue;
    const { check, outcome, reason, snapshotId } = result;
    logger.warn({ run: id, check: check.id, outcome, snapshot: snapshotId, reason }, 'a quality check failed');
  }
}

async function failingNow({ store }: Quality, declared: Told['declared']): Promise<QualityStatus['failing']> {
  return store.latestResults().then(
    (latest) => failingOf(latest, declared),
    () => [],
  );
}
