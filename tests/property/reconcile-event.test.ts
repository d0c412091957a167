// What a repair writes for a value of Cassandra reads back as that value: cassandraEventJson is the way back from
// canonicalCassandraEvent, for every type, nested to any depth.

import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { canonicalCassandraEvent } from '../../sources/canonical-cassandra.ts';
import { cassandraEventJson } from '../../sources/cassandra-event.ts';
import { exactJsonText, parseExactJson } from '../../sources/exact-json.ts';
import type { SourceType } from '../../sources/source.ts';

const type = (name: string, parts: Partial<SourceType> = {}): SourceType => ({
  name,
  declared: name,
  arguments: [],
  fields: [],
  length: null,
  isFrozen: true,
  ...parts,
});

/** A type and a value of it as an event may spell it. */
interface Typed {
  readonly type: SourceType;
  readonly value: unknown;
}

const of = (name: string, values: fc.Arbitrary<unknown>): fc.Arbitrary<Typed> => values.map((value) => ({ type: type(name), value }));

const whole = (bits: bigint) => fc.bigInt({ min: -(2n ** (bits - 1n)), max: 2n ** (bits - 1n) - 1n });
const decimals = fc.tuple(fc.bigInt(), fc.nat({ max: 9 })).map(([digits, scale]) => `${digits}E-${scale}`);

const scalars = fc.oneof(
  of('int', fc.integer()),
  of('bigint', whole(64n)),
  of('varint', whole(200n).map(String)),
  of('decimal', decimals),
  of('double', fc.oneof(fc.double(), fc.constantFrom('NaN', 'Infinity', 1e21, 1e-7, -0))),
  of('float', fc.float()),
  of('boolean', fc.boolean()),
  of('text', fc.string({ unit: 'binary' })),
  of('uuid', fc.uuid()),
  of(
    'blob',
    fc.uint8Array({ maxLength: 9 }).map((bytes) => Buffer.from(bytes).toString('base64')),
  ),
  of('date', fc.integer({ min: -900_000, max: 3_000_000 })),
  of('time', fc.bigInt({ min: 0n, max: 86_399_999_999_999n })),
  of('timestamp', fc.bigInt({ min: -62_135_596_800_000n, max: 253_402_300_799_999n })),
  of('duration', whole(64n)),
  of(
    'inet',
    fc.oneof(fc.ipV4(), fc.ipV6()).map((address) => `/${address}`),
  ),
);

const { tree } = fc.letrec<{ tree: Typed }>((tie) => {
  const leaf = fc.oneof({ depthSize: 'small' }, scalars, scalars, tie('tree'));
  return {
    tree: fc.oneof(
      { depthSize: 'small' },
      scalars,
      fc.record({ inner: leaf, count: fc.nat({ max: 3 }) }).map(({ inner, count }) => ({
        type: type('list', { arguments: [inner.type] }),
        value: Array.from({ length: count }, () => inner.value),
      })),
      leaf.map((inner) => ({ type: type('set', { arguments: [inner.type] }), value: [inner.value] })),
      fc.array(leaf, { minLength: 1, maxLength: 3 }).map((parts) => ({
        type: type('tuple', { arguments: parts.map((part) => part.type) }),
        value: Object.fromEntries(parts.map((part, i) => [`field${i + 1}`, part.value])),
      })),
      fc.array(leaf, { minLength: 1, maxLength: 3 }).map((parts) => ({
        type: type('udt', { fields: parts.map((part, i) => ({ name: `f "${i}"`, type: part.type })) }),
        value: Object.fromEntries(parts.map((part, i) => [`f "${i}"`, i === 1 ? null : part.value])),
      })),
      fc.record({ inner: leaf, key: fc.string({ minLength: 1 }) }).map(({ inner, key }) => ({
        type: type('map', { arguments: [type('text'), inner.type] }),
        value: new Map([[key, inner.value]]),
      })),
      fc.record({ inner: leaf, key: fc.integer() }).map(({ inner, key }) => ({
        type: type('map', { arguments: [type('int'), inner.type] }),
        value: [[key, inner.value]],
      })),
    ),
  };
});

/** A map of texts is an object whose keys may be `__proto__`. */
function plain(value: unknown): unknown {
  if (value instanceof Map)
    return parseExactJson(`{${[...value].map(([key, item]) => `${JSON.stringify(key)}:${exactJsonText(plain(item))}`).join()}}`);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

test('a value written for a repair is the value, whatever its type', () => {
  fc.assert(
    fc.property(tree, ({ type: its, value }) => {
      const canonical = canonicalCassandraEvent(its, plain(value));
      fc.pre(canonical !== null && !canonical.includes('\\u0000unexpected') && !canonical.startsWith('\0unexpected'));
      const json = cassandraEventJson(its, canonical);
      assert.equal(canonicalCassandraEvent(its, parseExactJson(json)), canonical, json);
    }),
    { numRuns: 1_000 },
  );
});

test('a text is itself, even one that begins as what names something unexpected', () => {
  const names = type('set', { arguments: [type('text')] });
  for (const text of ['\0', '\0unexpected number: 5']) {
    assert.equal(cassandraEventJson(type('text'), text), JSON.stringify(text));
    assert.equal(cassandraEventJson(names, canonicalCassandraEvent(names, [text])), JSON.stringify([text]));
  }
  assert.equal(cassandraEventJson(type('int'), canonicalCassandraEvent(type('int'), 'five')), 'null');
});

test('a decimal has the digits of its column, in composites too', () => {
  const decimal = type('decimal');
  const price = type('udt', { fields: [{ name: 'net', type: decimal }] });
  assert.equal(cassandraEventJson(decimal, '10.5', 2), '"10.50"');
  assert.equal(cassandraEventJson(decimal, '-7', 2), '"-7.00"');
  assert.equal(cassandraEventJson(decimal, '7', 0), '"7"');
  assert.equal(cassandraEventJson(decimal, '1.005', 2), '"1.005"', 'more digits than the column has: as the source has them');
  assert.equal(cassandraEventJson(decimal, '10.5', null), '"10.5"');
  const scales = { of: (part: string) => (part === 'net' ? 3 : null) };
  assert.equal(cassandraEventJson(price, '{"net":"1.5"}', scales), '{"net":"1.500"}');
  assert.equal(cassandraEventJson(type('double'), '10'), '10.0');
});
