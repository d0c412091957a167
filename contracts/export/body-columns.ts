// The top-level properties of a table's body with what the contract says of each, in their order.

import type { ContractColumn, ContractTable } from '../contract.ts';
import { isJsonObject, isJsonSchema, type JsonSchema } from '../json-schema.ts';

export interface BodyColumn {
  readonly column: ContractColumn;
  readonly schema: JsonSchema;
}

export function bodyColumns(table: ContractTable): readonly BodyColumn[] {
  const properties = isJsonObject(table.body) ? table.body['properties'] : undefined;
  return table.columns.map((column) => {
    const schema = isJsonObject(properties) && Object.hasOwn(properties, column.name) ? properties[column.name] : undefined;
    return { column, schema: isJsonSchema(schema) ? schema : true };
  });
}
