// Whether the connector has sent everything up to a log position: its slot is confirmed only for what Kafka has
// acknowledged. On a quiet database the heartbeat moves it within its interval.

import { systemClock } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import { openPostgres, type PostgresSettings } from '../../sources/postgres-client.ts';

const pollMs = 250;

/** LAKE_BEHIND when the slot has not passed `lsn` by `deadlineMs`. */
export async function slotConfirmed(
  { settings, slot }: { readonly settings: PostgresSettings; readonly slot: string },
  lsn: string,
  deadlineMs: number,
  signal?: AbortSignal,
): Promise<void> {
  await using client = await openPostgres(settings, signal);
  for (;;) {
    const [row] = await client.query(
      `SELECT confirmed_flush_lsn::text AS confirmed, (confirmed_flush_lsn >= $2::pg_lsn)::text AS passed FROM pg_replication_slots WHERE slot_name = $1`,
      [slot, lsn],
      signal,
    );
    if (row?.['passed'] === 'true') return;
    if (systemClock.now() >= deadlineMs) {
      const found = row ? (row['confirmed'] ?? 'nothing') : 'no such slot';
      throw new LakeError('LAKE_BEHIND', `the connector has not sent everything up to ${lsn}: slot ${slot} is confirmed up to ${found}`, {
        context: { expected: lsn, found, next: 'foz connectors status' },
      });
    }
    await systemClock.sleep(pollMs, signal);
  }
}
