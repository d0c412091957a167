// From what manifests record to what a predicate can use: the ranges of a column or partition field in one manifest
// (partition summaries) or one file (partition value, column bounds and counts).

import type { ManifestFileEntry } from './manifest.ts';
import type { PartitionSummary, PartitionValues, TypedPartitionField } from './partition.ts';
import { singleOf } from './partition.ts';
import type { LeafPredicate, ValueRange } from './predicate.ts';
import { isStruct, type StructType } from './schema.ts';
import { valueOfBytes, type SingleValue } from './value-bytes.ts';

type Conversion = Pick<ValueRange, 'convert' | 'isLossy'>;
type Known = Omit<ValueRange, keyof Conversion>;

/** Ranges of a leaf in all files of a manifest. No summaries: nothing is known. */
export function manifestRanges(
  leaf: LeafPredicate,
  summaries: readonly PartitionSummary[] | null,
  fields: readonly TypedPartitionField[],
  schema: StructType,
): readonly ValueRange[] {
  return partitionRanges(leaf, fields, schema, (field, position) => {
    const summary = summaries?.[position];
    if (!summary) return null;
    const bound = (bytes: Uint8Array | null) => bytes && valueOfBytes(field.type, bytes);
    return {
      mayBeNull: summary.containsNull,
      // Spec: a bound is null only when every value is null or NaN.
      mayBeValue: summary.lowerBound !== null || summary.containsNan !== false || !summary.containsNull,
      mayBeNan: isFloating(field.type) && summary.containsNan !== false,
      lower: bound(summary.lowerBound),
      upper: bound(summary.upperBound),
    };
  });
}

/** Ranges of a leaf in one file. */
export function fileRanges(
  leaf: LeafPredicate,
  file: ManifestFileEntry,
  fields: readonly TypedPartitionField[],
  schema: StructType,
): readonly ValueRange[] {
  const ranges = partitionRanges(leaf, fields, schema, (field) => partitionValueRange(field, file.partition));
  const column = leaf.target.kind === 'column' ? columnRange(file, leaf.target.id, schema) : null;
  return column ? [...ranges, column] : ranges;
}

function partitionRanges(
  leaf: LeafPredicate,
  fields: readonly TypedPartitionField[],
  schema: StructType,
  knownOf: (field: TypedPartitionField, position: number) => Known | null,
): readonly ValueRange[] {
  return fields.flatMap((field, position) => {
    const isTarget = leaf.target.kind === 'partition' ? field.id === leaf.target.id : field.sourceId === leaf.target.id;
    const conversion = isTarget ? conversionTo(field, leaf, schema) : null;
    const known = conversion && knownOf(field, position);
    return known ? [{ ...known, ...conversion }] : [];
  });
}

function partitionValueRange(field: TypedPartitionField, values: PartitionValues): Known | null {
  const raw = values[field.id];
  if (raw === undefined) return null;
  const value = singleOf(field.type, raw);
  const mayBeNan = Number.isNaN(value);
  const bound = mayBeNan ? null : value;
  return { mayBeNull: value === null, mayBeValue: value !== null, mayBeNan, lower: bound, upper: bound };
}

function columnRange(file: ManifestFileEntry, id: number, schema: StructType): ValueRange | null {
  const type = typeOutsideLists(schema, id);
  if (type === null) return null;
  const [values, nulls, nans] = [file.valueCounts?.get(id), file.nullValueCounts?.get(id), file.nanValueCounts?.get(id)];
  const bound = (bytes: Uint8Array | undefined) => (bytes ? valueOfBytes(type, bytes) : null);
  return {
    mayBeNull: nulls !== 0,
    mayBeValue: values === undefined || nulls === undefined || nulls < values,
    mayBeNan: isFloating(type) && nans !== 0,
    lower: bound(file.lowerBounds?.get(id)),
    upper: bound(file.upperBounds?.get(id)),
    convert: (value) => valueAs(type, value),
    isLossy: false,
  };
}

/** How a predicate's value becomes a partition value; null where the transform does not keep order or is not known. */
function conversionTo(field: TypedPartitionField, leaf: LeafPredicate, schema: StructType): Conversion | null {
  if (leaf.target.kind === 'partition' || field.transform === 'identity')
    return { convert: (value) => valueAs(field.type, value), isLossy: false };
  const source = typeOutsideLists(schema, field.sourceId);
  // `void` is null for every row and a bucket has no order: they say nothing of the column.
  if (source === null || !timeTransforms.has(field.transform)) return null;
  return { convert: (value) => timePartition(field.transform, source, value), isLossy: true };
}

const timeTransforms: ReadonlySet<string> = new Set(['year', 'month', 'day', 'hour']);

/** Spec: years, months, days or hours since 1970-01-01, UTC, rounded down. */
function timePartition(transform: string, source: string, value: SingleValue): number | null {
  const whole = valueAs(source, value);
  if (source === 'date' && typeof whole === 'number') return timeOrdinal(transform, BigInt(whole) * 86_400_000_000n);
  if ((source === 'timestamp' || source === 'timestamptz') && typeof whole === 'bigint') return timeOrdinal(transform, whole);
  return null;
}

function timeOrdinal(transform: string, micros: bigint): number | null {
  if (transform === 'hour') return Number(floorDivide(micros, 3_600_000_000n));
  const days = Number(floorDivide(micros, 86_400_000_000n));
  if (transform === 'day') return days;
  const date = new Date(days * 86_400_000);
  if (Number.isNaN(date.getTime())) return null;
  const years = date.getUTCFullYear() - 1970;
  return transform === 'year' ? years : years * 12 + date.getUTCMonth();
}

function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value < 0n && quotient * by !== value ? quotient - 1n : quotient;
}

/** The value in the form bounds of the type have; null where it is of another kind. */
function valueAs(type: string, value: SingleValue): SingleValue | null {
  if (longTypes.has(type) || type.startsWith('decimal(')) {
    if (typeof value === 'bigint') return value;
    return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : null;
  }
  if (numberTypes.has(type)) {
    if (typeof value === 'bigint') return BigInt(Number(value)) === value ? Number(value) : null;
    return typeof value === 'number' ? value : null;
  }
  if (type === 'boolean') return typeof value === 'boolean' ? value : null;
  if (type === 'string' || type === 'uuid') return typeof value === 'string' ? (type === 'uuid' ? value.toLowerCase() : value) : null;
  return value instanceof Uint8Array ? value : null;
}

const longTypes: ReadonlySet<string> = new Set(['long', 'time', 'timestamp', 'timestamptz']);
const numberTypes: ReadonlySet<string> = new Set(['int', 'date', 'float', 'double']);

function isFloating(type: string): boolean {
  return type === 'float' || type === 'double';
}

/** The type of a primitive column that is in no list or map: counts and bounds inside those are of elements, not rows. */
function typeOutsideLists(struct: StructType, id: number): string | null {
  for (const field of struct.fields) {
    if (field.id === id) return typeof field.type === 'string' ? field.type : null;
    const found = isStruct(field.type) ? typeOutsideLists(field.type, id) : null;
    if (found !== null) return found;
  }
  return null;
}
