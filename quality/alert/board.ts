// The rules of alerts, as functions of a board: what a result changes, what people are told, what is sent when, and what
// came of it. A board is changed by compare-and-swap (board-store.ts), so a change and the deliveries that tell it are one
// step: none is lost with the process, none is made twice.

import { createHash } from 'node:crypto';
import type { EpochMs } from '../../runtime/clock.ts';
import type { CheckResult } from '../result.ts';
import { isAtLeast, type Alert, type AlertChange, type Board, type Delivery, type Receiver } from './alert.ts';
import { factsOf, keyDigests, levelOf } from './change-facts.ts';

type Routing = Pick<Receiver, 'name' | 'severity' | 'takes'>;

export interface Announcing {
  readonly receivers: readonly Routing[];
  readonly isSilenced: (checkId: string) => boolean;
  readonly now: EpochMs;
}

/** Changes that one delivery tells, at most. */
const changesMax = 200;
const failedMax = 20;

export function emptyBoard(origin: string): Board {
  return { origin, sequence: 0, alerts: {}, deliveries: [], failed: [] };
}

/** Results in any order, seen before or not: only what is newer than the alert counts. */
export function observe(board: Board, results: readonly CheckResult[], announcing: Announcing): Board {
  let now = board;
  for (const result of results.toSorted((a, b) => a.startedAt - b.startedAt)) now = announce(take(now, result), announcing);
  return now;
}

function take(board: Board, result: CheckResult): Board {
  const level = levelOf(result);
  const { id } = result.check;
  const before = board.alerts[id];
  if (level === null || (before !== undefined && result.startedAt <= before.lastAt)) return board;
  // What never fired needs no entry.
  if (before === undefined && level === 'ok') return board;
  const began = before === undefined || (before.level === 'ok' && level !== 'ok');
  const alert: Alert = {
    level,
    lastAt: result.startedAt,
    since: began ? result.startedAt : before.since,
    announced: before?.announced ?? 'ok',
    keys: keyDigests(result, board.origin),
    announcedKeys: before?.announcedKeys ?? [],
    told: before?.told ?? [],
    facts: factsOf(result, level),
  };
  return { ...board, alerts: { ...board.alerts, [id]: alert } };
}

/** How long a check that is declared no longer is remembered: its older results are looked at again for a while. */
const retiredKeptMs = 2 * 3_600_000;

/** Alerts of checks that are declared no longer are over, and what was found before is no news. */
export function retire(board: Board, isDeclared: (checkId: string) => boolean, announcing: Announcing): Board {
  const { now } = announcing;
  const gone = Object.entries(board.alerts).filter(([id, { level }]) => level !== 'ok' && !isDeclared(id));
  const ended = gone.map(([id, alert]): [string, Alert] => [
    id,
    { ...alert, level: 'ok', lastAt: now, facts: { ...alert.facts, level: 'ok', at: now, found: 'the check is no longer declared' } },
  ]);
  const told = gone.length === 0 ? board : announce({ ...board, alerts: { ...board.alerts, ...Object.fromEntries(ended) } }, announcing);
  const all = Object.entries(told.alerts);
  const left = all.filter(([id, alert]) => isDeclared(id) || needsWord(alert) || now - alert.lastAt < retiredKeptMs);
  return left.length === all.length ? told : { ...told, alerts: Object.fromEntries(left) };
}

/** Tells what people do not know yet, also what a silence held back and is still so. */
export function announce(board: Board, announcing: Announcing): Board {
  let now = board;
  for (const [id, alert] of Object.entries(board.alerts)) {
    if (needsWord(alert) && !announcing.isSilenced(id)) now = announceOne(now, id, alert, announcing);
  }
  return now;
}

function needsWord({ level, announced, keys, announcedKeys }: Alert): boolean {
  return level !== announced || (level !== 'ok' && keys.some((key) => !announcedKeys.includes(key)));
}

function announceOne(board: Board, id: string, alert: Alert, announcing: Announcing): Board {
  const { receivers, now } = announcing;
  const isOver = alert.level === 'ok';
  const sequence = board.sequence + 1;
  const change: AlertChange = {
    ...alert.facts,
    key: keyOf(board, id, sequence),
    state: isOver ? 'resolved' : 'firing',
    since: alert.since,
  };
  // Who was told that it fires is told when it is over, and when it becomes less bad.
  const addressed = receivers.filter(
    ({ name, severity, takes }) => alert.told.includes(name) || (!isOver && isAtLeast(change.severity, severity) && takes(id)),
  );
  // Nobody is there to be told yet: whoever is configured while it still fires is told then.
  if (addressed.length === 0 && !isOver) return board;
  const told = isOver ? [] : [...new Set([...alert.told, ...addressed.map(({ name }) => name)])];
  const announcedKeys = isOver ? [] : [...new Set([...alert.announcedKeys, ...alert.keys])].slice(-2_000);
  const known: Board = {
    ...board,
    sequence,
    alerts: { ...board.alerts, [id]: { ...alert, announced: alert.level, announcedKeys, told } },
  };
  return addressed.reduce((grown, { name }) => enqueue(grown, name, change, now), known);
}

/** Changes gather in a delivery until it is tried for the first time. */
function enqueue(board: Board, receiver: string, change: AlertChange, now: EpochMs): Board {
  const last = board.deliveries.findLast((delivery) => delivery.receiver === receiver);
  if (last !== undefined && last.attempts === 0) {
    const changes = [...last.changes, change];
    const kept = changes.slice(-changesMax);
    const grown = { ...last, changes: kept, omitted: last.omitted + changes.length - kept.length };
    return { ...board, deliveries: board.deliveries.map((delivery) => (delivery === last ? grown : delivery)) };
  }
  const sequence = board.sequence + 1;
  const fresh: Delivery = {
    key: keyOf(board, receiver, sequence),
    receiver,
    changes: [change],
    omitted: 0,
    createdAt: now,
    attempts: 0,
    nextAt: now,
    claimedUntil: 0,
    problem: null,
  };
  return { ...board, sequence, deliveries: [...board.deliveries, fresh] };
}

function keyOf({ origin }: Board, of: string, sequence: number): string {
  return createHash('sha256').update(`${origin} ${of} ${sequence}`).digest('hex').slice(0, 32);
}

/** The oldest delivery of each receiver, where its time has come: what follows waits, so that people hear things in order. */
export function dueDeliveries(board: Board, now: EpochMs): readonly Delivery[] {
  return heads(board).filter(({ nextAt, claimedUntil }) => nextAt <= now && claimedUntil <= now);
}

/** When the next one is due; null: there is none. */
export function nextDueAt(board: Board): EpochMs | null {
  const times = heads(board).map(({ nextAt, claimedUntil }) => Math.max(nextAt, claimedUntil));
  return times.length === 0 ? null : Math.min(...times);
}

function heads({ deliveries }: Board): readonly Delivery[] {
  return deliveries.filter((delivery, index) => deliveries.findIndex(({ receiver }) => receiver === delivery.receiver) === index);
}

/** Null where it is gone, or another process has it. */
export function claim(
  board: Board,
  key: string,
  now: EpochMs,
  until: EpochMs,
): { readonly board: Board; readonly delivery: Delivery } | null {
  const found = dueDeliveries(board, now).find((delivery) => delivery.key === key);
  if (found === undefined) return null;
  const delivery: Delivery = { ...found, attempts: found.attempts + 1, claimedUntil: until };
  return { board: replaced(board, delivery), delivery };
}

export function delivered(board: Board, key: string): Board {
  return { ...board, deliveries: board.deliveries.filter((delivery) => delivery.key !== key) };
}

export interface Refusal {
  readonly problem: string;
  readonly now: EpochMs;
  readonly nextAt: EpochMs;
  /** Tries end this long after the first. */
  readonly retryForMs: number;
}

export function refused(board: Board, key: string, { problem, now, nextAt, retryForMs }: Refusal): Board {
  const found = board.deliveries.find((delivery) => delivery.key === key);
  if (found === undefined) return board;
  if (now - found.createdAt < retryForMs) return replaced(board, { ...found, problem, nextAt, claimedUntil: 0 });
  const { receiver, changes } = found;
  const lost = { key, receiver, checkIds: [...new Set(changes.map(({ checkId }) => checkId))], at: now, problem };
  return { ...delivered(board, key), failed: [...board.failed, lost].slice(-failedMax) };
}

/** Deliveries to receivers that the configuration no longer has. */
export function withoutReceivers(board: Board, isKnown: (receiver: string) => boolean): Board {
  return board.deliveries.every(({ receiver }) => isKnown(receiver))
    ? board
    : { ...board, deliveries: board.deliveries.filter(({ receiver }) => isKnown(receiver)) };
}

function replaced(board: Board, delivery: Delivery): Board {
  return { ...board, deliveries: board.deliveries.map((one) => (one.key === delivery.key ? delivery : one)) };
}
