// Alerts at work: results become changes on the boards, and what is due is sent. Any number of processes may do this at
// once: a board is changed by compare-and-swap, a delivery is claimed before it is sent, and a claim ends by itself.
//
// Each change is delivered at least once: a change and its deliveries are one write, and results that nobody looked at
// because a process died are looked at by the next. After a 2xx a delivery is taken off the board and never sent again;
// where the process dies between the two, it is sent once more under the same key.

import type { QualityStore, StoredState } from '../../catalog/store/quality-store.ts';
import type { Clock, EpochMs } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/log.ts';
import { isRecord } from '../../runtime/options.ts';
import type { Random } from '../../runtime/random.ts';
import { retryDelayMs } from '../../runtime/retry.ts';
import type { CheckResult } from '../result.ts';
import { resultOfRecord } from '../run/result-record.ts';
import type { Board, Delivery, Receiver, Sent } from './alert.ts';
import {
  announce,
  claim,
  delivered,
  dueDeliveries,
  nextDueAt,
  observe,
  refused,
  retire,
  withoutReceivers,
  type Announcing,
} from './board.ts';
import { changeBoard, listBoards } from './board-store.ts';
import { isSilencedBy, listSilences } from './silence.ts';

export interface AlertParts {
  readonly store: QualityStore;
  /** Read each time: they may change while this runs. */
  readonly receivers: readonly Receiver[];
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly limits: AlertLimits;
}

export interface AlertLimits {
  /** Of one try. */
  readonly timeoutMs: number;
  /** Beside the time of a try: what writing down its outcome may take, before another process tries. */
  readonly claimExtraMs: number;
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
  /** A delivery that nobody took for so long is given up, and shown as failed. */
  readonly retryForMs: number;
}

export interface Alerts {
  /** Of a run that ended. Seen before or not, in any order. */
  observe(results: readonly CheckResult[]): Promise<void>;
  /** Results that are in the store and were not looked at: of processes that died, and of runs by hand. */
  catchUp(): Promise<void>;
  /** Ends alerts of checks that are declared no longer. */
  retire(declared: ReadonlySet<string>): Promise<void>;
  /** Tells what silences held back, sends what is due. When there is something to do again; null: nothing is open. */
  tick(signal: AbortSignal): Promise<EpochMs | null>;
}

const pageSize = 200;
const resultsMax = 20_000;
/** A result is found by when it began; it may be there later than one that began after it. */
const overlapMs = 3_600_000;

export function openAlerts(parts: AlertParts): Alerts {
  const { store, clock } = parts;
  const seen: Seen = { delivered: new Set() };
  const announcing = async (): Promise<Announcing> => {
    const now = clock.now();
    return { receivers: parts.receivers, now, isSilenced: isSilencedBy(await listSilences(store, now), now) };
  };
  const observeAll = async (results: readonly CheckResult[]): Promise<void> => {
    const now = await announcing();
    for (const [table, ofTable] of Map.groupBy(results, ({ check }) => check.table))
      await changeBoard(store, table, (board) => ({ board: observe(board, ofTable, now), value: null }));
    await moveCursor(store, Math.max(0, ...results.map(({ startedAt }) => startedAt)));
  };
  return {
    observe: observeAll,
    catchUp: async () => observeAll(await unseenResults(store)),
    retire: async (declared) => {
      const now = await announcing();
      for (const [table] of await listBoards(store))
        await changeBoard(store, table, (board) => ({ board: retire(board, (id) => declared.has(id), now), value: null }));
    },
    tick: async (signal) => {
      const now = await announcing();
      const waits: (EpochMs | null)[] = [];
      for (const [table] of await listBoards(store)) {
        await changeBoard(store, table, (board) => ({ board: announce(known(board, parts.receivers), now), value: null }));
        waits.push(await sendDue(parts, seen, table, signal));
      }
      const times = waits.filter((time) => time !== null);
      return times.length === 0 ? null : Math.min(...times);
    },
  };
}

interface Seen {
  /** Keys that were taken with a 2xx here: where that could not be written down, they are not sent again. */
  readonly delivered: Set<string>;
}

function known(board: Board, receivers: readonly Receiver[]): Board {
  return withoutReceivers(board, (name) => receivers.some((receiver) => receiver.name === name));
}

const cursor = { kind: 'alert-cursor', name: 'results' } as const;

interface Cursor {
  /** Of the newest result looked at. */
  readonly at: EpochMs;
  /** Where looking began: what is older is no news. */
  readonly from: EpochMs;
}

async function moveCursor(store: QualityStore, at: EpochMs): Promise<void> {
  const state = await store.getState(cursor.kind, cursor.name);
  const before = cursorOf(state);
  if (at === 0 || (before !== null && before.at >= at)) return;
  const moved: Cursor = { at, from: before?.from ?? at };
  // Lost to another process: that one moved it.
  await store.putState({ ...cursor, expectedRevision: state?.revision ?? null, record: JSON.stringify(moved) });
}

function cursorOf(state: StoredState | null): Cursor | null {
  const value: unknown = state === null ? null : JSON.parse(state.record);
  if (!isRecord(value)) return null;
  const { at, from } = value;
  return typeof at === 'number' && typeof from === 'number' ? { at, from } : null;
}

/** At first only how things stand now: what failed and was mended before anybody was to be told is no news. */
async function unseenResults(store: QualityStore): Promise<readonly CheckResult[]> {
  const seen = cursorOf(await store.getState(cursor.kind, cursor.name));
  if (seen === null) return (await store.latestResults()).map(resultOfRecord);
  const from = Math.max(seen.at - overlapMs, seen.from + 1);
  const found: CheckResult[] = [];
  let before: { readonly at: EpochMs; readonly key: string } | undefined;
  while (found.length < resultsMax) {
    const page = await store.listResults({ limit: pageSize, ...(before === undefined ? {} : { before }) });
    const newer = page.filter(({ at }) => at >= from);
    found.push(...newer.map(resultOfRecord));
    const last = page.at(-1);
    if (last === undefined || newer.length < page.length || page.length < pageSize) break;
    before = { at: last.at, key: last.key };
  }
  return found;
}

/** Every receiver's oldest delivery at the same time, then what waited behind it. */
async function sendDue(parts: AlertParts, seen: Seen, table: string, signal: AbortSignal): Promise<EpochMs | null> {
  const { store, clock } = parts;
  for (;;) {
    signal.throwIfAborted();
    const { due, next } = await changeBoard(store, table, (board) => ({
      board,
      value: { due: dueDeliveries(board, clock.now()), next: nextDueAt(board) },
    }));
    if (due.length === 0) return next;
    // As many at once as there are receivers: the configuration bounds them.
    await Promise.all(due.map((delivery) => sendOne(parts, seen, table, delivery, signal)));
  }
}

async function sendOne(
  parts: AlertParts,
  seen: Seen,
  table: string,
  { key, receiver: name }: Delivery,
  signal: AbortSignal,
): Promise<void> {
  const { store, clock, limits, receivers, logger } = parts;
  const receiver = receivers.find((one) => one.name === name);
  if (receiver === undefined) return;
  const claimed = await changeBoard(store, table, (board) => {
    const now = clock.now();
    const taken = claim(board, key, now, now + limits.timeoutMs + limits.claimExtraMs);
    return taken === null ? { board, value: null } : { board: taken.board, value: taken.delivery };
  });
  if (claimed === null) return;
  const sent = seen.delivered.has(key)
    ? ({ kind: 'delivered' } as const)
    : await trySend(receiver, table, claimed, limits.timeoutMs, signal);
  if (sent.kind === 'delivered') {
    seen.delivered.add(key);
    await changeBoard(store, table, (board) => ({ board: delivered(board, key), value: null }));
    seen.delivered.delete(key);
    return;
  }
  const now = clock.now();
  const nextAt = now + pauseMs(parts, claimed.attempts, sent);
  logger.warn({ receiver: name, table, attempts: claimed.attempts, problem: sent.problem }, 'an alert could not be delivered');
  const { problem } = sent;
  await changeBoard(store, table, (board) => ({
    board: refused(board, key, { problem, now, nextAt, retryForMs: limits.retryForMs }),
    value: null,
  }));
}

async function trySend(receiver: Receiver, table: string, delivery: Delivery, timeoutMs: number, signal: AbortSignal): Promise<Sent> {
  const { key, changes, omitted } = delivery;
  const limit = AbortSignal.timeout(timeoutMs);
  try {
    return await receiver.send({ key, table, changes, omitted }, AbortSignal.any([signal, limit]));
  } catch (error) {
    signal.throwIfAborted();
    if (!limit.aborted) throw error;
    return { kind: 'refused', problem: `no answer within ${timeoutMs} ms`, retryAfterMs: null };
  }
}

function pauseMs({ limits, random }: AlertParts, attempts: number, { retryAfterMs }: Extract<Sent, { kind: 'refused' }>): number {
  const policy = { attemptsMax: Number.MAX_SAFE_INTEGER, delayMinMs: limits.retryMinMs, delayMaxMs: limits.retryMaxMs };
  const own = retryDelayMs(policy, Math.min(attempts, 30), random);
  return retryAfterMs === null ? own : Math.min(Math.max(own, retryAfterMs), limits.retryMaxMs);
}
