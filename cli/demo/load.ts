// Writes the demo's rows into the two databases, as an application would.

import type { CassandraQuery } from '../../sources/cassandra-client.ts';
import type { PostgresQuery } from '../../sources/postgres-client.ts';
import { demoRide, demoUser, type DemoRide } from './data.ts';

const usersPerStatement = 1_000;
const ridesAtOnce = 48;

/** Users with ids [from, to). */
export async function loadUsers(query: PostgresQuery, from: number, to: number, signal?: AbortSignal): Promise<void> {
  for (let start = from; start < to; start += usersPerStatement) {
    const end = Math.min(to, start + usersPerStatement);
    const users = Array.from({ length: end - start }, (_, i) => demoUser(start + i));
    await query(insertUsersSql, [JSON.stringify(users)], signal);
  }
}

const insertUsersSql = `
  INSERT INTO public.users (id, email, full_name, city, status, balance, rating, preferences, bio, birth_date, created_at, updated_at)
  SELECT id, email, full_name, city, status::public.user_status, balance, rating, preferences::jsonb, bio, birth_date, created_at, created_at
  FROM jsonb_to_recordset($1::jsonb) AS u (id bigint, email text, full_name text, city text, status text, balance numeric(12,2), rating double precision,
    preferences text, bio text, birth_date date, created_at timestamptz)`;

/** Rides with numbers [from, to). */
export async function loadRides(query: CassandraQuery, from: number, to: number, users: number, signal?: AbortSignal): Promise<void> {
  let next = from;
  const loader = async (): Promise<void> => {
    while (next < to) await insertRide(query, demoRide(next++, users), signal);
  };
  await Promise.all(Array.from({ length: ridesAtOnce }, loader));
}

/** `DEFAULT UNSET`: what is not given is not written, instead of becoming a tombstone. */
export async function insertRide(query: CassandraQuery, ride: DemoRide, signal?: AbortSignal): Promise<void> {
  await query('INSERT INTO rides.rides JSON ? DEFAULT UNSET', [rideJson(ride)], signal);
}

function rideJson(ride: DemoRide): string {
  const { lat, lon } = { lat: 38 + (ride.distanceKm % 10) / 10, lon: -9 - (ride.distanceKm % 7) / 10 };
  return JSON.stringify({
    city: ride.city,
    day: ride.day,
    ride_id: ride.rideId,
    user_id: ride.userId,
    driver: ride.driver,
    status: ride.status,
    fare: Number(ride.fare),
    surge: ride.surge,
    distance_km: ride.distanceKm,
    seats: ride.seats,
    shared: ride.isShared,
    pickup: { lat, lon, label: `stop ${Math.round(ride.distanceKm * 10)}` },
    tags: ride.isShared ? ['pool', 'night'] : ['solo'],
    route: [lat, lon, lat + 0.1, lon + 0.1],
    extras: { app: 'ios', 'promo code': ride.seats > 3 ? 'FOZ' : '' },
    requested_at: ride.requestedAt.toISOString(),
  });
}
