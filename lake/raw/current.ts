// What the source's table holds now, as one SQL statement over its raw table: one row a key, the source's columns under
// their own names, and the log coordinates of the event that decided. `foz query`, `foz verify` and Trino share it.

import { LakeError } from '../../runtime/errors.ts';
import { fieldNamed, isStruct, type Schema, type StructType } from '../iceberg/schema.ts';
import { cassandraCurrentSql } from './current/cassandra.ts';
import { currentColumnsOf, type CurrentColumn } from './current/columns.ts';
import { dialects, type DialectName } from './current/dialect.ts';
import { postgresCurrentSql } from './current/postgres.ts';

export type CurrentSource = 'postgres' | 'cassandra';

export interface CurrentInput {
  /** The raw table's schema. */
  readonly schema: Schema;
  readonly dialect: DialectName;
  /** A relation with the raw table's columns. */
  readonly from: string;
  /** Default: told by the columns of `source`. */
  readonly source?: CurrentSource;
  /** Rows that their contract keeps out of the current view. Default: hidden, as if they had not come. */
  readonly quarantined?: 'hidden' | 'shown';
  /** When cells with a time to live are judged, epoch milliseconds. Default: when the statement runs. */
  readonly asOf?: number;
  /** Of a table whose columns were renamed (former-names.ts): keys name them as they were. Default: none. */
  readonly formerNames?: ReadonlyMap<string, string>;
}

/** Throws TABLE_UNSUPPORTED for a table whose records are no change events. */
export function currentSql(input: CurrentInput): string {
  const { schema } = input;
  const dialect = dialects[input.dialect];
  const isShown = input.quarantined === 'shown' || fieldNamed(schema, '_violations') === undefined;
  const from = isShown ? input.from : `(SELECT * FROM ${input.from} WHERE NOT ${dialect.isQuarantined('_violations')}) kept_rows`;
  const source = input.source ?? currentSource(schema);
  if (source === null)
    throw new LakeError('TABLE_UNSUPPORTED', 'the table has no current rows: its records are no change events of PostgreSQL or Cassandra', {
      context: { expected: 'a source with lsn or with keyspace', found: schema.fields.map((field) => field.name).join(', ') },
    });
  const columns = currentColumns(schema);
  const { asOf, formerNames = new Map<string, string>() } = input;
  if (source === 'postgres')
    return postgresCurrentSql(
      { columns, from, hasLsn: fieldNamed(structNamed(schema, 'source'), 'lsn') !== undefined, formerNames },
      dialect,
    );
  const fields = structNamed(schema, 'after');
  const hasRanges = fieldNamed(fields, '_range_start') !== undefined && fieldNamed(fields, '_range_end') !== undefined;
  const hasSnapshot = fieldNamed(structNamed(schema, 'source'), 'snapshot') !== undefined;
  return cassandraCurrentSql(
    { columns, from, hasRanges, hasSnapshot, formerNames, ...(asOf === undefined ? {} : { asOfMs: asOf }) },
    dialect,
  );
}

/** Null where the table's records are no change events. */
export function currentSource(schema: Schema): CurrentSource | null {
  const source = structNamed(schema, 'source');
  if (structNamed(schema, 'after').fields.length === 0) return null;
  if (fieldNamed(source, 'keyspace')) return 'cassandra';
  return fieldNamed(source, 'lsn') || fieldNamed(source, 'txId') ? 'postgres' : null;
}

/** The source's columns, in the order of the current view. */
export function currentColumns(schema: Schema): readonly CurrentColumn[] {
  return currentColumnsOf(structNamed(schema, 'after'));
}

function structNamed(schema: Schema, name: string): StructType {
  const type = fieldNamed(schema, name)?.type;
  return type !== undefined && isStruct(type) ? type : { type: 'struct', fields: [] };
}
