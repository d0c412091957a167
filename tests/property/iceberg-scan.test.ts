// Skipping is only an optimisation: whatever the rows and the predicate, a file with a matching row is always planned.

import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import type { ManifestFileEntry } from '../../lake/iceberg/manifest.ts';
import { summarisePartitions, type PartitionValue, type TypedPartitionField } from '../../lake/iceberg/partition.ts';
import { mayMatch, type Predicate } from '../../lake/iceberg/predicate.ts';
import type { StructType } from '../../lake/iceberg/schema.ts';
import { bytesOfValue, compareValues, truncatedLower, truncatedUpper, type SingleValue } from '../../lake/iceberg/value-bytes.ts';
import { fileRanges, manifestRanges } from '../../lake/iceberg/value-ranges.ts';

const schema: StructType = {
  type: 'struct',
  fields: [
    { id: 1, name: 'n', required: false, type: 'long' },
    { id: 2, name: 's', required: false, type: { type: 'struct', fields: [{ id: 3, name: 'text', required: false, type: 'string' }] } },
    { id: 4, name: 'at', required: false, type: 'timestamptz' },
    { id: 5, name: 'x', required: false, type: 'double' },
  ],
};
const types: Readonly<Record<number, string>> = { 1: 'long', 3: 'string', 4: 'timestamptz', 5: 'double' };
const transforms = ['day', 'hour', 'month', 'year'] as const;
const partition: readonly TypedPartitionField[] = [
  ...transforms.map((transform, i) => ({
    id: 1000 + i,
    name: transform,
    transform,
    sourceId: 4,
    type: transform === 'day' ? 'date' : 'int',
  })),
  { id: 1004, name: 'n', transform: 'identity', sourceId: 1, type: 'long' },
];

type Row = Readonly<Record<number, SingleValue | null>>;

const hourUs = 3_600_000_000n;
const value: Readonly<Record<number, fc.Arbitrary<SingleValue>>> = {
  1: fc.bigInt({ min: -3n, max: 3n }),
  3: fc.string({ unit: fc.constantFrom('a', 'b', '\uffff', '😀'), maxLength: 4 }),
  4: fc.oneof(
    fc.bigInt({ min: -3n, max: 3n }),
    fc.integer({ min: -20_000, max: 20_000 }).map((hours) => BigInt(hours) * hourUs),
  ),
  5: fc.constantFrom(-1, -0, 0, 1.5, Number.NaN, Number.POSITIVE_INFINITY),
};
const maybe = (id: number): fc.Arbitrary<SingleValue | null> => fc.option(value[id] ?? fc.constant(0), { nil: null, freq: 4 });
/** Rows of one file share their partition: the identity of n, and the hour of `at`, which fixes day, month and year. */
const fileRows = fc
  .tuple(
    maybe(1),
    maybe(4),
    fc.array(fc.tuple(maybe(3), maybe(5), fc.bigInt({ min: 0n, max: hourUs - 1n })), { minLength: 1, maxLength: 4 }),
  )
  .map(([n, at, rest]): readonly Row[] =>
    rest.map(([text, x, within]) => ({ 1: n, 3: text, 4: typeof at === 'bigint' ? at - modulo(at, hourUs) + within : null, 5: x })),
  );

const end = (id: number) => fc.record({ value: value[id] ?? fc.constant(0), isInclusive: fc.boolean() });
const leaf: fc.Arbitrary<Predicate> = fc.constantFrom(1, 3, 4, 5).chain((id) => {
  const target = { kind: 'column' as const, id };
  return fc.oneof(
    fc.constant<Predicate>({ kind: 'is-null', target }),
    fc.constant<Predicate>({ kind: 'not-null', target }),
    fc.array(value[id] ?? fc.constant(0), { maxLength: 2 }).map((values): Predicate => ({ kind: 'in', target, values })),
    end(id).map((from): Predicate => ({ kind: 'range', target, from })),
    end(id).map((to): Predicate => ({ kind: 'range', target, to })),
    fc.tuple(end(id), end(id)).map(([from, to]): Predicate => ({ kind: 'range', target, from, to })),
  );
});
const predicate: fc.Arbitrary<Predicate> = fc.oneof(
  leaf,
  fc.array(leaf, { maxLength: 3 }).map((all): Predicate => ({ kind: 'and', all })),
  fc.array(leaf, { maxLength: 3 }).map((any): Predicate => ({ kind: 'or', any })),
);

test('no file and no manifest with a matching row is ever skipped', () => {
  let [skipped, planned] = [0, 0];
  fc.assert(
    fc.property(fc.array(fileRows, { minLength: 1, maxLength: 3 }), predicate, (files, condition) => {
      const entries = files.map(entryOf);
      const summaries = summarisePartitions(
        partition,
        entries.map((entry) => entry.partition),
      );
      const manifestMay = mayMatch(condition, (one) => manifestRanges(one, summaries, partition, schema));
      for (const [i, rows] of files.entries()) {
        const entry = entries[i];
        assert.ok(entry);
        const fileMay = mayMatch(condition, (one) => fileRanges(one, entry, partition, schema));
        const matches = rows.some((row) => holds(condition, row));
        assert.ok(!matches || (fileMay && manifestMay), 'a file with a matching row was skipped');
        if (!matches) skipped += fileMay ? 0 : 1;
        if (!matches) planned += fileMay ? 1 : 0;
      }
    }),
    { numRuns: 3_000, seed: 1 },
  );
  assert.ok(skipped > planned, `only ${skipped} of ${skipped + planned} files without a match were skipped`);
});

function entryOf(rows: readonly Row[]): ManifestFileEntry {
  const [lowerBounds, upperBounds] = [new Map<number, Uint8Array>(), new Map<number, Uint8Array>()];
  const [valueCounts, nullValueCounts, nanValueCounts] = [new Map<number, number>(), new Map<number, number>(), new Map<number, number>()];
  for (const id of [1, 3, 4, 5]) {
    const type = types[id] ?? '';
    const values = rows.map((row) => row[id] ?? null).filter((one) => one !== null);
    const numbers = values.filter((one) => !Number.isNaN(one)).toSorted(compareValues);
    valueCounts.set(id, rows.length);
    nullValueCounts.set(id, rows.length - values.length);
    if (type === 'double') nanValueCounts.set(id, values.length - numbers.length);
    const [low, high] = [numbers[0], numbers.at(-1)];
    if (low === undefined || high === undefined) continue;
    const upper = truncatedUpper(high, 2);
    lowerBounds.set(id, bytesOfValue(type, truncatedLower(low, 2)) ?? new Uint8Array());
    if (upper !== null) upperBounds.set(id, bytesOfValue(type, upper) ?? new Uint8Array());
  }
  const statistics = { valueCounts, nullValueCounts, nanValueCounts, lowerBounds, upperBounds };
  return {
    content: 'data',
    filePath: 'f',
    fileFormat: 'PARQUET',
    partition: partitionOf(rows[0]),
    recordCount: rows.length,
    fileSizeInBytes: 1,
    ...statistics,
  };
}

function partitionOf(row: Row | undefined): Record<number, PartitionValue> {
  const [n, at] = [row?.[1], row?.[4]];
  const out: Record<number, PartitionValue> = { 1004: typeof n === 'bigint' ? Number(n) : null };
  for (const [i, transform] of transforms.entries()) out[1000 + i] = typeof at === 'bigint' ? ordinalOf(transform, at) : null;
  return out;
}

/** By the calendar, not by the arithmetic under test. */
function ordinalOf(transform: (typeof transforms)[number], micros: bigint): number {
  const time = new Date(Number((micros - modulo(micros, 1000n)) / 1000n));
  if (transform === 'hour') return Math.floor(time.getTime() / 3_600_000);
  if (transform === 'day') return Math.floor(time.getTime() / 86_400_000);
  const years = time.getUTCFullYear() - 1970;
  return transform === 'year' ? years : years * 12 + time.getUTCMonth();
}

function modulo(dividend: bigint, by: bigint): bigint {
  return ((dividend % by) + by) % by;
}

/** As an engine would judge a row. NaN equals itself and stands above every number: the order that matches most. */
function holds(condition: Predicate, row: Row): boolean {
  if (condition.kind === 'and') return condition.all.every((inner) => holds(inner, row));
  if (condition.kind === 'or') return condition.any.some((inner) => holds(inner, row));
  const found = row[condition.target.id] ?? null;
  if (condition.kind === 'is-null') return found === null;
  if (found === null) return false;
  if (condition.kind === 'not-null') return true;
  if (condition.kind === 'in') return condition.values.some((one) => order(found, one) === 0);
  const { from, to } = condition;
  const isAbove = from === undefined || order(found, from.value) > 0 || (from.isInclusive && order(found, from.value) === 0);
  return isAbove && (to === undefined || order(found, to.value) < 0 || (to.isInclusive && order(found, to.value) === 0));
}

function order(a: SingleValue, b: SingleValue): number {
  const [aNan, bNan] = [Number.isNaN(a), Number.isNaN(b)];
  if (aNan || bNan) return Number(aNan) - Number(bNan);
  return a === 0 && b === 0 ? 0 : compareValues(a, b);
}
