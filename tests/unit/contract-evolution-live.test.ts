// The source changes first, as it does: what landed before the contract followed, and what a column took over, is read in
// the columns of today, and still rebuilds.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { JsonObject } from '../../contracts/json-schema.ts';
import { currentSchema } from '../../lake/iceberg/metadata.ts';
import { isStruct } from '../../lake/iceberg/schema.ts';
import { applyContract, planContract } from '../../sync/apply-contract.ts';
import { allRebuild, contractTable, deps, event, noticed, wanted, type Property } from './contract-evolution-fixture.ts';
import { queryLab, type QueryLab } from './query-fixture.ts';

const base: readonly Property[] = [
  { name: 'id', id: '1', type: 'bigint' },
  { name: 'fare', id: '2', type: 'numeric(12,2)' },
  { name: 'city', id: '3', type: 'text' },
];
const renamed = (from: string, to: string, properties: readonly Property[] = base) =>
  properties.map((property) => (property.name === from ? { ...property, name: to } : property));

async function fieldIds(lab: QueryLab): Promise<Readonly<Record<string, number>>> {
  const table = await lab.catalog.loadTable(lab.target.ident);
  assert.ok(table);
  const after = currentSchema(table.metadata).fields.find(({ name }) => name === 'after')?.type;
  assert.ok(after && isStruct(after));
  return Object.fromEntries(after.fields.map(({ name, id }) => [name, id]));
}

const current = async (lab: QueryLab, columns: string) =>
  (await lab.lake.query(`SELECT ${columns} FROM current.${lab.target.ident.name} ORDER BY ALL`)).rows;

test('a rename that the source made first needs no decision: the property keeps its field id, and both names’ rows read in it', async () => {
  await using lab = await queryLab('pg.public.users');
  await applyContract(lab.target, wanted(base, '1.0.0'), deps(lab));
  await lab.land([event(1, { fare: '1.00', city: 'Porto' }), event(2, { fare: '2.00', city: 'Faro' })]);
  const { fare, city } = await fieldIds(lab);
  // Records come under the new names, in columns of what JSON has, before anybody changes the contract.
  await lab.land([event(2, { price: '2.50', town: 'Braga' }), event(3, { price: '3.00', town: null })]);
  const next = renamed('city', 'town', renamed('fare', 'price'));
  const { outcome, plan } = await applyContract(lab.target, wanted(next, '2.0.0'), deps(lab));
  assert.equal(outcome, 'applied');
  assert.deepEqual(plan.steps.map(({ kind, column }) => `${kind} ${column}`).toSorted(), [
    'rename price',
    'rename town',
    'replace price',
    'replace town',
  ]);
  await noticed();
  await lab.land([event(4, { price: '4.00', town: 'Évora' }), event(5, { fare: '5.00', city: 'Lagos' })]);
  const ids = await fieldIds(lab);
  assert.deepEqual([ids['price'], ids['town']], [fare, city]);
  assert.deepEqual(await current(lab, 'id, price, town, typeof(price)'), [
    [1n, '1.00', 'Porto', 'DECIMAL(12,2)'],
    [2n, '2.50', 'Braga', 'DECIMAL(12,2)'],
    [3n, '3.00', null, 'DECIMAL(12,2)'],
    [4n, '4.00', 'Évora', 'DECIMAL(12,2)'],
    [5n, '5.00', 'Lagos', 'DECIMAL(12,2)'],
  ]);
  assert.equal((await applyContract(lab.target, wanted(next, '2.0.0'), deps(lab))).outcome, 'unchanged');
  await allRebuild(lab, 6);
});

test('a column that stood beside the renamed one is another: a person decides', async () => {
  await using lab = await queryLab('pg.public.users');
  await applyContract(lab.target, wanted(base, '1.0.0'), deps(lab));
  await lab.land([event(1, { fare: '1.00', city: 'Porto', town: 'Cedofeita' })]);
  const plan = await planContract(lab.target, wanted(renamed('city', 'town'), '2.0.0'), lab.catalog);
  assert.deepEqual([plan.undecided, plan.steps.at(-1)?.detail], [1, 'a column town is there already, beside city']);
});

test('a replaced column follows its name: renamed with it, dropped with it, and a column that comes back reads none of it', async () => {
  await using lab = await queryLab('pg.public.users');
  await lab.land([event(1, { fare: '1.00', city: 'Porto' })]);
  await applyContract(lab.target, wanted(base, '1.0.0', { fare: 'replace' }), deps(lab));
  await noticed();
  await lab.land([event(2, { fare: '2.00', city: 'Faro' })]);
  await applyContract(lab.target, wanted(renamed('fare', 'price'), '2.0.0'), deps(lab));
  assert.deepEqual(await current(lab, 'id, price'), [
    [1n, '1.00'],
    [2n, '2.00'],
  ]);
  await applyContract(lab.target, wanted([...base.slice(0, 1), ...base.slice(2)], '3.0.0'), deps(lab));
  assert.ok(!Object.keys(await fieldIds(lab)).some((name) => name.startsWith('_replaced_')));
  await applyContract(lab.target, wanted([...base.slice(0, 1), { name: 'price', id: '9', type: 'numeric(8,3)' }], '4.0.0'), deps(lab));
  await noticed();
  await lab.land([event(3, { price: '3.000', city: 'Faro' })]);
  assert.deepEqual(await current(lab, 'id, price'), [
    [1n, null],
    [2n, null],
    [3n, '3.000'],
  ]);
  await allRebuild(lab, 3);
});

test('a key column that is renamed does not make two rows of one', async () => {
  await using lab = await queryLab('pg.public.users', 2);
  const rides: readonly Property[] = [
    { name: 'city', type: 'text', id: 'a' },
    { name: 'nr', type: 'bigint', id: 'b' },
    { name: 'note', type: 'text', id: 'c' },
  ];
  let lsn = 0;
  const at = (key: object, note: string | null, op = 'u', partition = 0) => ({
    partition,
    key: JSON.stringify(key),
    value: { before: null, after: note === null ? null : { ...key, note }, source: { lsn: ++lsn, txId: lsn, ts_us: 1 }, op, ts_ms: 1 },
  });
  await applyContract(lab.target, wanted(rides, '1.0.0'), deps(lab));
  const tricky = '","nr":7,{"nr":';
  await lab.land([
    at({ city: tricky, nr: 1 }, 'old', 'c'),
    at({ city: 'Faro', nr: 2 }, 'stays', 'c'),
    at({ city: 'Faro', nr: 3 }, 'goes', 'c'),
  ]);
  await lab.land([at({ city: tricky, number: 1 }, 'new', 'u', 1), at({ city: 'Faro', number: 3 }, null, 'd', 1)]);
  assert.equal((await applyContract(lab.target, wanted(renamed('nr', 'number', rides), '2.0.0'), deps(lab))).outcome, 'applied');
  assert.deepEqual(
    await current(lab, 'city, number, note'),
    [
      [tricky, 1n, 'new'],
      ['Faro', 2n, 'stays'],
    ].toSorted(),
  );
  await allRebuild(lab, 5);
});

const cell = (value: unknown) => ({ value, deletion_ts: null, set: true });
let pos = 0;
const ride = (id: string, after: object) => ({
  key: `{"id":"${id}"}`,
  value: {
    ts_ms: 1,
    op: 'i',
    source: { ts_us: ++pos, snapshot: 'false', keyspace: 'ride', file: 'f', pos },
    after: { id: cell(id), ...after },
  },
});
const part = (type: string): JsonObject => ({ 'x-physicalType': type });
const place = (...more: readonly (readonly [string, string])[]): Property => ({
  name: 'place',
  type: 'frozen<place>',
  body: {
    type: 'object',
    properties: Object.fromEntries([['lat', 'double'], ['label', 'text'], ...more].map(([name, type]) => [name, part(String(type))])),
  },
});
const rideTable = (properties: readonly Property[]) => ({ ...contractTable([{ name: 'id', type: 'text' }, ...properties]), name: 'rides' });
const listOf = (items: JsonObject): JsonObject => ({ type: 'array', items });
const applied = async (lab: QueryLab, properties: readonly Property[], version: string) => {
  const contract = { id: 'rides', version };
  const result = await applyContract(
    lab.target,
    { contract, table: rideTable(properties), decisions: new Map([['*', 'replace']]) },
    deps(lab),
  );
  await noticed();
  return result;
};

test('lists, structs and maps that replaced text read what stood there, dates, decimals and bytes within them too', async () => {
  await using lab = await queryLab('cass.ride.rides');
  const row = {
    tags: cell(['a', 'b']),
    days: cell([20_048, 0]),
    place: cell({ lat: 1.5, label: 'ä "x"' }),
    prices: cell({ low: '1.50', 'o"k': '2.25' }),
    seen: cell([{ at: 1_795_251_919_231, raw: '3q2+7w==' }]),
  };
  await lab.land([ride('a', row), ride('b', { ...row, tags: cell(null), place: null, prices: cell({}) })]);
  const properties: readonly Property[] = [
    { name: 'tags', type: 'frozen<list<text>>', body: listOf(part('text')) },
    { name: 'days', type: 'frozen<list<date>>', body: listOf(part('date')) },
    place(),
    { name: 'prices', type: 'frozen<map<text, decimal(6,2)>>', body: { type: 'object', additionalProperties: part('decimal(6,2)') } },
    {
      name: 'seen',
      type: 'frozen<list<frozen<sight>>>',
      body: listOf({ type: 'object', 'x-physicalType': 'frozen<sight>', properties: { at: part('timestamp'), raw: part('blob') } }),
    },
  ];
  assert.equal((await applied(lab, properties, '1.0.0')).outcome, 'applied');
  await lab.land([ride('c', row)]);
  const columns = `id, to_json(tags)::VARCHAR, to_json(days)::VARCHAR, to_json(place)::VARCHAR, to_json(prices)::VARCHAR, seen[1]."at"::VARCHAR, hex(seen[1].raw), typeof(days), typeof(prices)`;
  const types = ['DATE[]', 'MAP(VARCHAR, DECIMAL(6,2))'];
  const same = [
    '["2024-11-21","1970-01-01"]',
    '{"lat":1.5,"label":"ä \\"x\\""}',
    '{"low":1.5,"o\\"k":2.25}',
    '2026-11-21 09:05:19.231+00',
    'DEADBEEF',
  ];
  const [days, , , at, raw] = same;
  assert.deepEqual(await current(lab, columns), [
    ['a', '["a","b"]', ...same, ...types],
    ['b', null, days, null, '{}', at, raw, ...types],
    ['c', '["a","b"]', ...same, ...types],
  ]);
  await allRebuild(lab, 3);
});

test('a field more in a struct: records with and without it both land in the column', async () => {
  await using lab = await queryLab('cass.ride.rides');
  await applied(lab, [place()], '1.0.0');
  await lab.land([ride('a', { place: cell({ lat: 1.5, label: 'x' }) })]);
  const { plan } = await applied(lab, [place(['floor', 'int'])], '1.1.0');
  assert.deepEqual(
    plan.steps.map(({ kind, column, detail }) => [kind, column, detail]),
    [['widen', 'place', 'struct<lat: double, label: string> → struct<lat: double, label: string, floor: int>']],
  );
  await lab.land([
    ride('b', { place: cell({ lat: 2.5, label: 'y', floor: 3 }) }),
    ride('c', { place: cell({ lat: 3.5, label: 'z' }) }),
    ride('d', { place: cell({ lat: 4.5, label: 'w', floor: null }) }),
  ]);
  assert.deepEqual(await current(lab, 'id, place.lat, place.floor, typeof(place.floor)'), [
    ['a', 1.5, null, 'INTEGER'],
    ['b', 2.5, 3, 'INTEGER'],
    ['c', 3.5, null, 'INTEGER'],
    ['d', 4.5, null, 'INTEGER'],
  ]);
  assert.equal((await applied(lab, [place(['floor', 'int'])], '1.1.0')).outcome, 'unchanged');
  await allRebuild(lab, 4);
});

test('a struct whose contract names its fields in another order than the source', async () => {
  await using lab = await queryLab('cass.ride.rides');
  await applied(lab, [place(['floor', 'int'], ['seen', 'timestamp'])], '1.0.0');
  const values = [
    { floor: 3, seen: 1_795_251_919_231, lat: 1.5, label: 'x' },
    { label: 'y', lat: 2.5, floor: null, seen: null },
    { lat: 3.5, label: 'a field less', floor: 1 },
    { lat: 4.5, label: 'another one', floor: 1, nothing: 1 },
    { lat: 5.5, label: 'a number as text', floor: '1', seen: null },
    { lat: 6.5, label: 'no whole number', floor: 1.5, seen: null },
  ];
  await lab.land(values.map((value, i) => ride(String(i), { place: cell(value) })));
  assert.deepEqual(await current(lab, 'place.label, place.floor, place.seen IS NULL'), [
    ['x', 3, false],
    ['y', null, true],
  ]);
  const { rows } = await lab.lake.query('SELECT count(*) FROM raw.rides WHERE _rescued IS NOT NULL');
  assert.deepEqual(rows, [[4n]]);
  await allRebuild(lab, 6);
});
