// Schema evolution as Iceberg allows it without rewriting a file: new optional fields at the end of their struct, with
// fresh ids, and three promotions (int → long, float → double, wider decimal of the same scale). Nothing is ever
// renamed, reordered, regrouped or dropped; what cannot be done is returned as a conflict and leaves its field as it
// stands, so that the caller can rescue those values (raw never rejects).
// Spec: https://iceberg.apache.org/spec/#schema-evolution

import { isList, isMap, isStruct, type IcebergType, type Schema, type StructField, type StructType } from './schema.ts';

/** A type without ids: what a batch would like the table to hold. */
export type WantedType = string | WantedStruct | WantedList | WantedMap;

export interface WantedField {
  readonly name: string;
  readonly type: WantedType;
  readonly doc?: string;
}

export interface WantedStruct {
  readonly type: 'struct';
  readonly fields: readonly WantedField[];
}

export interface WantedList {
  readonly type: 'list';
  readonly element: WantedType;
}

export interface WantedMap {
  readonly type: 'map';
  readonly key: WantedType;
  readonly value: WantedType;
}

export interface EvolveConflict {
  /** Dotted path; `element`, `key` and `value` name the inside of lists and maps. */
  readonly path: string;
  readonly current: string;
  readonly wanted: string;
  /**
   * - `type`: no promotion leads from one to the other.
   * - `case`: a sibling differs only in case, which most engines cannot tell apart.
   */
  readonly reason: 'type' | 'case';
}

export interface Evolved {
  /** `current` itself when nothing changed; otherwise a superset of it under the next schema id (catalogs may choose another). */
  readonly schema: Schema;
  readonly lastColumnId: number;
  readonly changed: boolean;
  readonly conflicts: readonly EvolveConflict[];
}

/**
 * Merges `wanted` into `current`. Fields of `current` that are not wanted stay. A wanted type that the current one
 * already holds (int in a long column) changes nothing and is no conflict. Top-level and nested fields are added optional.
 */
export function evolveSchema(current: Schema, wanted: WantedStruct, lastColumnId: number): Evolved {
  const work: Work = { lastColumnId, changed: false, conflicts: [] };
  const struct = mergeStruct(current, wanted, '', work);
  const schema = work.changed ? { ...current, 'schema-id': current['schema-id'] + 1, fields: struct.fields } : current;
  return { schema, lastColumnId: work.lastColumnId, changed: work.changed, conflicts: work.conflicts };
}

/** The type itself when `to` may replace `from` in place, else null. Spec: valid promotions of format v2. */
export function promotedType(from: string, to: string): string | null {
  if ((from === 'int' && to === 'long') || (from === 'float' && to === 'double')) return to;
  const [fromDecimal, toDecimal] = [decimalParts(from), decimalParts(to)];
  if (fromDecimal && toDecimal && fromDecimal.scale === toDecimal.scale && fromDecimal.precision < toDecimal.precision) return to;
  return null;
}

/** Precision and scale of `decimal(p,s)`; null for any other type. */
export function decimalParts(type: string): { readonly precision: number; readonly scale: number } | null {
  const match = /^decimal\((\d+), ?(\d+)\)$/.exec(type);
  return match ? { precision: Number(match[1]), scale: Number(match[2]) } : null;
}

/** For messages: `decimal(10,2)`, `struct<a, b>`, `list<long>`. */
function wantedTypeText(type: WantedType | IcebergType): string {
  if (typeof type === 'string') return type;
  if (type.type === 'struct') return `struct<${type.fields.map((field) => field.name).join(', ')}>`;
  if (type.type === 'list') return `list<${wantedTypeText(type.element)}>`;
  return `map<${wantedTypeText(type.key)}, ${wantedTypeText(type.value)}>`;
}

interface Work {
  lastColumnId: number;
  changed: boolean;
  readonly conflicts: EvolveConflict[];
}

function mergeStruct(current: StructType, wanted: WantedStruct, path: string, work: Work): StructType {
  const fields = new Map(current.fields.map((field) => [field.name, field]));
  const byFolded = new Map(current.fields.map((field) => [field.name.toLowerCase(), field.name]));
  for (const want of wanted.fields) {
    const at = path === '' ? want.name : `${path}.${want.name}`;
    const have = fields.get(want.name);
    const folded = want.name.toLowerCase();
    const sibling = byFolded.get(folded);
    if (have) {
      const type = mergeType(have.type, want.type, at, work);
      if (type !== have.type) fields.set(want.name, { ...have, type });
    } else if (sibling !== undefined) {
      work.conflicts.push({ path: at, current: sibling, wanted: want.name, reason: 'case' });
    } else {
      fields.set(want.name, newField(want, at, work));
      byFolded.set(folded, want.name);
    }
  }
  const next = [...fields.values()];
  return next.length === current.fields.length && next.every((field, i) => field === current.fields[i])
    ? current
    : { ...current, fields: next };
}

function mergeType(current: IcebergType, wanted: WantedType, path: string, work: Work): IcebergType {
  if (typeof current === 'string' && typeof wanted === 'string') return mergePrimitive(current, wanted, path, work);
  if (typeof wanted !== 'string') {
    if (isStruct(current) && wanted.type === 'struct') return mergeStruct(current, wanted, path, work);
    if (isList(current) && wanted.type === 'list') {
      const element = mergeType(current.element, wanted.element, `${path}.element`, work);
      return element === current.element ? current : { ...current, element };
    }
    if (isMap(current) && wanted.type === 'map') {
      // Spec: map keys may not change; a promotion there would rewrite the meaning of stored keys.
      if (!fits(current.key, wanted.key)) return conflict(current.key, wanted.key, `${path}.key`, work, current);
      const value = mergeType(current.value, wanted.value, `${path}.value`, work);
      return value === current.value ? current : { ...current, value };
    }
  }
  return conflict(current, wanted, path, work, current);
}

function mergePrimitive(current: string, wanted: string, path: string, work: Work): IcebergType {
  if (fits(current, wanted)) return current;
  const promoted = promotedType(current, wanted);
  if (promoted === null) return conflict(current, wanted, path, work, current);
  work.changed = true;
  return promoted;
}

/** Whether a column of `current` holds every value of `wanted` as it stands. */
function fits(current: IcebergType, wanted: WantedType): boolean {
  if (typeof current !== 'string' || typeof wanted !== 'string') return false;
  if (current === wanted || promotedType(wanted, current) !== null) return true;
  const [have, want] = [decimalParts(current), decimalParts(wanted)];
  return have !== null && want !== null && have.scale === want.scale && have.precision >= want.precision;
}

function conflict(current: IcebergType, wanted: WantedType, path: string, work: Work, keep: IcebergType): IcebergType {
  work.conflicts.push({ path, current: wantedTypeText(current), wanted: wantedTypeText(wanted), reason: 'type' });
  return keep;
}

function newField(want: WantedField, path: string, work: Work): StructField {
  work.changed = true;
  const id = ++work.lastColumnId;
  const type = newType(want.type, path, work);
  return { id, name: want.name, required: false, type, ...(want.doc === undefined ? {} : { doc: want.doc }) };
}

function newType(want: WantedType, path: string, work: Work): IcebergType {
  if (typeof want === 'string') return want;
  if (want.type === 'struct') return mergeStruct({ type: 'struct', fields: [] }, want, path, work);
  if (want.type === 'list') {
    const elementId = ++work.lastColumnId;
    return { type: 'list', 'element-id': elementId, 'element-required': false, element: newType(want.element, `${path}.element`, work) };
  }
  const [keyId, valueId] = [++work.lastColumnId, ++work.lastColumnId];
  return {
    type: 'map',
    'key-id': keyId,
    'value-id': valueId,
    'value-required': false,
    key: newType(want.key, `${path}.key`, work),
    value: newType(want.value, `${path}.value`, work),
  };
}
