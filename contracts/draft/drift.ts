// What the live database has become since the contract was written. Each finding says how bad it is and what mends it:
//   error    rows that the source may now write break the contract, or a column that readers use is gone
//   warning  the contract knows less, or allows more, than the source has
//   info     nothing breaks; the contract could say more
// Nothing is changed anywhere: the source has migrated already, and the contract is changed by people.

import type { SourceColumn, SourceTable } from '../../sources/source.ts';
import { columnType } from '../column-type.ts';
import type { Contract, ContractColumn, ContractTable } from '../contract.ts';
import { isJsonObject, type JsonObject } from '../json-schema.ts';
import { physicalTypeOfSource, type PhysicalType } from '../physical-type.ts';
import type { Database } from '../type-table.ts';
import { checksOf, declaredType } from './draft-contract.ts';
import { checkDrift, commentDrift, textCheckDrift } from './drift-checks.ts';
import { matchColumns } from './match-columns.ts';
import { typeChange } from './type-change.ts';

export type DriftKind =
  | 'table-missing'
  | 'column-added'
  | 'column-dropped'
  | 'column-renamed'
  | 'column-renumbered'
  | 'type-widened'
  | 'type-narrowed'
  | 'type-changed'
  | 'nullable'
  | 'not-null'
  | 'enum-label-added'
  | 'enum-label-removed'
  | 'unique-dropped'
  | 'key-changed'
  | 'check-added'
  | 'check-loosened'
  | 'check-tightened'
  | 'check-changed'
  | 'check-dropped'
  | 'comment-changed';

export interface Drift {
  readonly kind: DriftKind;
  readonly severity: 'error' | 'warning' | 'info';
  /** As the contract calls it; of an added column, as the source does. Null: about the table. */
  readonly column: string | null;
  /** What the contract says. */
  readonly expected: string;
  /** What the source has. */
  readonly found: string;
  readonly mend: string;
}

/** The contract's table that stands for this one of the source: by physical name, by name, or the only one; else null. */
export function tableOf(contract: Contract, source: SourceTable): ContractTable | null {
  const { namespace, table } = source.name;
  const physical = contract.tables.find(({ physicalName }) => physicalName === `${namespace}.${table}` || physicalName === table);
  const named = contract.tables.find(({ name, physicalName }) => name === table && physicalName === null);
  const [only, ...others] = contract.tables;
  return physical ?? named ?? (others.length === 0 && only?.physicalName === null ? only : null);
}

/** Errors first. Empty: the source is as the contract says. */
export function driftOf(contract: Contract, source: SourceTable, database: Database): readonly Drift[] {
  const name = `${source.name.namespace}.${source.name.table}`;
  const table = tableOf(contract, source);
  if (table === null)
    return [tableMissing(`a table with physicalName ${name}`, `tables ${contract.tables.map((one) => one.name).join(', ')}`)];
  const { known, added } = matchColumns(table.columns, source);
  const about: About = { table, source, database, name, checks: checksOf(source, database) };
  const drifts = known.flatMap(({ contract: column, source: found }) =>
    found === null ? [dropped(column, about)] : columnDrifts(column, found, about),
  );
  drifts.push(...added.map((column) => addedColumn(column, table)), ...tableDrifts(about));
  const renamed = new Map(known.flatMap((match) => (match.source ? [[match.contract.name, match.source.name] as const] : [])));
  drifts.push(...keyDrift(table, source, renamed));
  return drifts.toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
}

const order = ['error', 'warning', 'info'];

interface About {
  readonly table: ContractTable;
  readonly source: SourceTable;
  readonly database: Database;
  /** `public.users` */
  readonly name: string;
  readonly checks: ReturnType<typeof checksOf>;
}

function tableDrifts({ table, source, name, checks }: About): readonly Drift[] {
  const drifts: Drift[] = [];
  const add: AddDrift = (kind, severity, expected, found, mend) =>
    void drifts.push({ kind, severity, column: null, expected, found, mend });
  textCheckDrift(table, checks, source, `ALTER TABLE ${name}`, add);
  commentDrift(source.comment, table.description, `TABLE ${name}`, add);
  return drifts;
}

/** The source has no such table (any more). */
export function tableMissing(expected: string, found: string): Drift {
  const mend = 'Name the source table in the contract (physicalName), or end the contract: foz contract deprecate ID@VERSION --retire';
  return { kind: 'table-missing', severity: 'error', column: null, expected, found, mend };
}

function dropped({ name, physicalType }: ContractColumn, { table: { name: table }, name: source, database }: About): Drift {
  const back = `ALTER TABLE ${source} ADD ${database === 'postgres' ? 'COLUMN ' : ''}${name} ${physicalType ?? '…'};`;
  return {
    kind: 'column-dropped',
    severity: 'error',
    column: name,
    expected: `column ${name}${physicalType === null ? '' : ` ${physicalType}`}`,
    found: 'no such column',
    mend: `Remove ${name} in a new version of the contract (readers of current.${table} are affected: foz lineage show ${table} --columns ${name}), or bring the column back: ${back}`,
  };
}

function addedColumn(column: SourceColumn, { name: table }: ContractTable): Drift {
  const declared = declaredType(column.type);
  return {
    kind: 'column-added',
    severity: 'warning',
    column: column.name,
    expected: 'no such column',
    found: `${column.name} ${declared}${column.isNullable ? '' : ' NOT NULL'}`,
    mend: `Add ${column.name} to the contract, as \`foz contract draft ${table}\` writes it; until then it is stored, and no rule judges it.`,
  };
}

function columnDrifts(column: ContractColumn, found: SourceColumn, { table, source, database, name: place, checks }: About): Drift[] {
  const drifts: Drift[] = [];
  const add: AddDrift = (kind, severity, expected, what, mend) =>
    void drifts.push({ kind, severity, column: column.name, expected, found: what, mend });
  const { name } = column;
  if (found.name !== name) {
    const by = found.number === undefined ? 'same place in the key' : `same column number ${found.number}`;
    const id = column.id === null ? '' : ` and keep x-id ${column.id}`;
    add(
      'column-renamed',
      'error',
      name,
      `${found.name} (${by})`,
      `Rename ${name} to ${found.name} in the contract${id}: the lake's column is renamed with it, its rows stay.`,
    );
  } else if (found.number !== undefined && column.id !== null && /^\d+$/.test(column.id) && column.id !== String(found.number)) {
    const mend = `Dropped and added again, or restored from a dump: if the values mean the same, write x-id ${found.number}.`;
    add('column-renumbered', 'warning', `${name} with column number ${column.id}`, `column number ${found.number}`, mend);
  }
  const schema = schemaOf(table, name);
  typeDrift(column, found, schema, database, add);
  checkDrift(found.name, schema, `ALTER TABLE ${place}`, checks, add);
  commentDrift(found.comment, column.description, `COLUMN ${place}.${found.name}`, add);
  if (database === 'postgres' && !found.isGenerated && found.isNullable && (column.isRequired || !allowsNull(schema)))
    add(
      'nullable',
      'error',
      column.isRequired ? `${name} required` : `${name} never null`,
      `${found.name} may be null`,
      `ALTER TABLE ${place} ALTER COLUMN ${found.name} SET NOT NULL; or let it be null in the contract (not required, null among its types).`,
    );
  if (database === 'postgres' && !found.isGenerated && !column.isRequired && !found.isNullable)
    add('not-null', 'info', `${name} optional`, `${found.name} NOT NULL`, `The contract may say required: true.`);
  labelDrift(found, schema, add);
  const isKey = source.key.length === 1 && source.key[0] === found.name;
  const isUnique = isKey || (source.uniques ?? []).some((columns) => columns.length === 1 && columns[0] === found.name);
  if (column.isUnique && !isUnique && source.uniques !== undefined)
    add(
      'unique-dropped',
      'warning',
      `${name} unique`,
      'no unique constraint or index on it alone',
      `ALTER TABLE ${place} ADD UNIQUE (${found.name}); or drop unique in the contract.`,
    );
  return drifts;
}

export type AddDrift = (kind: DriftKind, severity: Drift['severity'], expected: string, found: string, mend: string) => void;

function schemaOf(table: ContractTable, column: string): JsonObject | null {
  const properties = isJsonObject(table.body) ? table.body['properties'] : undefined;
  const schema = isJsonObject(properties) && Object.hasOwn(properties, column) ? properties[column] : undefined;
  return isJsonObject(schema) ? schema : null;
}

function allowsNull(schema: JsonObject | null): boolean {
  const type = schema?.['type'];
  return type === undefined || type === 'null' || (Array.isArray(type) && type.includes('null'));
}

function typeDrift(column: ContractColumn, found: SourceColumn, schema: JsonObject | null, database: Database, add: AddDrift): void {
  // Without a physical type the contract says what values are, not how the source declares them.
  if (schema === null || column.physicalType === null) return;
  const declared = declaredType(found.type);
  const before = columnType({ ...schema, 'x-physicalType': column.physicalType }, database);
  const after = physicalTypeOfSource({ ...found.type, declared }, database);
  // Cassandra's decimal has no figures: those in the contract are how the lake stores it, and what does not fit is rescued.
  if (database === 'cassandra' && before.kind === 'decimal' && after?.kind === 'decimal') return;
  const change = after === null ? (declared === column.physicalType ? 'same' : 'changed') : typeChange(before, after);
  if (change === 'same') return;
  // Of a type that is named, what changed is inside.
  const [expected, now] =
    declared === column.physicalType
      ? [partsText(before, column.physicalType), partsText(after, declared)]
      : [column.physicalType, declared];
  const write =
    declared === column.physicalType
      ? `Write the fields of ${declared} as they are in the contract`
      : `Write physicalType ${declared} in the contract`;
  if (change === 'widened')
    add('type-widened', 'error', expected, now, `${write}; \`foz contract plan\` shows how the lake's column widens.`);
  else if (change === 'narrowed')
    add('type-narrowed', 'warning', expected, now, `${write}; the lake's column keeps its type, older rows need it.`);
  else add('type-changed', 'error', expected, now, `${write}; the lake's column keeps its rows and a new one takes the new type.`);
}

/** `frozen<place> (lat double, lon double)` */
function partsText(type: PhysicalType | null, declared: string): string {
  if (type === null) return declared;
  if (type.fields.length === 0) return type.element === null ? declared : partsText(type.element, declared);
  return `${declared} (${type.fields.map((field) => `${field.name} ${field.type.declared === '' ? field.type.kind : field.type.declared}`).join(', ')})`;
}

function labelDrift(found: SourceColumn, schema: JsonObject | null, add: AddDrift): void {
  const isList = found.type.name === 'array';
  const labels = isList ? found.type.arguments[0]?.labels : found.type.labels;
  const items = isList ? schema?.['items'] : schema;
  const listed = isJsonObject(items) ? items['enum'] : undefined;
  if (labels === undefined || !Array.isArray(listed)) return;
  const told = listed.filter((value) => typeof value === 'string');
  for (const label of labels.filter((one) => !told.includes(one)))
    add(
      'enum-label-added',
      'error',
      `one of ${told.join(', ')}`,
      label,
      `Add ${JSON.stringify(label)} to the contract's enum: until then rows with it are violations.`,
    );
  for (const label of told.filter((one) => !labels.includes(one)))
    add(
      'enum-label-removed',
      'warning',
      label,
      `one of ${labels.join(', ')}`,
      `The contract's enum may drop ${JSON.stringify(label)} once no row in the lake holds it.`,
    );
}

function keyDrift(table: ContractTable, source: SourceTable, renamed: ReadonlyMap<string, string>): readonly Drift[] {
  const key = table.columns
    .filter(({ keyPosition }) => keyPosition !== null)
    .toSorted((a, b) => (a.keyPosition ?? 0) - (b.keyPosition ?? 0));
  const expected = key.map(({ name }) => renamed.get(name) ?? name);
  if (expected.join('\u0000') === source.key.join('\u0000')) return [];
  const mend = `Write the source’s key in the contract (primaryKey, primaryKeyPosition: ${source.key.join(', ') || 'none'}): the current view tells rows apart by it.`;
  const found = source.key.length === 0 ? 'no primary key' : `(${source.key.join(', ')})`;
  return [
    { kind: 'key-changed', severity: 'error', column: null, expected: `key (${key.map(({ name }) => name).join(', ')})`, found, mend },
  ];
}
