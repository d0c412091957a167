// What is wrong with a schema, keyword by keyword: kinds of values, bounds that cross, references that lead out of the
// document or nowhere, patterns that no linear engine runs. Paths are those of the schema; who reads the document knows
// where that stands in it.

import { isJsonObject, type JsonObject, type JsonValue } from '../json-schema.ts';
import { schemaLists, schemaMaps, singleSchemas } from '../schema-applicators.ts';
import { lintKeywordValue } from './lint-keywords.ts';
import { lintReference } from './lint-references.ts';
import type { LintRuleName } from './lint-rules.ts';
import { nearest } from './shape.ts';
import type { DocumentPath } from './source-text.ts';

export interface Finding {
  readonly rule: LintRuleName;
  readonly path: DocumentPath;
  /** Whether the key itself is meant, or what stands at it. */
  readonly at: 'key' | 'value';
  readonly message: string;
  readonly mend: string;
}

export type Report = (finding: Finding) => void;

const schemas: readonly string[] = [...singleSchemas, 'contentSchema'];
const others = (
  '$id $schema $ref $anchor $comment $vocabulary $dynamicRef $dynamicAnchor $recursiveRef $recursiveAnchor type enum ' +
  'const multipleOf maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength pattern maxItems minItems ' +
  'uniqueItems maxContains minContains maxProperties minProperties required dependentRequired format contentEncoding ' +
  'contentMediaType title description default deprecated readOnly writeOnly examples'
).split(' ');
const known: readonly string[] = [...schemas, ...schemaLists, ...schemaMaps, ...others];
const knownSet: ReadonlySet<string> = new Set(known);

/** The body of a table: a schema over one row. */
export function lintBody(body: JsonValue, report: Report): void {
  if (isJsonObject(body)) {
    const type = body['type'];
    const isRow = type === 'object' || type === undefined || (Array.isArray(type) && type.includes('object'));
    if (!isRow) {
      const message = `a row is an object, not ${JSON.stringify(type)}`;
      report({ rule: 'schema-row', path: ['type'], at: 'value', message, mend: 'Write `type: object`.' });
    }
  }
  lintSchema(body, [], { root: body, report });
}

export interface SchemaLint {
  readonly root: JsonValue;
  readonly report: Report;
}

function lintSchema(schema: JsonValue, path: DocumentPath, lint: SchemaLint): void {
  const { report } = lint;
  if (typeof schema === 'boolean') {
    const isProperty = path.at(-2) === 'properties';
    if (!schema && isProperty) {
      const message = `no row can have ${String(path.at(-1))}`;
      report({ rule: 'never-valid', path, at: 'value', message, mend: 'Remove the property, or describe its values.' });
    }
    return;
  }
  if (!isJsonObject(schema)) {
    const message = `${String(path.at(-1) ?? 'the body')} is no schema`;
    report({ rule: 'schema-kind', path, at: 'value', message, mend: 'Write a mapping of keywords, true or false.' });
    return;
  }
  for (const [keyword, value] of Object.entries(schema)) {
    lintKeyword(schema, keyword, value, path, lint);
  }
}

function lintKeyword(schema: JsonObject, keyword: string, value: JsonValue, path: DocumentPath, lint: SchemaLint): void {
  const { report } = lint;
  const here = [...path, keyword];
  if (isJsonObject(value) && Object.hasOwn(value, '$data') && !schemaMaps.includes(keyword) && !keyword.startsWith('x-')) {
    const message = `${keyword} reads its value from the row ($data)`;
    report({
      rule: 'data-reference',
      path: here,
      at: 'value',
      message,
      mend: 'Write the value itself; compare columns in a quality rule.',
    });
  } else if (schemas.includes(keyword)) lintSchema(value, here, lint);
  else if (schemaLists.includes(keyword)) lintList(value, here, lint);
  else if (schemaMaps.includes(keyword)) lintMap(value, here, lint);
  else if (keyword === '$ref') lintReference(value, here, lint);
  else if (knownSet.has(keyword) || keyword.startsWith('x-')) lintKeywordValue(schema, keyword, value, path, report);
  else {
    const near = nearest(keyword, known);
    const mend = near === null ? `Call it x-${keyword} if it is an annotation.` : `Did you mean \`${near}\`?`;
    report({ rule: 'keyword-unknown', path: here, at: 'key', message: `JSON Schema 2020-12 has no keyword ${keyword}`, mend });
  }
}

function lintList(value: JsonValue, path: DocumentPath, lint: SchemaLint): void {
  if (!Array.isArray(value) || value.length === 0) {
    const message = `${String(path.at(-1))} is not a list of schemas`;
    lint.report({ rule: 'keyword-value', path, at: 'value', message, mend: 'Write a list with at least one schema.' });
    return;
  }
  value.forEach((item: JsonValue, index) => lintSchema(item, [...path, index], lint));
}

function lintMap(value: JsonValue, path: DocumentPath, lint: SchemaLint): void {
  if (!isJsonObject(value)) {
    const message = `${String(path.at(-1))} is not a mapping of schemas`;
    lint.report({ rule: 'keyword-value', path, at: 'value', message, mend: 'Write names, each with its schema.' });
    return;
  }
  for (const [name, inner] of Object.entries(value)) lintSchema(inner, [...path, name], lint);
}
