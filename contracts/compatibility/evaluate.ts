// Does a value satisfy a schema? Three answers: where this evaluator does not know a keyword it says so (null) instead of
// guessing. It answers for thousands of small values inside a proof or a search, where compiling each sub-schema would
// cost more than the answer; ajv stays the judge of what is shown to people, and a property test holds the two together.

import { isDecimalMultiple } from '../decimal-multiple.ts';
import { isJsonObject, type JsonObject, type JsonSchema, type JsonValue } from '../json-schema.ts';
import type { LinearPattern } from '../linear-pattern.ts';
import type { Budget } from './budget.ts';
import { jsonEqual } from './json-equal.ts';
import {
  additionalItems,
  additionalProperties,
  keyword,
  numberKeyword,
  schemaKeyword,
  schemaListKeyword,
  schemaMapKeyword,
  textKeyword,
  textList,
  textListKeyword,
  typesOf,
  valuesOf,
} from './keywords.ts';
import { hasKind, kindOf, kindsOfTypes } from './kinds.ts';
import type { SchemaDocument } from './schema-document.ts';

export interface Judges {
  readonly budget: Budget;
  /** Compiled once a source. */
  pattern(source: string): LinearPattern;
  /** `enum`: lists are looked through once. */
  isListed(values: readonly JsonValue[], value: JsonValue): boolean;
  /** null: not a format that is asserted. */
  format(name: string, text: string): boolean | null;
}

/** true, false, or null: not known. */
export type Answer = boolean | null;

export function evaluate(judges: Judges, document: SchemaDocument, schema: JsonSchema, value: JsonValue): Answer {
  judges.budget.spend(1);
  if (typeof schema === 'boolean') return schema;
  const types = typesOf(schema);
  if (types !== undefined && !hasKind(kindsOfTypes(types), kindOf(value))) return false;
  const values = valuesOf(schema);
  if (values !== undefined && !judges.isListed(values, value)) return false;
  const inner = (sub: JsonSchema, member: JsonValue): Answer => evaluate(judges, document, sub, member);
  const own =
    typeof value === 'number'
      ? numberHolds(schema, value)
      : typeof value === 'string'
        ? textHolds(judges, schema, value)
        : Array.isArray(value)
          ? arrayHolds(schema, value, inner)
          : isJsonObject(value)
            ? objectHolds(judges, schema, value, inner)
            : true;
  if (own === false) return false;
  return both(own, inPlaceHolds(document, schema, value, inner));
}

export function both(a: Answer, b: Answer): Answer {
  if (a === false || b === false) return false;
  return a === null || b === null ? null : true;
}

type Inner = (schema: JsonSchema, value: JsonValue) => Answer;

function every(answers: Iterable<Answer>): Answer {
  let all: Answer = true;
  for (const answer of answers) {
    all = both(all, answer);
    if (all === false) return false;
  }
  return all;
}

function negate(answer: Answer): Answer {
  return answer === null ? null : !answer;
}

function inPlaceHolds(document: SchemaDocument, schema: JsonObject, value: JsonValue, inner: Inner): Answer {
  let answer: Answer = true;
  const reference = textKeyword(schema, '$ref');
  if (reference !== undefined) {
    const target = document.resolve(reference);
    answer = target === undefined ? null : inner(target, value);
  }
  if (answer === false) return false;
  answer = both(answer, every(schemaListKeyword(schema, 'allOf').map((sub) => inner(sub, value))));
  const any = schemaListKeyword(schema, 'anyOf');
  if (any.length > 0) answer = both(answer, negate(every(any.map((sub) => negate(inner(sub, value))))));
  const one = schemaListKeyword(schema, 'oneOf');
  if (one.length > 0) answer = both(answer, exactlyOne(one.map((sub) => inner(sub, value))));
  const not = schemaKeyword(schema, 'not');
  if (not !== undefined) answer = both(answer, negate(inner(not, value)));
  return both(answer, conditionHolds(schema, value, inner));
}

function exactlyOne(answers: readonly Answer[]): Answer {
  const yes = answers.filter((answer) => answer === true).length;
  if (yes > 1) return false;
  if (answers.includes(null)) return null;
  return yes === 1;
}

function conditionHolds(schema: JsonObject, value: JsonValue, inner: Inner): Answer {
  const condition = schemaKeyword(schema, 'if');
  if (condition === undefined) return true;
  const holds = inner(condition, value);
  const yes = schemaKeyword(schema, 'then') ?? true;
  const no = schemaKeyword(schema, 'else') ?? true;
  if (holds !== null) return inner(holds ? yes : no, value);
  const [a, b] = [inner(yes, value), inner(no, value)];
  return a === b ? a : null;
}

function numberHolds(schema: JsonObject, value: number): Answer {
  const bounded =
    value >= (numberKeyword(schema, 'minimum') ?? -Infinity) &&
    value <= (numberKeyword(schema, 'maximum') ?? Infinity) &&
    value > (numberKeyword(schema, 'exclusiveMinimum') ?? -Infinity) &&
    value < (numberKeyword(schema, 'exclusiveMaximum') ?? Infinity);
  if (!bounded) return false;
  const divisor = numberKeyword(schema, 'multipleOf');
  return divisor === undefined || isDecimalMultiple(value, divisor);
}

function textHolds(judges: Judges, schema: JsonObject, value: string): Answer {
  const shortest = numberKeyword(schema, 'minLength');
  const longest = numberKeyword(schema, 'maxLength');
  if (shortest !== undefined || longest !== undefined) {
    const length = [...value].length;
    if (length < (shortest ?? 0) || length > (longest ?? Infinity)) return false;
  }
  const format = textKeyword(schema, 'format');
  if (format !== undefined && judges.format(format, value) === false) return false;
  const source = textKeyword(schema, 'pattern');
  if (source === undefined) return true;
  const pattern = judges.pattern(source);
  return pattern.kind === 'refused' ? null : pattern.test(value);
}

function arrayHolds(schema: JsonObject, value: readonly JsonValue[], inner: Inner): Answer {
  if (value.length < (numberKeyword(schema, 'minItems') ?? 0) || value.length > (numberKeyword(schema, 'maxItems') ?? Infinity))
    return false;
  if (keyword(schema, 'uniqueItems') === true && value.some((item, index) => value.slice(0, index).some((other) => jsonEqual(item, other))))
    return false;
  const prefix = schemaListKeyword(schema, 'prefixItems');
  const rest = additionalItems(schema) ?? true;
  const items = every(value.map((item, index) => inner(prefix[index] ?? rest, item)));
  const contains = schemaKeyword(schema, 'contains');
  const unevaluated = Object.hasOwn(schema, 'unevaluatedItems') && additionalItems(schema) === undefined ? null : true;
  if (contains === undefined || items === false) return both(items, unevaluated);
  const answers = value.map((item) => inner(contains, item));
  const least = answers.filter((answer) => answer === true).length;
  const most = least + answers.filter((answer) => answer === null).length;
  const min = numberKeyword(schema, 'minContains') ?? 1;
  const max = numberKeyword(schema, 'maxContains') ?? Infinity;
  if (most < min || least > max) return false;
  return both(both(items, unevaluated), least >= min && most <= max ? true : null);
}

function objectHolds(judges: Judges, schema: JsonObject, value: JsonObject, inner: Inner): Answer {
  const names = Object.keys(value);
  if (names.length < (numberKeyword(schema, 'minProperties') ?? 0) || names.length > (numberKeyword(schema, 'maxProperties') ?? Infinity))
    return false;
  if (!textListKeyword(schema, 'required').every((name) => Object.hasOwn(value, name))) return false;
  const dependent = keyword(schema, 'dependentRequired');
  if (isJsonObject(dependent)) {
    const broken = Object.entries(dependent).some(
      ([name, needs]) => Object.hasOwn(value, name) && !textList(needs).every((need) => Object.hasOwn(value, need)),
    );
    if (broken) return false;
  }
  const nameSchema = schemaKeyword(schema, 'propertyNames');
  let answer: Answer = nameSchema === undefined ? true : every(names.map((name) => inner(nameSchema, name)));
  for (const [name, sub] of Object.entries(schemaMapKeyword(schema, 'dependentSchemas'))) {
    if (Object.hasOwn(value, name)) answer = both(answer, inner(sub, value));
  }
  if (answer === false) return false;
  const hidden = additionalProperties(schema) === undefined && Object.hasOwn(schema, 'unevaluatedProperties');
  return both(both(answer, hidden ? null : true), membersHold(judges, schema, value, inner));
}

function membersHold(judges: Judges, schema: JsonObject, value: JsonObject, inner: Inner): Answer {
  const properties = schemaMapKeyword(schema, 'properties');
  const patterns = Object.entries(schemaMapKeyword(schema, 'patternProperties'));
  const rest = additionalProperties(schema) ?? true;
  const answers: Answer[] = [];
  for (const [name, member] of Object.entries(value)) {
    const named = Object.hasOwn(properties, name) ? properties[name] : undefined;
    let isNamed: Answer = named !== undefined;
    if (named !== undefined) answers.push(inner(named, member));
    for (const [source, sub] of patterns) {
      const pattern = judges.pattern(source);
      if (pattern.kind === 'refused') {
        answers.push(inner(sub, member) === true ? true : null);
        isNamed = isNamed === true ? true : null;
      } else if (pattern.test(name)) {
        isNamed = true;
        answers.push(inner(sub, member));
      }
    }
    if (isNamed === false) answers.push(inner(rest, member));
    else if (isNamed === null) answers.push(inner(rest, member) === true ? true : null);
  }
  return every(answers);
}
