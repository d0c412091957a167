// A first contract of a table as it is: what the database already promises, written down. Types, nullability, keys, labels,
// lengths and those CHECK constraints that say a rule become the body; the other constraints are kept as text beside it.
//
//   draftContract(table, 'postgres', { id: 'users', tableName: 'users' }) → { contract, notes }
//
// A draft promises no more than the database does: rows that the database holds pass it. Notes say where that took a
// decision that a person should look at.

import type { SourceCheck, SourceColumn, SourceForeignKey, SourceTable, SourceType } from '../../sources/source.ts';
import { logicalSchema, withNull } from '../column-type.ts';
import { columnsOf } from '../columns.ts';
import type { Contract, ContractTable } from '../contract.ts';
import type { JsonObject, JsonValue } from '../json-schema.ts';
import { physicalTypeOfSource, type PhysicalType } from '../physical-type.ts';
import type { Database } from '../type-table.ts';
import { checkRules } from './check-rules.ts';
import { columnDefault } from './column-default.ts';
import { mergeKeywords } from './merge-keywords.ts';
import type { PiiSuggestion } from './suggest-pii.ts';

export interface DraftOptions {
  readonly id: string;
  /** Name in the lake. */
  readonly tableName: string;
  readonly owner?: string;
  /** Suggestions that a person accepted; others are not written. */
  readonly accepted?: readonly PiiSuggestion[];
}

export interface Draft {
  readonly contract: Contract;
  readonly notes: readonly DraftNote[];
}

export interface DraftNote {
  /** Null: about the table. */
  readonly column: string | null;
  readonly message: string;
}

export function draftContract(source: SourceTable, database: Database, options: DraftOptions): Draft {
  const notes: DraftNote[] = [];
  const { keywords, quality } = constraintsOf(source, notes);
  const drafted = source.columns.map((column) => draftColumn(column, source, database, keywords.get(column.name), options, notes));
  if (source.key.length === 0) notes.push({ column: null, message: 'no primary key: the current view has nothing to tell rows apart by' });
  const body = bodyOf(source, database, drafted);
  const table: ContractTable = {
    name: options.tableName,
    physicalName: `${source.name.namespace}.${source.name.table}`,
    description: source.comment ?? null,
    body,
    columns: columnsOf(body),
    tags: [],
    quality: [...quality, ...uniqueSets(source), ...outerKeys(source)],
  };
  const contract: Contract = {
    id: options.id,
    version: '1.0.0',
    state: 'draft',
    name: options.tableName,
    description: source.comment ?? null,
    domain: null,
    owner: options.owner ?? null,
    tags: [],
    compatibility: 'backward',
    policy: 'flag',
    tables: [table],
    serviceLevels: [],
    rest: {},
  };
  return { contract, notes };
}

function bodyOf(source: SourceTable, database: Database, drafted: readonly DraftedColumn[]): JsonObject {
  // Spec: ODCS relationships of a schema object, `table.property` on both sides; both are in the contract.
  const relationships = (source.foreignKeys ?? []).filter(isWithin(source)).map(({ columns, referencedColumns }): JsonObject => {
    const [from, to] = [columns, referencedColumns].map((names): JsonValue => {
      const places = names.map((name) => `${source.name.table}.${name}`);
      return places.length === 1 ? (places[0] ?? '') : places;
    });
    return { type: 'foreignKey', from: from ?? '', to: to ?? '' };
  });
  const required = drafted.filter(({ isRequired }) => isRequired).map(({ name }) => name);
  return {
    type: 'object',
    properties: Object.fromEntries(drafted.map(({ name, schema }) => [name, schema])),
    ...(required.length === 0 ? {} : { required }),
    'x-database': database,
    ...(relationships.length === 0 ? {} : { 'x-odcs': { relationships } }),
  };
}

function isWithin({ name }: SourceTable): (key: SourceForeignKey) => boolean {
  return ({ references }) => references.namespace === name.namespace && references.table === name.table;
}

/** Keys of other tables, which this contract does not have: as text. */
function outerKeys(source: SourceTable): readonly JsonValue[] {
  const isInner = isWithin(source);
  return (source.foreignKeys ?? [])
    .filter((key) => !isInner(key))
    .map(({ name, columns, references, referencedColumns }) => {
      const target = `${references.namespace}.${references.table} (${referencedColumns.join(', ')})`;
      return { type: 'text', name, description: `FOREIGN KEY (${columns.join(', ')}) REFERENCES ${target}` };
    });
}

/** What the CHECK constraints of a table say: keywords by column, as its schema would have them, and the others as text. */
export function checksOf(source: SourceTable, database: Database): Constraints {
  const { keywords, quality } = constraintsOf(source, []);
  const shown = source.columns.flatMap(({ name, type }): readonly (readonly [string, JsonObject])[] => {
    const rules = keywords.get(name);
    const physical = physicalTypeOfSource({ ...type, declared: declaredType(type) }, database);
    return rules === undefined ? [] : [[name, padded(rules, type, physical)]];
  });
  return { keywords: new Map(shown), quality };
}

interface Constraints {
  readonly keywords: ReadonlyMap<string, JsonObject>;
  /** Those that are no rule of one column: as text. */
  readonly quality: readonly JsonValue[];
}

function constraintsOf(source: SourceTable, notes: DraftNote[]): Constraints {
  const keywords = new Map<string, JsonObject>();
  const quality: JsonValue[] = [];
  for (const check of source.checks ?? []) {
    const rules = check.isValidated ? checkRules(check.expression, check.domain === undefined ? null : (check.columns[0] ?? null)) : null;
    const known = rules?.every((rule) =>
      source.columns.some((column) => column.name === rule.column && isRuled(column.type, rule.keywords)),
    );
    if (!rules || known !== true) {
      quality.push(textRule(check));
      notes.push({ column: check.columns[0] ?? null, message: unruled(check) });
      continue;
    }
    for (const rule of rules) keywords.set(rule.column, mergeKeywords(keywords.get(rule.column) ?? {}, rule.keywords));
  }
  return { keywords, quality };
}

/** In arrays, JSON and intervals a comparison means something of its own; `char(n)` compares without its blanks. */
function isRuled({ name }: SourceType, keywords: JsonObject): boolean {
  if (name === 'bpchar') return Object.keys(keywords).every((keyword) => keyword === 'enum');
  return /^(int2|int4|int8|numeric|float4|float8|text|varchar)$/.test(name);
}

function textRule({ name, expression, columns, domain }: SourceCheck): JsonObject {
  const at = domain === undefined ? '' : ` of domain ${domain} on ${columns.join(', ')}`;
  return { type: 'text', name, description: `CHECK ${expression}${at}` };
}

function unruled({ name, isValidated }: SourceCheck): string {
  const why = isValidated ? 'no rule of one column says the same' : 'rows from before it were never checked (NOT VALID)';
  return `CHECK ${name} is kept as text: ${why}`;
}

/** Spec: ODCS library metric duplicateValues over several properties. */
function uniqueSets({ uniques }: SourceTable): readonly JsonValue[] {
  return (uniques ?? [])
    .filter((columns) => columns.length > 1)
    .map((columns) => ({ type: 'library', metric: 'duplicateValues', arguments: { properties: columns }, mustBe: 0 }));
}

interface DraftedColumn {
  readonly name: string;
  readonly isRequired: boolean;
  readonly schema: JsonObject;
}

function draftColumn(
  column: SourceColumn,
  source: SourceTable,
  database: Database,
  rules: JsonObject | undefined,
  { accepted = [] }: DraftOptions,
  notes: DraftNote[],
): DraftedColumn {
  const note = (message: string) => notes.push({ column: column.name, message });
  const declared = declaredType(column.type);
  const type = physicalTypeOfSource({ ...column.type, declared }, database);
  if (type === null) note(`type ${declared} is not in the type table: taken as text`);
  if (column.isGenerated) note('generated by the database: absent from streamed events, so not required');
  // A Cassandra update carries the cells it set; only the key is always there.
  const isRequired = database === 'cassandra' ? column.keyIndex !== null : !column.isNullable && !column.isGenerated;
  const key = source.key.indexOf(column.name);
  const pii = accepted.find((suggestion) => suggestion.column === column.name);
  const value = valueSchema(column, type, rules, isRequired);
  const isUnique = (source.uniques ?? []).some((columns) => columns.length === 1 && columns[0] === column.name);
  const id = column.number === undefined ? column.name : String(column.number);
  const tags = roleTags[column.role === 'partition' && database === 'postgres' ? 'regular' : column.role];
  const schema: JsonObject = {
    ...value,
    ...(column.comment === undefined ? {} : { description: column.comment }),
    'x-physicalType': declared,
    'x-id': id,
    ...(key < 0 ? {} : { 'x-primaryKey': key + 1 }),
    ...(isUnique ? { 'x-unique': true } : {}),
    ...(pii === undefined ? {} : { 'x-pii': pii.pii, 'x-classification': pii.classification }),
    ...(tags.length === 0 ? {} : { 'x-tags': tags }),
  };
  return { name: column.name, isRequired, schema };
}

const roleTags: Readonly<Record<SourceColumn['role'], readonly string[]>> = {
  partition: ['partition-key'],
  clustering: ['clustering-key'],
  static: ['static'],
  regular: [],
};

/** The type underneath a domain; `bit(1)` and the like as declared. */
export function declaredType(type: SourceType): string {
  return type.base ?? type.declared;
}

function valueSchema(column: SourceColumn, type: PhysicalType | null, rules: JsonObject | undefined, isRequired: boolean): JsonObject {
  const plain = type === null ? { type: 'string' } : logicalSchema(type);
  const labelled = withLabels(plain, column.type);
  const ruled = rules === undefined ? labelled : mergeKeywords(labelled, padded(rules, column.type, type));
  const preset =
    column.defaultText === undefined || column.isGenerated || type === null ? undefined : columnDefault(column.defaultText, type.kind);
  const whole = preset === undefined ? ruled : { ...ruled, default: preset };
  return isRequired ? whole : nullable(whole);
}

function withLabels(schema: JsonObject, type: SourceType): JsonObject {
  if (type.labels !== undefined) return { ...schema, enum: type.labels };
  const labels = type.arguments[0]?.labels;
  if (type.name !== 'array' || labels === undefined) return schema;
  const declared = type.arguments[0]?.declared ?? '';
  return { ...schema, items: { type: ['string', 'null'], enum: [...labels, null], 'x-physicalType': declared } };
}

/** Null among the values, and among those that are listed. */
function nullable(schema: JsonObject): JsonObject {
  const listed = schema['enum'];
  const open = withNull(schema);
  return Array.isArray(listed) ? { ...open, enum: [...listed, null] } : open;
}

/** `char(3)` holds 'EU ' where the constraint says 'EU'. */
function padded(rules: JsonObject, source: SourceType, type: PhysicalType | null): JsonObject {
  const listed = rules['enum'];
  if (source.name !== 'bpchar' || !Array.isArray(listed)) return rules;
  const length = type?.length ?? 0;
  return { ...rules, enum: listed.map((value: JsonValue) => (typeof value === 'string' ? value.padEnd(length) : value)) };
}
