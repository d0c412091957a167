// Partition values: their types, their Avro form inside manifests, and the summaries by which a manifest list lets a
// reader skip whole manifests. Values stand as Avro has them (a date is days since 1970-01-01, decimals and uuids are
// bytes), so those of other writers pass through a merge unchanged.
// Spec: https://iceberg.apache.org/spec/#partitioning

import { assert } from '../../runtime/errors.ts';
import type { AvroSchema } from './avro-file.ts';
import { decimalParts } from './evolve.ts';
import type { Long, PartitionField, PartitionSpec, TableMetadata } from './metadata.ts';
import { isList, isMap, isStruct, type IcebergType, type Schema } from './schema.ts';
import { bytesOfValue, compareValues, truncatedLower, truncatedUpper, valueOfBytes, type SingleValue } from './value-bytes.ts';

export type PartitionValue = boolean | Long | string | Uint8Array | null;

/** By partition field id. */
export type PartitionValues = Readonly<Record<number, PartitionValue>>;

/** A partition field with the type of its values. */
export interface TypedPartitionField {
  readonly id: number;
  readonly name: string;
  readonly transform: string;
  readonly sourceId: number;
  readonly type: string;
}

/** What a manifest list says of one partition field over all files of a manifest. */
export interface PartitionSummary {
  readonly containsNull: boolean;
  readonly containsNan?: boolean;
  /** Null when every value is null or NaN. */
  readonly lowerBound: Uint8Array | null;
  readonly upperBound: Uint8Array | null;
}

/** Longest partition bound written, in code points or bytes. */
const boundLengthMax = 16;

export function specById(metadata: TableMetadata, specId: number): PartitionSpec {
  const spec = metadata['partition-specs'].find((candidate) => candidate['spec-id'] === specId);
  assert(spec, `partition spec ${specId} is not in the metadata of table ${metadata['table-uuid']}`);
  return spec;
}

/** The fields of a spec with their types. A source column may be gone from the current schema, so all are searched, newest first. */
export function typedPartitionFields(metadata: TableMetadata, spec: PartitionSpec): readonly TypedPartitionField[] {
  const schemas = metadata.schemas.toSorted((a, b) => rank(metadata, b) - rank(metadata, a));
  return spec.fields.map((field) => ({
    id: field['field-id'],
    name: field.name,
    transform: field.transform,
    sourceId: field['source-id'],
    type: resultType(field, schemas),
  }));
}

/** The type of a primitive column anywhere in the schema; null when absent or nested. */
function primitiveById(type: IcebergType, id: number): string | null {
  for (const [childId, child] of children(type)) {
    if (childId === id) return typeof child === 'string' ? child : null;
    const found = primitiveById(child, id);
    if (found !== null) return found;
  }
  return null;
}

/** The Avro type of a partition value. */
export function avroTypeOf(type: string): AvroSchema {
  const decimal = decimalParts(type);
  if (decimal) {
    const { precision, scale } = decimal;
    const bits = (10n ** BigInt(precision) - 1n).toString(2).length + 1;
    return { type: 'fixed', name: `decimal_${precision}_${scale}`, size: Math.ceil(bits / 8), logicalType: 'decimal', precision, scale };
  }
  const fixed = /^fixed\[(\d+)\]$/.exec(type);
  if (fixed) return { type: 'fixed', name: `fixed_${fixed[1]}`, size: Number(fixed[1]) };
  return avroTypes.get(type) ?? 'string';
}

/** Folds the partition values of many files into one summary a field, in the spec's order. */
export function summarisePartitions(
  fields: readonly TypedPartitionField[],
  partitions: Iterable<PartitionValues>,
): readonly PartitionSummary[] {
  const ranges = fields.map((): Range => ({ containsNull: false, containsNan: false, lower: null, upper: null }));
  for (const values of partitions) {
    for (const [i, field] of fields.entries()) {
      const range = ranges[i];
      if (range) widen(range, singleOf(field.type, values[field.id] ?? null));
    }
  }
  return fields.map((field, i) => summaryOf(field.type, ranges[i]));
}

/** A partition value as bounds compare it; null for null. */
export function singleOf(type: string, value: PartitionValue): SingleValue | null {
  if (value === null) return null;
  if (value instanceof Uint8Array) return valueOfBytes(type, value);
  return typeof value === 'number' && longTypes.has(type) ? BigInt(value) : value;
}

interface Range {
  containsNull: boolean;
  containsNan: boolean;
  lower: SingleValue | null;
  upper: SingleValue | null;
}

function widen(range: Range, value: SingleValue | null): void {
  if (value === null) range.containsNull = true;
  else if (Number.isNaN(value)) range.containsNan = true;
  else {
    if (range.lower === null || compareValues(value, range.lower) < 0) range.lower = value;
    if (range.upper === null || compareValues(value, range.upper) > 0) range.upper = value;
  }
}

function summaryOf(type: string, range: Range | undefined): PartitionSummary {
  assert(range, 'every partition field has a range');
  const isCut = type === 'string' || type === 'binary';
  const lower = isCut && range.lower !== null ? truncatedLower(range.lower, boundLengthMax) : range.lower;
  const upper = isCut && range.upper !== null ? truncatedUpper(range.upper, boundLengthMax) : range.upper;
  return {
    containsNull: range.containsNull,
    containsNan: range.containsNan,
    lowerBound: lower === null ? null : bytesOfValue(type, lower),
    // Nothing short enough stands above it: the whole value then, since a bound on one side alone would read as "all null".
    upperBound: range.upper === null ? null : bytesOfValue(type, upper ?? range.upper),
  };
}

function resultType(field: PartitionField, schemas: readonly Schema[]): string {
  const name = /^[a-z]+/.exec(field.transform)?.[0] ?? '';
  if (name === 'day') return 'date';
  if (name === 'year' || name === 'month' || name === 'hour' || name === 'bucket') return 'int';
  for (const schema of schemas) {
    const type = primitiveById(schema, field['source-id']);
    if (type !== null) return type;
  }
  return 'string';
}

function rank(metadata: TableMetadata, schema: Schema): number {
  return schema['schema-id'] === metadata['current-schema-id'] ? Number.MAX_SAFE_INTEGER : schema['schema-id'];
}

function children(type: IcebergType): readonly (readonly [number, IcebergType])[] {
  if (isStruct(type)) return type.fields.map((field) => [field.id, field.type]);
  if (isList(type)) return [[type['element-id'], type.element]];
  return isMap(type)
    ? [
        [type['key-id'], type.key],
        [type['value-id'], type.value],
      ]
    : [];
}

const longTypes: ReadonlySet<string> = new Set(['long', 'time', 'timestamp', 'timestamptz']);

const avroTypes: ReadonlyMap<string, AvroSchema> = new Map<string, AvroSchema>([
  ['boolean', 'boolean'],
  ['int', 'int'],
  ['long', 'long'],
  ['float', 'float'],
  ['double', 'double'],
  ['string', 'string'],
  ['binary', 'bytes'],
  ['date', { type: 'int', logicalType: 'date' }],
  ['time', { type: 'long', logicalType: 'time-micros' }],
  ['timestamp', { type: 'long', logicalType: 'timestamp-micros', 'adjust-to-utc': false }],
  ['timestamptz', { type: 'long', logicalType: 'timestamp-micros', 'adjust-to-utc': true }],
  ['uuid', { type: 'fixed', name: 'uuid_fixed', size: 16, logicalType: 'uuid' }],
]);
