// Which logical values a column of an Iceberg type can hold, as a JSON Schema: to find a row that a contract accepts and a
// changed column could not store.

import type { JsonObject, JsonSchema } from '../../contracts/json-schema.ts';
import { decimalParts, type WantedType } from '../../lake/iceberg/evolve.ts';

export function schemaHeldBy(type: WantedType): JsonSchema {
  if (typeof type === 'string') return scalar(type);
  switch (type.type) {
    case 'list':
      return { type: ['array', 'null'], items: schemaHeldBy(type.element) };
    case 'map':
      return { type: ['object', 'null'], additionalProperties: schemaHeldBy(type.value) };
    case 'struct':
      return {
        type: ['object', 'null'],
        properties: Object.fromEntries(type.fields.map((field) => [field.name, schemaHeldBy(field.type)])),
        additionalProperties: false,
      };
  }
}

function scalar(type: string): JsonObject {
  const decimal = decimalParts(type);
  if (decimal) {
    const bound = 10 ** (decimal.precision - decimal.scale);
    return { type: ['number', 'null'], exclusiveMinimum: -bound, exclusiveMaximum: bound, multipleOf: 10 ** -decimal.scale };
  }
  switch (type) {
    case 'boolean':
      return { type: ['boolean', 'null'] };
    case 'int':
      return { type: ['integer', 'null'], minimum: -(2 ** 31), maximum: 2 ** 31 - 1 };
    case 'long':
      return { type: ['integer', 'null'], minimum: -(2 ** 63), exclusiveMaximum: 2 ** 63 };
    case 'float':
    case 'double':
      return { type: ['number', 'null'] };
    case 'date':
      return { type: ['string', 'null'], format: 'date' };
    case 'timestamptz':
      return { type: ['string', 'null'], format: 'date-time' };
    default:
      // Text, bytes as base64, and types whose values are told as text.
      return { type: ['string', 'null'] };
  }
}
