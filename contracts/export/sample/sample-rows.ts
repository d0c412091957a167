// Rows that a contract accepts, made from a seed: the same seed gives the same rows. Every row is judged by the validator
// before it is handed out; of a row that fails, only the columns it names are made again. Keys and unique columns repeat
// no value. What cannot be met (a pattern outside the subset without examples, more rows than there are keys) is said,
// with the column: no row is handed out that the contract would refuse.

import { seededRandom, type Random } from '../../../runtime/random.ts';
import { databaseOfBody } from '../../column-type.ts';
import type { ContractTable } from '../../contract.ts';
import { isJsonObject, isJsonSchema, type JsonObject, type JsonSchema, type JsonValue } from '../../json-schema.ts';
import { compileSchema, type SchemaValidator } from '../../json-schema-validator.ts';
import { keyOf } from '../postgres-ddl.ts';
import { sampleValue, type SampleScope } from './sample-value.ts';

export interface SampleOptions {
  readonly rows: number;
  readonly seed: number;
}

export type SampleResult =
  | { readonly kind: 'rows'; readonly rows: readonly JsonObject[] }
  /** `column`: null where no single one is to blame. `made`: rows that were possible. */
  | { readonly kind: 'impossible'; readonly column: string | null; readonly reason: string; readonly made: number };

export const sampleRowsMax = 100_000;

const attemptsMax = 200;

export function sampleRows(table: ContractTable, { rows: count, seed }: SampleOptions): SampleResult {
  if (!isJsonObject(table.body)) return { kind: 'impossible', column: null, reason: 'the body is no object schema', made: 0 };
  const validator = compileSchema(table.body);
  if (validator.kind === 'refused') return { kind: 'impossible', column: null, reason: validator.reason, made: 0 };
  const maker: RowMaker = { table, body: table.body, validator, random: seededRandom(seed), taken: new Map(), sets: uniqueSets(table) };
  const rows: JsonObject[] = [];
  while (rows.length < Math.min(count, sampleRowsMax)) {
    const made = makeRow(maker);
    if (made.kind === 'stuck') return { kind: 'impossible', column: made.column, reason: made.reason, made: rows.length };
    rows.push(made.row);
  }
  return { kind: 'rows', rows };
}

interface RowMaker {
  readonly table: ContractTable;
  readonly body: JsonObject;
  readonly validator: SchemaValidator;
  readonly random: Random;
  /** Values that each unique set has had, by the set's columns. */
  readonly taken: Map<string, Set<string>>;
  readonly sets: readonly (readonly string[])[];
}

function uniqueSets(table: ContractTable): readonly (readonly string[])[] {
  const key = keyOf(table);
  const alone = table.columns.filter(({ isUnique }) => isUnique).map(({ name }) => [name]);
  return [...(key.length === 0 ? [] : [key]), ...alone];
}

type Made =
  | { readonly kind: 'row'; readonly row: JsonObject }
  | { readonly kind: 'stuck'; readonly column: string | null; readonly reason: string };

function makeRow(maker: RowMaker): Made {
  const row: Record<string, JsonValue> = {};
  let wrong: ReadonlySet<string> | null = null;
  let last: { column: string | null; reason: string } = { column: null, reason: 'no value was found' };
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    fill(row, maker, wrong, attempt);
    const problems = maker.validator.problems(row);
    const [first] = problems;
    const repeated = first === undefined ? maker.sets.find((columns) => isTaken(maker, columns, row)) : undefined;
    if (first === undefined && repeated === undefined) {
      for (const columns of maker.sets) take(maker, columns, row);
      return { kind: 'row', row };
    }
    if (first === undefined) {
      wrong = new Set(repeated);
      last = { column: repeated?.[0] ?? null, reason: `no further value of (${repeated?.join(', ') ?? ''}) was found that is not taken` };
      continue;
    }
    const columns: readonly string[] = problems.map(({ pointer }) => columnOf(pointer)).filter((column) => column !== '');
    // Each fifth time the whole row: a rule between columns may need another one changed than the one it names.
    wrong = columns.length < problems.length || attempt % 5 === 4 ? null : new Set(columns);
    last = { column: columns[0] ?? null, reason: `${first.keyword}: ${first.message}` };
  }
  return { kind: 'stuck', ...last, reason: `${last.reason} (${attemptsMax} attempts)` };
}

/** Makes the wrong columns, or all. A column that is optional is left out when nothing is found for it. */
function fill(row: Record<string, JsonValue>, maker: RowMaker, wrong: ReadonlySet<string> | null, attempt: number): void {
  const { body, table, random } = maker;
  const scope: SampleScope = { root: body, database: databaseOfBody(body), random, attempt };
  // Conditions of the whole row first: they may want values that a column alone would not have.
  const whole = attempt % 2 === 0 && hasConditions(body) ? sampleValue(body, scope) : undefined;
  const wanted = isJsonObject(whole) ? whole : {};
  for (const column of table.columns) {
    if (wrong !== null && !wrong.has(column.name)) continue;
    const value = Object.hasOwn(wanted, column.name) ? wanted[column.name] : sampleColumn(column.name, column.pii, maker, scope);
    if (value === undefined) Reflect.deleteProperty(row, column.name);
    else Object.defineProperty(row, column.name, { value, enumerable: true, configurable: true, writable: true });
  }
}

function hasConditions(body: JsonObject): boolean {
  return ['allOf', 'anyOf', 'oneOf', 'if', '$ref'].some((keyword) => body[keyword] !== undefined);
}

function sampleColumn(name: string, pii: string | null, { body, sets, taken }: RowMaker, scope: SampleScope): JsonValue | undefined {
  const properties = body['properties'];
  const found = isJsonObject(properties) && Object.hasOwn(properties, name) ? properties[name] : undefined;
  const schema: JsonSchema = isJsonSchema(found) ? found : true;
  const alone = sets.find((columns) => columns.length === 1 && columns[0] === name);
  const counted = alone && isJsonObject(schema) ? counting(schema, taken.get(nameOfSet(alone))?.size ?? 0, scope.attempt) : undefined;
  if (counted !== undefined) return counted;
  const told = pii === null || !isJsonObject(schema) ? schema : { ...schema, 'x-pii': pii };
  return sampleValue(told, scope);
}

/** A whole number that is a key alone is counted up, as databases do. */
function counting(schema: JsonObject, before: number, attempt: number): number | undefined {
  const { type, minimum, maximum, exclusiveMinimum, multipleOf } = schema;
  if (type !== 'integer' || attempt > 3 || multipleOf !== undefined || schema['enum'] !== undefined || schema['const'] !== undefined)
    return undefined;
  const least = Math.max(
    typeof minimum === 'number' ? Math.ceil(minimum) : 1,
    typeof exclusiveMinimum === 'number' ? Math.floor(exclusiveMinimum) + 1 : 1,
  );
  const next = least + before + attempt;
  return typeof maximum === 'number' && next > maximum ? undefined : next;
}

function nameOfSet(columns: readonly string[]): string {
  return JSON.stringify(columns);
}

/** Null where a part is null or absent: such rows are never equal. */
function valueOfSet(columns: readonly string[], row: Readonly<Record<string, JsonValue>>): string | null {
  const values = columns.map((column) => row[column] ?? null);
  return values.includes(null) ? null : JSON.stringify(values);
}

function isTaken({ taken }: RowMaker, columns: readonly string[], row: Readonly<Record<string, JsonValue>>): boolean {
  const value = valueOfSet(columns, row);
  return value !== null && (taken.get(nameOfSet(columns))?.has(value) ?? false);
}

function take({ taken }: RowMaker, columns: readonly string[], row: Readonly<Record<string, JsonValue>>): void {
  const value = valueOfSet(columns, row);
  if (value === null) return;
  const name = nameOfSet(columns);
  taken.set(name, (taken.get(name) ?? new Set()).add(value));
}

/** `/address/city` → address; of a missing property the row itself is named: ''. */
function columnOf(pointer: string): string {
  return (pointer.split('/')[1] ?? '').replaceAll('~1', '/').replaceAll('~0', '~');
}
