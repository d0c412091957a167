// A CHECK constraint as JSON Schema keywords on columns, where it says one: bounds (`age >= 0 AND age < 150`), lengths
// (`char_length(name) <= 30`), lists of values (`code = ANY (ARRAY['EUR', 'USD'])`), patterns, one excluded value. What it
// does not understand whole (two columns, functions, OR) gives null, and stays text for people.
//
// SQL lets NULL pass a CHECK; so do the keywords here: they speak of numbers and texts, and null is neither.

import type { JsonObject, JsonValue } from '../json-schema.ts';
import { checkTokens, type CheckToken } from './check-tokens.ts';
import { patternOf } from './posix-pattern.ts';

export interface CheckRule {
  readonly column: string;
  readonly keywords: JsonObject;
}

/** `column`: what VALUE stands for in a domain's check. */
export function checkRules(expression: string, column: string | null): readonly CheckRule[] | null {
  const tokens = checkTokens(expression);
  if (tokens === null) return null;
  const reader = new CheckReader(tokens, column);
  const rules = reader.condition();
  return rules !== null && reader.isAtEnd ? rules : null;
}

interface Operand {
  readonly column: string;
  readonly isLength: boolean;
}

type Literal = { readonly kind: 'number' | 'text'; readonly value: JsonValue };

/** Recursive descent; a method that does not understand returns null and may leave the place anywhere: its caller ends. */
class CheckReader {
  readonly #tokens: readonly CheckToken[];
  readonly #valueColumn: string | null;
  #at = 0;

  constructor(tokens: readonly CheckToken[], valueColumn: string | null) {
    this.#tokens = tokens;
    this.#valueColumn = valueColumn;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#tokens.length;
  }

  /** Terms joined by AND; `OR column IS NULL` says what holds anyway. */
  condition(): readonly CheckRule[] | null {
    const rules: CheckRule[] = [];
    do {
      const found = this.#term();
      if (found === null) return null;
      rules.push(...found);
    } while (this.#keyword('AND'));
    if (this.#keyword('OR')) {
      const column = this.#nullTest();
      return column !== null && rules.every((rule) => rule.column === column) ? rules : null;
    }
    return rules;
  }

  #term(): readonly CheckRule[] | null {
    const from = this.#at;
    if (this.#operator('(')) {
      const inner = this.condition();
      if (inner !== null && this.#operator(')') && !this.#comparisonFollows()) return inner;
      this.#at = from;
    }
    return this.#comparison();
  }

  #comparisonFollows(): boolean {
    const next = this.#tokens[this.#at];
    return next?.kind === 'operator' && next.text !== ')';
  }

  #comparison(): readonly CheckRule[] | null {
    const from = this.#at;
    const left = this.#operand();
    if (left !== null) {
      const sign = this.#sign();
      if (sign === null) return null;
      if (sign === '=' && this.#keyword('ANY')) return this.#listed(left);
      const right = this.#literal();
      return right && ruleOf(left, sign, right);
    }
    this.#at = from;
    const literal = this.#literal();
    const sign = this.#sign();
    const operand = this.#operand();
    const flipped = sign === null ? undefined : mirrored[sign];
    return literal && operand && flipped !== undefined ? ruleOf(operand, flipped, literal) : null;
  }

  /** `(ARRAY['EUR'::bpchar, …])`, perhaps cast as a whole. */
  #listed(operand: Operand): readonly CheckRule[] | null {
    if (operand.isLength || !this.#operator('(')) return null;
    const isWrapped = this.#operator('(');
    if (!this.#keyword('ARRAY') || !this.#operator('[')) return null;
    const values: JsonValue[] = [];
    do {
      const literal = this.#literal();
      if (literal === null) return null;
      values.push(literal.value);
    } while (this.#operator(','));
    if (!this.#operator(']')) return null;
    if (isWrapped && !this.#operator(')')) return null;
    this.#casts();
    return this.#operator(')') ? [{ column: operand.column, keywords: { enum: values } }] : null;
  }

  /** `(mx IS NULL)` */
  #nullTest(): string | null {
    const isWrapped = this.#operator('(');
    const operand = this.#operand();
    if (operand === null || operand.isLength || !this.#keyword('IS') || !this.#keyword('NULL')) return null;
    return isWrapped && !this.#operator(')') ? null : operand.column;
  }

  /** A column, perhaps in parentheses and cast; or the length of one. */
  #operand(): Operand | null {
    const from = this.#at;
    if (this.#operator('(')) {
      const inner = this.#operand();
      if (inner !== null && this.#operator(')')) {
        this.#casts();
        return inner;
      }
      this.#at = from;
      return null;
    }
    const token = this.#tokens[this.#at];
    if (token?.kind !== 'name') return null;
    const next = this.#tokens[this.#at + 1];
    if (!token.isQuoted && next?.kind === 'operator' && next.text === '(') {
      if (!lengthFunctions.has(token.text.toLowerCase())) return null;
      this.#at += 2;
      const inner = this.#operand();
      return inner !== null && !inner.isLength && this.#operator(')') ? { column: inner.column, isLength: true } : null;
    }
    if (!token.isQuoted && keywords.has(token.text.toUpperCase())) return null;
    this.#at++;
    const isValue = !token.isQuoted && token.text === 'VALUE' && this.#valueColumn !== null;
    const column = isValue ? this.#valueColumn : token.text;
    this.#casts();
    return column === null ? null : { column, isLength: false };
  }

  #literal(): Literal | null {
    if (this.#operator('(')) {
      const inner = this.#literal();
      if (inner === null || !this.#operator(')')) return null;
      return this.#casts() === 'number' ? asNumber(inner) : inner;
    }
    const isNegative = this.#operator('-');
    const token = this.#tokens[this.#at];
    if (token?.kind === 'number') {
      this.#at++;
      this.#casts();
      const value = Number(token.text);
      return isExact(token.text) ? { kind: 'number', value: isNegative ? -value : value } : null;
    }
    if (token?.kind !== 'text' || isNegative) return null;
    this.#at++;
    const cast = this.#casts();
    if (cast === 'number') return asNumber({ kind: 'text', value: token.text });
    // A date or a range has an order of its own.
    return cast === 'text' ? { kind: 'text', value: token.text } : null;
  }

  /** `::character varying(30)[]`; what the last one casts to. */
  #casts(): 'number' | 'text' | 'other' {
    let last: 'number' | 'text' | 'other' = 'text';
    while (this.#operator('::')) {
      const words: string[] = [];
      while (this.#tokens[this.#at]?.kind === 'name' && !isJoin(this.#tokens[this.#at])) words.push(this.#tokens[this.#at++]?.text ?? '');
      if (this.#operator('(')) while (!this.#operator(')') && !this.isAtEnd) this.#at++;
      if (this.#operator('[')) this.#operator(']');
      const type = words.join(' ').toLowerCase();
      last = numberTypes.has(type) ? 'number' : textTypes.has(type) ? 'text' : 'other';
    }
    return last;
  }

  #sign(): string | null {
    const token = this.#tokens[this.#at];
    if (token?.kind !== 'operator' || !signs.has(token.text)) return null;
    this.#at++;
    return token.text;
  }

  #operator(text: string): boolean {
    const token = this.#tokens[this.#at];
    const isIt = token?.kind === 'operator' && token.text === text;
    if (isIt) this.#at++;
    return isIt;
  }

  #keyword(text: string): boolean {
    const token = this.#tokens[this.#at];
    const isIt = token?.kind === 'name' && !token.isQuoted && token.text.toUpperCase() === text;
    if (isIt) this.#at++;
    return isIt;
  }
}

const lengthFunctions: ReadonlySet<string> = new Set(['char_length', 'character_length', 'length']);
const keywords: ReadonlySet<string> = new Set(['AND', 'OR', 'NOT', 'IS', 'NULL', 'TRUE', 'FALSE', 'ARRAY', 'ANY', 'CASE']);
const numberTypes: ReadonlySet<string> = new Set(['integer', 'bigint', 'smallint', 'numeric', 'double precision', 'real']);
const textTypes: ReadonlySet<string> = new Set(['text', 'character varying', 'bpchar', 'character', 'citext', 'name']);
const signs: ReadonlySet<string> = new Set(['=', '<>', '<', '<=', '>', '>=', '~']);
const mirrored: Readonly<Record<string, string>> = { '=': '=', '<>': '<>', '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

function isJoin(token: CheckToken | undefined): boolean {
  return token !== undefined && !token.isQuoted && keywords.has(token.text.toUpperCase());
}

/** A number that JSON writes as the same number. */
function isExact(text: string): boolean {
  return /^-?\d{1,15}(\.\d{1,15})?$/.test(text) && text.replace(/\D/g, '').length <= 15;
}

function asNumber({ kind, value }: Literal): Literal | null {
  if (kind === 'number') return { kind, value };
  return typeof value === 'string' && isExact(value) ? { kind: 'number', value: Number(value) } : null;
}

const bounds: Readonly<Record<string, string>> = { '<': 'exclusiveMaximum', '<=': 'maximum', '>': 'exclusiveMinimum', '>=': 'minimum' };

function ruleOf(operand: Operand, sign: string, { kind, value }: Literal): readonly CheckRule[] | null {
  const found = operand.isLength ? lengthKeywords(sign, value) : valueKeywords(sign, kind, value);
  return found && [{ column: operand.column, keywords: found }];
}

function lengthKeywords(sign: string, value: JsonValue): JsonObject | null {
  if (typeof value !== 'number' || !Number.isInteger(value)) return null;
  const least = sign === '>' ? value + 1 : value;
  const most = sign === '<' ? value - 1 : value;
  if (sign === '=' && value >= 0) return { minLength: value, maxLength: value };
  if (sign === '>' || sign === '>=') return { minLength: Math.max(least, 0) };
  return (sign === '<' || sign === '<=') && most >= 0 ? { maxLength: most } : null;
}

function valueKeywords(sign: string, kind: Literal['kind'], value: JsonValue): JsonObject | null {
  if (sign === '=') return { enum: [value] };
  if (sign === '<>') return value === '' ? { minLength: 1 } : { not: { const: value } };
  if (sign === '~') {
    const found = typeof value === 'string' ? patternOf(value) : null;
    return found === null ? null : { pattern: found };
  }
  const keyword = kind === 'number' ? bounds[sign] : undefined;
  return keyword === undefined ? null : { [keyword]: value };
}
