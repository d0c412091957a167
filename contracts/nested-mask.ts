// Masks within a column's value: an element of its list, a field of its struct, at any depth where the way there is the
// same in every row. A mask anywhere else (in a map, in JSON, under a reference or an alternative) is not static: nobody
// could say of a row which of its parts are meant, and the column is dropped as a whole.

import { columnType } from './column-type.ts';
import { maskOf } from './columns.ts';
import type { Mask } from './contract.ts';
import { isJsonObject, type JsonSchema, type JsonValue } from './json-schema.ts';
import type { PhysicalType } from './physical-type.ts';
import type { Database } from './type-table.ts';

export type NestedMask<M = Mask> =
  | { readonly kind: 'value'; readonly mask: M }
  | { readonly kind: 'items'; readonly of: NestedMask<M> }
  | { readonly kind: 'fields'; readonly byName: ReadonlyMap<string, NestedMask<M>> };

/** Of a column without a mask of its own; null where nothing in it is masked. */
export function nestedMask(schema: JsonSchema, database: Database): NestedMask | 'not static' | null {
  try {
    return inside(schema, columnType(schema, database), 0);
  } catch (error) {
    if (error instanceof NotStatic) return 'not static';
    throw error;
  }
}

/** The masks with their places below the column: `[*]`, `.street`. */
export function nestedMasks<M>(nested: NestedMask<M>, path = ''): readonly (readonly [path: string, mask: M])[] {
  if (nested.kind === 'value') return [[path, nested.mask]];
  if (nested.kind === 'items') return nestedMasks(nested.of, `${path}[*]`);
  return [...nested.byName].flatMap(([name, of]) => nestedMasks(of, `${path}.${name}`));
}

export function mapNested<M, N>(nested: NestedMask<M>, map: (mask: M) => N): NestedMask<N> {
  if (nested.kind === 'value') return { kind: 'value', mask: map(nested.mask) };
  if (nested.kind === 'items') return { kind: 'items', of: mapNested(nested.of, map) };
  return { kind: 'fields', byName: new Map([...nested.byName].map(([name, of]) => [name, mapNested(of, map)])) };
}

class NotStatic extends Error {}

const depthMax = 64;

function inside(schema: JsonSchema, type: PhysicalType, depth: number): NestedMask | null {
  if (!isJsonObject(schema)) return null;
  const { 'x-mask': own, properties, items, ...rest } = schema;
  const isMasked = own !== undefined && own !== null;
  if (depth > depthMax || Object.values(rest).some((part: JsonValue) => mentionsMask(part, depth))) throw new NotStatic();
  if (isMasked) {
    const mask = maskOf(own);
    if (mask === null) throw new NotStatic();
    return { kind: 'value', mask };
  }
  const [fields, element] = [mentionsMask(properties, depth), mentionsMask(items, depth)];
  if (!fields && !element) return null;
  if (element && !fields && type.kind === 'array' && type.element !== null && isJsonObject(items)) {
    const of = inside(items, type.element, depth + 1);
    return of && { kind: 'items', of };
  }
  if (fields && !element && type.kind === 'struct' && isJsonObject(properties)) {
    const byName = type.fields.flatMap((field): [string, NestedMask][] => {
      const part = Object.hasOwn(properties, field.name) ? properties[field.name] : undefined;
      const of = isJsonObject(part) ? inside(part, field.type, depth + 1) : null;
      return of === null ? [] : [[field.name, of]];
    });
    const known = new Set(type.fields.map(({ name }) => name));
    if (Object.keys(properties).every((name) => known.has(name))) return { kind: 'fields', byName: new Map(byName) };
  }
  throw new NotStatic();
}

function mentionsMask(value: JsonValue | undefined, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (depth > depthMax) return true;
  if (isJsonObject(value) && value['x-mask'] !== undefined && value['x-mask'] !== null) return true;
  return Object.values(value).some((part: JsonValue) => mentionsMask(part, depth + 1));
}
