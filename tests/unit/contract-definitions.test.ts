// The project's own contracts say what the tables of connectors/schema/ are: the same columns in the same order, types,
// keys and nullability; and what enforces them refuses nothing of them.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import type { Contract } from '../../contracts/contract.ts';
import { readContract } from '../../contracts/document/read-contract.ts';
import { isJsonObject } from '../../contracts/json-schema.ts';
import { compileRules } from '../../contracts/rules/compile-rules.ts';
import { ridesSchemaCql, usersSchemaSql } from '../../connectors/schema.ts';
import { demoRide, demoUser } from '../../cli/demo/data.ts';

async function definition(name: string): Promise<Contract> {
  const file = new URL(`../../contracts/definitions/${name}.odcs.yaml`, import.meta.url);
  const reading = readContract(await readFile(file, 'utf8'), file.pathname);
  assert.ok(reading.kind === 'contract', JSON.stringify(reading));
  assert.deepEqual(reading.warnings, []);
  return reading.contract;
}

/** `name type …` of each line between the parentheses of CREATE TABLE. */
function columnsIn(ddl: string, table: string): readonly { name: string; type: string; rest: string }[] {
  const body =
    new RegExp(String.raw`CREATE TABLE IF NOT EXISTS ${table.replace('.', String.raw`\.`)} \(\n([\s\S]*?)\n\)`).exec(ddl)?.[1] ?? '';
  return body.split('\n').flatMap((line) => {
    const match = /^\s+([a-z_]+)\s+((?:double precision|[a-z_.]+(?:\([^)]*\))?(?:<.*>)?))(.*?),?$/.exec(line);
    return match === null ? [] : [{ name: match[1] ?? '', type: match[2] ?? '', rest: match[3] ?? '' }];
  });
}

test('the contract of users is the table in connectors/schema/users.sql', async () => {
  const ddl = columnsIn(await usersSchemaSql({ cdcRole: 'r', publication: 'p' }), 'public.users');
  const [table] = (await definition('users')).tables;
  assert.equal(table?.physicalName, 'public.users');
  assert.deepEqual(
    table.columns.map(({ name, physicalType, isRequired, id }) => [name, physicalType, isRequired, id]),
    ddl.map(({ name, type, rest }, index) => [name, type.replace('public.', ''), /NOT NULL|PRIMARY KEY/.test(rest), String(index + 1)]),
  );
  assert.deepEqual(
    table.columns.flatMap(({ name, keyPosition }) => (keyPosition === null ? [] : [[name, keyPosition]])),
    [['id', 1]],
  );
});

test('the contract of rides is the table in connectors/schema/rides.cql', async () => {
  const ddl = columnsIn((await ridesSchemaCql()).join(';\n'), 'rides.rides').filter(({ name }) => name !== 'PRIMARY');
  const [table] = (await definition('rides')).tables;
  assert.equal(table?.physicalName, 'rides.rides');
  assert.deepEqual(
    table.columns.map(({ name, physicalType }) => [name, physicalType]),
    ddl.map(({ name, type }) => [name, type]),
  );
  const key = table.columns.filter(({ keyPosition }) => keyPosition !== null);
  assert.deepEqual(
    key.map(({ name, keyPosition, isRequired }) => [name, keyPosition, isRequired]),
    [
      ['city', 1, true],
      ['day', 2, true],
      ['ride_id', 3, true],
    ],
  );
});

test('every column of both says what it means, and what is personal is tagged', async () => {
  for (const name of ['users', 'rides']) {
    const { tables } = await definition(name);
    const columns = tables.flatMap((table) => table.columns);
    assert.deepEqual(
      columns.filter(({ description }) => description === null),
      [],
    );
    assert.ok(columns.filter(({ pii }) => pii !== null).length >= 4);
  }
});

test('the rules of both are enforced whole, and the demo’s rows keep them', async () => {
  const users = (await definition('users')).tables[0]?.body ?? false;
  const rides = (await definition('rides')).tables[0]?.body ?? false;
  const [user, ride] = [compileRules(users), compileRules(rides)];
  assert.deepEqual([user.refused, ride.refused], [[], []]);
  assert.ok(user.rules.length >= 12 && ride.rules.length >= 12);
  for (let id = 1; id <= 200; id++) {
    const { balance, preferences, ...row } = demoUser(id);
    const logical = { ...row, balance: Number(balance), preferences: JSON.parse(preferences), updated_at: row.created_at };
    assert.deepEqual(user.judge(logical), []);
    const { rideId, userId, distanceKm, isShared, requestedAt, fare, ...other } = demoRide(id, 100);
    const cells = { ...other, ride_id: rideId, user_id: userId, distance_km: distanceKm, shared: isShared };
    assert.deepEqual(ride.judge({ ...cells, fare: Number(fare), requested_at: requestedAt.toISOString() }), []);
  }
  assert.ok(isJsonObject(users));
  const broken = user.judge({
    id: 0,
    email: 'nobody',
    full_name: '',
    city: 'Porto',
    status: 'gone',
    balance: 0.001,
    created_at: 'now',
    updated_at: null,
  });
  assert.deepEqual([...new Set(broken.map(({ property }) => property))].toSorted(), [
    'balance',
    'created_at',
    'email',
    'full_name',
    'id',
    'status',
    'updated_at',
  ]);
});
