// A masked column that the source renamed, before its contract followed: no byte of it reaches a file under either name.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import test from 'node:test';
import * as fc from 'fast-check';
import type { JsonObject } from '../../contracts/json-schema.ts';
import type { Mask } from '../../contracts/contract.ts';
import { rebuildRecord } from '../../lake/raw/rebuild.ts';
import { columnMasks, masksOfColumns, masksUnder } from '../../sync/contract/column-masks.ts';
import { maskKey as maskKeyOf } from '../../sync/contract/mask-value.ts';
import { isMaskedRebuild } from '../../sync/contract/masked-proof.ts';
import { judgedSummary } from '../../sync/contract/judged-summary.ts';
import { standInsSeen } from '../../sync/contract/stand-ins-seen.ts';
import type { Judged, PinnedContract } from '../../sync/contract/pinned-contract.ts';
import { contractOf, event, maskKey } from './contract-fixture.ts';
import { decodeLab, readRows, recordOf } from './decode-fixture.ts';
import { bytesOf, textual } from './file-bytes.ts';

const secret = 'ana.secret@example.com';
const hmac = createHmac('sha256', maskKey).update(secret).digest('hex');
const hmacMask: Mask = { kind: 'hmac', keyId: 'k1' };
const columns = { id: { type: 'integer' }, email: { type: 'string' }, city: { type: 'string' } } as const;
const users = contractOf(columns, { masks: { email: hmacMask }, rest: { additionalProperties: false } });

/** What the rows of these records become, once it is sure that no file holds any of the texts. */
async function landed(contract: PinnedContract, texts: readonly string[], secrets: readonly string[], key = '{"id":1}', fastLane = true) {
  await using lab = await decodeLab({ fastLane });
  lab.plan = { ...lab.plan, contract };
  const written = await lab.write(texts.map((text, i) => recordOf(i, text, key)));
  const bytes = await bytesOf(written);
  for (const one of secrets) assert.ok(!bytes.includes(one), `${one} is in a file`);
  const rows = (await readRows(written)).map(textual);
  const shapes = new Map(lab.plan.shapes.map((shape) => [shape.number, shape]));
  const masks = columnMasks(contract);
  assert.ok(masks);
  for (const [i, text] of texts.entries()) {
    const [row, shape] = [rows[i], shapes.get(Number(rows[i]?.['_shape']))];
    assert.ok(row);
    const rebuilt = rebuildRecord(row, shapes);
    assert.ok(isMaskedRebuild(rebuilt.value, Buffer.from(text), masksUnder(masks, shape)), `record ${i} is proven`);
    assert.deepEqual(rebuilt.key && Buffer.from(rebuilt.key), Buffer.from(maskKeyOf(masks, Buffer.from(key))));
  }
  const { judged } = written;
  assert.ok(judged);
  return { after: rows.map((row) => row['after'] as Record<string, unknown> | null), rows, judged };
}

for (const fastLane of [true, false]) {
  test(`a masked column under a new name is masked as it was, and said to be (${fastLane ? 'fast' : 'general'} lane)`, async () => {
    const row = { id: 1, mail: secret, city: 'Faro' };
    const texts = [
      event({ id: 1, email: secret, city: 'Faro' }),
      event(row),
      event({ ...row, city: 'Braga' }, { op: 'u', before: row }),
      event(null, { op: 'd', before: row }),
    ];
    const { after, judged, rows } = await landed(users, texts, [secret], '{"id":1}', fastLane);
    assert.deepEqual([after[0]?.['email'], after[1]?.['mail'], after[2]?.['mail'], after[2]?.['city']], [hmac, hmac, hmac, 'Braga']);
    assert.equal((rows[3]?.['before'] as { mail: unknown } | undefined)?.mail, hmac);
    assert.deepEqual([...judged.standIns], [['mail', 'hmac k1 as email']]);
    assert.deepEqual(JSON.parse(judgedSummary([judged])['foz.masked'] ?? ''), { email: 'hmac k1', mail: 'hmac k1 as email' });
    assert.ok(judged.violating > 0, 'a column that the contract forbids is a violation, told without its value');
  });
}

test('once the contract knows the new name, it is masked as the contract says, and records of the old name as before', async () => {
  const followed = contractOf(
    { id: { type: 'integer' }, mail: { type: 'string' }, city: { type: 'string' } },
    { masks: { mail: hmacMask } },
  );
  const texts = [event({ id: 1, mail: secret, city: 'Faro' }), event({ id: 1, email: secret, city: 'Faro' })];
  const { after, judged } = await landed(followed, texts, [secret]);
  assert.deepEqual([after[0]?.['mail'], after[1]?.['email']], [hmac, hmac]);
  assert.deepEqual([...judged.standIns], [['email', 'hmac k1 as mail']]);
  assert.deepEqual([...(await landed(followed, texts.slice(0, 1), [secret])).judged.standIns], [], 'nothing is said without such rows');
});

test('a new column beside all masked ones is kept', async () => {
  const { after, judged } = await landed(users, [event({ id: 1, email: secret, city: 'Faro', tier: 'gold' })], [secret]);
  assert.deepEqual([after[0]?.['tier'], judged.standIns.size], ['gold', 0]);
});

test('a new name of another type holds nothing, and so do several that nobody can tell apart', async () => {
  const number = 777_123_456_789;
  const retyped = await landed(users, [event({ id: 1, mail: number, city: 'Faro' })], [String(number)]);
  assert.deepEqual([retyped.after[0]?.['mail'], [...retyped.judged.standIns]], [null, [['mail', 'hmac k1 as email']]]);
  const deep = await landed(users, [event({ id: 1, mail: { at: secret }, city: 'Faro' })], [secret]);
  assert.equal(deep.judged.standIns.size, 1);
  const several = await landed(users, [event({ id: 1, mail: secret, nick: 'ana-nick', city: 'Faro' })], [secret, 'ana-nick', hmac]);
  assert.deepEqual([several.after[0]?.['mail'], several.after[0]?.['nick'], several.after[0]?.['city']], [null, null, 'Faro']);
  assert.deepEqual([...several.judged.standIns.values()], ['drop as email', 'drop as email']);
});

test('a masked key column under a new name is masked in the row, and the record key as a whole', async () => {
  const contract = contractOf({ email: { type: 'string' }, city: { type: 'string' } }, { key: ['email'], masks: { email: hmacMask } });
  const { after } = await landed(contract, [event({ mail: secret, city: 'Faro' })], [secret], JSON.stringify({ mail: secret }));
  assert.equal(after[0]?.['mail'], hmac);
});

const cell = (value: unknown) => ({ value, deletion_ts: null, set: true });

function cassandraEvent(after: Readonly<Record<string, unknown>>, op = 'i'): string {
  const source = {
    version: '3.7',
    connector: 'cassandra',
    ts_us: 1_795_000_000_000_000,
    file: 'CommitLog-1.log',
    pos: 7,
    keyspace: 'rides',
  };
  return JSON.stringify({ after: { _range_start: null, _range_end: null, ...after }, source, op, ts_ms: 1_795_000_000_000 });
}

test('Cassandra: a masked key column under a new name is masked; a regular column cannot have been renamed', async () => {
  const body: Readonly<Record<string, JsonObject>> = { rider: { type: 'string' }, note: { type: 'string' }, city: { type: 'string' } };
  const contract = contractOf(body, {
    key: ['rider'],
    masks: { rider: hmacMask, note: { kind: 'drop' } },
    rest: { 'x-database': 'cassandra' },
  });
  const texts = [
    cassandraEvent({ passenger: cell(secret), note: null, city: cell('Faro') }, 'u'),
    cassandraEvent({ rider: cell(secret), city: cell('Faro'), tip: cell('big') }),
  ];
  const { after, judged } = await landed(contract, texts, [secret], JSON.stringify({ passenger: secret }));
  assert.equal((after[0]?.['passenger'] as { value: unknown } | undefined)?.value, hmac);
  assert.equal((after[1]?.['tip'] as { value: unknown } | undefined)?.value, 'big');
  assert.deepEqual([...judged.standIns], [['passenger', 'hmac k1 as rider']]);
});

test('Cassandra: the bounds of a range delete hold masked values masked, equal to those of the key, and unknown ones not at all', async () => {
  const body: Readonly<Record<string, JsonObject>> = { city: { type: 'string' }, rider: { type: 'string' }, day: { type: 'string' } };
  const contract = contractOf(body, { key: ['city', 'day', 'rider'], masks: { rider: hmacMask }, rest: { 'x-database': 'cassandra' } });
  const type = 'org.apache.cassandra.db.marshal.UTF8Type';
  const bound = (method: string, last: string) => ({
    method,
    values: [
      { name: 'day', value: '2026-11-21', type },
      { name: last, value: secret, type },
    ],
  });
  const range = (last: string) => ({
    city: cell('Faro'),
    day: null,
    [last]: null,
    _range_start: bound('INCL_START_BOUND', last),
    _range_end: { method: 'INCL_END_BOUND', values: [] },
  });
  const key = JSON.stringify({ city: 'Faro', day: null, rider: null });
  const { after } = await landed(contract, [cassandraEvent(range('rider'), 'r'), cassandraEvent(range('passenger'), 'r')], [secret], key);
  const values = after.map((one) =>
    (JSON.parse(String(one?.['_range_start'])) as { values: { value: unknown }[] }).values.map(({ value }) => value),
  );
  assert.deepEqual(values, [
    ['2026-11-21', hmac],
    ['2026-11-21', null],
  ]);
});

test('the source is compared as the lake has it: a renamed column masked alike', () => {
  const masks = columnMasks(users);
  assert.ok(masks);
  assert.deepEqual(masksOfColumns(masks, ['id', 'mail', 'city']).byColumn.get('mail'), masks.byColumn.get('email'));
  assert.deepEqual(masksOfColumns(masks, ['id', 'mail', 'nick', 'city']).byColumn.get('nick'), { kind: 'drop' });
  assert.equal(masksOfColumns(masks, ['id', 'email', 'nick', 'city']).byColumn.has('nick'), false);
});

function judgedBy(version: string, standIns: Readonly<Record<string, string>>): Judged {
  return {
    contract: { id: 'users', version },
    rows: 1,
    violating: 0,
    quarantined: 0,
    byRule: new Map<string, number>(),
    masked: new Map<string, string>(),
    standIns: new Map(Object.entries(standIns)),
    halting: [],
  };
}

test('what was masked so is said until another version of the contract judges rows', () => {
  const seen = standInsSeen();
  assert.deepEqual(seen.add([judgedBy('1.0.0', { mail: 'hmac k1 as email' })]), ['mail']);
  assert.deepEqual(seen.add([judgedBy('1.0.0', {})]), []);
  assert.deepEqual([...seen.columns.keys()], ['mail']);
  assert.deepEqual(seen.add([judgedBy('2.0.0', {})]), []);
  assert.equal(seen.columns.size, 0);
});

const runs = process.env['FOZ_TEST_LONG'] === '1' ? 100 : 4;

test('whatever a source renames of what is masked, no byte of it reaches a file', async () => {
  const masks = fc.constantFrom<Mask>(
    hmacMask,
    { kind: 'drop' },
    { kind: 'redact', text: '[gone]' },
    { kind: 'partial', keepFirst: 1, keepLast: 0 },
  );
  const masked = fc.dictionary(fc.constantFrom('email', 'phone', 'street'), masks, { minKeys: 1 });
  const rename = fc.uniqueArray(fc.constantFrom('email', 'phone', 'street'), { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(masked, rename, fc.boolean(), fc.boolean(), async (masksOf, renamed, hasMore, isText) => {
      const names = ['email', 'phone', 'street'] as const;
      const contract = contractOf(Object.fromEntries(['id', ...names, 'city'].map((name) => [name, {}])), { masks: masksOf });
      const value = (name: string, tag: string) => (isText ? `secret of ${name} ${tag}` : { deep: [`secret of ${name} ${tag}`] });
      const row = (tag: string) => ({
        id: 1,
        ...Object.fromEntries(names.map((name) => [renamed.includes(name) ? `${name}_new` : name, value(name, tag)])),
        city: 'Faro',
        ...(hasMore ? { more: 'x' } : {}),
      });
      const secrets = Object.keys(masksOf).map((name) => `secret of ${name}`);
      await landed(contract, [event(row('a')), event(row('b'), { op: 'u', before: row('a') })], secrets);
    }),
    { numRuns: runs },
  );
});
