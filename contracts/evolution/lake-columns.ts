// The columns that a contract gives a raw table: their names, stable ids, Iceberg types and docs. Where the record's JSON
// cannot be held by the type exactly, the column keeps the value's JSON text:
// - maps whose keys are not text, since the connector writes them as lists of pairs;
// - arrays of PostgreSQL but of text, uuids and integers: only for those does the connector spell a value that it did not
//   read (TOAST) within the type;
// - timestamptz(p) of fewer than six digits, which the connector spells with so many;
// - masked values that are text in the record, since what a mask writes is text.

import type { WantedType } from '../../lake/iceberg/evolve.ts';
import { isList, isMap, isStruct, type IcebergType } from '../../lake/iceberg/schema.ts';
import { columnType, databaseOfBody, icebergType } from '../column-type.ts';
import type { ContractTable } from '../contract.ts';
import { isJsonObject, type JsonObject } from '../json-schema.ts';
import type { Database } from '../type-table.ts';

export interface LakeColumn {
  /** Stable over renames: the contract's id of the property, or its name. */
  readonly id: string;
  readonly name: string;
  readonly type: WantedType;
  readonly doc: string | null;
}

export function lakeColumns(table: ContractTable, database: Database = databaseOfBody(table.body)): readonly LakeColumn[] {
  const properties = isJsonObject(table.body) && isJsonObject(table.body['properties']) ? table.body['properties'] : {};
  return table.columns.map(({ id, name, physicalType, description, mask }) => {
    const own = properties[name];
    const schema: JsonObject = isJsonObject(own) ? own : {};
    const said = physicalType === null || 'x-physicalType' in schema ? schema : { ...schema, 'x-physicalType': physicalType };
    const physical = columnType(said, database);
    const isShort = physical.kind === 'timestamptz' && database === 'postgres' && /\(\s*[0-5]\s*\)/.test(physical.declared);
    const type = isShort ? 'string' : storable(icebergType(physical, noIds), database, true);
    const isMaskedText = mask !== null && mask.kind !== 'drop' && typeof type === 'string' && isTextInRecord(type, database);
    return { id: id ?? name, name, type: isMaskedText ? 'string' : (type ?? 'string'), doc: description };
  });
}

function isTextInRecord(type: string, database: Database): boolean {
  return type === 'binary' || type.startsWith('decimal') || (type === 'timestamptz' && database === 'postgres');
}

/** Ids are given when the column is added to the table. */
function noIds(): number {
  return 0;
}

/** The type without ids; null where the JSON text is kept instead. */
function storable(type: IcebergType, database: Database, isTop: boolean): WantedType | null {
  if (isStruct(type)) {
    const fields = type.fields.map((field) => ({ name: field.name, type: storable(field.type, database, false) }));
    const folded = new Set(fields.map((field) => field.name.toLowerCase()));
    if (folded.size < fields.length) return null;
    const whole = fields.flatMap((field) => (field.type === null ? [] : [{ name: field.name, type: field.type }]));
    return whole.length === fields.length ? { type: 'struct', fields: whole } : null;
  }
  if (isList(type)) {
    const element = storable(type.element, database, false);
    if (element === null || (database === 'postgres' && isTop && !['string', 'int', 'long'].includes(String(element)))) return null;
    return { type: 'list', element };
  }
  if (isMap(type)) {
    const value = storable(type.value, database, false);
    return value !== null && type.key === 'string' ? { type: 'map', key: 'string', value } : null;
  }
  return type;
}
