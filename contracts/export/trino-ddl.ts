// A contract as Trino tables, with the types that the lake stores (column-type.ts): what an analyst's own Iceberg table of
// these rows would be declared as. Trino knows no keys and no checks; they stand in the comments.

import { trinoType } from '../../lake/iceberg/trino-type.ts';
import { databaseOfBody, icebergType } from '../column-type.ts';
import type { Contract, ContractTable } from '../contract.ts';
import { bodyColumns } from './body-columns.ts';
import { exportType } from './export-type.ts';
import { keyOf } from './postgres-ddl.ts';
import { sqlLiteral, sqlName, sqlRemark } from './sql-text.ts';

export function trinoDdl(contract: Contract): string {
  const head = sqlRemark(`${contract.name ?? contract.id} ${contract.version} (contract ${contract.id})`);
  return `${[head, ...contract.tables.map(tableDdl)].join('\n\n')}\n`;
}

function tableDdl(table: ContractTable): string {
  const database = databaseOfBody(table.body);
  let id = 0;
  const nextId = () => ++id;
  const columns = bodyColumns(table).map(({ column, schema }) => {
    const type = trinoType(icebergType(exportType(schema, database), nextId)) ?? 'varchar';
    const comment = column.description === null ? '' : ` COMMENT ${sqlLiteral(column.description)}`;
    return `${sqlName(column.name)} ${type}${column.isRequired ? ' NOT NULL' : ''}${comment}`;
  });
  const key = keyOf(table);
  const told = [table.description, key.length === 0 ? null : `Key: ${key.join(', ')}`].filter((part) => part !== null).join('. ');
  const comment = told === '' ? '' : `\nCOMMENT ${sqlLiteral(told)}`;
  return `CREATE TABLE ${sqlName(table.name)} (\n  ${columns.join(',\n  ')}\n)${comment};`;
}
