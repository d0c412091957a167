// A physical type as a contract writes it (`numeric(12,2)`, `timestamptz`, `text[]`, `frozen<map<text, int>>`, `frozen<place>`)
// as a structure, by the rows of type-table.ts. What each means elsewhere:
//   column-type.ts   type ↔ logical JSON Schema, type → Iceberg
//   row-value.ts     wire JSON value → logical JSON value
//
//   parsePhysicalType('numeric(12,2)', 'postgres') → { kind: 'decimal', wire: 'decimal-text', precision: 12, scale: 2, … }
//   physicalTypeOfSource(column.type, 'cassandra') → the same from what introspection found
//
// Names are the database's, so the database must be known: `timestamp` has no offset in PostgreSQL and is an instant in
// Cassandra. `databaseOf` finds out which is meant.

import { parseCassandraType, type CassandraUserTypes } from '../sources/cassandra-type.ts';
import type { SourceType } from '../sources/source.ts';
import { typeTable, type Database, type TypeKind, type TypeRow, type WireForm } from './type-table.ts';

export interface PhysicalType {
  readonly database: Database;
  readonly kind: TypeKind;
  readonly wire: WireForm;
  /** Base name as the table's row has it first: `numeric`, `character varying` is `text`; `array`, `list`, `set`, `map`, `udt` … */
  readonly name: string;
  /** As written. */
  readonly declared: string;
  /** Characters, bits, or the items of a vector; null when not said. */
  readonly length: number | null;
  /** Of a decimal; null when not said. */
  readonly precision: number | null;
  readonly scale: number | null;
  /** Of an array, list, set or vector; the value's of a map; null elsewhere. */
  readonly element: PhysicalType | null;
  /** Of a map; null elsewhere. */
  readonly key: PhysicalType | null;
  /** Of a tuple (`field1` …) or a user-defined type whose fields are known; empty elsewhere. */
  readonly fields: readonly PhysicalField[];
}

export interface PhysicalField {
  readonly name: string;
  readonly type: PhysicalType;
}

const noUserTypes: CassandraUserTypes = new Map();

/** Null when the name is not a type of that database: an enum, a domain or a user-defined type, unless `userTypes` has it. */
export function parsePhysicalType(text: string, database: Database, userTypes: CassandraUserTypes = noUserTypes): PhysicalType | null {
  const declared = text.trim();
  if (declared === '' || declared.length > 500) return null;
  return database === 'postgres' ? parsePostgres(declared) : parseCassandra(declared, userTypes);
}

/** What introspection found; null for a type the table does not know. */
export function physicalTypeOfSource(type: SourceType, database: Database): PhysicalType | null {
  if (database === 'postgres') {
    if (type.name === 'enum') return scalar(rowNamed('enum', 'postgres'), type.declared, {});
    if (type.name === 'array') {
      const element = type.arguments[0] === undefined ? null : physicalTypeOfSource(type.arguments[0], database);
      return element === null ? null : listOf('array', type.declared, element, null);
    }
    // A domain is declared by its own name: its base type stands in `name`.
    return parsePostgres(type.declared) ?? parsePostgres(type.name);
  }
  return fromCassandra(type);
}

/** Which database a table's physical types speak of; PostgreSQL when nothing tells. */
export function databaseOf(physicalTypes: readonly string[]): Database {
  const isCassandra = physicalTypes.some((text) => /^(frozen|list|set|map|tuple|vector)</.test(text) || cassandraOnly.has(text));
  const isOther = physicalTypes.some(
    (text) => parsePhysicalType(text, 'cassandra') === null && parsePhysicalType(text, 'postgres') !== null,
  );
  return isCassandra && !isOther ? 'cassandra' : 'postgres';
}

const cassandraOnly: ReadonlySet<string> = new Set(['timeuuid', 'varint', 'ascii', 'blob', 'counter', 'duration', 'tinyint']);

function rowNamed(name: string, database: Database): TypeRow | null {
  return typeTable.find((row) => row.database === database && row.names.includes(name)) ?? null;
}

interface Parameters {
  readonly length?: number | null;
  readonly precision?: number | null;
  readonly scale?: number | null;
}

function scalar(row: TypeRow | null, declared: string, { length, precision, scale }: Parameters): PhysicalType | null {
  if (row === null) return null;
  return {
    database: row.database,
    kind: row.kind,
    wire: row.wire,
    name: row.names[0] ?? '',
    declared,
    length: length ?? null,
    precision: precision ?? null,
    scale: scale ?? null,
    element: null,
    key: null,
    fields: [],
  };
}

function listOf(name: string, declared: string, element: PhysicalType, length: number | null): PhysicalType {
  const { database } = element;
  const parts = { element, key: null, fields: [], length, precision: null, scale: null };
  return { database, kind: 'array', wire: 'array', name, declared, ...parts };
}

function structOf(name: string, declared: string, database: Database, fields: readonly PhysicalField[]): PhysicalType {
  const parts = { element: null, key: null, fields, length: null, precision: null, scale: null };
  return { database, kind: 'struct', wire: 'struct', name, declared, ...parts };
}

// Name, then (p), (p,s) or (n), then what may follow the parameters: `timestamp(3) with time zone`.
const postgresPattern = /^([a-z_][a-z0-9_ ]*?)\s*(?:\(\s*(\d{1,5})\s*(?:,\s*(-?\d{1,5})\s*)?\))?\s*((?:with|without) time zone)?$/;

function parsePostgres(declared: string): PhysicalType | null {
  const array = /^(.*?)\s*(?:\[\d*\])+$|^(.*?)\s+array(?:\s*\[\d*\])?$/i.exec(declared);
  if (array !== null) {
    const element = parsePostgres(array[1] ?? array[2] ?? '');
    return element === null ? null : listOf('array', declared, element, null);
  }
  const normal = declared
    .toLowerCase()
    .replace(/\s+/g, ' ')
    .replace(/^pg_catalog\./, '')
    .replaceAll('"', '');
  // The catalog's own name of an array type: _int4.
  if (normal.startsWith('_')) {
    const element = parsePostgres(normal.slice(1));
    return element === null ? null : listOf('array', declared, element, null);
  }
  const match = postgresPattern.exec(normal);
  if (match === null) return null;
  const [, name = '', first, second, zone] = match;
  const figure = first === undefined ? null : Number(first);
  const base = name === 'bit' && (figure ?? 1) > 1 ? 'bit varying' : name;
  const row = rowNamed(zone === undefined ? base : `${base} ${zone}`, 'postgres');
  if (row === null) return null;
  if (row.kind === 'decimal') {
    return scalar(row, declared, { precision: figure, scale: figure === null ? null : Number(second ?? 0) });
  }
  if (second !== undefined) return null;
  const isOneCharacter = (name === 'char' || name === 'character') && figure === null;
  return scalar(row, declared, { length: hasLength(name) ? (isOneCharacter ? 1 : figure) : null });
}

function hasLength(name: string): boolean {
  return ['varchar', 'character varying', 'char', 'character', 'bpchar', 'bit', 'bit varying', 'varbit'].includes(name);
}

function parseCassandra(declared: string, userTypes: CassandraUserTypes): PhysicalType | null {
  if (!isBalanced(declared)) return null;
  // Cassandra's decimal has no figures of its own; a contract may give it some, to be stored as a decimal.
  const decimal = /^decimal\s*\(\s*(\d{1,2})\s*,\s*(\d{1,2})\s*\)$/i.exec(declared);
  if (decimal !== null) {
    return scalar(rowNamed('decimal', 'cassandra'), declared, { precision: Number(decimal[1]), scale: Number(decimal[2]) });
  }
  return fromCassandra(parseCassandraType(declared, userTypes));
}

function fromCassandra(type: SourceType): PhysicalType | null {
  const parts = type.arguments.map(fromCassandra);
  const [first, second] = parts;
  switch (type.name) {
    case 'list':
    case 'set':
    case 'vector':
      return first && parts.length === 1 ? listOf(type.name, type.declared, first, type.length) : null;
    case 'map': {
      if (!first || !second) return null;
      return { ...listOf('map', type.declared, second, null), kind: 'map', wire: 'map', key: first };
    }
    case 'tuple': {
      const fields = parts.flatMap((part, index) => (part === null ? [] : [{ name: `field${index + 1}`, type: part }]));
      return fields.length === parts.length ? structOf('tuple', type.declared, 'cassandra', fields) : null;
    }
    case 'udt': {
      const fields = type.fields.flatMap((field) => {
        const inner = fromCassandra(field.type);
        return inner === null ? [] : [{ name: field.name, type: inner }];
      });
      return fields.length === type.fields.length ? structOf('udt', type.declared, 'cassandra', fields) : null;
    }
    default:
      return scalar(rowNamed(type.name, 'cassandra'), type.declared, {});
  }
}

function isBalanced(text: string): boolean {
  let level = 0;
  for (const character of text) {
    if (character === '<') level++;
    else if (character === '>' && --level < 0) return false;
  }
  return level === 0;
}
