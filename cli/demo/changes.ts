// Live changes of every kind, in both databases, until told to stop: what an application does while the worker is killed
// under it. Seeded; each step is a statement of its own, so that every change is a transaction that can be lost.

import { randomInt, seededRandom, type Random } from '../../runtime/random.ts';
import type { CassandraQuery } from '../../sources/cassandra-client.ts';
import type { PostgresQuery } from '../../sources/postgres-client.ts';
import { demoRide, longText } from './data.ts';
import { insertRide, loadUsers } from './load.ts';

export interface ChangeCounts {
  readonly users: Readonly<Record<string, number>>;
  readonly rides: Readonly<Record<string, number>>;
}

export interface Population {
  readonly users: number;
  readonly rides: number;
}

/** Makes at least `changesMin` changes in each database and goes on until `stop` is set; then says what it did. */
export async function makeChanges(
  sources: { readonly postgres: PostgresQuery; readonly cassandra: CassandraQuery },
  population: Population,
  options: { readonly changesMin: number; readonly pauseMs: number },
  control: { isStopping: boolean },
  signal: AbortSignal,
): Promise<ChangeCounts> {
  const [users, rides] = await Promise.all([
    run(userChanges(sources.postgres, population, signal), options, control, signal),
    run(rideChanges(sources.cassandra, population, signal), options, control, signal),
  ]);
  return { users, rides };
}

type Change = () => Promise<string>;

async function run(
  next: Change,
  options: { readonly changesMin: number; readonly pauseMs: number },
  control: { isStopping: boolean },
  signal: AbortSignal,
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (let made = 0; made < options.changesMin || !control.isStopping; made++) {
    signal.throwIfAborted();
    const kind = await next();
    counts[kind] = (counts[kind] ?? 0) + 1;
    if (options.pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, options.pauseMs));
  }
  return counts;
}

function userChanges(query: PostgresQuery, population: Population, signal: AbortSignal): Change {
  const random = seededRandom(20_261_121);
  let nextId = population.users + 1;
  let step = 0;
  const some = () => 1 + randomInt(random, population.users);
  const sql = (text: string, values: readonly (string | null)[] = []) => query(text, values, signal);
  return async () => {
    step++;
    if (step === 150) {
      await sql('ALTER TABLE public.users ADD COLUMN IF NOT EXISTS loyalty_tier text');
      return 'column added';
    }
    if (step % 211 === 0) {
      await sql('TRUNCATE public.user_events');
      return 'truncate';
    }
    return changeUser(step, random, some, () => nextId++, sql, query, signal);
  };
}

type Sql = (text: string, values?: readonly (string | null)[]) => Promise<unknown>;

async function changeUser(
  step: number,
  random: Random,
  some: () => number,
  fresh: () => number,
  sql: Sql,
  query: PostgresQuery,
  signal: AbortSignal,
): Promise<string> {
  const id = String(some());
  switch (randomInt(random, 10)) {
    case 0: {
      const added = fresh();
      await loadUsers(query, added, added + 1, signal);
      return 'insert';
    }
    case 1:
      await sql('DELETE FROM public.users WHERE id = $1', [id]);
      return 'delete';
    case 2:
      await sql('UPDATE public.users SET id = $2, updated_at = now() WHERE id = $1', [id, String(fresh())]);
      return 'key change';
    case 3:
      await sql('UPDATE public.users SET bio = $2, updated_at = now() WHERE id = $1', [id, longText(random)]);
      return 'large value';
    case 4:
      // Leaves a large bio alone: the event carries Debezium's placeholder for it.
      await sql(
        'UPDATE public.users SET balance = balance + 0.01, updated_at = now() WHERE id = (SELECT id FROM public.users WHERE length(bio) > 2000 AND id >= $1 ORDER BY id LIMIT 1)',
        [id],
      );
      return 'update beside a large value';
    case 5:
      await sql('INSERT INTO public.user_events (user_id, kind, payload) VALUES ($1, $2, $3)', [id, 'login', JSON.stringify({ step })]);
      return 'side table insert';
    case 6:
      if (step > 150) {
        await sql("UPDATE public.users SET loyalty_tier = 'gold', updated_at = now() WHERE id = $1", [id]);
        return 'new column set';
      }
      return update(id, random, sql);
    case 7:
      // Never happened: rolled back.
      await sql('BEGIN');
      await sql('UPDATE public.users SET balance = 0 WHERE id = $1', [id]);
      await sql('ROLLBACK');
      return 'rolled back';
    default:
      return update(id, random, sql);
  }
}

async function update(id: string, random: Random, sql: Sql): Promise<string> {
  await sql('UPDATE public.users SET balance = $2, rating = $3, status = $4, updated_at = now() WHERE id = $1', [
    id,
    `${randomInt(random, 9_999)}.${randomInt(random, 90) + 10}`,
    randomInt(random, 5) === 0 ? null : String(1 + random.next() * 4),
    randomInt(random, 8) === 0 ? 'suspended' : 'active',
  ]);
  return 'update';
}

function rideChanges(query: CassandraQuery, population: Population, signal: AbortSignal): Change {
  const random = seededRandom(20_261_122);
  let nextRide = population.rides;
  const cql = (text: string, values: readonly unknown[]) => query(text, values, signal);
  return async () => {
    const ride = demoRide(randomInt(random, population.rides), population.users);
    const key = [ride.city, ride.day, ride.rideId];
    const where = 'WHERE city = ? AND day = ? AND ride_id = ?';
    switch (randomInt(random, 12)) {
      case 0:
      case 1:
      case 2:
        await insertRide(query, demoRide(nextRide++, population.users), signal);
        return 'insert';
      case 3:
        await cql(`DELETE FROM rides.rides ${where}`, key);
        return 'delete';
      case 4:
        await cql(`DELETE driver, surge FROM rides.rides ${where}`, key);
        return 'columns deleted';
      case 5: {
        if (randomInt(random, 20) > 0) return finish();
        const day = `${ride.day}`;
        await cql('DELETE FROM rides.rides WHERE city = ? AND day = ? AND ride_id >= minTimeuuid(?) AND ride_id < minTimeuuid(?)', [
          ride.city,
          day,
          new Date(`${day}T11:00:00Z`),
          new Date(`${day}T11:20:00Z`),
        ]);
        return 'range delete';
      }
      case 6:
        // A write that loses: its time lies in the past.
        await cql(`UPDATE rides.rides USING TIMESTAMP 1000 SET status = ? ${where}`, ['too late', ...key]);
        return 'stale write';
      case 7:
        await cql(`UPDATE rides.rides SET tags = ?, extras = ? ${where}`, [
          new Set(['changed', 'é✓']),
          new Map([['note', 'a "quoted" one']]),
          ...key,
        ]);
        return 'collection replaced';
      default:
        return finish();
    }
    async function finish(): Promise<string> {
      await cql(`UPDATE rides.rides SET status = ?, finished_at = ?, fare = ? ${where}`, [
        'done',
        new Date('2026-11-20T10:00:00.123Z'),
        (randomInt(random, 9_000) / 100).toFixed(2),
        ...key,
      ]);
      return 'partial update';
    }
  };
}
