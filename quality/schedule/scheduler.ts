// The schedule at work: looks what is due, runs it, remembers, and waits. One run at a time; what came due meanwhile is next.
// Everything it must know after a crash is in the store: a run that was interrupted is taken up first, with its snapshots,
// then what was missed is run, once. Only one process does this (leader.ts), the others wait.

import { randomUUID } from 'node:crypto';
import type { QualityStore } from '../../catalog/store/quality-store.ts';
import type { Clock, EpochMs } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/log.ts';
import type { Check } from '../check.ts';
import type { RunReport } from '../run/run-checks.ts';
import { interrupted, runOfRecord, type Run } from '../run/run-record.ts';
import { afterRun, cronReader, scheduled, type Remembered, type ScheduleView } from './due.ts';
import { leadThe } from './leader.ts';
import { readSchedule, rememberSchedule } from './schedule-memory.ts';

export interface SchedulerParts {
  readonly store: QualityStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of this process, unlike any other. */
  readonly holder: string;
  /** As they are declared now. Throwing keeps those of before. */
  readonly declared: (signal: AbortSignal) => Promise<readonly Check[]>;
  /** Newest snapshot of a table; null: none yet. */
  readonly head: (table: string, signal: AbortSignal) => Promise<string | null>;
  readonly run: (checks: readonly Check[], run: Run, signal: AbortSignal) => Promise<RunReport>;
  /** After each run, with what it came to: alerts, tables of results. Its failure is logged. */
  readonly after?: (report: RunReport, signal: AbortSignal) => Promise<void>;
  readonly rhythm: ScheduleRhythm;
}

export interface ScheduleRhythm {
  /** How often commits are looked for. */
  readonly watchMs: number;
  /** How old the declarations may be. */
  readonly reloadMs: number;
  readonly leaseMs: number;
  readonly resultsKeptMs: number;
  readonly historyKeptMs: number;
}

export interface ScheduleStatus {
  readonly isLeader: boolean;
  readonly checks: number;
  readonly running: { readonly id: string; readonly startedAt: EpochMs; readonly checks: number } | null;
  readonly nextAt: EpochMs | null;
  /** Why it does not go on as it should; null: it does. */
  readonly problem: string | null;
}

export interface Scheduler {
  status(): ScheduleStatus;
  /** Resolves after the signal aborted and what ran has stopped. */
  readonly done: Promise<void>;
}

/** Longest sleep: clocks are put forward, and declarations change. */
const sleepMaxMs = 60_000;
const pruneEveryMs = 3_600_000;
/** Interrupted runs older than this are left: their slots are missed ones by now. */
const resumeWithinMs = 24 * 3_600_000;
const runsLookedAt = 50;

interface Standing {
  isLeader: boolean;
  checks: readonly Check[];
  loadedAt: EpochMs | null;
  prunedAt: EpochMs | null;
  running: ScheduleStatus['running'];
  nextAt: EpochMs | null;
  problem: string | null;
}

export function startScheduler(parts: SchedulerParts, signal: AbortSignal): Scheduler {
  const standing: Standing = { isLeader: false, checks: [], loadedAt: null, prunedAt: null, running: null, nextAt: null, problem: null };
  const { store, clock, logger, holder, rhythm } = parts;
  const work = async (leading: AbortSignal): Promise<void> => {
    standing.isLeader = true;
    try {
      await scheduleOn(parts, standing, leading);
    } finally {
      Object.assign(standing, { isLeader: false, running: null });
    }
  };
  const done = leadThe({ store, clock, logger, holder, name: 'schedule', leaseMs: rhythm.leaseMs }, work, signal);
  return {
    status: () => {
      const { isLeader, checks, running, nextAt, problem } = standing;
      return { isLeader, checks: checks.length, running, nextAt, problem };
    },
    done,
  };
}

async function scheduleOn(parts: SchedulerParts, standing: Standing, signal: AbortSignal): Promise<void> {
  const { clock, rhythm, logger } = parts;
  const cron = cronReader();
  await reload(parts, standing, signal);
  await resumeInterrupted(parts, standing, cron, signal);
  while (!signal.aborted) {
    if (clock.now() - (standing.loadedAt ?? 0) >= rhythm.reloadMs) await reload(parts, standing, signal);
    const view: ScheduleView = {
      checks: standing.checks,
      remembered: await readSchedule(parts.store),
      heads: await headsOf(parts, standing.checks, signal),
      cron,
    };
    const now = clock.now();
    const { due, planned, nextAt } = scheduled(view, now);
    await rememberSchedule(parts.store, standing.checks, planned);
    standing.nextAt = nextAt;
    if (due.size > 0) {
      const run: Run = { id: runId(now), trigger: 'schedule', startedAt: now, slots: due, pins: new Map() };
      await runOnce(parts, standing, run, cron, signal);
      continue;
    }
    await prune(parts, standing);
    const hasWatched = standing.checks.some(({ when }) => when.kind === 'commit');
    const untilNext = nextAt === null ? sleepMaxMs : nextAt - now;
    const sleepMs = Math.max(1, Math.min(sleepMaxMs, untilNext, rhythm.reloadMs, hasWatched ? rhythm.watchMs : sleepMaxMs));
    await clock.sleep(sleepMs, signal).catch(() => undefined);
  }
  logger.debug({}, 'the quality schedule stops here');
}

/** `20261121T173000Z-3fa9c1`: sorts by time. */
export function runId(now: EpochMs): string {
  return `${new Date(now).toISOString().replaceAll(/[-:]|\.\d+/g, '')}-${randomUUID().slice(0, 6)}`;
}

async function runOnce(
  parts: SchedulerParts,
  standing: Standing,
  run: Run,
  cron: ScheduleView['cron'],
  signal: AbortSignal,
): Promise<void> {
  const { clock, logger, store } = parts;
  const checks = standing.checks.filter(({ id }) => run.slots.has(id));
  standing.running = { id: run.id, startedAt: run.startedAt, checks: checks.length };
  try {
    // As of before: what comes due while it runs is due again.
    const asOf = clock.now();
    const report = await parts.run(checks, run, signal);
    const measured = report.results.filter(({ outcome }) => !['error', 'unknown'].includes(outcome));
    const seen = new Map(measured.map(({ check, snapshotId }) => [check.id, snapshotId]));
    const entries = checks.flatMap((check): (readonly [string, Remembered])[] => {
      const entry = afterRun(check, asOf, seen.get(check.id) ?? null, cron);
      return entry ? [[check.id, entry]] : [];
    });
    await rememberSchedule(store, standing.checks, new Map(entries));
    standing.problem = null;
    await parts.after?.(report, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      logger.warn({ run: run.id, error }, 'what follows a quality run failed');
    });
  } finally {
    standing.running = null;
  }
}

async function resumeInterrupted(
  parts: SchedulerParts,
  standing: Standing,
  cron: ScheduleView['cron'],
  signal: AbortSignal,
): Promise<void> {
  const { store, clock, logger } = parts;
  const oldest = clock.now() - resumeWithinMs;
  const stored = await store.listRuns({ before: null, limit: runsLookedAt });
  const unfinished = stored.filter(({ endedAt, startedAt }) => endedAt === null && startedAt >= oldest).toReversed();
  for (const one of unfinished) {
    const run = runOfRecord(one);
    if (run === null || run.trigger !== 'schedule') continue;
    logger.info({ run: run.id, checks: run.slots.size }, 'an interrupted quality run goes on');
    await runOnce(parts, standing, interrupted(run), cron, signal);
  }
}

async function reload(parts: SchedulerParts, standing: Standing, signal: AbortSignal): Promise<void> {
  standing.loadedAt = parts.clock.now();
  try {
    standing.checks = await parts.declared(signal);
    standing.problem = null;
  } catch (error) {
    signal.throwIfAborted();
    standing.problem = error instanceof Error ? error.message : String(error);
    parts.logger.warn({ error: standing.problem }, 'the declared checks cannot be read; those of before stay');
  }
}

/** Of tables with checks after commits. One that cannot be asked now is left out. */
async function headsOf(
  { head, logger }: SchedulerParts,
  checks: readonly Check[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string | null>> {
  const tables = new Set(checks.flatMap(({ table, when }) => (when.kind === 'commit' ? [table] : [])));
  const heads = new Map<string, string | null>();
  for (const table of tables) {
    try {
      heads.set(table, await head(table, signal));
    } catch (error) {
      signal.throwIfAborted();
      logger.debug({ table, error }, 'whether the table has a new commit is not known now');
    }
  }
  return heads;
}

async function prune({ store, clock, rhythm }: SchedulerParts, standing: Standing): Promise<void> {
  const now = clock.now();
  if (standing.prunedAt !== null && now - standing.prunedAt < pruneEveryMs) return;
  standing.prunedAt = now;
  await store.prune({ results: now - rhythm.resultsKeptMs, history: now - rhythm.historyKeptMs });
}
