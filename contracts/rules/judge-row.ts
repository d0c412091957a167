// The rules over one row as a JavaScript value, by the validator: what SQL says of the rows it can judge, for any row.

import { assert } from '../../runtime/errors.ts';
import { compileSchema } from '../json-schema-validator.ts';
import { isJsonObject, type JsonSchema, type JsonValue } from '../json-schema.ts';
import { selfContained } from './fragment.ts';
import { propertyPath, type Rule, type Step, type Violation } from './rule.ts';
import { excerptMax, violationsMax } from './sql-rules.ts';

export interface RowJudge {
  /** Empty when clean. */
  judge(row: JsonValue): readonly Violation[];
}

export interface RowJudgeOptions {
  /** What `_violations` shows of a value; by the top-level property. */
  readonly shownValue: (column: string, text: string | null) => string | null;
}

export function rowJudge(rules: readonly Rule[], body: JsonSchema, options: RowJudgeOptions): RowJudge {
  const compiled = new Map<Rule, (value: JsonValue) => boolean>();
  const holds = (rule: Rule, value: JsonValue): boolean => {
    const known = compiled.get(rule);
    if (known) return known(value);
    const judge = judgeOf(rule, body);
    compiled.set(rule, judge);
    return judge(value);
  };
  let accepts: ((value: JsonValue) => boolean) | null = null;
  return {
    judge(row) {
      accepts ??= acceptor(body, body);
      if (accepts(row)) return [];
      const violations: Violation[] = [];
      for (const rule of rules) {
        for (const spot of spotsAlong(rule.steps, { value: row, path: '' })) {
          if (violations.length >= violationsMax) return violations;
          if (holds(rule, spot.value)) continue;
          violations.push(violationAt(rule, spot, options));
        }
      }
      return violations;
    },
  };
}

function judgeOf(rule: Rule, body: JsonSchema): (value: JsonValue) => boolean {
  const all = acceptor(rule.schema, body);
  const rest = withoutKeyword(rule);
  const others = rest === false ? null : acceptor(rest, body);
  return (value) => all(value) || (others !== null && !others(value));
}

function acceptor(schema: JsonSchema, body: JsonSchema): (value: JsonValue) => boolean {
  const compiled = compileSchema(selfContained(schema, body), true);
  assert(compiled.kind === 'validator', 'a rule of a checked body does not compile');
  return compiled.accepts;
}

/** The schema of an unevaluated… rule is everything around it: what fails without the keyword too is another rule's. */
function withoutKeyword(rule: Rule): JsonSchema {
  if (!rule.keyword.startsWith('unevaluated') || !isJsonObject(rule.schema)) return false;
  return Object.fromEntries(Object.entries(rule.schema).filter(([keyword]) => keyword !== rule.keyword));
}

interface Spot {
  readonly value: JsonValue;
  readonly path: string;
}

function spotsAlong(steps: readonly Step[], spot: Spot): readonly Spot[] {
  const [step, ...rest] = steps;
  if (step === undefined) return [spot];
  const { value, path } = spot;
  if (step.kind === 'property') {
    const inner = isJsonObject(value) && Object.hasOwn(value, step.name) ? value[step.name] : undefined;
    return inner === undefined ? [] : spotsAlong(rest, { value: inner, path: propertyPath(path, step) });
  }
  if (!Array.isArray(value)) return [];
  const elements: readonly JsonValue[] = value;
  return elements.flatMap((inner, index) => {
    const isMeant = step.kind === 'item' ? index === step.index : index >= step.from;
    return isMeant ? spotsAlong(rest, { value: inner, path: propertyPath(path, { kind: 'item', index }) }) : [];
  });
}

function violationAt(rule: Rule, spot: Spot, options: RowJudgeOptions): Violation {
  if (rule.missing !== null)
    return {
      property: propertyPath(spot.path, { kind: 'property', name: rule.missing }),
      rule: rule.keyword,
      value: null,
      message: rule.message,
    };
  const [first] = rule.steps;
  const text = first?.kind === 'property' ? options.shownValue(first.name, excerpt(spot.value)) : null;
  return { property: spot.path, rule: rule.keyword, value: text, message: rule.message };
}

function excerpt(value: JsonValue): string | null {
  if (value === null) return null;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  // In code points, as DuckDB counts.
  return text.length <= excerptMax ? text : Array.from(text).slice(0, excerptMax).join('');
}
