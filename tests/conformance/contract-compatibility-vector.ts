// How the vectors are written: schemas of a row, of one column, and what is expected in a line.

import type { JsonObject, JsonSchema } from '../../contracts/json-schema.ts';

export interface Vector {
  readonly name: string;
  readonly schemas: readonly [JsonSchema, JsonSchema];
  readonly there: Expected;
  readonly back: Expected;
}

export interface Expected {
  readonly kinds: readonly string[];
  readonly verdicts: string;
}

export function vector(name: string, a: JsonSchema, b: JsonSchema, there = '', back = ''): Vector {
  return { name, schemas: [a, b], there: expected(there), back: expected(back) };
}

/** `KIND KIND ynn`. */
function expected(text: string): Expected {
  const words = text.split(' ');
  return { kinds: words.slice(0, -1), verdicts: words.at(-1) ?? '' };
}

export function row(
  properties: Record<string, JsonSchema>,
  more: Record<string, JsonSchema | readonly string[] | number> = {},
): JsonSchema {
  return { type: 'object', properties, ...more };
}

export function column(schema: JsonSchema): JsonSchema {
  return row({ c: schema });
}

export const text = { type: 'string' } as const;
export const whole = { type: 'integer' } as const;

export const closed = { additionalProperties: false } as const;

export function obj(properties: Record<string, JsonSchema>): { readonly type: 'object'; readonly properties: Record<string, JsonSchema> } {
  return { type: 'object', properties };
}

/** With c, the consequence holds. */
export function whenC(consequence: JsonSchema): JsonSchema {
  return { ...obj({ c: text, d: text }), ...conditional({ required: ['c'] }, consequence) };
}

export function tree(leaf: JsonSchema): JsonSchema {
  const node = {
    type: 'object',
    required: ['value'],
    properties: { value: leaf, children: { type: 'array', items: { $ref: '#/$defs/node' } } },
  };
  return { $defs: { node }, $ref: '#/$defs/node' };
}

export function ifText(consequence: JsonSchema): JsonSchema {
  return conditional(text, consequence);
}

/** Written as text: an object with `then` is taken for a promise. */
function conditional(condition: JsonSchema, consequence: JsonSchema): JsonObject {
  return JSON.parse(`{"if":${JSON.stringify(condition)},"then":${JSON.stringify(consequence)}}`);
}
