// Health of what stands between the databases and the log: the connector and its task, the replication slot and the WAL
// it holds back, the agent beside Cassandra. Values, never exceptions: a health page must be able to show that something
// does not answer.

import type { PostgresQuery } from '../sources/postgres-client.ts';
import type { ConnectClient } from './connect-client.ts';
import { causeOf, isFailed, isRunning } from './register.ts';

export type ConnectorHealth =
  | { readonly kind: 'running' }
  | { readonly kind: 'starting' | 'paused' | 'missing' }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'unreachable'; readonly reason: string };

export async function connectorHealth(connect: ConnectClient, name: string, signal?: AbortSignal): Promise<ConnectorHealth> {
  try {
    const status = await connect.status(name, signal);
    if (status === null) return { kind: 'missing' };
    if (isFailed(status)) return { kind: 'failed', reason: causeOf(status) };
    if (isRunning(status)) return { kind: 'running' };
    return { kind: status.state === 'PAUSED' || status.state === 'STOPPED' ? 'paused' : 'starting' };
  } catch (error) {
    signal?.throwIfAborted();
    return { kind: 'unreachable', reason: error instanceof Error ? error.message : String(error) };
  }
}

export interface SlotHealth {
  readonly slot: string;
  readonly isActive: boolean;
  /** `reserved`, `extended`, `unreserved`, `lost`; null on servers before 13. */
  readonly walStatus: string | null;
  /** WAL the server keeps for this slot. */
  readonly retainedWalBytes: bigint;
  /** What the connector has confirmed. */
  readonly confirmedFlushLsn: string | null;
  /** Bytes that may still be written before the slot is given up; null where there is no limit. */
  readonly safeWalBytes: bigint | null;
  /** PostgreSQL 17 and later: why the slot was given up. */
  readonly invalidationReason: string | null;
}

/** Null when there is no such slot. Errors: those of `query`. */
export async function slotHealth(query: PostgresQuery, slot: string, signal?: AbortSignal): Promise<SlotHealth | null> {
  // to_jsonb reads whatever columns this version of the server has.
  const [row] = await query(
    `SELECT s.active, s.confirmed_flush_lsn::text AS confirmed,
            coalesce(pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, s.restart_lsn), 0)::bigint AS retained,
            to_jsonb(s) ->> 'wal_status' AS "walStatus", to_jsonb(s) ->> 'safe_wal_size' AS "safeWal",
            to_jsonb(s) ->> 'invalidation_reason' AS "invalidationReason"
       FROM pg_replication_slots s WHERE s.slot_name = $1`,
    [slot],
    signal,
  );
  if (row === undefined) return null;
  const safe = row['safeWal'] ?? null;
  return {
    slot,
    isActive: row['active'] === 't',
    walStatus: row['walStatus'] ?? null,
    retainedWalBytes: BigInt(row['retained'] ?? '0'),
    confirmedFlushLsn: row['confirmed'] ?? null,
    safeWalBytes: safe === null ? null : BigInt(safe),
    invalidationReason: row['invalidationReason'] ?? null,
  };
}

export type AgentHealth = { readonly kind: 'running' } | { readonly kind: 'failed' | 'unreachable'; readonly reason: string };

/** The launcher answers 200 while all its processors run. `url` is its health address. */
export async function agentHealth(url: string, timeoutMs: number, signal?: AbortSignal): Promise<AgentHealth> {
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, { signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]) });
    const body = await response.text();
    return response.ok ? { kind: 'running' } : { kind: 'failed', reason: `${url} answered ${response.status}: ${body.slice(0, 200)}` };
  } catch (error) {
    signal?.throwIfAborted();
    const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
    return { kind: 'unreachable', reason: `${url}: ${error instanceof Error ? error.message : String(error)}${cause}` };
  }
}
