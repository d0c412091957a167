// Preflight's rules about the replication slot: room for it, its state, how much it holds back and how much it may.

import type { PostgresRow } from '../sources/postgres-client.ts';
import type { Finding } from './finding.ts';
import type { PostgresPreflight } from './preflight-postgres.ts';

// to_jsonb: the columns of this view differ from version to version.
export const slotSql = `
SELECT to_jsonb(s) ->> 'plugin' AS plugin, to_jsonb(s) ->> 'slot_type' AS type, to_jsonb(s) ->> 'database' AS database,
       to_jsonb(s) ->> 'active' AS active, to_jsonb(s) ->> 'temporary' AS temporary, to_jsonb(s) ->> 'wal_status' AS "walStatus",
       to_jsonb(s) ->> 'two_phase' AS "twoPhase", to_jsonb(s) ->> 'invalidation_reason' AS "invalidationReason",
       coalesce(pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, s.restart_lsn), 0)::bigint::text AS retained
  FROM pg_replication_slots s WHERE s.slot_name = $1`;

export function judgeCapacity(
  settings: ReadonlyMap<string, string>,
  usage: PostgresRow | undefined,
  slot: PostgresRow | undefined,
  wanted: PostgresPreflight,
): readonly Finding[] {
  const findings: Finding[] = [];
  const check = (setting: string, code: string, used: number, isHeld: boolean) => {
    const limit = Number(settings.get(setting) ?? 0);
    if (isHeld || used < limit) return;
    findings.push({
      code,
      severity: 'error',
      subject: wanted.server,
      setting,
      found: `${limit}, ${used} in use`,
      needed: `at least ${used + 1}`,
      mend: `ALTER SYSTEM SET ${setting} = ${used + 4}; then restart the server`,
    });
  };
  check('max_replication_slots', 'POSTGRES_SLOTS_FULL', Number(usage?.['slots'] ?? 0), slot !== undefined);
  check('max_wal_senders', 'POSTGRES_SENDERS_FULL', Number(usage?.['senders'] ?? 0), slot?.['active'] === 'true');
  return findings;
}

export function judgeSlot(slot: PostgresRow | undefined, wanted: PostgresPreflight): readonly Finding[] {
  // The connector makes its slot at its first start.
  if (slot === undefined) return [];
  const subject = `slot ${wanted.slot}`;
  const drop = `SELECT pg_drop_replication_slot('${wanted.slot}');`;
  const findings: Finding[] = [];
  const expect = (setting: string, code: string, found: string | null | undefined, needed: string, mend: string) => {
    if (found !== needed) findings.push({ code, severity: 'error', subject, setting, found: found ?? 'null', needed, mend });
  };
  expect('slot_type', 'POSTGRES_SLOT_TYPE', slot['type'], 'logical', `${drop} -- or name another slot`);
  if (slot['type'] === 'logical') {
    expect('plugin', 'POSTGRES_SLOT_PLUGIN', slot['plugin'], 'pgoutput', `${drop} -- or name another slot`);
    expect('database', 'POSTGRES_SLOT_DATABASE', slot['database'], wanted.database, `${drop} -- or name another slot`);
  }
  expect('two_phase', 'POSTGRES_SLOT_TWO_PHASE', slot['twoPhase'] ?? 'false', 'false', drop);
  const reason = slot['invalidationReason'] ?? null;
  if (slot['walStatus'] === 'lost' || reason !== null) {
    findings.push({
      code: 'POSTGRES_SLOT_LOST',
      severity: 'error',
      subject,
      setting: 'wal_status',
      found: reason === null ? 'lost' : `lost (${reason})`,
      needed: 'reserved',
      // The changes between the old slot and a new one are gone: only a new snapshot closes the hole.
      mend: `${drop} then remove the connector's offsets (DELETE /connectors/NAME/offsets) and start it: it snapshots anew`,
    });
  } else if (slot['walStatus'] === 'unreserved') {
    findings.push({
      code: 'POSTGRES_SLOT_UNRESERVED',
      severity: 'error',
      subject,
      setting: 'wal_status',
      found: 'unreserved: the next checkpoint may remove what it needs',
      needed: 'reserved',
      mend: `ALTER SYSTEM SET max_slot_wal_keep_size = -1; SELECT pg_reload_conf(); and start the connector now`,
    });
  }
  const retained = BigInt(slot['retained'] ?? '0');
  if (retained > wanted.retainedWalBytesMax) {
    findings.push({
      code: 'POSTGRES_SLOT_RETAINS',
      severity: 'warning',
      subject,
      setting: 'retained WAL',
      found: bytesText(retained),
      needed: `at most ${bytesText(wanted.retainedWalBytesMax)}`,
      mend:
        slot['active'] === 'true'
          ? 'Find out why the connector lags: GET /connectors/NAME/status'
          : `Start the connector, or give the slot up: ${drop}`,
    });
  }
  return findings;
}

export function judgeSlotLimits(settings: ReadonlyMap<string, string>, wanted: PostgresPreflight): readonly Finding[] {
  const findings: Finding[] = [];
  const keepMegabytes = BigInt(settings.get('max_slot_wal_keep_size') ?? '-1');
  const keepBytes = keepMegabytes << 20n;
  const common = { subject: wanted.server, setting: 'max_slot_wal_keep_size' } as const;
  const mend = `ALTER SYSTEM SET max_slot_wal_keep_size = '${wanted.retainedWalBytesMax >> 30n}GB'; SELECT pg_reload_conf();`;
  if (keepMegabytes < 0n) {
    findings.push({
      ...common,
      code: 'POSTGRES_SLOT_UNLIMITED',
      severity: 'warning',
      found: '-1: a stopped connector fills the disk, and the server stops',
      needed: 'a limit below the free space',
      mend,
    });
  } else if (keepBytes < wanted.slotWalBytesMin) {
    findings.push({
      ...common,
      code: 'POSTGRES_SLOT_LIMIT_SMALL',
      severity: 'warning',
      found: `${bytesText(keepBytes)}: a short outage of the connector loses the slot, and with it changes`,
      needed: `at least ${bytesText(wanted.slotWalBytesMin)}`,
      mend,
    });
  }
  // Version 18: seconds after which an idle slot is given up; 0 is never.
  const idleSeconds = Number(settings.get('idle_replication_slot_timeout') ?? 0);
  if (idleSeconds > 0) {
    findings.push({
      code: 'POSTGRES_SLOT_IDLE_TIMEOUT',
      severity: 'warning',
      subject: wanted.server,
      setting: 'idle_replication_slot_timeout',
      found: `${idleSeconds} s: a connector away for longer loses its slot`,
      needed: '0',
      mend: 'ALTER SYSTEM SET idle_replication_slot_timeout = 0; SELECT pg_reload_conf();',
    });
  }
  return findings;
}

function bytesText(bytes: bigint): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let size = Number(bytes);
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${Number(size.toFixed(1))} ${units[unit]}`;
}
