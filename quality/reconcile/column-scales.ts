// How many digits after the point the lake's decimals have: an event that Foz writes itself spells them so, else its value
// would not be what the column gives back.

import { decimalParts } from '../../lake/iceberg/evolve.ts';
import { fieldNamed, isList, isMap, isStruct, type IcebergType, type Schema } from '../../lake/iceberg/schema.ts';
import type { DecimalScales } from '../../sources/cassandra-event.ts';

export type ColumnScales = (column: string) => DecimalScales;

/** Of Cassandra's cells: `after.<column>.value`. */
export function columnScales(schema: Schema | null): ColumnScales {
  const after = schema && fieldNamed(schema, 'after')?.type;
  return (column) => {
    const cell = after && isStruct(after) ? fieldNamed(after, column)?.type : undefined;
    const value = cell !== undefined && isStruct(cell) ? fieldNamed(cell, 'value')?.type : undefined;
    return value === undefined ? null : scalesOf(value);
  };
}

function scalesOf(type: IcebergType): DecimalScales {
  if (isList(type)) return { of: () => scalesOf(type.element) };
  if (isMap(type)) return { of: () => scalesOf(type.value) };
  if (isStruct(type))
    return {
      of: (part) => {
        const field = fieldNamed(type, part);
        return field ? scalesOf(field.type) : null;
      },
    };
  return typeof type === 'string' ? (decimalParts(type)?.scale ?? null) : null;
}
