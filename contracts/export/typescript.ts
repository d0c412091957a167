// A contract as TypeScript: one interface a table, for the rows as people see them (logical JSON). What types cannot say
// (bounds, patterns, formats) stands in the comments. References within the body become named types, so that recursive
// bodies have one; beyond `depthMax` levels a value is unknown.

import type { Contract, ContractTable } from '../contract.ts';
import { isJsonObject, isJsonSchema, type JsonObject, type JsonSchema, type JsonValue } from '../json-schema.ts';
import { localReference } from './local-reference.ts';

const depthMax = 24;

export function typescriptOf(contract: Contract): string {
  const names = new Set<string>();
  const parts = [
    `// ${oneLine(contract.name ?? contract.id)} ${oneLine(contract.version)} (contract ${oneLine(contract.id)}). Generated: changes belong in the contract.`,
    ...contract.tables.map((table) => tableText(table, names)),
  ];
  return `${parts.join('\n\n')}\n`;
}

interface Scope {
  readonly names: Set<string>;
  readonly root: JsonSchema;
  /** Reference → name of its type. */
  readonly references: Map<string, string>;
  readonly declarations: string[];
  readonly prefix: string;
}

function tableText(table: ContractTable, names: Set<string>): string {
  const name = uniqueName(table.name, names);
  const scope: Scope = { names, root: table.body, references: new Map([['#', name]]), declarations: [], prefix: name };
  const about = comment([table.description, keyText(table)], '');
  const body = isJsonObject(table.body) && isJsonObject(table.body['properties']) ? table.body : null;
  const text = body ? `export interface ${name} ${objectText(body, scope, 0)}` : `export type ${name} = ${typeText(table.body, scope, 0)};`;
  return [`${about}${text}`, ...scope.declarations].join('\n\n');
}

function keyText({ columns }: ContractTable): string | null {
  const key = columns.filter(({ keyPosition }) => keyPosition !== null).toSorted((a, b) => (a.keyPosition ?? 0) - (b.keyPosition ?? 0));
  return key.length === 0 ? null : `Key: ${key.map(({ name }) => name).join(', ')}`;
}

function typeText(schema: JsonSchema, scope: Scope, depth: number): string {
  if (schema === false) return 'never';
  if (schema === true || depth > depthMax) return 'unknown';
  const reference = schema['$ref'];
  if (typeof reference === 'string') return referenceText(reference, scope, depth);
  if (schema['const'] !== undefined) return literalText(schema['const']);
  const listed = schema['enum'];
  if (Array.isArray(listed)) return union(listed.map(literalText));
  const parts = [plainText(schema, scope, depth), ...combined(schema, scope, depth)].filter((part) => part !== 'unknown');
  return parts.length === 0 ? 'unknown' : parts.length === 1 ? (parts[0] ?? '') : parts.map(wrapped).join(' & ');
}

/** Each of anyOf, oneOf and allOf as one type. */
function combined(schema: JsonObject, scope: Scope, depth: number): readonly string[] {
  const of = (keyword: string): readonly JsonSchema[] => {
    const value = schema[keyword];
    return Array.isArray(value) ? value.filter(isJsonSchema) : [];
  };
  const inner = (schemas: readonly JsonSchema[]) => schemas.map((one) => typeText(one, scope, depth + 1));
  const some = ['anyOf', 'oneOf'].flatMap((keyword) => (of(keyword).length === 0 ? [] : [union(inner(of(keyword)))]));
  return [...some, ...inner(of('allOf'))];
}

function plainText(schema: JsonObject, scope: Scope, depth: number): string {
  const { type } = schema;
  const types = Array.isArray(type) ? type : type === undefined ? implied(schema) : [type];
  return types.length === 0 ? 'unknown' : union(types.map((one) => typeNamed(one, schema, scope, depth)));
}

/** A schema with properties and no type speaks of objects in practice. */
function implied(schema: JsonObject): readonly string[] {
  if (schema['properties'] !== undefined || schema['additionalProperties'] !== undefined) return ['object'];
  return schema['items'] === undefined && schema['prefixItems'] === undefined ? [] : ['array'];
}

function typeNamed(type: JsonValue, schema: JsonObject, scope: Scope, depth: number): string {
  switch (type) {
    case 'string':
    case 'boolean':
    case 'null':
    case 'number':
      return type;
    case 'integer':
      return 'number';
    case 'array':
      return arrayText(schema, scope, depth);
    case 'object':
      return objectText(schema, scope, depth);
    default:
      return 'unknown';
  }
}

function arrayText(schema: JsonObject, scope: Scope, depth: number): string {
  const { items, prefixItems } = schema;
  const rest = isJsonSchema(items) ? typeText(items, scope, depth + 1) : 'unknown';
  if (!Array.isArray(prefixItems)) return `readonly ${wrapped(rest)}[]`;
  // A list may end before its last place.
  const places = prefixItems.map((item) => `${wrapped(isJsonSchema(item) ? typeText(item, scope, depth + 1) : 'unknown')}?`);
  return `readonly [${[...places, ...(items === false ? [] : [`...${wrapped(rest)}[]`])].join(', ')}]`;
}

function objectText(schema: JsonObject, scope: Scope, depth: number): string {
  const properties = isJsonObject(schema['properties']) ? Object.entries(schema['properties']) : [];
  const values = schema['additionalProperties'];
  if (properties.length === 0) {
    const type = isJsonObject(values) ? typeText(values, scope, depth + 1) : 'unknown';
    return values === false && schema['patternProperties'] === undefined
      ? '{ readonly [key: string]: never }'
      : `{ readonly [key: string]: ${type} }`;
  }
  const required = new Set(Array.isArray(schema['required']) ? schema['required'] : []);
  const indent = '  '.repeat(depth + 1);
  const lines = properties.map(([name, inner]) => {
    const property = isJsonSchema(inner) ? inner : true;
    const optional = required.has(name) ? '' : '?';
    return `${comment(aboutProperty(property), indent)}${indent}readonly ${propertyName(name)}${optional}: ${typeText(property, scope, depth + 1)};`;
  });
  return `{\n${lines.join('\n')}\n${'  '.repeat(depth)}}`;
}

const told = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf', 'minLength', 'maxLength', 'pattern', 'format'];

function aboutProperty(schema: JsonSchema): readonly (string | null)[] {
  if (!isJsonObject(schema)) return [];
  const { description } = schema;
  const rules = [...told, 'minItems', 'maxItems', 'x-physicalType', 'x-classification', 'x-pii'].flatMap((keyword) => {
    const value = schema[keyword];
    return typeof value === 'string' || typeof value === 'number' ? [`${keyword.replace(/^x-/, '')} ${value}`] : [];
  });
  return [typeof description === 'string' ? description : null, rules.length === 0 ? null : rules.join('; ')];
}

function referenceText(reference: string, scope: Scope, depth: number): string {
  const known = scope.references.get(reference);
  if (known !== undefined) return known;
  const target = localReference(scope.root, reference);
  if (target === undefined) return 'unknown';
  const name = uniqueName(`${scope.prefix} ${reference.split('/').at(-1) ?? ''}`, scope.names);
  // Before it is written: it may refer to itself.
  scope.references.set(reference, name);
  const text = typeText(target, scope, depth > depthMax ? depth : 0);
  const isAlias = !text.startsWith('{') || !isJsonObject(target) || combined(target, { ...scope, declarations: [] }, depthMax).length > 0;
  scope.declarations.push(isAlias ? `export type ${name} = ${text};` : `export interface ${name} ${text}`);
  return name;
}

function literalText(value: JsonValue): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return String(value);
  if (typeof value === 'string') return jsText(value);
  if (Array.isArray(value)) return `readonly [${value.map(literalText).join(', ')}]`;
  if (!isJsonObject(value)) return 'unknown';
  return `{ ${Object.entries(value)
    .map(([name, inner]) => `readonly ${propertyName(name)}: ${literalText(inner)}`)
    .join('; ')} }`;
}

function union(types: readonly string[]): string {
  const distinct = [...new Set(types)];
  if (distinct.includes('unknown') || distinct.length === 0) return distinct.length === 0 ? 'never' : 'unknown';
  return distinct.length === 1
    ? (distinct[0] ?? '')
    : distinct.map((type) => (/[&]|^readonly /.test(type) ? wrapped(type) : type)).join(' | ');
}

function wrapped(type: string): string {
  return /^[\w"]+$/.test(type) ? type : `(${type})`;
}

function propertyName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : jsText(name);
}

/** JSON text is JavaScript text, but for two line breaks that old readers stumble over. */
function jsText(text: string): string {
  return JSON.stringify(text).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}

function uniqueName(text: string, names: Set<string>): string {
  const words = text.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  const joined = words
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('')
    .replaceAll(/[^A-Za-z0-9]/g, '');
  const base = /^[A-Z]/.test(joined) ? joined : `T${joined}`;
  let name = base;
  for (let number = 2; names.has(name); number++) name = `${base}${number}`;
  names.add(name);
  return name;
}

function comment(lines: readonly (string | null)[], indent: string): string {
  const text = lines.filter((line) => line !== null && line.trim() !== '').map((line) => sentence(oneLine(line ?? '')));
  return text.length === 0 ? '' : `${indent}/** ${text.join(' ')} */\n`;
}

function sentence(text: string): string {
  return /[.!?:…]$/.test(text) ? text : `${text}.`;
}

/** On one line, unable to end the comment it stands in. */
function oneLine(text: string): string {
  return text
    .replaceAll(/[\p{C}\u2028\u2029\s]+/gu, ' ')
    .replaceAll('*/', '* /')
    .trim();
}
