import assert from 'node:assert/strict';
import test from 'node:test';
import { piiOfName } from '../../contracts/draft/pii-names.ts';
import { piiOfValue } from '../../contracts/draft/pii-values.ts';
import { suggestPii } from '../../contracts/draft/suggest-pii.ts';
import type { SourceTable, SourceType } from '../../sources/source.ts';
import { sourceColumn, sourceType } from './contract-source-fixture.ts';

const values: readonly (readonly [kind: string | null, ...values: readonly string[]])[] = [
  ['email', 'ana@example.org', 'a.b+c@mail.example.co.uk', 'josé@exämple.org'],
  ['iban', 'GB82 WEST 1234 5698 7654 32', 'DE89370400440532013000', 'nl91abna0417164300'],
  ['card', '4111 1111 1111 1111', '5500-0000-0000-0004', '378282246310005'],
  ['ip', '192.0.2.7', '2001:db8::1', '10.0.0.0/8', '::1'],
  ['phone', '+12025550143', '+31 20 123 4567', '(202) 555-0143'],
  // One digit off, a date, a number, a version, a time, an id, prose.
  [null, 'GB82 WEST 1234 5698 7654 33', '4111 1111 1111 1112', '1111111111111111', '2024-11-21', '21-11-2024', '1234567.89', '256.1.1.1'],
  [null, '12:30:45', '12:30', 'v1.2.3', 'a@b', '@', 'user@localhost', 'abc', '', '00000000-0000-4000-8000-000000000000', 'one two three'],
];

test('values are known by their form and their checksums', () => {
  for (const [kind, ...texts] of values) for (const text of texts) assert.equal(piiOfValue(text)?.kind ?? null, kind, text);
  assert.deepEqual(piiOfValue('please write to ana@example.org.'), { kind: 'email', strength: 'strong', isWhole: false });
  // Ten digits may be a telephone number, an order number or a time.
  assert.equal(piiOfValue('2025550143')?.strength, 'weak');
});

test('names are read as words, and more words say more', () => {
  const names: readonly (readonly [name: string, pii: string | null])[] = [
    ['email', 'email'],
    ['customerEmail', 'email'],
    ['E_MAIL', 'email'],
    ['dateOfBirth', 'birth-date'],
    ['mac_address', 'device'],
    ['shipping_address', 'address'],
    ['driver_license', 'driving-licence'],
    ['driver', 'name'],
    ['client_ip', 'ip'],
    ['password_hash', 'secret'],
    ['status', null],
    ['shipment', null],
    ['zipped', null],
    ['tipping', null],
    ['id', null],
  ];
  for (const [name, pii] of names) assert.equal(piiOfName(name)?.pii ?? null, pii, name);
});

const text = sourceType('text');

/** A table of one column, and its suggestion for these values. */
function suggested(name: string, sample: readonly (string | null)[], type: SourceType = text) {
  const table: SourceTable = { name: { namespace: 'public', table: 't' }, columns: [sourceColumn(name, type)], key: [] };
  const [found] = suggestPii(table, { columns: [name], rows: sample.map((value) => [value]) });
  return found ?? null;
}

function many(count: number, value: (index: number) => string): readonly string[] {
  return Array.from({ length: count }, (_one, index) => value(index));
}

test('a suggestion carries counts and confidence, and never a value', () => {
  const found = suggested('contact_email', [...many(98, (index) => `person${index}@example.org`), 'none', 'unknown', null]);
  assert.deepEqual(found && [found.column, found.pii, found.classification, found.matched, found.sampled, found.because], [
    'contact_email',
    'email',
    'confidential',
    98,
    100,
    'the name; 98 of 100 values look like one',
  ]);
  assert.ok(found !== null && found.confidence > 0.95);
  assert.doesNotMatch(JSON.stringify(found), /person|example\.org/);
});

test('confidence grows with the counts', () => {
  const few =
    suggested(
      'f1',
      many(3, (index) => `a${index}@example.org`),
    )?.confidence ?? 0;
  const some =
    suggested(
      'f1',
      many(30, (index) => `a${index}@example.org`),
    )?.confidence ?? 0;
  const lots =
    suggested(
      'f1',
      many(300, (index) => `a${index}@example.org`),
    )?.confidence ?? 0;
  assert.ok(0.3 < few && few < some && some < lots && lots < 1, `${few} ${some} ${lots}`);
});

test('a name that the values contradict counts for little', () => {
  const named = suggested('ip', [])?.confidence ?? 0;
  const contradicted =
    suggested(
      'ip',
      many(50, (index) => `plan ${index}`),
    )?.confidence ?? 0;
  assert.ok(named > 0.5 && contradicted < 0.2, `${named} ${contradicted}`);
});

test('numbers that pass a checksum by chance are no card numbers', () => {
  // Sixteen digits in a row: one in ten passes.
  assert.equal(
    suggested(
      'order_no',
      many(200, (index) => String(4_000_000_000_000_000 + index)),
      sourceType('int8', 'bigint'),
    ),
    null,
  );
  assert.equal(
    suggested(
      'order_no',
      many(200, (index) => String(4_000_000_000_000_000 + index)),
    ),
    null,
  );
  assert.equal(
    suggested(
      'ref',
      many(200, () => '4111111111111111'),
    )?.pii,
    'card',
  );
});

test('what no person hides behind is not suggested: amounts, flags, times, statuses', () => {
  assert.equal(
    suggested(
      'balance',
      many(50, (index) => `${index}.50`),
      sourceType('numeric'),
    ),
    null,
  );
  assert.equal(
    suggested(
      'has_phone',
      many(50, () => 'true'),
      sourceType('bool'),
    ),
    null,
  );
  assert.equal(
    suggested(
      'status',
      many(50, () => 'active'),
    ),
    null,
  );
  assert.equal(
    suggested(
      'order_number',
      many(50, (index) => String(2_025_550_100 + index)),
    ),
    null,
  );
  assert.equal(
    suggested(
      'phone',
      many(50, (index) => String(2_025_550_100 + index)),
    )?.pii,
    'phone',
  );
});

test('an address inside longer texts is found, and inet is an address by its type', () => {
  const bio = suggested(
    'bio',
    many(40, (index) => `hello, write to me${index}@example.org please`),
  );
  assert.deepEqual(bio && [bio.pii, bio.because], ['email', 'the name; 40 of 40 values contain one']);
  assert.equal(suggested('seen_from', ['10.0.0.1'], sourceType('inet'))?.pii, 'ip');
});

test('long and hostile values cost no more than their length', () => {
  // Of this process: others may keep the machine busy.
  const started = process.cpuUsage();
  for (const value of ['a'.repeat(100_000), `${'a.'.repeat(50_000)}@`, '@'.repeat(50_000), '1 '.repeat(50_000), ':'.repeat(50_000)])
    assert.equal(
      suggested(
        'f1',
        many(20, () => value),
      ),
      null,
    );
  assert.ok(process.cpuUsage(started).user / 1000 < 3_000);
});
