// `foz erase` on the running stack, as a person types it: refused while the source has the row, and once it is gone there,
// no byte of it is in any object of the bucket, while the worker goes on.

import assert from 'node:assert/strict';
import type { Catalog } from '../../catalog/catalog.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';
import type { CassandraQuery } from '../../sources/cassandra-client.ts';
import type { PostgresQuery } from '../../sources/postgres-client.ts';
import type { TableTarget } from '../../sync/table.ts';
import { textsHeld } from '../unit/erase-fixture.ts';
import { runFoz } from './world.ts';

export interface EraseSection {
  readonly directory: string;
  readonly configFile: string;
  readonly catalog: Catalog;
  readonly store: ObjectStore;
  readonly postgres: PostgresQuery;
  readonly cassandra: CassandraQuery;
  readonly users: TableTarget;
  readonly rides: TableTarget;
  /** Resolves when the lake holds what the sources hold. */
  readonly settled: (target: TableTarget) => Promise<void>;
}

const person = ['~zoe.erased@x.io', 'Zoe Erased'];
const trip = '~driver to forget';
const rideKey = { city: 'lisbon', day: '2026-11-02', ride_id: '50554d6e-29bb-11e5-b345-feff819cdc9f' };

export async function eraseSection(section: EraseSection): Promise<void> {
  await eraseUser(section);
  await eraseRide(section);
}

async function eraseUser(section: EraseSection): Promise<void> {
  const { postgres, users, settled } = section;
  await postgres(`INSERT INTO public.users (id, email, full_name, city) VALUES (900001, $1, $2, 'Porto')`, [...person]);
  await postgres(`UPDATE public.users SET city = 'Braga' WHERE id = 900001`);
  await settled(users);
  assert.deepEqual([...(await held(section, users, person))].sort(), [...person].sort(), 'it has landed');
  const refused = await erase(section, 'users', '900001', '--skip-log');
  assert.deepEqual([refused['outcome'], refused['rows']], ['refused', 2], JSON.stringify(refused));
  await postgres('DELETE FROM public.users WHERE id = 900001');
  const erased = await erase(section, 'users', '900001');
  assert.deepEqual([erased['outcome'], erased['rows'], erased['left']], ['erased', 4, []], JSON.stringify(erased));
  assert.deepEqual(await held(section, users, person), []);
  const [copies] = erased['log'] as readonly { readonly records: number; readonly ahead: number }[];
  assert.deepEqual([copies?.records, copies?.ahead], [4, 0], JSON.stringify(erased['log']));
}

async function eraseRide(section: EraseSection): Promise<void> {
  const { cassandra, rides, settled } = section;
  const { city, day, ride_id: rideId } = rideKey;
  await cassandra('INSERT INTO rides.rides JSON ? DEFAULT UNSET', [JSON.stringify({ ...rideKey, driver: trip })]);
  await settled(rides);
  assert.deepEqual(await held(section, rides, [trip]), [trip]);
  await cassandra('DELETE FROM rides.rides WHERE city = ? AND day = ? AND ride_id = ?', [city, day, rideId]);
  const erased = await erase(section, 'rides', JSON.stringify(rideKey));
  assert.equal(erased['outcome'], 'erased', JSON.stringify(erased));
  assert.ok(Number(erased['rows']) >= 1, JSON.stringify(erased));
  assert.deepEqual(await held(section, rides, [trip]), []);
}

async function erase({ directory, configFile }: EraseSection, ...args: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const { stdout, stderr } = await runFoz(['erase', ...args, '--config', configFile, '--json'], directory);
  assert.notEqual(stdout, '', stderr);
  return JSON.parse(stdout) as Readonly<Record<string, unknown>>;
}

function held({ directory, catalog, store }: EraseSection, target: TableTarget, texts: readonly string[]): Promise<readonly string[]> {
  return textsHeld({ directory, catalog, store, target }, texts);
}
