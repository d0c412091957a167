// A contract's rules over one row in DuckDB: a boolean that holds for clean rows, and the list of what a row breaks,
// which is only worth evaluating where the boolean is false. Rules that SQL cannot say are left to the validator, on the
// rows that have a value there at all.

import { isJsonObject, type JsonSchema } from '../json-schema.ts';
import { expectedWire, inStoredOrder, typedJson, type TypedJson } from './json-type.ts';
import type { Rule, Step } from './rule.ts';
import { allOf, anyOf, implies, not, sqlText, type SqlBoolean } from './sql-boolean.ts';
import * as cells from './sql-cell.ts';
import { NotInSql, type Cell } from './sql-cell.ts';
import { insideList, leaveList, satisfies, variable, type SqlContext } from './sql-schema.ts';
import { sqlString } from './sql-text.ts';
import type { Wire } from './wire.ts';

export interface SqlRules {
  /** Never NULL. False also where `needsJudge` is true. */
  readonly isClean: string;
  /** STRUCT(property, rule, value, message)[]: what `rules` in SQL say of a row; empty when they hold. */
  readonly violations: string;
  /** Never NULL: rows whose violations the validator must list instead (all of them, not only the rest); `false` when there are none. */
  readonly needsJudge: string;
  /** Ids of the rules that only the validator judges, with the reason. */
  readonly left: ReadonlyMap<string, string>;
  /** For one policy: whether a row breaks a rule that has it, as far as SQL can tell. */
  breaks(policy: Rule['policy']): string;
}

export const violationType = 'STRUCT(property VARCHAR, rule VARCHAR, "value" VARCHAR, message VARCHAR)';

/** Violations told of one row. */
export const violationsMax = 100;
/** Characters of a value excerpt. */
export const excerptMax = 200;

export interface SqlRulesOptions {
  /** SQL of what `_violations` shows of a value, from its text; by the top-level property. */
  readonly shownValue: (column: string, text: string) => string;
}

export function sqlRules(rules: readonly Rule[], body: JsonSchema, row: string, wire: Wire, options: SqlRulesOptions): SqlRules {
  const root: Cell = { ...cells.cellAt(row, wire), isRow: true };
  const parts: Parts = { body, options, clean: [], lists: new Map(), judged: [], left: new Map(), broken: new Map() };
  const typed = typedColumns(root, body);
  const ofColumn = (rule: Rule): TypedColumn | undefined =>
    rule.steps[0]?.kind === 'property' ? typed.get(rule.steps[0].name) : undefined;
  for (const [column, own] of Map.groupBy(rules, ofColumn)) {
    if (column) addTyped(own, column, root, parts);
    else for (const rule of own) addPlain(rule, root, parts);
  }
  const lists = rules.flatMap((rule) => parts.lists.get(rule) ?? []);
  return {
    isClean: sqlText(allOf(parts.clean)),
    violations: lists.length === 0 ? `[]::${violationType}[]` : `(flatten([${lists.join(', ')}]))[1:${violationsMax}]`,
    needsJudge: sqlText(anyOf(parts.judged)),
    left: parts.left,
    breaks: (policy) => sqlText(anyOf(parts.broken.get(policy) ?? [])),
  };
}

interface Parts {
  readonly body: JsonSchema;
  readonly options: SqlRulesOptions;
  readonly clean: SqlBoolean[];
  readonly lists: Map<Rule, string>;
  readonly judged: SqlBoolean[];
  readonly left: Map<string, string>;
  readonly broken: Map<Rule['policy'], SqlBoolean[]>;
}

function addPlain(rule: Rule, root: Cell, parts: Parts): void {
  const { options } = parts;
  const context = newContext(parts.body);
  const holds = tried(rule, root, parts, () => along(rule.steps, rule, root, context));
  if (holds === null) return;
  parts.clean.push(holds, ...context.known);
  parts.judged.push(not(allOf(context.known)));
  if (holds === true) return;
  addBroken(rule, holds, parts);
  parts.lists.set(
    rule,
    violationsAlong(rule.steps, rule, { cell: root, path: sqlString(''), isRoot: true }, newContext(parts.body), options),
  );
}

/** What the rule says, or null: then it is left to the validator, on the rows that have a value at the beginning of its way. */
function tried(rule: Rule, root: Cell, parts: Parts, term: () => SqlBoolean): SqlBoolean | null {
  try {
    return term();
  } catch (error) {
    if (!(error instanceof NotInSql)) throw error;
    parts.left.set(rule.id, error.message);
    const concerned = reaches(rule.steps, root);
    parts.judged.push(concerned);
    parts.clean.push(not(concerned));
    return null;
  }
}

function addBroken(rule: Rule, holds: SqlBoolean, parts: Parts): void {
  parts.broken.set(rule.policy, [...(parts.broken.get(rule.policy) ?? []), not(holds)]);
}

function newContext(body: JsonSchema): SqlContext {
  return { body, known: [], open: new Set(), depth: 0, written: 0 };
}

/** A column of JSON that the contract gives one type. */
interface TypedColumn {
  readonly field: cells.FieldCell;
  readonly wire: Wire;
  readonly json: TypedJson;
}

function typedColumns(root: Cell, body: JsonSchema): ReadonlyMap<string, TypedColumn> {
  const columns = new Map<string, TypedColumn>();
  const properties = isJsonObject(body) && isJsonObject(body['properties']) ? body['properties'] : {};
  for (const field of cells.fieldCells(root)) {
    const schema = Object.hasOwn(properties, field.name) ? properties[field.name] : undefined;
    if (field.cell.wire.kind !== 'json' || !isJsonObject(schema)) continue;
    const expected = expectedWire(schema, body);
    if (expected === null) continue;
    const wire = schema['x-physicalType'] === 'jsonb' ? inStoredOrder(expected) : expected;
    columns.set(field.name, { field, wire, json: typedJson(field.cell.raw, wire) });
  }
  return columns;
}

/** All rules of one such column together: its text is read once, as the only element of a list. */
function addTyped(rules: readonly Rule[], { field, wire, json }: TypedColumn, root: Cell, parts: Parts): void {
  const { isPresent, name } = field;
  const bound = (term: SqlBoolean): SqlBoolean => (typeof term === 'boolean' ? term : json.bound(term));
  const cell = cells.cellAt('foz_json.v', wire);
  const terms: SqlBoolean[] = [];
  const known: SqlBoolean[] = [];
  for (const rule of rules) {
    const context = newContext(parts.body);
    const below = rule.steps.slice(1);
    const holds = tried(rule, root, parts, () => along(below, rule, cell, context));
    if (holds === null) continue;
    // One that always holds does so for what has the type.
    terms.push(holds);
    known.push(...context.known);
    if (holds === true) continue;
    addBroken(rule, implies(isPresent, bound(holds)), parts);
    const spot: Spot = { cell: cells.cellAt(json.sql, wire), path: sqlString(name), isRoot: false, column: name };
    parts.lists.set(rule, guarded(isPresent, violationsAlong(below, rule, spot, newContext(parts.body), parts.options)));
  }
  if (terms.length === 0) return;
  known.push(json.isWhole);
  parts.clean.push(implies(isPresent, bound(allOf([...known, ...terms]))));
  parts.judged.push(allOf([isPresent, not(bound(allOf(known)))]));
}

/** Whether the rule holds for every value that its steps lead to. */
function along(steps: readonly Step[], rule: Rule, cell: Cell, context: SqlContext): SqlBoolean {
  const [step, ...rest] = steps;
  if (step === undefined) return satisfies(rule.schema, cell, context);
  if (step.kind === 'property') {
    const field = property(cell, step.name);
    return field ? implies(allOf([cells.isNotNull(cell), field.isPresent]), along(rest, rule, field.cell, context)) : true;
  }
  if (cells.typeOfCell(cell) !== 'array') return true;
  if (step.kind === 'item') {
    const element = cells.element(cell, step.index);
    return element ? implies(cells.hasElement(cell, step.index), along(rest, rule, element, context)) : true;
  }
  const inner = insideList(context);
  const term = cells.everyElement(cell, step.from, variable(inner), (element) => along(rest, rule, element, inner));
  leaveList(cell, step.from, inner, context);
  return term;
}

interface Spot {
  readonly cell: Cell;
  /** SQL of the property's path. */
  readonly path: string;
  readonly isRoot: boolean;
  readonly column?: string;
}

/** SQL of the list of violations of one rule. */
function violationsAlong(steps: readonly Step[], rule: Rule, spot: Spot, context: SqlContext, options: SqlRulesOptions): string {
  const none = `[]::${violationType}[]`;
  const [step, ...rest] = steps;
  const { cell } = spot;
  if (step === undefined) {
    const broken = not(satisfies(rule.schema, cell, context));
    return broken === false ? none : `CASE WHEN ${sqlText(broken)} THEN [${violation(rule, spot, options)}] ELSE ${none} END`;
  }
  if (step.kind === 'property') {
    const field = property(cell, step.name);
    if (!field) return none;
    const path = spot.isRoot ? sqlString(step.name) : `${spot.path} || ${sqlString(`.${step.name}`)}`;
    const below = { cell: field.cell, path, isRoot: false, column: spot.column ?? step.name };
    return guarded(allOf([cells.isNotNull(cell), field.isPresent]), violationsAlong(rest, rule, below, context, options));
  }
  const { wire } = cell;
  if (wire.kind !== 'list') return none;
  const at = step.kind === 'item' ? String(step.index) : `foz_i${context.depth}`;
  const below: Spot = {
    ...spot,
    cell: cells.cellAt(`(${cell.sql})[${at} + 1]`, wire.element),
    path: `${spot.path} || ${step.kind === 'item' ? sqlString(`[${step.index}]`) : `'[' || ${at} || ']'`}`,
    isRoot: false,
  };
  if (step.kind === 'item') return guarded(cells.hasElement(cell, step.index), violationsAlong(rest, rule, below, context, options));
  const inner = violationsAlong(rest, rule, below, insideList(context), options);
  const indexes = `range(${step.from}, coalesce(len(${cell.sql}), 0))`;
  return `flatten(list_transform(${indexes}, lambda ${at}: ${inner}))`;
}

function guarded(condition: SqlBoolean, list: string): string {
  return condition === true ? list : `CASE WHEN ${sqlText(condition)} THEN ${list} ELSE []::${violationType}[] END`;
}

function violation(rule: Rule, spot: Spot, options: SqlRulesOptions): string {
  const missing = rule.missing;
  const path = missing === null ? spot.path : spot.isRoot ? sqlString(missing) : `${spot.path} || ${sqlString(`.${missing}`)}`;
  const text = missing === null ? excerpt(spot.cell) : 'NULL';
  const value = missing === null && spot.column !== undefined ? options.shownValue(spot.column, text) : spot.isRoot ? 'NULL' : text;
  return `{'property': ${path}, 'rule': ${sqlString(rule.keyword)}, 'value': (${value})::VARCHAR, 'message': ${sqlString(rule.message)}}`;
}

function excerpt(cell: Cell): string {
  const { kind } = cell.wire;
  if (kind === 'null') return 'NULL';
  // 1.0 is shown as 1, as it is written in JSON elsewhere.
  if (kind === 'double') return `regexp_replace(${cell.sql}::VARCHAR, '\\.0$', '')`;
  const text = kind === 'list' || kind === 'struct' ? `to_json(${cell.sql})` : cell.sql;
  return `left(${text}::VARCHAR, ${excerptMax})`;
}

function property(cell: Cell, name: string): cells.FieldCell | null {
  if (cell.wire.kind === 'json') throw new NotInSql('a value of any type');
  return cells.fieldNamed(cell, name);
}

/** Rows that have a value at the beginning of the rule's way: those that the validator looks at. */
function reaches(steps: readonly Step[], root: Cell): SqlBoolean {
  const [step] = steps;
  if (step?.kind !== 'property' || root.wire.kind === 'json') return cells.isNotNull(root);
  const field = property(root, step.name);
  return field ? allOf([cells.isNotNull(root), field.isPresent]) : false;
}
