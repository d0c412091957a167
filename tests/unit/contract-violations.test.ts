// Every kind of rule is found in `_violations` of the rows that break it, in both lanes of the decoder and by the
// validator; clean rows have none; no row is lost to a rule.

import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import test from 'node:test';
import type { JsonObject } from '../../contracts/json-schema.ts';
import type { PinnedContract } from '../../sync/contract/pinned-contract.ts';
import { openDuckdb } from '../../sync/decode/duckdb.ts';
import { contractOf, event } from './contract-fixture.ts';
import { decodeLab, readRows, recordOf, type DecodeLab } from './decode-fixture.ts';

const rules: readonly { readonly kind: string; readonly schema: JsonObject; readonly good: unknown; readonly bad: unknown }[] = [
  { kind: 'type', schema: { type: 'integer' }, good: 1, bad: 'one' },
  { kind: 'enum', schema: { enum: ['active', 'closed'] }, good: 'active', bad: 'lost' },
  { kind: 'enum', schema: { enum: ['a', 'b', 'c', "d'", 'e', 'f', 'active', null] }, good: null, bad: 'lost' },
  { kind: 'enum', schema: { enum: ['a', 'b', 'c', "d'", 'e', 'f', 'active', 1] }, good: "d'", bad: 'lost' },
  { kind: 'const', schema: { const: 'x' }, good: 'x', bad: 'y' },
  { kind: 'minimum', schema: { minimum: 0 }, good: 0, bad: -1 },
  { kind: 'maximum', schema: { maximum: 10 }, good: 10, bad: 11 },
  { kind: 'exclusiveMinimum', schema: { exclusiveMinimum: 0 }, good: 1, bad: 0 },
  { kind: 'exclusiveMaximum', schema: { exclusiveMaximum: 10 }, good: 9, bad: 10 },
  { kind: 'multipleOf', schema: { multipleOf: 5 }, good: 10, bad: 11 },
  { kind: 'minLength', schema: { minLength: 2 }, good: 'ab', bad: 'a' },
  { kind: 'maxLength', schema: { maxLength: 2 }, good: 'ab', bad: 'abc' },
  { kind: 'pattern', schema: { pattern: '^[a-z]+$' }, good: 'abc', bad: 'A1' },
  { kind: 'format', schema: { type: 'string', format: 'email' }, good: 'a@b.example', bad: 'nobody' },
  { kind: 'minItems', schema: { minItems: 1 }, good: [1], bad: [] },
  { kind: 'maxItems', schema: { maxItems: 1 }, good: [1], bad: [1, 2] },
  { kind: 'uniqueItems', schema: { uniqueItems: true }, good: [1, 2], bad: [1, 1] },
  { kind: 'contains', schema: { contains: { const: 1 } }, good: [1, 2], bad: [2] },
  { kind: 'anyOf', schema: { anyOf: [{ const: 1 }, { const: 2 }] }, good: 1, bad: 3 },
  { kind: 'oneOf', schema: { oneOf: [{ minimum: 5 }, { maximum: 7 }] }, good: 1, bad: 6 },
  { kind: 'not', schema: { not: { const: 1 } }, good: 2, bad: 1 },
  {
    kind: 'if',
    schema: JSON.parse('{"if":{"minimum":5},"then":{"multipleOf":5}}') as JsonObject,
    good: 10,
    bad: 6,
  },
];

interface Found {
  readonly property: string;
  readonly rule: string;
  readonly value: string | null;
}

async function violationsOf(lab: DecodeLab, contract: PinnedContract, events: readonly (string | null)[]): Promise<readonly Found[][]> {
  lab.plan = { ...lab.plan, contract };
  const written = await lab.write(events.map((value, i) => recordOf(i, value)));
  assert.equal(written.rows, events.length, 'I8: every record is a row');
  const rows = await readRows(written);
  return rows.map((row) => textsOf(row['_violations']));
}

function textsOf(value: unknown): Found[] {
  if (value === null || value === undefined) return [];
  assert.ok(Array.isArray(value) && value.length > 0, 'null when clean, never empty');
  return value.map((entry: Readonly<Record<string, unknown>>) => ({
    property: Buffer.from(entry['property'] as Uint8Array).toString(),
    rule: Buffer.from(entry['rule'] as Uint8Array).toString(),
    value: entry['value'] === null || entry['value'] === undefined ? null : Buffer.from(entry['value'] as Uint8Array).toString(),
  }));
}

for (const fastLane of [true, false]) {
  test(`each rule is found for c, u and r, not for deletes and clean rows (${fastLane ? 'fast' : 'general'} lane)`, async () => {
    for (const { kind, schema, good, bad } of rules) {
      await using lab = await decodeLab({ fastLane });
      const contract = contractOf({ id: { type: 'integer' }, x: schema });
      const events = [
        event({ id: 1, x: good }),
        event({ id: 2, x: bad }),
        event({ id: 3, x: bad }, { op: 'u', before: { id: 3, x: bad } }),
        event({ id: 4, x: bad }, { op: 'r' }),
        event(null, { op: 'd', before: { id: 5, x: bad } }),
        null,
        event({ id: 6, x: good }, { op: 'u', before: { id: 6, x: bad } }),
      ];
      const found = await violationsOf(lab, contract, events);
      assert.deepEqual(
        found.map((row) => row.map(({ property, rule }) => `${property} ${rule}`)),
        [[], [`x ${kind}`], [`x ${kind}`], [`x ${kind}`], [], [], []],
        kind,
      );
    }
  });
}

test('where many rows break a rule the statement lists what they break, in the words of the validator', async () => {
  for (const { kind, schema, good, bad } of rules) {
    await using lab = await decodeLab();
    const contract = contractOf({ id: { type: 'integer' }, x: { ...schema, 'x-policy': 'quarantine' } });
    const events = [event({ id: 1, x: good }), ...Array.from({ length: 401 }, (_, i) => event({ id: i, x: bad }))];
    const byValidator = await violationsOf(lab, contract, events);
    const byStatement = await violationsOf(lab, contract, events);
    assert.deepEqual(byStatement, byValidator, kind);
    assert.deepEqual(byStatement[0], []);
    assert.deepEqual(
      byStatement[401]?.map(({ rule }) => rule),
      ['quarantined', kind],
    );
  }
});

test('a missing and an unknown column are found; a large value that was left out of the event is not missing, and breaks nothing', async () => {
  await using lab = await decodeLab();
  const contract = contractOf(
    { id: { type: 'integer' }, bio: { type: 'string', maxLength: 5 } },
    { required: ['bio'], rest: { additionalProperties: false } },
  );
  const found = await violationsOf(lab, contract, [
    event({ id: 1 }),
    event({ id: 1, bio: 'short', extra: 1 }),
    event({ id: 1, bio: 'short' }),
    event({ id: 1, bio: '__debezium_unavailable_value' }),
  ]);
  assert.deepEqual(
    found.map((row) => row.map(({ property, rule }) => `${property} ${rule}`)),
    [['bio required'], [' additionalProperties'], [], []],
  );
});

test('dates, timestamps, decimals and JSON are judged as people see them', async () => {
  await using lab = await decodeLab();
  const contract = contractOf({
    id: { type: 'integer' },
    born: { type: 'string', format: 'date', pattern: '^19', 'x-physicalType': 'date' },
    seen: { type: 'string', pattern: 'T12:54:56[.]123456$', 'x-physicalType': 'timestamp' },
    fare: { type: 'number', maximum: 12.3, 'x-physicalType': 'numeric(12,2)' },
    data: { type: 'object', required: ['a'], 'x-physicalType': 'jsonb' },
  });
  const good = { id: 1, born: 9_000, seen: 1_732_193_696_123_456, fare: '12.30', data: '{"a":1}' };
  const found = await violationsOf(lab, contract, [
    event(good),
    event({ ...good, born: 20_048 }),
    event({ ...good, seen: 1_732_193_696_123_457 }),
    event({ ...good, fare: '12.31' }),
    event({ ...good, fare: 'NaN' }),
    event({ ...good, data: '{"b":1}' }),
    event({ ...good, born: 99_999_999 }),
  ]);
  assert.deepEqual(
    found.map((row) => row.map(({ property, rule, value }) => `${property} ${rule} ${value ?? ''}`)),
    [
      [],
      ['born pattern 2024-11-21'],
      ['seen pattern 2024-11-21T12:54:56.123457'],
      ['fare maximum 12.31'],
      ['fare type NaN'],
      ['data.a required '],
      ['born type 99999999'],
    ],
  );
});

test('a rescued row is judged by its text', async () => {
  await using lab = await decodeLab();
  const contract = contractOf({ id: { type: 'integer' }, x: { type: 'integer', maximum: 5 } });
  const first = event({ id: 1, x: 1 });
  const negativeZero = first.replace('"x":1', '"x":-0');
  const tooMuch = first.replace('"x":1', '"x":9,"y":-0');
  // Half a pair of surrogates: JSON to JavaScript, none to DuckDB.
  const halfPair = first.replace('"x":1', String.raw`"x":"\ud800"`);
  const found = await violationsOf(lab, contract, [first, negativeZero, tooMuch, '{"broken":', halfPair]);
  assert.deepEqual(
    found.map((row) => row.map(({ property, rule, value }) => `${property} ${rule} ${value ?? ''}`)),
    [[], [], ['x maximum 9'], [], ['x type \ufffd']],
  );
});

function failing(): never {
  throw new Error('no such rule');
}

test('a judge that fails fails the statement, and nothing else', async () => {
  await using duckdb = await openDuckdb({ memoryLimitBytes: 100_000_000, threads: 1, tempDir: tmpdir() });
  const judged = duckdb.query(`SELECT foz_judge(5, 'x'::BLOB) FROM range(3)`, {
    id: 5,
    source: { pages: [], scanner: null, judge: failing },
  });
  await assert.rejects(judged, /judging a row: Error: no such rule/);
  assert.deepEqual(await duckdb.query('SELECT 1'), [[1]]);
});

test('figures of a batch: rows that break a rule, rows kept out of the view, and rules by their frequency', async () => {
  await using lab = await decodeLab();
  const contract = contractOf({
    id: { type: 'integer' },
    x: { type: 'integer', minimum: 0 },
    y: { type: 'integer', minimum: 0, 'x-policy': 'quarantine' },
  });
  lab.plan = { ...lab.plan, contract };
  const written = await lab.write([
    recordOf(0, event({ id: 1, x: 1, y: 1 })),
    recordOf(1, event({ id: 1, x: -1, y: 1 })),
    recordOf(2, event({ id: 1, x: -1, y: -1 })),
  ]);
  assert.deepEqual(written.judged, {
    contract: { id: 'users', version: '1.0.0' },
    rows: 3,
    violating: 2,
    quarantined: 1,
    byRule: new Map([
      ['x minimum', 2],
      ['y minimum', 1],
    ]),
    masked: new Map(),
    standIns: new Map(),
    halting: [],
  });
  const rows = await readRows(written);
  assert.deepEqual(
    textsOf(rows[2]?.['_violations']).map(({ rule }) => rule),
    ['quarantined', 'minimum', 'minimum'],
  );
});

test('a rule of policy halt names the first row that breaks it, unless a person accepted it', async () => {
  await using lab = await decodeLab();
  const contract = contractOf({ id: { type: 'integer' }, x: { type: 'integer', minimum: 0, 'x-policy': 'halt' } });
  const records = [5, 4, -1, -2].map((x, i) => recordOf(10 + i, event({ id: i, x })));
  lab.plan = { ...lab.plan, contract };
  const [halting] = (await lab.write(records)).judged?.halting ?? [];
  assert.ok(halting);
  assert.deepEqual([halting.partition, halting.offset, halting.property, halting.rule], [0, 12n, 'x', 'minimum']);
  lab.plan = { ...lab.plan, violationsAccepted: new Map([[0, 13n]]) };
  assert.equal((await lab.write(records)).judged?.halting[0]?.offset, 13n);
  lab.plan = { ...lab.plan, violationsAccepted: new Map([[0, 14n]]) };
  assert.deepEqual((await lab.write(records)).judged?.halting, []);
});

function cell(value: unknown): object {
  return { value, deletion_ts: null, set: true };
}

/** Undefined: a column that the change left alone. */
function cells(fare: unknown, driver: unknown): object {
  return { id: cell(1), fare: fare === undefined ? null : cell(fare), driver: driver === undefined ? null : cell(driver) };
}

test('Cassandra: a cell is judged by its value, an UPDATE misses nothing, an INSERT does, a range of deleted rows is not judged', async () => {
  await using lab = await decodeLab();
  const contract = contractOf(
    {
      id: { type: 'integer' },
      fare: { type: 'number', minimum: 0, 'x-physicalType': 'decimal' },
      driver: { type: 'string', maxLength: 3 },
    },
    { required: ['id', 'driver'], rest: { 'x-database': 'cassandra' } },
  );
  const found = await violationsOf(lab, contract, [
    event(cells('1.5', 'ana'), { op: 'i' }),
    event(cells('-1.5', 'anabel'), { op: 'i' }),
    event(cells('1.5', undefined), { op: 'i' }),
    event(cells('-2', undefined), { op: 'u' }),
    event(cells(undefined, 'anabel'), { op: 'u' }),
    event(cells('-1', 'anabel'), { op: 'r' }),
    event(cells('-1', 'anabel'), { op: 'd' }),
    event(cells(null, 'ana'), { op: 'u' }),
  ]);
  assert.deepEqual(
    found.map((row) => row.map(({ property, rule, value }) => `${property} ${rule} ${value ?? ''}`)),
    [
      [],
      ['fare minimum -1.5', 'driver maxLength anabel'],
      ['driver required '],
      ['fare minimum -2'],
      ['driver maxLength anabel'],
      [],
      [],
      ['fare type '],
    ],
  );
});

test('masked cells of Cassandra keep the times of their writes', async () => {
  await using lab = await decodeLab();
  const contract = contractOf(
    { id: { type: 'integer' }, driver: { type: 'string' } },
    { masks: { driver: { kind: 'redact', text: '[driver]' } }, rest: { 'x-database': 'cassandra' } },
  );
  lab.plan = { ...lab.plan, contract };
  const after = { id: { value: 1, deletion_ts: null, set: true }, driver: { value: 'ana', deletion_ts: 77, set: true } };
  const written = await lab.write([recordOf(0, event(after, { op: 'i' })), recordOf(1, event({ ...after, driver: null }, { op: 'u' }))]);
  const drivers = (await readRows(written)).map((row) => {
    const { driver } = row['after'] as { driver: { value: Uint8Array; deletion_ts: bigint; set: boolean } | null };
    return driver ? [Buffer.from(driver.value).toString(), Number(driver.deletion_ts), driver.set] : null;
  });
  assert.deepEqual(drivers, [['[driver]', 77, true], null]);
});
