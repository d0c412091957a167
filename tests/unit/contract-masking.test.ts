// Masked values reach no byte of a file: not after, not before, not the key, not headers that repeat it, not rescued texts,
// not violations, not the file's own figures.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import { isRebuilt, rebuildRecord } from '../../lake/raw/rebuild.ts';
import { columnMasks } from '../../sync/contract/column-masks.ts';
import { maskKey as maskKeyOf } from '../../sync/contract/mask-value.ts';
import { isMaskedRebuild } from '../../sync/contract/masked-proof.ts';
import type { WrittenBatch } from '../../sync/decode/decoder.ts';
import { contractOf, event, maskKey } from './contract-fixture.ts';
import { decodeLab, readRows, recordOf } from './decode-fixture.ts';

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

/** Every page of the file, uncompressed, and the file as it is. */
async function bytesOf(written: WrittenBatch): Promise<string> {
  const parts: string[] = [];
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  for (const [i, { path, dataFile }] of written.files.entries()) {
    const plain = `${path}.${i}.plain`;
    await connection.run(`COPY (SELECT * FROM read_parquet('${path}')) TO '${plain}' (FORMAT parquet, COMPRESSION uncompressed)`);
    for (const file of [path, plain]) parts.push((await readFile(file)).toString('latin1'));
    parts.push(
      JSON.stringify(dataFile, (_, value: unknown) =>
        value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : typeof value === 'bigint' ? String(value) : value,
      ),
    );
  }
  connection.closeSync();
  instance.closeSync();
  return parts.join('\n');
}

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
        { key: 'trace', value: Buffer.from('t') },
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

/** Texts that the reader left as bytes. */
function textual(value: unknown): Readonly<Record<string, unknown>> {
  const plain = (inner: unknown, key: string): unknown => {
    if (inner instanceof Uint8Array) return key === '_log_key' ? inner : Buffer.from(inner).toString();
    if (Array.isArray(inner)) return inner.map((item) => plain(item, key));
    if (typeof inner !== 'object' || inner === null || inner instanceof Date) return inner;
    return Object.fromEntries(Object.entries(inner).map(([name_, item]) => [name_, name_ === '_headers' ? null : plain(item, name_)]));
  };
  return plain(value, '') as Readonly<Record<string, unknown>>;
}

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
