// From a contract's body to what enforces it. `refused` is not empty when the contract says something that is not
// supported, or more than the limits allow: then there are no rules, and it must not be registered.
//
//   const compiled = compileRules(table.body, { policy: contract.policy });
//   const { isClean, violations, needsJudge } = compiled.sql('scanned."after"', wire);
//   CASE WHEN isClean THEN NULL ELSE violations END   -- and compiled.judge(row) where needsJudge

import type { ViolationPolicy } from '../contract.ts';
import type { JsonSchema, JsonValue } from '../json-schema.ts';
import { checkKeywords } from './check-keywords.ts';
import { checkLimits, type Refusal } from './check-limits.ts';
import { rowJudge } from './judge-row.ts';
import { listRules, rulesMax, type Rule, type Violation } from './rule.ts';
import { sqlRules, type SqlRules } from './sql-rules.ts';
import type { Wire } from './wire.ts';

export interface RulesOptions {
  /** The contract's; `x-policy` in the body overrides it from there down. */
  readonly policy?: ViolationPolicy;
  /** SQL of what `_violations` shows of a column's value, from SQL of its text (NULL when it has none). */
  readonly shownInSql?: (column: string, text: string) => string;
  /** The same for rows that the validator judges. */
  readonly shown?: (column: string, text: string | null) => string | null;
}

export interface CompiledRules {
  readonly rules: readonly Rule[];
  /** Why the contract is refused, by place; empty when it is not. */
  readonly refused: readonly Refusal[];
  /** `row`: SQL of the row as a struct of wire values, NULL where there is none to judge (such rows are clean). */
  sql(row: string, wire: Wire): SqlRules;
  /** A logical row; every violation, in the order of the rules. */
  judge(row: JsonValue): readonly Violation[];
}

export function compileRules(body: JsonSchema, options: RulesOptions = {}): CompiledRules {
  const limits = checkLimits(body);
  const refused = limits.length > 0 ? limits : checkKeywords(body);
  const listed = refused.length > 0 ? [] : listRules(body, options.policy ?? 'flag');
  if (listed === null) return compiledOf([], [tooMany], body, options);
  return compiledOf(listed, refused, body, options);
}

const tooMany: Refusal = {
  pointer: '',
  keyword: '$ref',
  reason: `more than ${rulesMax} rules when references and allOf are followed`,
};

function compiledOf(rules: readonly Rule[], refused: readonly Refusal[], body: JsonSchema, options: RulesOptions): CompiledRules {
  const { judge } = rowJudge(rules, body, { shownValue: options.shown ?? ((_, text) => text) });
  const shownValue = options.shownInSql ?? ((_, text) => text);
  return {
    rules,
    refused,
    sql(row, wire) {
      const compiled = sqlRules(rules, body, row, wire, { shownValue });
      const isClean = compiled.isClean === 'true' ? 'true' : `(${row} IS NULL OR ${compiled.isClean})`;
      const needsJudge = compiled.needsJudge === 'false' ? 'false' : `(${row} IS NOT NULL AND ${compiled.needsJudge})`;
      return { ...compiled, isClean, needsJudge };
    },
    judge: (row) => (refused.length > 0 ? [] : judge(row)),
  };
}
