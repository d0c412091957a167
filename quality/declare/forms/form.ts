// One thing that a check can measure, as a file writes it: the key that says so, the keys beside it, and both directions
// between that and a Measure. The JSON Schema for editors, the reader and the printer are all made from these.

import { assert } from '../../../runtime/errors.ts';
import type { JsonObject, JsonValue } from '../../../contracts/json-schema.ts';
import type { Measure, Scalar } from '../../check.ts';
import { durationPattern } from '../duration-text.ts';

export interface Form {
  /** `nullValues`: the key that no other form has. */
  readonly key: string;
  /** One line for editors. */
  readonly doc: string;
  /** Schema of the key's value; `must`: the value is the threshold itself. */
  readonly value: JsonObject | 'must';
  readonly keys?: Readonly<Record<string, JsonObject>>;
  readonly required?: readonly string[];
  /** rows: `where`, `view` and `scope` apply. filtered: `where` and `view`. view: `view` alone. */
  readonly takes: 'rows' | 'filtered' | 'view' | 'nothing';
  /** Of an item that the schema accepts. */
  read(item: JsonObject): Measure | Refusal;
  /** Null for measures of other forms. A `must` form leaves its key to the printer. */
  print(measure: Measure): JsonObject | null;
}

export interface Refusal {
  readonly kind: 'refused';
  /** Key of the item that is wrong. */
  readonly at: string;
  readonly message: string;
  readonly mend: string;
}

export function refuse(at: string, message: string, mend: string): Refusal {
  return { kind: 'refused', at, message, mend };
}

export const columnsMax = 32;
export const valuesMax = 1_000;
export const sqlLengthMax = 10_000;

const identifier = { type: 'string', minLength: 1, maxLength: 255 } satisfies JsonObject;
export const columnSchema: JsonObject = { ...identifier, title: 'the name of a column' };
export const columnsSchema: JsonObject = {
  anyOf: [columnSchema, { type: 'array', items: columnSchema, minItems: 1, maxItems: columnsMax, uniqueItems: true }],
  title: 'the name of a column, or a list of names',
};
export const scalarsSchema: JsonObject = {
  type: 'array',
  items: { type: ['string', 'number', 'boolean'], maxLength: 1_000 },
  minItems: 1,
  maxItems: valuesMax,
  title: `a list of at most ${valuesMax} values: text, numbers, true or false`,
};
export const durationSchema: JsonObject = {
  type: 'string',
  pattern: `^${durationPattern}$`,
  title: 'a duration such as 30s, 10m, 1h or 7d',
};
export const sqlSchema: JsonObject = { type: 'string', minLength: 1, maxLength: sqlLengthMax, title: 'SQL' };

export function textIn(item: JsonObject, key: string): string {
  const value = item[key];
  assert(typeof value === 'string', `${key} was read before it was validated`);
  return value;
}

export function numberIn(item: JsonObject, key: string, preset: number): number {
  const value = item[key];
  return typeof value === 'number' ? value : preset;
}

/** One name or several. */
export function namesIn(value: JsonValue | undefined): readonly string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((name): name is string => typeof name === 'string') : [];
}

export function namesValue(names: readonly string[]): JsonValue {
  const [first] = names;
  return names.length === 1 && first !== undefined ? first : names;
}

export function scalarsIn(value: JsonValue | undefined): readonly Scalar[] {
  return Array.isArray(value)
    ? value.filter((item): item is Scalar => typeof item === 'string' || typeof item === 'number' || typeof item === 'boolean')
    : [];
}

export const plainName = /^[A-Za-z_][A-Za-z0-9_]*$/;
