// Plausible seeded data: the same users and rides on every machine, so that answers can be compared.

import { randomInt, seededRandom, type Random } from '../../runtime/random.ts';

export interface DemoUser {
  readonly id: number;
  readonly email: string;
  readonly full_name: string;
  readonly city: string;
  readonly status: string;
  readonly balance: string;
  readonly rating: number | null;
  readonly preferences: string;
  readonly bio: string | null;
  readonly birth_date: string;
  readonly created_at: string;
}

export interface DemoRide {
  readonly city: string;
  /** ISO date. */
  readonly day: string;
  /** A version 1 uuid whose time is the request's. */
  readonly rideId: string;
  readonly userId: number;
  readonly driver: string;
  readonly status: string;
  readonly fare: string;
  readonly surge: number;
  readonly distanceKm: number;
  readonly seats: number;
  readonly isShared: boolean;
  readonly requestedAt: Date;
}

export const cities = ['Lisboa', 'Porto', 'Braga', 'Berlin', 'Hamburg', 'São Paulo', 'Recife', 'New York'] as const;
const firstNames = [
  'Ana',
  'Bruno',
  'Chiara',
  'Davi',
  'Ewa',
  'Fátima',
  'Grace',
  'Hiro',
  'Inês',
  'João',
  'Kofi',
  'Lena',
  'Mário',
  'Noor',
  'Olga',
  'Priya',
] as const;
const lastNames = [
  'Almeida',
  'Becker',
  'Costa',
  'Dubois',
  "O'Brien",
  'Ferreira',
  'García',
  'Haas',
  'Ivanova',
  'Jansen',
  'Kowalski',
  'Lopes',
  'Müller',
  'Novak',
] as const;
const seedUsersFrom = Date.parse('2025-01-01T00:00:00Z');
/** Rides of the two weeks before this day. */
const ridesUntil = Date.parse('2026-11-15T00:00:00Z');
const dayMs = 86_400_000;

export function demoUser(id: number): DemoUser {
  const random = seededRandom(id * 2_654_435_761);
  const first = pick(random, firstNames);
  const last = pick(random, lastNames);
  const created = new Date(seedUsersFrom + randomInt(random, 650) * dayMs + randomInt(random, dayMs));
  return {
    id,
    email: `${plain(first)}.${plain(last)}.${id}@example.com`,
    full_name: `${first} ${last}`,
    city: pick(random, cities),
    status: random.next() < 0.9 ? 'active' : 'suspended',
    balance: `${randomInt(random, 5_000)}.${String(randomInt(random, 100)).padStart(2, '0')}`,
    rating: random.next() < 0.1 ? null : 1 + randomInt(random, 401) / 100,
    preferences: JSON.stringify({ language: pick(random, ['pt', 'de', 'en']), newsletter: random.next() < 0.5, 'seat belts': '✓' }),
    bio: random.next() < 0.02 ? longText(random) : null,
    birth_date: new Date(-20 * 365 * dayMs + randomInt(random, 18_000) * dayMs).toISOString().slice(0, 10),
    created_at: created.toISOString(),
  };
}

export function demoRide(number: number, users: number): DemoRide {
  const random = seededRandom(number * 40_503 + 11);
  const requestedAt = new Date(ridesUntil - (1 + randomInt(random, 14)) * dayMs + randomInt(random, dayMs));
  const distance = 1 + randomInt(random, 240) / 10;
  const surge = random.next() < 0.8 ? 1 : 1 + randomInt(random, 10) / 10;
  return {
    city: pick(random, cities),
    day: requestedAt.toISOString().slice(0, 10),
    rideId: timeUuid(requestedAt, number),
    userId: 1 + randomInt(random, users),
    driver: `${pick(random, firstNames)} ${pick(random, lastNames)}`,
    status: 'requested',
    fare: (2.5 + distance * 0.9 * surge).toFixed(2),
    surge,
    distanceKm: distance,
    seats: 1 + randomInt(random, 4),
    isShared: random.next() < 0.2,
    requestedAt,
  };
}

/** Long enough to be stored out of line: an UPDATE that leaves it alone sends a placeholder instead (TOAST). */
export function longText(random: Random): string {
  return Array.from({ length: 420 }, () => pick(random, lastNames)).join(' ');
}

/** Spec: RFC 9562, UUID version 1; the node and clock sequence come from the number, so that it is unique and repeatable. */
function timeUuid(at: Date, number: number): string {
  const ticks = BigInt(at.getTime()) * 10_000n + 122_192_928_000_000_000n + BigInt(number % 10_000);
  const hex = ticks.toString(16).padStart(15, '0');
  const node = number.toString(16).padStart(12, '0');
  return `${hex.slice(7)}-${hex.slice(3, 7)}-1${hex.slice(0, 3)}-8000-${node}`;
}

function pick<T>(random: Random, values: readonly T[]): T {
  const value = values[randomInt(random, values.length)];
  if (value === undefined) throw new Error('there is nothing to pick from');
  return value;
}

function plain(name: string): string {
  return name
    .normalize('NFD')
    .replaceAll(/[^A-Za-z]/g, '')
    .toLowerCase();
}
