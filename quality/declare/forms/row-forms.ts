// Counts of rows: the five metrics of the Open Data Contract Standard under their own names, and what rows must be to
// each other.

import { isJsonObject, type JsonObject } from '../../../contracts/json-schema.ts';
import type { Measure } from '../../check.ts';
import {
  columnSchema,
  columnsMax,
  columnsSchema,
  namesIn,
  namesValue,
  plainName,
  refuse,
  scalarsIn,
  scalarsSchema,
  sqlSchema,
  textIn,
  type Form,
  type Refusal,
} from './form.ts';
import { printValid, readValid, validKeys } from './valid-forms.ts';

export const rowCount: Form = {
  key: 'rowCount',
  doc: 'Rows of the table, or of those that `where` leaves.',
  value: 'must',
  takes: 'rows',
  read: () => ({ kind: 'rowCount' }),
  print: (measure) => (measure.kind === 'rowCount' ? {} : null),
};

export const nullValues: Form = {
  key: 'nullValues',
  doc: 'Rows where the column is null.',
  value: columnSchema,
  takes: 'rows',
  read: (item) => ({ kind: 'nulls', column: textIn(item, 'nullValues') }),
  print: (measure) => (measure.kind === 'nulls' ? { nullValues: measure.column } : null),
};

export const missingValues: Form = {
  key: 'missingValues',
  doc: 'Rows where the column is null or holds a value that stands for nothing.',
  value: columnSchema,
  keys: { values: { ...scalarsSchema, description: "Values that stand for nothing; default: ['']." } },
  takes: 'rows',
  read: (item) => ({
    kind: 'missing',
    column: textIn(item, 'missingValues'),
    values: item['values'] === undefined ? [''] : scalarsIn(item['values']),
  }),
  print: (measure) => (measure.kind === 'missing' ? { missingValues: measure.column, values: measure.values } : null),
};

export const invalidValues: Form = {
  key: 'invalidValues',
  doc: 'Rows whose value is not valid; nulls are neither valid nor invalid.',
  value: columnSchema,
  keys: validKeys,
  takes: 'rows',
  read: (item) => {
    const valid = readValid(item);
    return valid.kind === 'refused' ? valid : { kind: 'invalid', column: textIn(item, 'invalidValues'), valid };
  },
  print: (measure) => (measure.kind === 'invalid' ? { invalidValues: measure.column, ...printValid(measure.valid) } : null),
};

export const duplicateValues: Form = {
  key: 'duplicateValues',
  doc: 'Rows beyond the first of each value, or of the values of several columns together.',
  value: columnsSchema,
  takes: 'rows',
  read: (item) => ({ kind: 'duplicates', columns: namesIn(item['duplicateValues']) }),
  print: (measure) => (measure.kind === 'duplicates' ? { duplicateValues: namesValue(measure.columns) } : null),
};

const referencePattern = String.raw`^(?:[A-Za-z_]\w*|\([^()]+\)) in [A-Za-z_]\w*\.(?:[A-Za-z_]\w*|\([^()]+\))$`;

export const relationship: Form = {
  key: 'relationship',
  doc: 'Rows whose value has no row in the other table: user_id in users.id',
  value: {
    anyOf: [
      { type: 'string', pattern: referencePattern, maxLength: 2_000 },
      {
        type: 'object',
        properties: { columns: columnsSchema, table: columnSchema, to: columnsSchema },
        required: ['columns', 'table', 'to'],
        additionalProperties: false,
      },
    ],
    title: 'a relationship such as user_id in users.id, or (city, day) in cities.(city, day)',
  },
  takes: 'rows',
  read: (item) => {
    const value = item['relationship'];
    const said = isJsonObject(value)
      ? { columns: namesIn(value['columns']), table: textIn(value, 'table'), to: namesIn(value['to']) }
      : relationshipIn(textIn(item, 'relationship'));
    if (said.columns.length !== said.to.length)
      return refuse(
        'relationship',
        `${said.columns.length} columns on one side, ${said.to.length} on the other`,
        'Name as many columns of the other table.',
      );
    if (said.columns.length > columnsMax)
      return refuse('relationship', `more than ${columnsMax} columns`, 'Name the key of the other table.');
    if (new Set(said.columns).size < said.columns.length || new Set(said.to).size < said.to.length)
      return refuse('relationship', 'a column stands twice on one side', 'Name each column once.');
    return { kind: 'relationship', columns: said.columns, to: { table: said.table, columns: said.to } };
  },
  print: (measure) => (measure.kind === 'relationship' ? { relationship: relationshipValue(measure) } : null),
};

function relationshipIn(text: string): { readonly columns: readonly string[]; readonly table: string; readonly to: readonly string[] } {
  const [left = '', right = ''] = text.split(' in ');
  const dot = right.indexOf('.');
  return { columns: names(left), table: right.slice(0, dot), to: names(right.slice(dot + 1)) };
}

/** `a` or `(a, b)`. */
function names(part: string): readonly string[] {
  if (!part.startsWith('(')) return [part];
  const inside = part.slice(1, -1).split(',');
  return inside.map((name) => name.trim());
}

function side(columns: readonly string[]): string {
  return columns.length === 1 ? columns.join() : `(${columns.join(', ')})`;
}

function relationshipValue({ columns, to }: Extract<Measure, { kind: 'relationship' }>): string | JsonObject {
  if (![...columns, to.table, ...to.columns].every((name) => plainName.test(name)))
    return { columns: namesValue(columns), table: to.table, to: namesValue(to.columns) };
  return `${side(columns)} in ${to.table}.${side(to.columns)}`;
}

export const expression: Form = {
  key: 'expression',
  doc: 'Rows where the SQL condition is false; null is not false.',
  value: sqlSchema,
  required: ['name'],
  takes: 'rows',
  read: (item) => ({ kind: 'expression', sql: textIn(item, 'expression') }),
  print: (measure) => (measure.kind === 'expression' ? { expression: measure.sql } : null),
};

const statement = (key: 'failedRows' | 'sql', result: 'failedRows' | 'value', doc: string): Form => ({
  key,
  doc,
  value: sqlSchema,
  required: ['name'],
  takes: 'view',
  read: (item): Measure | Refusal => ({ kind: 'sql', sql: textIn(item, key), result }),
  print: (measure) => (measure.kind === 'sql' && measure.result === result ? { [key]: measure.sql } : null),
});

export const failedRows = statement('failedRows', 'failedRows', 'A statement whose rows are the failing ones; ${table} is the table.');

export const sql = statement('sql', 'value', 'A statement whose one value must be right; ${table} is the table.');

export const rowForms: readonly Form[] = [
  rowCount,
  nullValues,
  missingValues,
  invalidValues,
  duplicateValues,
  relationship,
  expression,
  failedRows,
  sql,
];
