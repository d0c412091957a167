// One quality rule of the Open Data Contract Standard as a measure and what must hold. Whatever in a rule is not
// understood makes it one that is not executed: leaving a part out would check something else and call it passed.

import { linearPattern } from '../../contracts/linear-pattern.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../contracts/json-schema.ts';
import { quoted } from '../../lake/parquet/duckdb-type.ts';
import type { Measure, Scalar, Threshold, ThresholdOperator, Valid } from '../check.ts';
import { formatNamed } from './forms/valid-forms.ts';

export interface RulePlace {
  /** `pickup.lat` for what lies within a column; null: the rule is about the table. */
  readonly column: string | null;
  /** What the contract says of the column's values. */
  readonly schema: JsonObject | null;
}

export type RuleReading =
  | { readonly kind: 'rule'; readonly measures: readonly Measure[]; readonly fail: Threshold }
  | { readonly kind: 'notExecuted'; readonly reason: string };

export function readRule(rule: JsonObject, place: RulePlace): RuleReading {
  const type = rule['type'] ?? (rule['query'] === undefined ? 'library' : 'sql');
  if (type === 'custom')
    return notExecuted(`it is written for ${textOr(rule['engine'], 'another engine')}, which is not here: say it as a metric or as sql`);
  const metric = rule['metric'] ?? rule['rule'];
  if (type === 'text' || (type === 'library' && metric === undefined))
    return notExecuted('it is text for people: say it as a metric or as sql');
  const fail = thresholdOf(rule, type === 'sql');
  if (typeof fail === 'string') return notExecuted(fail);
  if (type === 'sql') return sqlRule(textOr(rule['query'], ''), place, fail);
  const given = rule['arguments'];
  return libraryRule(String(metric), isJsonObject(given) ? given : {}, place, fail);
}

function notExecuted(reason: string): RuleReading {
  return { kind: 'notExecuted', reason };
}

const columnPlaceholder = /\$?\{(?:column|property|field)\}/g;

function sqlRule(query: string, { column }: RulePlace, fail: Threshold): RuleReading {
  if (column === null && query.search(columnPlaceholder) >= 0)
    return notExecuted('it says ${column}, but stands on the table: move it to the property');
  // A path into a column is not one name.
  const name = (column ?? '').split('.').map(quoted).join('.');
  const sql = query.replaceAll(columnPlaceholder, () => name);
  return { kind: 'rule', measures: [{ kind: 'sql', sql, result: 'value' }], fail };
}

/** Names of metrics before version 3.1. */
const formerNames: Readonly<Record<string, string>> = {
  duplicateCount: 'duplicateValues',
  nullCount: 'nullValues',
  nullCheck: 'nullValues',
  missingCount: 'missingValues',
  invalidCount: 'invalidValues',
  uniqueCheck: 'duplicateValues',
};

function libraryRule(named: string, given: JsonObject, place: RulePlace, fail: Threshold): RuleReading {
  const metric = Object.hasOwn(formerNames, named) ? (formerNames[named] ?? named) : named;
  const { column } = place;
  const rule = (...measures: readonly Measure[]): RuleReading => ({ kind: 'rule', measures, fail });
  const stray = (known: readonly string[]): RuleReading | null => {
    const key = Object.keys(given).find((name) => !known.includes(name));
    const expected = known.length === 0 ? 'none' : known.join(', ');
    return key === undefined ? null : notExecuted(`${metric} has no argument ${key}: expected ${expected}`);
  };
  switch (metric) {
    case 'rowCount':
      if (fail.unit === 'percent') return notExecuted('a row count is no percentage: leave the unit out');
      return stray([]) ?? rule({ kind: 'rowCount' });
    case 'duplicateValues': {
      const said = texts(given['properties']);
      const columns = said.length > 0 ? said : column === null ? [] : [column];
      if (columns.length === 0) return notExecuted('nothing says of which columns: add arguments: { properties: [ … ] }');
      return stray(['properties']) ?? rule({ kind: 'duplicates', columns });
    }
    case 'nullValues':
    case 'missingValues':
    case 'invalidValues':
      if (column === null) return notExecuted(`${metric} is about a property, but stands on the table: move it to the property`);
      if (metric === 'nullValues') return stray([]) ?? rule({ kind: 'nulls', column });
      if (metric === 'missingValues') {
        const values = scalars(given['missingValues']).filter((value) => value !== null);
        return stray(['missingValues']) ?? rule({ kind: 'missing', column, values });
      }
      return stray(validArguments) ?? invalidRule(given, { ...place, column }, fail);
    default:
      return notExecuted(`there is no metric ${metric}: expected rowCount, nullValues, missingValues, invalidValues or duplicateValues`);
  }
}

const validArguments = ['validValues', 'invalidValues', 'pattern', 'format', 'minimum', 'maximum', 'minLength', 'maxLength'] as const;

function invalidRule(given: JsonObject, { column, schema }: RulePlace & { readonly column: string }, fail: Threshold): RuleReading {
  const isSaid = Object.keys(given).length > 0;
  const valids = validsOf(isSaid ? given : ofSchema(schema ?? {}));
  if (typeof valids === 'string') return notExecuted(valids);
  const [first, ...others] = valids;
  if (first === undefined)
    return notExecuted('nothing says which values are valid: add arguments: { validValues: [ … ] } or { pattern: … }');
  const isNone = fail.operator === 'equal' && fail.values[0] === 0;
  // One value may break two of them: only that there is none at all can be told of each alone.
  if (others.length > 0 && !isNone)
    return notExecuted('several conditions at once can only be compared with mustBe: 0; make it a rule for each');
  return { kind: 'rule', measures: valids.map((valid) => ({ kind: 'invalid', column, valid })), fail };
}

/** What the property itself says of its values. */
function ofSchema(schema: JsonObject): JsonObject {
  const list = schema['enum'];
  const said = ['pattern', 'format', 'minimum', 'maximum', 'minLength', 'maxLength'].filter((key) => schema[key] !== undefined);
  return { ...(Array.isArray(list) ? { validValues: list } : {}), ...Object.fromEntries(said.map((key) => [key, schema[key] ?? null])) };
}

/** Text: why they cannot be used. */
function validsOf(given: JsonObject): readonly Valid[] | string {
  const { validValues, invalidValues, pattern, format, minimum, maximum, minLength, maxLength } = given;
  const found: Valid[] = [];
  // Nulls are neither valid nor invalid, whether or not they are listed.
  if (validValues !== undefined) found.push({ kind: 'values', values: scalars(validValues).filter((value) => value !== null) });
  if (invalidValues !== undefined) found.push({ kind: 'notValues', values: scalars(invalidValues).filter((value) => value !== null) });
  if (pattern !== undefined) {
    const compiled = linearPattern(textOr(pattern, ''));
    if (compiled.kind === 'refused') return compiled.reason;
    found.push({ kind: 'pattern', pattern: textOr(pattern, '') });
  }
  const valid = typeof format === 'string' ? formatNamed(format) : null;
  if (valid !== null) found.push(valid);
  if (minimum !== undefined || maximum !== undefined) found.push({ kind: 'range', min: boundOf(minimum), max: boundOf(maximum) });
  if (minLength !== undefined || maxLength !== undefined)
    found.push({ kind: 'length', min: numberOr(minLength), max: numberOr(maxLength) });
  return found;
}

const operators: Readonly<Record<string, ThresholdOperator>> = {
  mustBe: 'equal',
  mustNotBe: 'notEqual',
  mustBeGreaterThan: 'greater',
  mustBeGreaterOrEqualTo: 'greaterOrEqual',
  mustBeLessThan: 'less',
  mustBeLessOrEqualTo: 'lessOrEqual',
  mustBeBetween: 'between',
  mustNotBeBetween: 'notBetween',
};

/** Text: why it cannot be compared. */
function thresholdOf(rule: JsonObject, isSql: boolean): Threshold | string {
  const said = Object.entries(operators).filter(([key]) => rule[key] !== undefined);
  const [first] = said;
  if (first === undefined) return 'nothing says what it must be: add mustBe or another operator';
  if (said.length > 1) return `it compares twice: ${said.map(([key]) => key).join(', ')}`;
  const [key, operator] = first;
  const value = rule[key];
  const values: readonly JsonValue[] = Array.isArray(value) ? value : [value ?? null];
  const numbers = values.filter((item): item is number => typeof item === 'number');
  const isRange = operator === 'between' || operator === 'notBetween';
  if (numbers.length !== values.length || numbers.length !== (isRange ? 2 : 1))
    return `${key} ${JSON.stringify(value).slice(0, 60)} is no number: what is measured is one`;
  const [low = 0, high = low] = numbers;
  if (low > high) return `nothing is between ${low} and ${high}`;
  // What a statement gives is its author's unit.
  if (isSql) return { operator, values: numbers, unit: 'value' };
  const unit = textOr(rule['unit'], 'rows').trim().toLowerCase();
  if (['rows', 'row', 'count', 'records'].includes(unit)) return { operator, values: numbers, unit: 'value' };
  if (['percent', '%', 'percentage'].includes(unit)) return { operator, values: numbers, unit: 'percent' };
  return `the unit ${JSON.stringify(unit.slice(0, 40))} is neither rows nor percent`;
}

function scalars(value: JsonValue | undefined): readonly (Scalar | null)[] {
  if (!Array.isArray(value)) return [];
  return value.filter((item): item is Scalar | null => item === null || ['string', 'number', 'boolean'].includes(typeof item));
}

function texts(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

function boundOf(value: JsonValue | undefined): number | string | null {
  return typeof value === 'number' || typeof value === 'string' ? value : null;
}

function numberOr(value: JsonValue | undefined): number | null {
  return typeof value === 'number' ? value : null;
}

function textOr(value: JsonValue | undefined, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise;
}
