// Two tables of two databases that change, in memory: each round gives the events that Debezium would send of it, and the
// tables themselves are there afterwards, for `verify` to compare the lake with.

import { memorySource } from '../../sources/memory-source.ts';
import type { Source, SourceColumn, SourceRow, SourceTable } from '../../sources/source.ts';

export interface ChangeEvent {
  readonly key: string;
  readonly value: string | null;
}

export interface ChangingTable {
  /** `pg.public.users` */
  readonly topic: string;
  readonly table: SourceTable;
  /** New rows, changes of rows and deletions, as events in their order. */
  change(count: number): readonly ChangeEvent[];
  /** As it is now. */
  source(): Source;
}

const startUs = 1_795_251_270_000_000;
const cities = ['Lisboa', 'Porto', 'São Paulo', "d'Évora", 'Zürich'];

const column = (name: string, type: string, keyIndex: number | null = null): SourceColumn => ({
  name,
  type: { name: type, declared: type, arguments: [], fields: [], length: null, isFrozen: true },
  isNullable: keyIndex === null,
  keyIndex,
  role: keyIndex === null ? 'regular' : keyIndex === 0 ? 'partition' : 'clustering',
  isGenerated: false,
});

export function changingUsers(): ChangingTable {
  const table: SourceTable = {
    name: { namespace: 'public', table: 'users' },
    columns: [
      column('id', 'int8', 0),
      column('email', 'text'),
      column('city', 'text'),
      column('balance', 'numeric'),
      column('logins', 'int4'),
    ],
    key: ['id'],
  };
  interface User {
    readonly id: number;
    readonly email: string;
    readonly city: string | null;
    readonly balance: string;
    readonly logins: number;
  }
  const users = new Map<number, User>();
  let at = 0;
  const event = (op: string, before: User | null, after: User | null): ChangeEvent => {
    at++;
    const us = startUs + at * 1_000;
    const source = {
      version: '3.7.0.Final',
      connector: 'postgresql',
      name: 'pg',
      ts_ms: Math.floor(us / 1000),
      snapshot: 'false',
      db: 'app',
      ts_us: us,
      schema: 'public',
      table: 'users',
      txId: 700 + at,
      lsn: 26_000_000 + at * 120,
    };
    const value = { before, after, source, transaction: null, op, ts_ms: source.ts_ms + 5 };
    return { key: JSON.stringify({ id: (after ?? before)?.id }), value: JSON.stringify(value) };
  };
  const put = (user: User): User => {
    users.set(user.id, user);
    return user;
  };
  return {
    topic: 'pg.public.users',
    table,
    change: (count) =>
      Array.from({ length: count }, () => {
        const id = at % 7 === 6 ? Math.floor(at / 2) : at;
        const known = users.get(id) ?? null;
        if (known && at % 5 === 0) {
          users.delete(id);
          return event('d', known, null);
        }
        const city = at % 11 === 3 ? null : (cities[at % cities.length] ?? '');
        const user = { id, email: `user${id}@example.com`, city, balance: `${at}.${(at % 9) + 1}`, logins: (known?.logins ?? 0) + 1 };
        return event(known ? 'u' : 'c', known, put(user));
      }),
    source: () =>
      memorySource({
        tables: [
          {
            table,
            rows: [...users.values()].map(({ id, email, city, balance, logins }): SourceRow => ({
              values: [String(id), email, city, balance, String(logins)],
            })),
          },
        ],
      }),
  };
}

const cell = (value: unknown) => ({ value, deletion_ts: null, set: true });

export function changingRides(): ChangingTable {
  const table: SourceTable = {
    name: { namespace: 'rides', table: 'rides' },
    columns: [column('city', 'text', 0), column('id', 'int', 1), column('fare', 'decimal'), column('note', 'text')],
    key: ['city', 'id'],
  };
  const rides = new Map<string, SourceRow>();
  let at = 0;
  return {
    topic: 'cass.rides.rides',
    table,
    change: (count) =>
      Array.from({ length: count }, () => {
        at++;
        const id = at % 6 === 5 ? Math.floor(at / 2) : at;
        const [city, fare, note] = [cities[id % cities.length] ?? '', `${at}.${(at % 9) + 1}`, at % 4 === 0 ? null : `note ${at}`];
        rides.set(`${city} ${id}`, { values: [city, String(id), fare, note] });
        const source = {
          connector: 'cassandra',
          snapshot: 'false',
          ts_us: startUs + at * 1_000,
          file: 'CommitLog-7-1.log',
          pos: at * 90,
          keyspace: 'rides',
          table: 'rides',
        };
        const after = { city: cell(city), id: cell(id), fare: cell(fare), note: cell(note), _range_start: null, _range_end: null };
        return {
          key: JSON.stringify({ city, id }),
          value: JSON.stringify({ ts_ms: Math.floor(source.ts_us / 1000), op: 'i', source, after }),
        };
      }),
    source: () => memorySource({ tables: [{ table, rows: [...rides.values()] }] }),
  };
}
