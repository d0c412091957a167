// Faults planted in the tables, and what each check must say of them.

import { rideColumns, userColumns, type Plant } from './quality-mutation-tables.ts';

export interface Mutation extends Plant {
  readonly name: string;
  /** What each check that it breaks measures; every other check passes. */
  readonly breaks: Readonly<Record<string, number>>;
  /** Checks that then cannot be said. */
  readonly unknown?: readonly string[];
  /** Its checks look at several columns: no other fault beside it. */
  readonly isAlone?: boolean;
  /** Of one check: a column of its samples, in order. */
  readonly shows?: readonly [check: string, column: string, values: readonly (string | null)[]];
}

const at = (numbers: string, value: string, otherwise: string): string => `CASE WHEN i IN (${numbers}) THEN ${value} ELSE ${otherwise} END`;
const user = (name: string): string => userColumns[name] ?? '';
const ride = (name: string): string => rideColumns[name] ?? '';

/** Each kind of check is broken in at least three ways. */
export const mutations: readonly Mutation[] = [
  // Row counts.
  {
    name: 'a user is missing',
    keepUsers: 'i <> 10',
    breaks: {
      'users.rows': 199,
      'users.rating-nulls': 20,
      'users.balance-sum': 20557.5,
      'users.id-variance': 3326.2600883203904,
      'users.value': 298,
      'rides.user-exists': 2,
    },
  },
  { name: 'a user too many', usersCount: 201, breaks: { 'users.rows': 201, 'users.balance-sum': 20675, 'users.id-variance': 3383.5 } },
  {
    name: 'a user was deleted',
    deleteUsers: 'i = 20',
    breaks: {
      'users.rows': 199,
      'users.rating-nulls': 20,
      'users.balance-sum': 20540,
      'users.id-variance': 3334.8383330795377,
      'users.value': 298,
      'rides.user-exists': 2,
    },
  },
  { name: 'an active user is suspended', users: { status: at('3', "'suspended'", user('status')) }, breaks: { 'users.rows-active': 66 } },
  // Nulls.
  {
    name: 'no e-mail of one',
    users: { email: at('77', 'NULL', user('email')) },
    breaks: { 'users.email-nulls': 1 },
    shows: ['users.email-nulls', 'id', ['77']],
  },
  {
    name: 'no e-mail of the first and the last',
    users: { email: at('0, 199', 'NULL', user('email')) },
    breaks: { 'users.email-nulls': 2 },
    shows: ['users.email-nulls', 'id', ['0', '199']],
  },
  {
    name: 'no e-mail of fifty',
    users: { email: `CASE WHEN i >= 150 THEN NULL ELSE ${user('email')} END` },
    breaks: { 'users.email-nulls': 50 },
    shows: ['users.email-nulls', 'id', ['150', '151', '152', '153', '154']],
  },
  {
    name: 'one rating too few',
    users: { rating: at('4', 'NULL', user('rating')) },
    breaks: { 'users.rating-nulls': 21 },
    shows: ['users.rating-nulls', 'id', ['4', '9', '19', '29', '39']],
  },
  // Missing values.
  {
    name: 'an empty name',
    users: { full_name: at('5', "''", user('full_name')) },
    breaks: { 'users.name-missing': 1 },
    shows: ['users.name-missing', 'full_name', ['']],
  },
  { name: 'names that say nothing', users: { full_name: at('5, 6', "'n/a'", user('full_name')) }, breaks: { 'users.name-missing': 2 } },
  {
    name: 'no name',
    users: { full_name: at('8', 'NULL', user('full_name')) },
    breaks: { 'users.name-missing': 1 },
    shows: ['users.name-missing', 'full_name', [null]],
  },
  // Invalid values.
  {
    name: 'an unknown status',
    users: { status: at('1', "'gone'", user('status')) },
    breaks: { 'users.status-values': 1 },
    shows: ['users.status-values', 'status', ['gone']],
  },
  { name: 'a status in capitals', users: { status: at('1, 4', "'ACTIVE'", user('status')) }, breaks: { 'users.status-values': 2 } },
  { name: 'a status with a space', users: { status: at('1', "'closed '", user('status')) }, breaks: { 'users.status-values': 1 } },
  {
    name: 'a balance that is not one',
    users: { balance: at('0', '-1', user('balance')) },
    breaks: { 'users.balance-not-values': 1, 'users.balance-sum': 20574, 'users.balance-min': -1 },
    shows: ['users.balance-not-values', 'balance', ['-1.00']],
  },
  {
    name: 'another balance that is not one',
    users: { balance: at('0', '999.99', user('balance')) },
    breaks: { 'users.balance-not-values': 1, 'users.balance-sum': 21574.99, 'users.balance-max': 999.99, 'users.balance-min': 0.25 },
  },
  {
    name: 'balances that are not one',
    users: { balance: at('0, 1, 2', '-1', user('balance')) },
    breaks: { 'users.balance-not-values': 3, 'users.balance-sum': 20566.75, 'users.balance-min': -1 },
  },
  {
    name: 'a name with a letter for a digit',
    users: { full_name: at('30', "'Name 3O'", user('full_name')) },
    breaks: { 'users.name-pattern': 1 },
    shows: ['users.name-pattern', 'full_name', ['Name 3O']],
  },
  {
    name: 'a name with a line break at its end',
    users: { full_name: at('30', "'Name 30' || chr(10)", user('full_name')) },
    breaks: { 'users.name-pattern': 1 },
  },
  {
    name: 'a name with digits of another script',
    users: { full_name: at('30', "'Name ٣'", user('full_name')) },
    breaks: { 'users.name-pattern': 1 },
  },
  {
    name: 'an e-mail without @',
    users: { email: at('9', "'u9.example.com'", user('email')) },
    breaks: { 'users.email-format': 1 },
    shows: ['users.email-format', 'email', ['u9.example.com']],
  },
  { name: 'an e-mail with a space', users: { email: at('9', "'u 9@example.com'", user('email')) }, breaks: { 'users.email-format': 1 } },
  {
    name: 'an e-mail that is too long',
    users: { email: at('9', "repeat('a.', 130) || 'a@example.com'", user('email')) },
    breaks: { 'users.email-format': 1 },
  },
  {
    name: 'a balance below its range',
    users: { balance: at('0', '-1.01', user('balance')) },
    breaks: { 'users.balance-range': 1, 'users.balance-sum': 20573.99, 'users.balance-min': -1.01 },
  },
  {
    name: 'a rating above its range',
    users: { rating: at('1', '5.000001', user('rating')) },
    breaks: { 'users.rating-range': 1 },
    shows: ['users.rating-range', 'rating', ['5.000001']],
  },
  { name: 'a rating that is no number', users: { rating: at('1', "'nan'::DOUBLE", user('rating')) }, breaks: { 'users.rating-range': 1 } },
  { name: 'infinite ratings', users: { rating: at('1, 2', "'-inf'::DOUBLE", user('rating')) }, breaks: { 'users.rating-range': 2 } },
  {
    name: 'born too early',
    users: { born: at('11', "DATE '1899-12-31'", user('born')) },
    breaks: { 'users.born-range': 1 },
    shows: ['users.born-range', 'born', ['1899-12-31']],
  },
  { name: 'born tomorrow', users: { born: at('11', "DATE '2026-01-01'", user('born')) }, breaks: { 'users.born-range': 1 } },
  {
    name: 'a city too long, in characters',
    users: { city: at('3', "'Éééééée'", user('city')) },
    breaks: { 'users.city-length': 1, 'users.cities': 6 },
  },
  { name: 'an empty city', users: { city: at('3', "''", user('city')) }, breaks: { 'users.city-length': 1, 'users.cities': 6 } },
  {
    name: 'long cities',
    users: { city: at('3, 8', "'Guimarães'", user('city')) },
    breaks: { 'users.city-length': 2, 'users.cities': 6 },
    shows: ['users.city-length', 'city', ['Guimarães', 'Guimarães']],
  },
  // Duplicates.
  {
    name: 'an e-mail twice',
    users: { email: at('40', "'u2@example.com'", user('email')) },
    breaks: { 'users.email-unique': 1 },
    shows: ['users.email-unique', 'id', ['40']],
  },
  {
    name: 'an e-mail three times',
    users: { email: at('40, 41', "'u2@example.com'", user('email')) },
    breaks: { 'users.email-unique': 2 },
    shows: ['users.email-unique', 'id', ['40', '41']],
  },
  {
    name: 'two e-mails twice',
    users: { email: at('40', "'u2@example.com'", at('41', "'u3@example.com'", user('email'))) },
    breaks: { 'users.email-unique': 2 },
  },
  {
    name: 'name and city twice',
    users: { full_name: at('13', "'Name 3'", user('full_name')) },
    isAlone: true,
    breaks: { 'users.name-city-unique': 1 },
    shows: ['users.name-city-unique', 'id', ['13']],
  },
  // References.
  {
    name: 'a ride of nobody',
    rides: { user_id: at('51', '100000', ride('user_id')) },
    breaks: { 'users.value': 299, 'rides.user-exists': 1, 'rides.done-user-exists': 1 },
    shows: ['rides.user-exists', 'ride_id', ['ride-51']],
  },
  {
    name: 'rides of a deleted user',
    deleteUsers: 'i = 30',
    breaks: {
      'users.rows': 199,
      'users.rows-active': 66,
      'users.rating-nulls': 20,
      'users.balance-sum': 20522.5,
      'users.id-variance': 3342.4014009441144,
      'users.value': 298,
      'rides.user-exists': 2,
    },
    shows: ['rides.user-exists', 'ride_id', ['ride-30', 'ride-230']],
  },
  {
    name: 'rides of nobody, by a sign',
    rides: { user_id: at('1, 2, 3', '-i', ride('user_id')) },
    breaks: { 'users.value': 297, 'rides.user-exists': 3, 'rides.done-user-exists': 2 },
  },
  {
    name: 'rides of no one at all',
    rides: { user_id: at('1, 2', 'NULL', at('7', '999', ride('user_id'))) },
    breaks: { 'users.value': 297, 'rides.user-exists': 1, 'rides.done-user-exists': 1 },
  },
  // Expressions.
  { name: 'a closed account without a birthday', users: { born: at('2', 'NULL', user('born')) }, breaks: { 'users.closed-is-known': 1 } },
  {
    name: 'a ride for nothing',
    rides: { fare: at('9', '0', ride('fare')) },
    breaks: { 'rides.fare-positive': 1, 'rides.fare-sum': 12705.25 },
    shows: ['rides.fare-positive', 'fare', ['0.00']],
  },
  {
    name: 'rides that cost less than nothing',
    rides: { fare: at('9, 10', '-0.01', ride('fare')) },
    breaks: { 'rides.fare-positive': 2, 'rides.fare-sum': 12697.73 },
    shows: ['rides.fare-positive', 'fare', ['-0.01', '-0.01']],
  },
  // Figures.
  { name: 'a sixth city', users: { city: at('3', "'Viana'", user('city')) }, breaks: { 'users.cities': 6 } },
  { name: 'a city in two spellings', users: { city: at('3', "'évora'", user('city')) }, breaks: { 'users.cities': 6 } },
  { name: 'a city less', users: { city: `replace(${user('city')}, 'Faro', 'Porto')` }, breaks: { 'users.cities': 4 } },
  { name: 'a cent more', users: { balance: at('30', '52.51', user('balance')) }, breaks: { 'users.balance-sum': 20575.01 } },
  { name: 'a cent less', rides: { fare: at('30', '12.49', ride('fare')) }, breaks: { 'rides.fare-sum': 12712.49 } },
  { name: 'no balance', users: { balance: at('30', 'NULL', user('balance')) }, breaks: { 'users.balance-sum': 20522.5 } },
  {
    name: 'a balance too large',
    users: { balance: at('30', '1000000.5', user('balance')) },
    breaks: { 'users.balance-range': 1, 'users.balance-sum': 1020523, 'users.balance-max': 1000000.5 },
  },
  {
    name: 'a balance below zero',
    users: { balance: at('0', '-0.5', user('balance')) },
    breaks: { 'users.balance-sum': 20574.5, 'users.balance-min': -0.5 },
  },
  { name: 'ratings all the same', users: { rating: '3' }, breaks: { 'users.rating-stddev': 0 } },
  {
    name: 'ratings of another scale',
    users: { rating: 'CASE WHEN i % 10 = 9 THEN NULL ELSE 1 + (i % 9) / 4 END' },
    breaks: { 'users.rating-average': 2, 'users.rating-stddev': 0.6472977780031547 },
  },
  {
    name: 'ids far apart',
    users: { id: at('199', '1000', user('id')) },
    isAlone: true,
    breaks: { 'users.id-variance': 7359.005, 'users.value': 299, 'rides.user-exists': 1, 'rides.done-user-exists': 1 },
  },
  {
    name: 'balances twice as large',
    users: { balance: '(i * 7 % 1000) / 2' },
    breaks: { 'users.balance-sum': 41150, 'users.balance-max': 497, 'users.balance-median': 172, 'users.failed-rows': 28 },
  },
  { name: 'a surge from nowhere', rides: { surge: at('0, 5, 10', '5', ride('surge')) }, breaks: { 'rides.surge-average': 1.54 } },
  // Time.
  { name: 'nobody seen for two hours', users: { seen: `${user('seen')} - INTERVAL 2 HOUR` }, breaks: { 'users.seen-freshness': 9000 } },
  { name: 'nobody seen at all', users: { seen: 'NULL' }, breaks: {}, unknown: ['users.seen-freshness', 'users.seen-retention'] },
  {
    name: 'seen two days ago',
    users: { seen: at('150', `TIMESTAMPTZ '2026-11-19 10:00:00+00'`, user('seen')) },
    breaks: { 'users.seen-retention': 172_800 },
  },
  {
    name: 'changes an hour old',
    changedAt: `TIMESTAMPTZ '2026-11-21 09:00:00+00'`,
    breaks: { 'users.change-freshness': 3600, 'users.latency': 3599 },
  },
  { name: 'changes ten seconds late', changedAt: `TIMESTAMPTZ '2026-11-21 09:59:49+00'`, breaks: { 'users.latency': 10 } },
  // Statements.
  {
    name: 'too many rich closed accounts',
    users: { balance: `CASE WHEN i % 3 = 2 THEN 240 ELSE ${user('balance')} END` },
    breaks: { 'users.balance-sum': 29672.75, 'users.balance-median': 159.25, 'users.failed-rows': 66 },
    isAlone: true,
  },
  {
    name: 'a join that finds less',
    rides: { user_id: at('0, 1', '5000', ride('user_id')) },
    breaks: { 'users.value': 298, 'rides.user-exists': 2, 'rides.done-user-exists': 1 },
  },
  {
    name: 'rich closed accounts among the newest',
    users: { balance: `CASE WHEN i % 3 = 2 AND i >= 100 THEN 240 ELSE ${user('balance')} END` },
    isAlone: true,
    breaks: { 'users.failed-rows': 33, 'users.balance-sum': 24640.25 },
  },
  {
    name: 'every account closed',
    users: { status: "'closed'" },
    isAlone: true,
    breaks: { 'users.rows-active': 0, 'users.failed-rows': 28 },
  },
  {
    name: 'three seen long ago',
    users: { seen: at('7, 8, 9', `TIMESTAMPTZ '2020-01-01 00:00:00+00'`, user('seen')) },
    breaks: { 'users.seen-retention': 217_418_400 },
  },
  {
    name: 'one seen a second too long ago',
    users: { seen: at('7', `TIMESTAMPTZ '2026-11-20 09:59:59+00'`, user('seen')) },
    breaks: { 'users.seen-retention': 86_401 },
  },
  {
    name: 'changes two minutes old',
    changedAt: `TIMESTAMPTZ '2026-11-21 09:58:00+00'`,
    breaks: { 'users.change-freshness': 120, 'users.latency': 119 },
  },
  {
    name: 'three changes a minute late',
    changedAt: `TIMESTAMPTZ '2026-11-21 09:59:58+00' - CASE WHEN i < 3 THEN INTERVAL 1 MINUTE ELSE INTERVAL 0 SECOND END`,
    breaks: { 'users.latency': 61 },
  },
];

export const cleanPlant: Plant = {};

/** Faults that say nothing of each other, together: fewer tables, each fault still on its own column. */
export function packed(all: readonly Mutation[]): readonly (readonly Mutation[])[] {
  const packs: Mutation[][] = [];
  for (const mutation of all) {
    const pack = isStructural(mutation)
      ? undefined
      : packs.find((others) => others.every((other) => !isStructural(other) && areApart(other, mutation)));
    if (pack) pack.push(mutation);
    else packs.push([mutation]);
  }
  return packs;
}

function isStructural(mutation: Mutation): boolean {
  return mutation.isAlone === true || !(mutation.users || mutation.rides);
}

function areApart(a: Mutation, b: Mutation): boolean {
  const touched = ({ users: own = {}, rides: theirs = {}, breaks, unknown = [] }: Mutation) =>
    new Set([...Object.keys(own), ...Object.keys(theirs).map((name) => `rides ${name}`), ...Object.keys(breaks), ...unknown]);
  const others = touched(b);
  return ![...touched(a)].some((one) => others.has(one));
}

export function plantOf(pack: readonly Mutation[]): Plant {
  return pack.reduce<Plant>(
    (all, { name: _name, breaks: _breaks, ...plant }) => ({
      ...all,
      ...plant,
      users: { ...all.users, ...plant.users },
      rides: { ...all.rides, ...plant.rides },
    }),
    {},
  );
}
