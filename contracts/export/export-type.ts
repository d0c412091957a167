// The type of a property for the exports. As column-type.ts has it; and where a schema names no physical type, its format
// decides: `format: date` is a date in every target, although nothing is known of how a source would write it.

import { columnType } from '../column-type.ts';
import { isJsonObject, type JsonSchema } from '../json-schema.ts';
import { parsePhysicalType, type PhysicalType } from '../physical-type.ts';
import type { Database } from '../type-table.ts';

const byFormat: Readonly<Record<string, string>> = {
  date: 'date',
  'date-time': 'timestamptz',
  'date-time-local': 'timestamp',
  time: 'timetz',
  'time-local': 'time',
  uuid: 'uuid',
};

export function exportType(schema: JsonSchema, database: Database): PhysicalType {
  const type = columnType(schema, database);
  if (!isJsonObject(schema) || typeof schema['x-physicalType'] === 'string') return type;
  const { format } = schema;
  const name = type.kind === 'string' && typeof format === 'string' && Object.hasOwn(byFormat, format) ? byFormat[format] : undefined;
  return (name === undefined ? null : parsePhysicalType(name, 'postgres')) ?? type;
}
