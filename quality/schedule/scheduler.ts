// The schedule at work: looks what is due, runs it, remembers, and waits. Two lanes, each with one run at a time: what is due by
// the clock, which may take long at night, and what follows commits, which somebody waits for. Everything it must know after
// a crash is in the store: a run that was interrupted is taken up first, with its snapshots, then what was missed is run,
// once. Only one process does this (leader.ts), the others wait.

import { randomUUID } from 'node:crypto';
import type { QualityStore } from '../../catalog/store/quality-store.ts';
import type { Clock, EpochMs } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/log.ts';
import type { Check } from '../check.ts';
import { otherTables } from '../run/result-key.ts';
import type { RunParts, RunReport } from '../run/run-checks.ts';
import { interrupted, runOfRecord, type Run } from '../run/run-record.ts';
import { afterRun, cronReader, headText, scheduled, type Remembered, type ScheduleView } from './due.ts';
import { leadThe } from './leader.ts';
import { readSchedule, rememberSchedule } from './schedule-memory.ts';

export interface SchedulerParts {
  readonly store: QualityStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of this process, unlike any other. */
  readonly holder: string;
  /** Of the tables, as statements name it. */
  readonly namespace: string;
  /** As they are declared now. Throwing keeps those of before. */
  readonly declared: (signal: AbortSignal) => Promise<readonly Check[]>;
  /** Newest snapshot of a table; null: none yet. */
  readonly head: (table: string, signal: AbortSignal) => Promise<string | null>;
  /** `beforeEnd` before the run counts as ended. */
  readonly run: (
    checks: readonly Check[],
    run: Run,
    beforeEnd: NonNullable<RunParts['beforeEnd']>,
    signal: AbortSignal,
  ) => Promise<RunReport>;
  /** After each run, one after the other, with what it came to: alerts, tables of results. Its failure is logged. */
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
  readonly running: readonly { readonly id: string; readonly startedAt: EpochMs; readonly checks: number }[];
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
/** Of a day ago, one passed result a minute stays; more than one round looks at it, should one be missed. */
const thinAfterMs = 24 * 3_600_000;
const thinSpanMs = 4 * pruneEveryMs;
const thinEveryMs = 60_000;
/** Interrupted runs older than this are left: their slots are missed ones by now. */
const resumeWithinMs = 24 * 3_600_000;
const runsLookedAt = 50;

type LaneName = 'cron' | 'commit';

interface Standing {
  isLeader: boolean;
  checks: readonly Check[];
  loadedAt: EpochMs | null;
  prunedAt: EpochMs | null;
  readonly running: Map<LaneName, ScheduleStatus['running'][number]>;
  readonly nextAt: Map<LaneName, EpochMs | null>;
  problem: string | null;
  /** What follows runs, one after the other. */
  following: Promise<unknown>;
}

interface Lane {
  readonly name: LaneName;
  readonly parts: SchedulerParts;
  readonly standing: Standing;
  readonly cron: ScheduleView['cron'];
}

export function startScheduler(parts: SchedulerParts, signal: AbortSignal): Scheduler {
  const standing: Standing = {
    isLeader: false,
    checks: [],
    loadedAt: null,
    prunedAt: null,
    running: new Map(),
    nextAt: new Map(),
    problem: null,
    following: Promise.resolve(),
  };
  const { store, clock, logger, holder, rhythm } = parts;
  const work = async (leading: AbortSignal): Promise<void> => {
    standing.isLeader = true;
    try {
      await scheduleOn(parts, standing, leading);
    } finally {
      standing.isLeader = false;
    }
  };
  const done = leadThe({ store, clock, logger, holder, name: 'schedule', leaseMs: rhythm.leaseMs }, work, signal);
  return {
    status: () => {
      const { isLeader, checks, running, nextAt, problem } = standing;
      const times = [...nextAt.values()].filter((at) => at !== null);
      return {
        isLeader,
        checks: checks.length,
        running: [...running.values()],
        nextAt: times.length === 0 ? null : Math.min(...times),
        problem,
      };
    },
    done,
  };
}

async function scheduleOn(parts: SchedulerParts, standing: Standing, signal: AbortSignal): Promise<void> {
  const cron = cronReader();
  await reload(parts, standing, signal);
  // A lane that fails stops the other: both are begun again together.
  const failed = new AbortController();
  const both = AbortSignal.any([signal, failed.signal]);
  const lanes = (['cron', 'commit'] as const).map((name) =>
    stayIn({ name, parts, standing, cron }, both).catch((error: unknown) => {
      failed.abort(error);
      throw error;
    }),
  );
  await Promise.allSettled(lanes);
  if (failed.signal.aborted && !signal.aborted) throw failed.signal.reason;
}

async function stayIn(lane: Lane, signal: AbortSignal): Promise<void> {
  const { name, parts, standing } = lane;
  const { clock, rhythm } = parts;
  await resumeInterrupted(lane, signal);
  while (!signal.aborted) {
    if (clock.now() - (standing.loadedAt ?? 0) >= rhythm.reloadMs) await reload(parts, standing, signal);
    const checks = standing.checks.filter(({ when }) => when.kind === name);
    const view: ScheduleView = {
      checks,
      remembered: await readSchedule(parts.store),
      headOf: await headsOf(parts, checks, signal),
      cron: lane.cron,
    };
    const now = clock.now();
    const { due, planned, nextAt } = scheduled(view, now);
    await rememberSchedule(parts.store, standing.checks, planned);
    standing.nextAt.set(name, nextAt);
    if (due.size > 0) {
      await runOnce(lane, { id: runId(now), trigger: name, startedAt: now, slots: due, pins: new Map() }, signal);
      continue;
    }
    if (name === 'cron') await prune(parts, standing);
    const untilNext = nextAt === null ? sleepMaxMs : nextAt - now;
    const watchMs = name === 'commit' && checks.length > 0 ? rhythm.watchMs : sleepMaxMs;
    const sleepMs = Math.max(1, Math.min(sleepMaxMs, untilNext, rhythm.reloadMs, watchMs));
    await clock.sleep(sleepMs, signal).catch(() => undefined);
  }
}

/** `20261121T173000Z-3fa9c1`: sorts by time. */
export function runId(now: EpochMs): string {
  return `${new Date(now).toISOString().replaceAll(/[-:]|\.\d+/g, '')}-${randomUUID().slice(0, 6)}`;
}

async function runOnce({ name, parts, standing, cron }: Lane, run: Run, signal: AbortSignal): Promise<void> {
  const { clock, store, namespace } = parts;
  const checks = standing.checks.filter(({ id }) => run.slots.has(id));
  standing.running.set(name, { id: run.id, startedAt: run.startedAt, checks: checks.length });
  try {
    // As of before: what comes due while it runs is due again.
    const asOf = clock.now();
    const remember: Parameters<SchedulerParts['run']>[2] = async (results, pins) => {
      const measured = results.filter(({ outcome }) => !['error', 'unknown'].includes(outcome));
      const seen = new Set(measured.map(({ check }) => check.id));
      const pinned = (table: string) => pins.get(`${namespace}.${table}`) ?? null;
      const entries = checks.flatMap((check): (readonly [string, Remembered])[] => {
        const head = seen.has(check.id) ? headText(tablesOf(check, namespace), pinned) : null;
        const entry = afterRun(check, asOf, head, cron);
        return entry ? [[check.id, entry]] : [];
      });
      await rememberSchedule(store, standing.checks, new Map(entries));
    };
    const report = await parts.run(checks, run, remember, signal);
    await follow(parts, standing, report, signal);
  } finally {
    standing.running.delete(name);
  }
}

async function follow({ after, logger }: SchedulerParts, standing: Standing, report: RunReport, signal: AbortSignal): Promise<void> {
  const mine = standing.following.then(() => after?.(report, signal));
  standing.following = mine.catch(() => undefined);
  await mine.catch((error: unknown) => {
    signal.throwIfAborted();
    logger.warn({ run: report.id, error }, 'what follows a quality run failed');
  });
}

async function resumeInterrupted(lane: Lane, signal: AbortSignal): Promise<void> {
  const { store, clock, logger } = lane.parts;
  const oldest = clock.now() - resumeWithinMs;
  const stored = await store.listRuns({ before: null, limit: runsLookedAt });
  const unfinished = stored.filter(({ endedAt, startedAt }) => endedAt === null && startedAt >= oldest).toReversed();
  for (const one of unfinished) {
    const run = runOfRecord(one);
    if (run?.trigger !== lane.name) continue;
    logger.info({ run: run.id, checks: run.slots.size }, 'an interrupted quality run goes on');
    await runOnce(lane, interrupted(run), signal);
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

/** A table that cannot be asked now is left out. */
async function headsOf(parts: SchedulerParts, checks: readonly Check[], signal: AbortSignal): Promise<ScheduleView['headOf']> {
  const { head, logger, namespace } = parts;
  const watched = checks.filter(({ when }) => when.kind === 'commit');
  const heads = new Map<string, string | null>();
  for (const table of new Set(watched.flatMap((check) => tablesOf(check, namespace)))) {
    try {
      heads.set(table, await head(table, signal));
    } catch (error) {
      signal.throwIfAborted();
      logger.debug({ table, error }, 'whether the table has a new commit is not known now');
    }
  }
  return (check) => headText(tablesOf(check, namespace), (table) => heads.get(table));
}

function tablesOf(check: Check, namespace: string): readonly string[] {
  return [check.table, ...otherTables(check, namespace)];
}

async function prune({ store, clock, rhythm }: SchedulerParts, standing: Standing): Promise<void> {
  const now = clock.now();
  if (standing.prunedAt !== null && now - standing.prunedAt < pruneEveryMs) return;
  standing.prunedAt = now;
  await store.prune({ results: now - rhythm.resultsKeptMs, history: now - rhythm.historyKeptMs });
  // Checks after each commit pass thousands of times a day.
  await store.thin({ from: now - thinAfterMs - thinSpanMs, to: now - thinAfterMs, everyMs: thinEveryMs });
}
