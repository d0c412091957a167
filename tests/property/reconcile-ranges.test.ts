// Ranges of keys: equal sets have equal ranges whatever their order and pages, any single difference shows in exactly the
// range that is read again, and the ranges cover every key, in bounded number.

import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { keyRanges, type KeyedRow } from '../../quality/reconcile/key-ranges.ts';
import { keyOrder } from '../../sources/key-order.ts';
import type { SourceColumn, SourceTable } from '../../sources/source.ts';

const column = (name: string, type: string, keyIndex: number | null): SourceColumn => ({
  name,
  type: { name: type, declared: type, arguments: [], fields: [], length: null, isFrozen: true },
  isNullable: false,
  keyIndex,
  role: keyIndex === null ? 'regular' : 'partition',
  isGenerated: false,
});

const table = (...types: readonly string[]): SourceTable => ({
  name: { namespace: 'public', table: 't' },
  columns: types.map((type, i) => column(`k${i}`, type, i)),
  key: types.map((_, i) => `k${i}`),
});

const text = fc.string({ unit: 'grapheme', maxLength: 4 }).filter((value) => !value.includes('\0'));
const whole = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String);
const near = fc.integer({ min: -30, max: 30 }).map(String);

/** A key's types and rows with distinct keys. */
const tables = fc.oneof(
  fc.record({ types: fc.constant(['int8']), keys: fc.uniqueArray(fc.tuple(fc.oneof(whole, near)), { selector: String, maxLength: 60 }) }),
  fc.record({
    types: fc.constant(['text', 'int4']),
    keys: fc.uniqueArray(fc.tuple(text, near), { selector: (key) => JSON.stringify(key), maxLength: 60 }),
  }),
  fc.record({
    types: fc.constant(['int4', 'jsonb']),
    keys: fc.uniqueArray(fc.tuple(near, text), { selector: (key) => JSON.stringify(key), maxLength: 60 }),
  }),
  fc.record({ types: fc.constant(['inet']), keys: fc.uniqueArray(fc.tuple(text), { selector: String, maxLength: 60 }) }),
);

const values = fc.array(fc.option(text, { nil: null }), { minLength: 2, maxLength: 2 });

const world = tables.chain(({ types, keys }) =>
  fc.record({
    order: fc.constant(keyOrder(table(...types))),
    rows: fc.tuple(...keys.map((key) => values.map((row): KeyedRow => ({ key, values: row })))),
    rangesMax: fc.integer({ min: 2, max: 9 }),
    rangeRows: fc.integer({ min: 1, max: 5 }),
  }),
);

function inSourceOrder({ order, rows }: { order: ReturnType<typeof keyOrder>; rows: readonly KeyedRow[] }): readonly KeyedRow[] {
  return order === null ? rows : rows.toSorted((left, right) => (order.place(left.key) < order.place(right.key) ? -1 : 1));
}

test('equal sets are equal range by range, in any order', () => {
  fc.assert(
    fc.property(world, fc.infiniteStream(fc.nat()), (made, noise) => {
      const ranges = keyRanges(made);
      for (const row of inSourceOrder(made)) ranges.addSource(row);
      const weight = new Map(made.rows.map((row) => [row, noise.next().value]));
      for (const row of made.rows.toSorted((left, right) => (weight.get(left) ?? 0) - (weight.get(right) ?? 0))) ranges.addLake(row);
      assert.equal(ranges.differing().count, 0);
      assert.ok(ranges.all().length <= made.rangesMax);
      const counted = ranges.all().reduce((sum, range) => sum + range.source.rows, 0);
      assert.equal(counted, made.rows.length, 'the ranges cover every row');
    }),
  );
});

type Damage = 'drop' | 'alter' | 'add' | 'double';

function damaged(rows: readonly KeyedRow[], at: number, damage: Damage): readonly KeyedRow[] {
  const row = rows[at];
  if (!row) return rows;
  switch (damage) {
    case 'drop':
      return rows.toSpliced(at, 1);
    case 'alter':
      return rows.with(at, { ...row, values: [row.values[1] ?? null, `${row.values[0] ?? ''}.`] });
    case 'add':
      return [...rows, { ...row, key: row.key.map((part) => `${part ?? ''}0`) }];
    case 'double':
      return [...rows, row];
  }
}

test('a row dropped, altered, added or doubled is found, and its range is among those read again', () => {
  fc.assert(
    fc.property(
      world.filter(({ rows }) => rows.length > 0),
      fc.nat(),
      fc.constantFrom<Damage>('drop', 'alter', 'add', 'double'),
      fc.boolean(),
      (made, seed, damage, isInSource) => {
        const at = seed % made.rows.length;
        const intact = inSourceOrder(made);
        const broken = inSourceOrder({ ...made, rows: damaged(intact, at, damage) });
        const ranges = keyRanges(made);
        for (const row of isInSource ? broken : intact) ranges.addSource(row);
        for (const row of isInSource ? intact : broken) ranges.addLake(row);
        const differing = ranges.differing();
        const key = intact[at]?.key ?? [];
        const touched = damage === 'add' ? key.map((part) => `${part ?? ''}0`) : key;
        // A key that the damage made may be there already: then that row is doubled.
        assert.equal(differing.count, 1);
        assert.ok(differing.has(touched));
        const again = differing.keys?.map(({ from, to }) => [from, to]);
        if (made.order === null) assert.equal(again, undefined);
        else {
          const place = made.order.place(touched);
          const isAsked: boolean | undefined = differing.keys?.some(
            ({ from, to }) =>
              (from === null || (made.order?.place(from) ?? '') <= place) && (to === null || place < (made.order?.place(to) ?? '')),
          );
          assert.ok(isAsked, JSON.stringify(again));
        }
      },
    ),
  );
});

test('what the source is asked for again is exactly what belongs to the ranges that differ', () => {
  fc.assert(
    fc.property(world, fc.array(fc.nat(), { maxLength: 5 }), (made, spots) => {
      const { order } = made;
      const rows = inSourceOrder(made);
      const dropped = new Set(spots.map((spot) => spot % Math.max(rows.length, 1)));
      const ranges = keyRanges(made);
      for (const row of rows) ranges.addSource(row);
      rows.forEach((row, i) => dropped.has(i) || ranges.addLake(row));
      const { keys, has } = ranges.differing();
      if (order === null || keys === null) return;
      for (const { key } of rows) {
        const place = order.place(key);
        const isAsked: boolean = keys.some(
          ({ from, to }) => (from === null || order.place(from) <= place) && (to === null || place < order.place(to)),
        );
        assert.equal(isAsked, has(key), JSON.stringify(key));
      }
    }),
  );
});

const sign = (left: number | bigint | string, right: number | bigint | string) => (left < right ? -1 : left > right ? 1 : 0);

test('places are in the order of numbers and of bytes', () => {
  const numbers = keyOrder(table('int8'));
  const texts = keyOrder(table('text', 'int4'));
  assert.ok(numbers && texts);
  fc.assert(
    fc.property(whole, whole, (left, right) => {
      assert.equal(sign(numbers.place([left]), numbers.place([right])), sign(BigInt(left), BigInt(right)));
    }),
  );
  fc.assert(
    fc.property(text, near, text, near, (left, leftNumber, right, rightNumber) => {
      const expected = Buffer.compare(Buffer.from(left), Buffer.from(right)) || sign(Number(leftNumber), Number(rightNumber));
      assert.equal(sign(texts.place([left, leftNumber]), texts.place([right, rightNumber])), expected);
    }),
  );
  assert.equal(keyOrder(table('jsonb', 'int4')), null);
  assert.equal(keyOrder(table('int4', 'jsonb'))?.columns, 1);
});
