// What `foz erase` says and refuses: the source is asked first, linked keys are named, Kafka's copies are listed.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { ContractInForce, Contracts } from '../../catalog/contracts.ts';
import type { LoadedConfig } from '../../cli/config.ts';
import { isComplete, reportText, type EraseReport } from '../../cli/erase/erase-report.ts';
import { runErase, type EraseCall } from '../../cli/erase/run-erase.ts';
import type { Contract } from '../../contracts/contract.ts';
import { secret } from '../../runtime/secret.ts';
import { memorySource } from '../../sources/memory-source.ts';
import type { SourceColumn, SourceTable } from '../../sources/source.ts';
import { contractOf, maskKey } from './contract-fixture.ts';
import { event, textsHeld } from './erase-fixture.ts';
import { queryLab, type QueryLab } from './query-fixture.ts';

const column = (name: string, type: string, keyIndex: number | null): SourceColumn => ({
  name,
  type: { name: type, declared: type, arguments: [], fields: [], length: null, isFrozen: true },
  isNullable: keyIndex === null,
  keyIndex,
  role: 'regular',
  isGenerated: false,
});
const table: SourceTable = {
  name: { namespace: 'public', table: 'users' },
  columns: [column('id', 'int4', 0), column('email', 'text', null)],
  key: ['id'],
};

function run(
  lab: QueryLab,
  key: string,
  ids: readonly string[],
  options: Partial<EraseCall> = {},
  maskKeys: readonly object[] = [],
): Promise<EraseReport> {
  const source = memorySource({ tables: [{ table, rows: ids.map((id) => ({ values: [id, `${id}@m.ex`] })) }] });
  const query = { cacheDir: 'cache', cacheMax: 1 << 30, memory: 200_000_000, threads: 1 };
  const config = { query, lake: { workDir: 'work' }, contracts: { maskKeys }, connectors: {}, sources: {} };
  const { target, catalog, store, log } = lab;
  return runErase(
    {
      loaded: { config, directory: lab.directory, file: 'foz.yaml', secrets: [] } as unknown as LoadedConfig,
      target,
      catalog,
      store,
      log,
      key,
      isDry: false,
      isLinked: false,
      isThorough: false,
      evenIfInSource: false,
      skipsLog: false,
      waitMs: 5_000,
      retention: async () => ({ cleanupPolicy: 'delete', retentionMs: 86_400_000 }),
      openSource: () => source,
      ...options,
    },
    AbortSignal.timeout(60_000),
  );
}

/** Contracts in force: one, whose key is an e-mail that lands as its HMAC. */
function maskedByEmail(): Contracts {
  const { table: masked, digest } = contractOf(
    { email: { type: 'string' }, city: { type: 'string' } },
    { key: ['email'], masks: { email: { kind: 'hmac', keyId: 'k1' } } },
  );
  const contract: Contract = {
    id: 'users',
    version: '1.0.0',
    state: 'active',
    name: null,
    description: null,
    domain: null,
    owner: null,
    tags: [],
    compatibility: 'none',
    policy: 'flag',
    tables: [masked],
    serviceLevels: [],
    rest: {},
  };
  const document = { name: 'users.yaml', text: '' };
  const inForce: ContractInForce = {
    contract,
    table: masked,
    document,
    digest,
    state: 'active',
    effective: { kind: 'now' },
    activatedAt: 0,
  };
  return { contractsInForce: async () => [inForce], activeContract: async () => inForce, async [Symbol.asyncDispose]() {} };
}

const person = (id: number) => ({ id, email: `${id}@m.ex` });

test('a row that the source still has is refused, unless said otherwise; what Kafka retains is told, and until when', async () => {
  await using lab = await queryLab('pg.public.users');
  await lab.land([1, 2].map((id) => ({ key: `{"id":${id}}`, value: event('c', id, null, person(id)) })));
  await lab.land([{ key: '{"id":2}', value: event('d', 9, { id: 2, email: null }, null) }]);
  const refused = await run(lab, '2', ['1', '2']);
  assert.deepEqual([refused.outcome, refused.rows, isComplete(refused)], ['refused', 2, false]);
  assert.match(refused.refused[0] ?? '', /the source still has the row \{"id":"2"\}/);
  assert.deepEqual(await textsHeld(lab, ['2@m.ex']), ['2@m.ex'], 'nothing was done');
  const planned = await run(lab, '2', ['1'], { isDry: true });
  assert.deepEqual([planned.outcome, planned.rows, planned.files.rewritten], ['planned', 2, 2]);
  const erased = await run(lab, '2', ['1']);
  assert.deepEqual([erased.outcome, erased.rows, isComplete(erased)], ['erased', 2, true]);
  const { retainedUntil, ...copies } = erased.log?.[0] ?? assert.fail('the log has copies');
  assert.deepEqual(copies, { partition: 0, records: 2, first: 1n, last: 2n, ahead: 0 });
  assert.ok(Date.parse(retainedUntil ?? '') > Date.now() + 86_000_000);
  assert.match(reportText(erased), /2 rows erased.*\n\d+ objects deleted\n\nKafka retains records of it/);
  assert.deepEqual(await textsHeld(lab, ['2@m.ex']), []);
  assert.equal((await run(lab, '1', ['1'], { evenIfInSource: true })).rows, 1);
});

test('linked keys are named and nothing is done without them', async () => {
  await using lab = await queryLab('pg.public.users');
  await lab.land([
    { key: '{"id":1}', value: event('d', 12, person(1), null), headers: { '__debezium.newkey': '{"id":2}' } },
    { key: '{"id":2}', value: event('c', 12, null, person(2)), headers: { '__debezium.oldkey': '{"id":1}' } },
  ]);
  const refused = await run(lab, '2', []);
  assert.deepEqual([refused.outcome, refused.linked], ['refused', [{ id: '1' }]]);
  const both = await run(lab, '2', [], { isLinked: true });
  assert.deepEqual(
    both.keys.map(({ key }) => key),
    [{ id: '2' }, { id: '1' }],
  );
  assert.deepEqual([both.outcome, both.rows], ['erased', 2]);
  assert.match((await run(lab, '2', ['2'], { skipsLog: true })).refused[0] ?? '', /the source still has the row/);
});

test('of a masked table the clear key is taken, and masked as its rows are', async () => {
  await using lab = await queryLab('pg.public.users', 1, {
    registry: maskedByEmail(),
    maskKeys: new Map([['k1', maskKey]]),
    refreshMs: 60_000,
  });
  for (const email of ['a@m.ex', 'b@m.ex'])
    await lab.land([{ key: JSON.stringify({ email }), value: event('c', 1, null, { email, city: `city-of-${email}` }) }]);
  await lab.land([{ key: '{"email":"b@m.ex"}', value: '{malformed "b@m.ex"' }]);
  const before = await textsHeld(lab, ['a@m.ex"', 'city-of-a', 'city-of-b']);
  assert.deepEqual(before.filter((text) => text.startsWith('city')).length, 2);
  const erased = await run(lab, 'b@m.ex', [], { evenIfInSource: true }, [{ id: 'k1', key: secret(maskKey.toString()) }]);
  assert.equal(erased.rows, 2);
  assert.deepEqual(await textsHeld(lab, ['city-of-a', 'city-of-b']), ['city-of-a']);
});

const cell = (value: unknown) => ({ value, deletion_ts: null, set: true });

const ride = (city: string, day: number, driver: string | null) => ({
  key: JSON.stringify({ city, day }),
  value: {
    op: driver === null ? 'd' : 'i',
    source: {
      connector: 'cassandra',
      snapshot: 'false',
      ts_us: 1_795_000_000_000_000,
      file: 'f',
      pos: day,
      keyspace: 'rides',
      table: 'rides',
    },
    after: { city: cell(city), day: cell(day), driver: driver === null ? null : cell(driver), _range_start: null, _range_end: null },
  },
});

test('a compound key of Cassandra, its date as people write it: cells hold it, the source is asked with it', async () => {
  await using lab = await queryLab('cass.rides.rides');
  await lab.land([ride('ams', 20_778, 'secret-driver'), ride('ams', 20_779, 'other-driver'), ride('ams', 20_778, null)]);
  const rides: SourceTable = {
    name: { namespace: 'rides', table: 'rides' },
    columns: [column('city', 'text', 0), column('day', 'date', 1), column('driver', 'text', null)],
    key: ['city', 'day'],
  };
  const source = (day: string) => memorySource({ tables: [{ table: rides, rows: [{ values: ['ams', day, 'x'] }] }] });
  const key = '{"city":"ams","day":"2026-11-21"}';
  const refused = await run(lab, key, [], { openSource: () => source('2026-11-21') });
  assert.match(refused.refused[0] ?? '', /still has the row \{"city":"ams","day":"20778"\}/);
  const erased = await run(lab, key, [], { openSource: () => source('2026-11-22') });
  assert.deepEqual([erased.outcome, erased.rows], ['erased', 2]);
  assert.deepEqual(await textsHeld(lab, ['secret-driver', 'other-driver']), ['other-driver']);
});
