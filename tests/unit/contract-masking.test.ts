// Masked values reach no byte of a file: not after, not before, not the key, not headers that repeat it, not rescued texts,
// not violations, not the file's own figures.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import test from 'node:test';
import type { ShapeType } from '../../lake/raw/shape.ts';
import { isRebuilt, rebuildRecord } from '../../lake/raw/rebuild.ts';
import { columnMasks, masksUnder } from '../../sync/contract/column-masks.ts';
import { maskKey as maskKeyOf } from '../../sync/contract/mask-value.ts';
import { isMaskedRebuild } from '../../sync/contract/masked-proof.ts';
import { contractOf, event, maskKey } from './contract-fixture.ts';
import { decodeLab, readRows, recordOf } from './decode-fixture.ts';
import { bytesOf, textual } from './file-bytes.ts';
import { typedPlan } from './typed-plan.ts';

const secrets = ['ana.secret@example.com', 'Ana Maria Secret', '+351-555-0199-secret', 'SECRET-NOTE', '777123456789'];
const [email = '', name = '', phone = '', note = '', number = ''] = secrets;

const contract = contractOf(
  {
    email: { type: 'string', maxLength: 5 },
    full_name: { type: 'string' },
    phone: { type: 'string', pattern: '^[0-9]+$' },
    note: { type: 'string', maxLength: 3 },
    account: { type: 'integer', maximum: 5 },
    city: { type: 'string', maxLength: 3 },
  },
  {
    key: ['email'],
    masks: {
      email: { kind: 'hmac', keyId: 'k1' },
      full_name: { kind: 'redact', text: '[name]' },
      phone: { kind: 'partial', keepFirst: 2, keepLast: 0 },
      note: { kind: 'drop' },
      account: { kind: 'hmac', keyId: 'k1' },
    },
  },
);

const row = { email, full_name: name, phone, note, account: Number(number), city: 'Lisboa' };
const keyText = JSON.stringify({ email });
const hmac = createHmac('sha256', maskKey).update(email).digest('hex');

for (const [fastLane, isOdd] of [
  [true, false],
  [false, false],
  [true, true],
] as const) {
  test(`nothing of a masked value is in the bytes of a file (${fastLane ? 'fast' : 'general'} lane${isOdd ? ', odd values' : ''})`, async () => {
    await using lab = await decodeLab({ fastLane });
    lab.plan = { ...lab.plan, contract };
    const good = event(row);
    const texts = [
      good,
      event({ ...row, city: 'Rio' }, { op: 'u', before: row }),
      event(null, { op: 'd', before: row }),
      // Rescued: a number that no column holds, malformed text, no UTF-8.
      good.replace(number, '-0'),
      good.slice(0, -5),
      Buffer.concat([Buffer.from(good), Buffer.from([0xff])]),
      // No envelope: known columns masked, all else dropped.
      JSON.stringify(row),
      JSON.stringify({ payload: { after: row } }),
      event({ ...row, email: null }),
      ...(isOdd ? [event({ ...row, email: { nested: email }, phone: [phone], full_name: { deep: { er: name } }, note: [note] })] : []),
      null,
    ];
    const records = texts.map((value, i) => ({
      ...recordOf(i, value, i === 6 ? email : i === 7 ? `{"payload":{"email":"${email}"}}` : keyText),
      headers: [
        { key: '__debezium.oldkey', value: Buffer.from(keyText) },
        { key: 'trace', value: Buffer.from(isOdd ? `t${i}` : 't') },
      ],
    }));
    const written = await lab.write(records);
    assert.equal(written.rows, records.length, 'I8');
    const bytes = await bytesOf(written);
    for (const secret of secrets) assert.ok(!bytes.includes(secret), `${secret} is in the file`);
    for (const secret of secrets)
      assert.ok(!bytes.includes(Buffer.from(secret).toString('base64').slice(0, -4)), `${secret} is in the file, in base64`);
    assert.ok(bytes.includes('Lisboa'));
    assert.ok(bytes.includes(hmac));
    const rows = await readRows(written);
    const read = JSON.stringify(
      rows.map((one) => textual({ ...one, _log_key: null })),
      (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value),
    );
    for (const secret of secrets) assert.ok(!read.includes(secret), `${secret} is in a row`);
    assert.equal(Buffer.from(rows[0]?.['_log_key'] as Uint8Array).toString(), JSON.stringify({ email: hmac }), 'one key, one hmac');
    assert.ok(rows.filter((one) => one['_rescued'] !== null).length >= 3);
    assert.deepEqual(written.judged?.masked.get('email'), 'hmac k1');
    assert.ok((written.judged?.violating ?? 0) >= 2);
  });
}

test('a masked row rebuilds the masked record, and placeholders of large values are left as they are', async () => {
  await using lab = await decodeLab();
  lab.plan = { ...lab.plan, contract };
  const written = await lab.write([
    recordOf(0, event(row), keyText),
    recordOf(1, event({ ...row, full_name: '__debezium_unavailable_value' }), keyText),
  ]);
  const shapes = new Map(lab.plan.shapes.map((shape) => [shape.number, shape]));
  const rebuilt = (await readRows(written)).map((one) => {
    const value = rebuildRecord(textual(one), shapes).value;
    return value.kind === 'json' ? (JSON.parse(value.text) as { after: unknown }).after : value.kind;
  });
  const masked = { email: hmac, full_name: '[name]', phone: '+3***', note: null, account: null, city: 'Lisboa' };
  assert.deepEqual(rebuilt, [masked, { ...masked, full_name: '__debezium_unavailable_value' }]);
});

const nested = contractOf({
  id: { type: 'integer' },
  phones: {
    type: 'array',
    items: { type: ['string', 'null'], maxLength: 3, 'x-mask': { kind: 'hmac', keyId: 'k1' } },
    'x-physicalType': 'text[]',
  },
  place: {
    type: ['object', 'null'],
    properties: {
      street: { type: ['string', 'null'], maxLength: 3, 'x-mask': { kind: 'partial', keepFirst: 1, keepLast: 0 } },
      floor: { type: ['integer', 'null'], 'x-mask': { kind: 'redact', text: '?' } },
      city: { type: ['string', 'null'] },
    },
  },
  data: { type: 'object', properties: { email: { type: 'string', maxLength: 3, 'x-mask': { kind: 'drop' } } }, 'x-physicalType': 'jsonb' },
});

const nestedRow = (city: string): object => ({
  id: 1,
  phones: [phone, null, '__debezium_unavailable_value'],
  place: { street: note, floor: 7, city },
  data: JSON.stringify({ email, city: 'Faro' }),
});

for (const fastLane of [true, false]) {
  test(`masks within lists and structs leave the rest of the value, and nothing of what they mask (${fastLane ? 'fast' : 'general'} lane)`, async () => {
    await using lab = await decodeLab({ fastLane });
    const columns = typedPlan({
      id: 'long',
      phones: { type: 'list', element: 'string' },
      place: {
        type: 'struct',
        fields: [
          { name: 'street', type: 'string' },
          { name: 'floor', type: 'long' },
          { name: 'city', type: 'string' },
        ],
      },
      data: 'string',
    });
    lab.plan = { ...columns, contract: nested };
    const [lisbon, porto] = [event(nestedRow('Lisboa')), event(nestedRow('Porto'), { op: 'u', before: nestedRow('Lisboa') })];
    const texts = [lisbon, porto, event({ id: 2, phones: null, place: null, data: null }), lisbon.replace('"floor":7', '"floor":7.5')];
    const written = await lab.write(texts.map((text, i) => recordOf(i, text, '{"id":1}')));
    const bytes = await bytesOf(written);
    for (const secret of [phone, note, email]) assert.ok(!bytes.includes(secret), `${secret} is in the file`);
    const phoneHmac = createHmac('sha256', maskKey).update(phone).digest('hex');
    const rows = await readRows(written);
    const after = textual(rows[1])['after'] as Record<string, unknown>;
    assert.deepEqual(after, {
      id: 1n,
      phones: [phoneHmac, null, '__debezium_unavailable_value'],
      place: { street: 'S***', floor: null, city: 'Porto' },
      data: null,
    });
    assert.deepEqual(
      [...(written.judged?.masked ?? [])],
      [
        ['data', 'drop'],
        ['phones[*]', 'hmac k1'],
        ['place.street', 'partial'],
        ['place.floor', 'redact'],
      ],
    );
    assert.ok(rows[0]?.['_violations'], 'what is masked is judged');
    const shapes = new Map(lab.plan.shapes.map((shape) => [shape.number, shape]));
    const masks = columnMasks(nested);
    assert.ok(masks);
    for (const [i, text] of texts.entries())
      assert.ok(isMaskedRebuild(rebuildRecord(textual(rows[i]), shapes).value, Buffer.from(text), masks), `record ${i}`);
    const isOf = (text: string) => isMaskedRebuild(rebuildRecord(textual(rows[0]), shapes).value, Buffer.from(text), masks);
    assert.ok(!isOf(lisbon.replace('Lisboa', 'Lagos')), 'an unmasked field that differs');
    assert.ok(!isOf(lisbon.replace(phone, '+351')), 'a masked element that differs');
    assert.ok(!isOf(lisbon.replace(',null,"__deb', ',"__deb')), 'a list of another length');
  });
}

test('a renamed column is masked, and proven, in records of either name', async () => {
  await using lab = await decodeLab();
  const renamed = contractOf({ id: { type: 'integer' }, mail: { type: 'string' } }, { masks: { mail: { kind: 'hmac', keyId: 'k1' } } });
  lab.plan = { ...lab.plan, contract: renamed };
  await lab.write([recordOf(0, event({ id: 1, mail: email }))]);
  // As a rename leaves the table: the key of old records goes to the column of the new name.
  const old = (type: ShapeType): ShapeType =>
    type.kind === 'struct'
      ? {
          kind: 'struct',
          fields: type.fields.map((field) =>
            field.name === 'mail' ? { ...field, name: 'email', column: 'mail' } : { ...field, type: old(field.type) },
          ),
        }
      : type;
  const [known] = lab.plan.shapes;
  assert.ok(known);
  lab.plan = { ...lab.plan, shapes: [known, { number: 2, root: old(known.root) }] };
  const texts = [event({ id: 1, mail: email }), event({ id: 1, email })];
  const rows = await readRows(await lab.write(texts.map((text, i) => recordOf(i, text))));
  const shapes = new Map(lab.plan.shapes.map((shape) => [shape.number, shape]));
  const masks = columnMasks(renamed);
  assert.ok(masks);
  for (const [i, text] of texts.entries()) {
    const read = textual(rows[i]);
    assert.equal(Number(read['_shape']), i + 1);
    assert.equal((read['after'] as { mail: unknown }).mail, hmac);
    assert.ok(isMaskedRebuild(rebuildRecord(read, shapes).value, Buffer.from(text), masksUnder(masks, shapes.get(i + 1))), text);
  }
});

test('a table is not written at all where its masks cannot be kept', async () => {
  const cases = [
    contractOf({ id: { type: 'integer' }, email: {} }, { masks: { email: { kind: 'hmac', keyId: 'nobody' } } }),
    contractOf({ id: { type: 'string' } }, { masks: { id: { kind: 'redact', text: 'x' } } }),
    {
      ...contractOf({ id: {}, email: {} }, { masks: { email: { kind: 'hmac', keyId: 'k1' } } }),
      maskKeys: new Map([['k1', Buffer.from('short')]]),
    },
  ];
  for (const one of cases) {
    await using lab = await decodeLab();
    lab.plan = { ...lab.plan, contract: one };
    await assert.rejects(lab.write([recordOf(0, event({ id: '1', email: 'a@b.example' }))]), { code: 'CONTRACT_UNENFORCEABLE' });
  }
});

test('the proof of a masked row: equal to the masked record, and to nothing else', async () => {
  await using lab = await decodeLab();
  lab.plan = { ...lab.plan, contract };
  const masks = columnMasks(contract);
  assert.ok(masks);
  const values = [event(row), event(row, { op: 'u', before: row }), JSON.stringify({ ...row, other: 'x' }), event(row).slice(0, -1), null];
  const rows = await readRows(await lab.write(values.map((value, i) => recordOf(i, value, keyText))));
  const shapes = new Map(lab.plan.shapes.map((shape) => [shape.number, shape]));
  for (const [i, value] of values.entries()) {
    const rebuilt = rebuildRecord(textual(rows[i]), shapes);
    const original = value === null ? null : Buffer.from(value);
    assert.ok(isRebuilt(rebuilt.value, original) || isMaskedRebuild(rebuilt.value, original, masks), `record ${i}`);
    assert.deepEqual(rebuilt.key && Buffer.from(rebuilt.key), Buffer.from(maskKeyOf(masks, Buffer.from(keyText))));
  }
  const other = Buffer.from(event({ ...row, city: 'Porto' }));
  assert.ok(!isMaskedRebuild(rebuildRecord(textual(rows[0]), shapes).value, other, masks), 'an unmasked value that differs');
  const another = Buffer.from(event({ ...row, email: 'bob@example.com' }));
  assert.ok(!isMaskedRebuild(rebuildRecord(textual(rows[0]), shapes).value, another, masks), 'a masked value that differs');
});
