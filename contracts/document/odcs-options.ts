// What `logicalTypeOptions` may say for each logical type.

import type { JsonValue } from '../json-schema.ts';
import type { Shape } from './shape.ts';

const text: Shape = { kind: 'text' };
const number: Shape = { kind: 'number' };
const integer: Shape = { kind: 'integer' };
const boolean: Shape = { kind: 'boolean' };
const textBounds = { minimum: text, maximum: text, exclusiveMinimum: text, exclusiveMaximum: text } as const;
const numberBounds = { minimum: number, maximum: number, exclusiveMinimum: number, exclusiveMaximum: number, multipleOf: number } as const;

const optionsByType: Readonly<Record<string, Readonly<Record<string, Shape>>>> = {
  string: { minLength: integer, maxLength: integer, pattern: text, format: text },
  date: { ...textBounds, format: text },
  timestamp: { ...textBounds, format: text, timezone: boolean, defaultTimezone: text },
  time: { ...textBounds, format: text, timezone: boolean, defaultTimezone: text },
  integer: { ...numberBounds, format: { kind: 'text', values: ['i8', 'i16', 'i32', 'i64', 'i128', 'u8', 'u16', 'u32', 'u64', 'u128'] } },
  number: { ...numberBounds, format: { kind: 'text', values: ['f32', 'f64'] } },
  object: { minProperties: integer, maxProperties: integer, required: { kind: 'list', of: text, itemsMin: 1 } },
  array: { minItems: integer, maxItems: integer, uniqueItems: boolean },
  vector: {
    dimensions: integer,
    elementType: { kind: 'text', values: ['bfloat16', 'binary', 'float16', 'float32', 'float64', 'int8', 'uint8'] },
    distanceMetric: { kind: 'text', values: ['cosine', 'dotProduct', 'euclidean', 'hamming', 'manhattan'] },
    embeddingModel: text,
    embeddingModelVersion: text,
    normalized: boolean,
  },
};

/** Open for boolean, map and what has no type: the standard does not say. */
export function logicalOptions(type: JsonValue | undefined): Shape {
  const keys = typeof type === 'string' && Object.hasOwn(optionsByType, type) ? optionsByType[type] : undefined;
  if (keys === undefined) return { kind: 'object', keys: {}, required: [], isOpen: true };
  return { kind: 'object', keys, required: type === 'vector' ? ['dimensions'] : [] };
}
