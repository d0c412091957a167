// What alerts are made of. An alert is the state of one check; a change is one step of it that people are told; a delivery
// is what one receiver is told at once: changes of one table, under one idempotency key.
//
// What is told is figures and declarations, never values of rows: no samples, no keys, no sentences of engines.

import type { EpochMs } from '../../runtime/clock.ts';
import type { Severity } from '../check.ts';

/** error: the check could not be measured. */
export type AlertLevel = 'ok' | 'warning' | 'failed' | 'error';

export interface ChangeFacts {
  readonly checkId: string;
  readonly table: string;
  /** What must hold, in a person's words where the declaration has them. */
  readonly title: string;
  readonly severity: Severity;
  readonly level: AlertLevel;
  readonly found: string | null;
  readonly expected: string;
  readonly owner: string | null;
  /** `quality/rides.yaml:12`. */
  readonly declaredIn: string;
  readonly snapshotId: string | null;
  readonly runId: string;
  /** When it was measured. */
  readonly at: EpochMs;
  /** Shows the failing rows, to those who may see them. */
  readonly query: string | null;
}

export interface AlertChange extends ChangeFacts {
  /** Of this change and no other. */
  readonly key: string;
  readonly state: 'firing' | 'resolved';
  /** Since when it fires; of a resolved one: since when it had. */
  readonly since: EpochMs;
}

export interface Alert {
  readonly level: AlertLevel;
  /** Newest result that was taken into account. */
  readonly lastAt: EpochMs;
  /** Since when it fires; of an ok one: since when it had. */
  readonly since: EpochMs;
  /** What people were told last. */
  readonly announced: AlertLevel;
  /** Digests of keys that windows passed, and of those that were told while it fires. */
  readonly keys: readonly string[];
  readonly announcedKeys: readonly string[];
  /** Receivers that were told that it fires: they are told when it is over. */
  readonly told: readonly string[];
  readonly facts: ChangeFacts;
}

export interface Delivery {
  /** The idempotency key: the same for every try. */
  readonly key: string;
  readonly receiver: string;
  readonly changes: readonly AlertChange[];
  /** Changes before these that had no room. */
  readonly omitted: number;
  readonly createdAt: EpochMs;
  /** Once it was tried, its content stays. */
  readonly attempts: number;
  readonly nextAt: EpochMs;
  /** Until when a process may be sending it. */
  readonly claimedUntil: EpochMs;
  /** Why the last try failed. */
  readonly problem: string | null;
}

export interface FailedDelivery {
  readonly key: string;
  readonly receiver: string;
  readonly checkIds: readonly string[];
  readonly at: EpochMs;
  readonly problem: string;
}

/** Everything about one table, changed as one. */
export interface Board {
  /** Random: what makes keys of this deployment unlike those of another. */
  readonly origin: string;
  /** Counts changes and deliveries. */
  readonly sequence: number;
  readonly alerts: Readonly<Record<string, Alert>>;
  /** Oldest first. */
  readonly deliveries: readonly Delivery[];
  /** Given up after `retry.for`, newest last. */
  readonly failed: readonly FailedDelivery[];
}

export interface AlertMessage {
  readonly key: string;
  readonly table: string;
  readonly changes: readonly AlertChange[];
  readonly omitted: number;
}

export type Sent =
  | { readonly kind: 'delivered' }
  /** `retryAfterMs`: as the receiver asks; null: it does not. */
  | { readonly kind: 'refused'; readonly problem: string; readonly retryAfterMs: number | null };

/** Where alerts go. */
export interface Receiver {
  readonly name: string;
  readonly severity: Severity;
  /** Whether alerts of the check go here. */
  readonly takes: (checkId: string) => boolean;
  /** One try. What goes wrong is an answer, without secrets; throws only when the signal aborts. */
  send(message: AlertMessage, signal: AbortSignal): Promise<Sent>;
}

const ranks: Readonly<Record<Severity, number>> = { info: 0, warning: 1, error: 2 };

export function isAtLeast(severity: Severity, least: Severity): boolean {
  return ranks[severity] >= ranks[least];
}
