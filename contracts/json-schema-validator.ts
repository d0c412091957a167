// JSON Schema 2020-12 as a yes or no, by ajv: the judge of what the rest of this room proves or compiles. Formats are
// asserted, patterns run on the linear engine, `multipleOf` is exact in decimals (binary floating point says that 0.07
// is no multiple of 0.01). Nothing is fetched: a reference outside the document is a refusal.

import { Ajv2020 } from 'ajv/dist/2020.js';
import type { RegExpEngine } from 'ajv/dist/types/index.js';
import { isDecimalMultiple } from './decimal-multiple.ts';
import { annotationFormats, formatMatcher, textFormats } from './formats.ts';
import { isJsonObject, isJsonSchema, type JsonSchema, type JsonValue } from './json-schema.ts';
import { linearPattern } from './linear-pattern.ts';

export interface SchemaValidator {
  readonly kind: 'validator';
  accepts(document: JsonValue): boolean;
  /** Empty when accepted. */
  problems(document: JsonValue): readonly SchemaProblem[];
}

export interface SchemaProblem {
  /** JSON pointer into the document; empty for the document itself. */
  readonly pointer: string;
  readonly keyword: string;
  readonly message: string;
}

export type CompiledSchema = SchemaValidator | { readonly kind: 'refused'; readonly reason: string };

/** `isChecked`: the schema is known to be one, which saves most of the time. */
export function compileSchema(schema: JsonSchema, isChecked = false): CompiledSchema {
  if (typeof schema === 'object' && schema['$async'] !== undefined) return { kind: 'refused', reason: '$async is not JSON Schema' };
  try {
    const ajv = newAjv(!isChecked);
    // Its bookkeeping for unevaluated… fails on patternProperties behind oneOf: only those who ask for it pay.
    ajv.opts.unevaluated = has(schema, (key) => key.startsWith('unevaluated'));
    const validate = ajv.compile(containsTwice(schema));
    return {
      kind: 'validator',
      accepts: (document) => validate(document),
      problems(document) {
        if (validate(document)) return [];
        return (validate.errors ?? []).map((error) => ({
          pointer: error.instancePath,
          keyword: error.keyword,
          message: error.message ?? '',
        }));
      },
    };
  } catch (error) {
    return { kind: 'refused', reason: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * Beside `prefixItems`, ajv 8.20 does not ask `contains` of an empty array (where it stops at the first error: inside
 * anyOf, not, if). So it is asked a second time, in an allOf of its own.
 */
function containsTwice(schema: JsonSchema): JsonSchema {
  const copied = typeof schema === 'object' ? copyOf(schema) : schema;
  return isJsonSchema(copied) ? copied : schema;
}

function has(value: JsonValue, test: (key: string) => boolean): boolean {
  if (Array.isArray(value)) return value.some((part: JsonValue) => has(part, test));
  return isJsonObject(value) && Object.entries(value).some(([key, part]) => test(key) || has(part, test));
}

function copyOf(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(copyOf);
  if (!isJsonObject(value)) return value;
  const copy = Object.fromEntries(Object.entries(value).map(([key, part]) => [key, dataKeywords.has(key) ? part : copyOf(part)]));
  const { contains, prefixItems, minContains, maxContains, allOf } = copy;
  if (contains === undefined || prefixItems === undefined) return copy;
  const again = { contains, ...(minContains === undefined ? {} : { minContains }), ...(maxContains === undefined ? {} : { maxContains }) };
  return { ...copy, allOf: [...(Array.isArray(allOf) ? allOf : []), again] };
}

const dataKeywords: ReadonlySet<string> = new Set(['const', 'enum', 'default', 'examples']);

/** Tells whether a text has a format; null when the format is not known, and so not asserted. */
export function formatJudge(): (format: string, text: string) => boolean | null {
  const matchers = new Map([...textFormats].map(([name, format]) => [name, formatMatcher(format)]));
  return (format, text) => matchers.get(format)?.(text) ?? null;
}

function newAjv(validateSchema: boolean): Ajv2020 {
  // allErrors: without it the generated checks nest, one level a property, and 2,000 columns overflow the stack.
  const code = { regExp: linearEngine() };
  const ajv = new Ajv2020({
    strict: false,
    allErrors: true,
    ownProperties: true,
    logger: false,
    validateSchema,
    meta: validateSchema,
    code,
  });
  for (const [name, format] of textFormats) ajv.addFormat(name, formatMatcher(format));
  for (const name of annotationFormats) ajv.addFormat(name, true);
  ajv.removeKeyword('multipleOf');
  ajv.addKeyword({ keyword: 'multipleOf', type: 'number', schemaType: 'number', validate: isDecimalMultipleOf });
  return ajv;
}

function isDecimalMultipleOf(divisor: number, value: number): boolean {
  return isDecimalMultiple(value, divisor);
}

function linearEngine(): RegExpEngine {
  return Object.assign(compilePattern.bind(undefined), { code: 'linearEngine' });
}

function compilePattern(source: string): ReturnType<RegExpEngine> {
  const pattern = linearPattern(source);
  if (pattern.kind === 'refused') throw new SyntaxError(pattern.reason);
  // ajv shares compiled patterns by their text: without toString all of them would be one.
  const named = { test: pattern.test, toString: () => `/${source}/u` };
  return named;
}
