// Columns that checks name and tables do not have, told before anything runs. What statements and conditions name is found
// when they run: only an engine reads SQL.

import type { Schema } from '../../lake/iceberg/schema.ts';
import type { Check, Measure } from '../check.ts';
import { columnPlace } from '../measure/column-place.ts';
import { measuredColumns } from '../measured-columns.ts';
import type { DeclarationProblem } from './declared.ts';

/** Null for a table that the lake does not have. */
export type SchemaOf = (table: string) => Schema | null;

export function columnProblems(checks: readonly Check[], schemaOf: SchemaOf): readonly DeclarationProblem[] {
  return checks.flatMap((check) => {
    const { measure, table, view } = check;
    const schema = schemaOf(table);
    if (schema === null)
      return [
        problemOf(
          check,
          'table-unknown',
          `the lake has no table ${table}`,
          'Name a table of sync.tables; it appears with its first record.',
        ),
      ];
    const own = measuredColumns(measure).map((column) => missing(check, schema, view, column));
    const theirs = measure.kind === 'relationship' ? otherSide(check, measure, schemaOf) : [];
    return [...own, ...theirs].filter((problem) => problem !== null);
  });
}

function otherSide(
  check: Check,
  { to }: Extract<Measure, { kind: 'relationship' }>,
  schemaOf: SchemaOf,
): readonly (DeclarationProblem | null)[] {
  const schema = schemaOf(to.table);
  if (schema === null) return [problemOf(check, 'table-unknown', `the lake has no table ${to.table}`, 'Name a table of sync.tables.')];
  return to.columns.map((column) => missing(check, schema, 'current', column));
}

function missing(check: Check, schema: Schema, view: Check['view'], column: string): DeclarationProblem | null {
  const found = columnPlace(schema, view, column, 't');
  return found.kind === 'place'
    ? null
    : problemOf(check, 'column-unknown', found.reason, 'Correct the name, or add the column to the source first.');
}

function problemOf({ id, origin: { document, line } }: Check, rule: string, message: string, mend: string): DeclarationProblem {
  return { rule, severity: 'error', file: document, line: line ?? 1, column: 1, path: '', message: `${id}: ${message}`, mend };
}
