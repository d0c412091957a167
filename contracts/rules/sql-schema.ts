// A schema over one value as a boolean DuckDB expression. The walk follows what the wire form can hold, so recursion in a
// contract ends where the type ends; over a value of any type it does not, and the validator judges.

import { compileSchema } from '../json-schema-validator.ts';
import { isJsonObject, isJsonSchema, type JsonObject, type JsonSchema, type JsonValue } from '../json-schema.ts';
import { textFormats } from '../formats.ts';
import { linearPattern } from '../linear-pattern.ts';
import { selfContained } from './fragment.ts';
import { resolveReference } from './rule.ts';
import { allOf, anyOf, countOf, implies, not, type SqlBoolean } from './sql-boolean.ts';
import * as cells from './sql-cell.ts';
import { NotInSql, type Cell } from './sql-cell.ts';
import { areUnique, isEqual, isOneOf } from './sql-equality.ts';
import { isMultiple, isWithin, type Bound } from './sql-number.ts';
import { sqlString } from './sql-text.ts';

export interface SqlContext {
  readonly body: JsonSchema;
  /** Conditions under which DuckDB's answer counts; where one is false, the validator judges the row. */
  readonly known: SqlBoolean[];
  /** References followed without stepping down into the value, by the value they are about. */
  readonly open: Set<string>;
  /** Lambda variables in use. */
  depth: number;
  /** Characters written so far. */
  written: number;
}

/** A rule whose SQL is longer is left to the validator. */
const sqlLengthMax = 200_000;

export function satisfies(schema: JsonSchema, cell: Cell, context: SqlContext): SqlBoolean {
  if (typeof schema === 'boolean') return schema;
  // A schema that adds nothing to the text still takes time.
  context.written += 8;
  const terms: SqlBoolean[] = [];
  for (const [keyword, value] of Object.entries(schema)) {
    const judge = Object.hasOwn(keywords, keyword) ? keywords[keyword] : undefined;
    if (judge) terms.push(judge(value, cell, context, schema));
  }
  if (terms.length > 0) context.known.push(cells.isFormed(cell));
  const term = allOf(terms);
  if (typeof term === 'string') context.written += term.length;
  if (context.written > sqlLengthMax) throw new NotInSql('a rule of this size');
  return term;
}

type Judge = (value: JsonValue, cell: Cell, context: SqlContext, schema: JsonObject) => SqlBoolean;

const keywords: Readonly<Record<string, Judge>> = {
  type: (value, cell) => cells.hasSomeType(cell, Array.isArray(value) ? value.filter((type) => typeof type === 'string') : [String(value)]),
  enum: (value, cell) => isOneOf(cell, Array.isArray(value) ? value : []),
  const: (value, cell) => isEqual(cell, value),
  minimum: bound('minimum'),
  maximum: bound('maximum'),
  exclusiveMinimum: bound('exclusiveMinimum'),
  exclusiveMaximum: bound('exclusiveMaximum'),
  multipleOf: (value, cell, context) =>
    ofNumber(cell, () => {
      const multiple = isMultiple(cell, Number(value));
      context.known.push(multiple.isKnown);
      return multiple.holds;
    }),
  minLength: (value, cell) => ofText(cell, () => `(length(${cell.sql}) >= ${Number(value)})`),
  maxLength: (value, cell) => ofText(cell, () => `(length(${cell.sql}) <= ${Number(value)})`),
  pattern: (value, cell, context) => ofText(cell, () => matches(cell, String(value), context)),
  format: (value, cell) => ofText(cell, () => hasFormat(cell, String(value))),
  minItems: (value, cell) => cells.whereType(cell, 'array', () => `(len(${cell.sql}) >= ${Number(value)})`),
  maxItems: (value, cell) => cells.whereType(cell, 'array', () => `(len(${cell.sql}) <= ${Number(value)})`),
  uniqueItems: (value, cell, context) =>
    value === true ? cells.whereType(cell, 'array', () => withFormedElements(cell, context, () => areUnique(cell))) : true,
  prefixItems: (value, cell, context) => cells.whereType(cell, 'array', () => prefix(Array.isArray(value) ? value : [], cell, context)),
  items: (value, cell, context, schema) =>
    cells.whereType(cell, 'array', () => {
      const { prefixItems } = schema;
      return every(cell, Array.isArray(prefixItems) ? prefixItems.length : 0, schemaOf(value), context);
    }),
  contains: (value, cell, context, schema) => cells.whereType(cell, 'array', () => contains(schemaOf(value), cell, context, schema)),
  required: (value, cell) =>
    cells.whereType(cell, 'object', () => allOf(names(value).map((name) => cells.fieldNamed(cell, name)?.isPresent ?? false))),
  properties: (value, cell, context) =>
    ofObject(cell, (fields) =>
      allOf(
        fields.map((field) => {
          const part = isJsonObject(value) && Object.hasOwn(value, field.name) ? value[field.name] : true;
          return implies(field.isPresent, satisfies(schemaOf(part), field.cell, context));
        }),
      ),
    ),
  patternProperties: (value, cell, context) =>
    ofObject(cell, (fields) =>
      allOf(
        Object.entries(isJsonObject(value) ? value : {}).flatMap(([pattern, part]) =>
          fields
            .filter((field) => nameMatches(pattern, field.name))
            .map((field) => implies(field.isPresent, satisfies(schemaOf(part), field.cell, context))),
        ),
      ),
    ),
  additionalProperties: (value, cell, context, schema) =>
    ofObject(cell, (fields) =>
      allOf(
        fields
          .filter((field) => isAdditional(field.name, schema))
          .map((field) => implies(field.isPresent, satisfies(schemaOf(value), field.cell, context))),
      ),
    ),
  propertyNames: (value, cell, context) =>
    ofObject(cell, (fields) =>
      allOf(fields.map((field) => implies(field.isPresent, acceptsConstant(schemaOf(value), field.name, context)))),
    ),
  minProperties: (value, cell) =>
    ofObject(cell, (fields) =>
      countIs(
        fields.map((field) => field.isPresent),
        '>=',
        Number(value),
      ),
    ),
  maxProperties: (value, cell) =>
    ofObject(cell, (fields) =>
      countIs(
        fields.map((field) => field.isPresent),
        '<=',
        Number(value),
      ),
    ),
  dependentRequired: (value, cell) =>
    ofObject(cell, (fields) =>
      allOf(
        Object.entries(isJsonObject(value) ? value : {}).map(([name, others]) =>
          implies(presence(fields, name), allOf(names(others).map((other) => presence(fields, other)))),
        ),
      ),
    ),
  dependentSchemas: (value, cell, context) =>
    ofObject(cell, (fields) =>
      allOf(
        Object.entries(isJsonObject(value) ? value : {}).map(([name, part]) => {
          const has = presence(fields, name);
          return has === false ? true : implies(has, satisfies(schemaOf(part), cell, context));
        }),
      ),
    ),
  allOf: (value, cell, context) => allOf(schemas(value).map((part) => satisfies(part, cell, context))),
  anyOf: (value, cell, context) => anyOf(schemas(value).map((part) => satisfies(part, cell, context))),
  oneOf: (value, cell, context) =>
    countIs(
      schemas(value).map((part) => satisfies(part, cell, context)),
      '=',
      1,
    ),
  not: (value, cell, context) => not(satisfies(schemaOf(value), cell, context)),
  if: (value, cell, context, schema) => {
    const { then, else: otherwise } = schema;
    if (then === undefined && otherwise === undefined) return true;
    const condition = satisfies(schemaOf(value), cell, context);
    return allOf([
      condition === false ? true : implies(condition, satisfies(schemaOf(then), cell, context)),
      condition === true ? true : implies(not(condition), satisfies(schemaOf(otherwise), cell, context)),
    ]);
  },
  $ref: (value, cell, context) => {
    const target = resolveReference(context.body, String(value));
    const key = `${String(value)} ${cell.raw}`;
    if (target === undefined || context.open.has(key)) throw new NotInSql('a reference that leads to itself');
    context.open.add(key);
    const term = satisfies(target, cell, context);
    context.open.delete(key);
    return term;
  },
  unevaluatedProperties: () => unevaluated(),
  unevaluatedItems: () => unevaluated(),
};

function unevaluated(): never {
  throw new NotInSql('what other parts of the contract have looked at');
}

function bound(keyword: Bound): Judge {
  return (value, cell) => ofNumber(cell, () => isWithin(cell, keyword, Number(value)));
}

function ofNumber(cell: Cell, term: () => SqlBoolean): SqlBoolean {
  const type = cells.typeOfCell(cell);
  return type === 'number' || type === 'integer' ? anyOf([cells.isNull(cell), term()]) : true;
}

function withFormedElements(list: Cell, context: SqlContext, term: () => SqlBoolean): SqlBoolean {
  context.known.push(cells.everyElement(list, 0, 'foz_u', cells.isFormed));
  return term();
}

function ofText(cell: Cell, term: () => SqlBoolean): SqlBoolean {
  return cells.whereType(cell, 'string', term);
}

function ofObject(cell: Cell, term: (fields: readonly cells.FieldCell[]) => SqlBoolean): SqlBoolean {
  return cells.whereType(cell, 'object', () => term(cells.fieldCells(cell)));
}

function presence(fields: readonly cells.FieldCell[], name: string): SqlBoolean {
  return fields.find((field) => field.name === name)?.isPresent ?? false;
}

/**
 * The engines know Unicode of different years: they agree on every class within these ranges (up to N'Ko, kana, CJK,
 * Hangul), and a text beyond them is left to the validator where a class is asked for.
 */
export const settledCharacters =
  '\\x{0}-\\x{294}\\x{296}-\\x{7FF}\\x{3041}-\\x{3096}\\x{30A1}-\\x{30FA}\\x{4E00}-\\x{9FEF}\\x{AC00}-\\x{D7A3}';

function matches(cell: Cell, source: string, context: SqlContext): SqlBoolean {
  const pattern = linearPattern(source);
  if (pattern.kind === 'refused') throw new NotInSql(pattern.reason);
  if (/\\[pP]/.test(pattern.re2))
    context.known.push(anyOf([cells.isNull(cell), `NOT regexp_matches(${cell.sql}, ${sqlString(`[^${settledCharacters}]`)})`]));
  return `regexp_matches(${cell.sql}, ${sqlString(pattern.re2)})`;
}

function hasFormat(cell: Cell, name: string): SqlBoolean {
  const format = textFormats.get(name);
  if (format === undefined) return true;
  if ('formats' in cell.wire && cell.wire.formats?.includes(name)) return true;
  const isShort: SqlBoolean = format.lengthMax === undefined ? true : `(length(${cell.sql}) <= ${format.lengthMax})`;
  return allOf([isShort, `regexp_matches(${cell.sql}, ${sqlString(format.pattern)})`]);
}

function prefix(parts: readonly JsonValue[], list: Cell, context: SqlContext): SqlBoolean {
  return allOf(
    parts.map((part, index) => {
      const element = cells.element(list, index);
      return element ? implies(cells.hasElement(list, index), satisfies(schemaOf(part), element, context)) : true;
    }),
  );
}

/** Elements are judged inside a lambda: what is known of them is known of the list only when it is known of each. */
function every(list: Cell, from: number, schema: JsonSchema, context: SqlContext): SqlBoolean {
  const inner = insideList(context);
  const term = cells.everyElement(list, from, variable(inner), (element) => satisfies(schema, element, inner));
  leaveList(list, from, inner, context);
  return term;
}

function contains(schema: JsonSchema, list: Cell, context: SqlContext, around: JsonObject): SqlBoolean {
  if (list.wire.kind !== 'list') return true;
  const inner = insideList(context);
  const name = variable(inner);
  const term = satisfies(schema, cells.cellAt(name, list.wire.element), inner);
  leaveList(list, 0, inner, context);
  const length = `coalesce(len(${list.sql}), 0)`;
  const count = typeof term === 'boolean' ? (term ? length : '0') : `coalesce(len(list_filter(${list.sql}, lambda ${name}: ${term})), 0)`;
  const { minContains = 1, maxContains } = around;
  const most: SqlBoolean = maxContains === undefined ? true : `(${count} <= ${Number(maxContains)})`;
  return allOf([`(${count} >= ${Number(minContains)})`, most]);
}

export function insideList(context: SqlContext): SqlContext {
  return { body: context.body, known: [], open: new Set(), depth: context.depth + 1, written: context.written };
}

export function variable(context: SqlContext): string {
  return `foz_e${context.depth}`;
}

export function leaveList(list: Cell, from: number, inner: SqlContext, outer: SqlContext): void {
  outer.written = Math.max(outer.written, inner.written);
  const known = allOf(inner.known);
  if (known !== true) outer.known.push(cells.everyElement(list, from, variable(inner), () => known));
}

function countIs(terms: readonly SqlBoolean[], operator: '>=' | '<=' | '=', wanted: number): SqlBoolean {
  const { always, sql } = countOf(terms);
  if (sql.length > 0) return `(${[String(always), ...sql].join(' + ')} ${operator} ${wanted})`;
  return operator === '>=' ? always >= wanted : operator === '<=' ? always <= wanted : always === wanted;
}

function isAdditional(name: string, schema: JsonObject): boolean {
  const { properties, patternProperties } = schema;
  if (isJsonObject(properties) && Object.hasOwn(properties, name)) return false;
  return !Object.keys(isJsonObject(patternProperties) ? patternProperties : {}).some((pattern) => nameMatches(pattern, name));
}

function nameMatches(source: string, name: string): boolean {
  const pattern = linearPattern(source);
  return pattern.kind === 'pattern' && pattern.test(name);
}

function acceptsConstant(schema: JsonSchema, value: JsonValue, context: SqlContext): boolean {
  const compiled = compileSchema(selfContained(schema, context.body), true);
  if (compiled.kind === 'refused') throw new NotInSql(compiled.reason);
  return compiled.accepts(value);
}

function schemaOf(value: JsonValue | undefined): JsonSchema {
  return isJsonSchema(value) ? value : true;
}

function schemas(value: JsonValue): readonly JsonSchema[] {
  return Array.isArray(value) ? value.filter(isJsonSchema) : [];
}

function names(value: JsonValue): readonly string[] {
  return Array.isArray(value) ? value.filter((name) => typeof name === 'string') : [];
}
