// The annotations of a column: its physical type, mask, policy, place in the key; and the columns of a row together.

import { maskOf, policyOf } from '../columns.ts';
import { databaseOfBody, jsonTypesOf, logicalSchema } from '../column-type.ts';
import { nestedMask } from '../nested-mask.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json-schema.ts';
import { databaseOf, parsePhysicalType } from '../physical-type.ts';
import type { Database } from '../type-table.ts';
import type { Report } from './lint-schema.ts';
import type { DocumentPath } from './source-text.ts';

export function lintAnnotation(schema: JsonObject, keyword: string, value: JsonValue, path: DocumentPath, report: Report): void {
  const here = [...path, keyword];
  switch (keyword) {
    case 'x-policy':
      if (policyOf(value) !== null) return;
      return report({
        rule: 'policy-unknown',
        path: here,
        at: 'value',
        message: `${text(value)} is no policy`,
        mend: 'Write flag, quarantine or halt.',
      });
    case 'x-pii':
      if (typeof value === 'string' && /^[a-z][a-z0-9_-]*$/.test(value)) return;
      return report({
        rule: 'pii-form',
        path: here,
        at: 'value',
        message: `${text(value)} is not what personal data it is`,
        mend: 'Write a word: email, phone, name, address …',
      });
    case 'x-mask':
      return lintMask(schema, value, here, report);
    case 'x-primaryKey':
      if (typeof value === 'number' && Number.isInteger(value) && value >= 1) return;
      return report({
        rule: 'key-position',
        path: here,
        at: 'value',
        message: `${text(value)} is no place in the key`,
        mend: 'Count from 1.',
      });
    default:
  }
}

function lintMask(schema: JsonObject, value: JsonValue, path: DocumentPath, report: Report): void {
  const mask = maskOf(value);
  if (mask === null) {
    const mend =
      'Write {kind: drop}, {kind: redact, text: "***"}, {kind: hmac, keyId: NAME} or {kind: partial, keepFirst: 1, keepLast: 4}.';
    return report({ rule: 'mask-unknown', path, at: 'value', message: `${text(value)} is no mask`, mend });
  }
  if (schema['x-primaryKey'] !== undefined && mask.kind !== 'hmac') {
    const message = `a key column masked by ${mask.kind}: its rows could no longer be told apart`;
    report({ rule: 'mask-key', path, at: 'value', message, mend: 'Mask it with {kind: hmac, keyId: NAME}.' });
  }
  if (schema['x-pii'] === undefined) {
    report({ rule: 'mask-public', path, at: 'key', message: 'the column is masked and not tagged as personal data', mend: 'Add `pii`.' });
  }
}

/** The columns of a table's body together: key, names, ids; and each physical type against its schema. */
export function lintColumns(body: JsonValue, report: Report): void {
  const properties = isJsonObject(body) ? body['properties'] : undefined;
  if (!isJsonObject(body) || !isJsonObject(properties)) return;
  const columns = Object.entries(properties).map(([name, schema]) => ({ name, schema: isJsonObject(schema) ? schema : {} }));
  lintNames(
    columns.map(({ name }) => name),
    report,
  );
  lintIds(columns, report);
  const required = new Set(Array.isArray(body['required']) ? body['required'] : []);
  lintKey(columns, required, report);
  const database = databaseOfBody(body);
  if (database === 'cassandra') lintPartial(columns, required, report);
  lintTypes(properties, ['properties'], database, report);
  lintNestedMasks(columns, database, report);
}

function lintNestedMasks(columns: readonly Column[], database: Database, report: Report): void {
  for (const { name, schema } of columns) {
    if (schema['x-mask'] !== undefined || nestedMask(schema, database) !== 'not static') continue;
    const message = `a mask within ${name} is not at one place of every row: the whole column is dropped`;
    const mend = "Mask elements of lists and fields of structs that the column's type names, or the column itself.";
    report({ rule: 'mask-within', path: ['properties', name], at: 'key', message, mend });
  }
}

interface Column {
  readonly name: string;
  readonly schema: JsonObject;
}

function lintNames(names: readonly string[], report: Report): void {
  const seen = new Map<string, string>();
  for (const name of names) {
    const path = ['properties', name];
    if (name.trim() !== name || name === '') {
      report({ rule: 'property-name', path, at: 'key', message: `${text(name)} is no name`, mend: 'Name it without white space around.' });
    }
    const other = seen.get(name.toLowerCase());
    if (other !== undefined && other !== name) {
      const message = `${name} and ${other} differ in case only: engines read them as one`;
      report({ rule: 'property-case', path, at: 'key', message, mend: 'Rename one of them in the source, or leave it out.' });
    }
    seen.set(name.toLowerCase(), name);
  }
}

function lintIds(columns: readonly Column[], report: Report): void {
  const seen = new Map<string, string>();
  for (const { name, schema } of columns) {
    const id = schema['x-id'];
    if (typeof id !== 'string') continue;
    const other = seen.get(id);
    if (other !== undefined) {
      const path = ['properties', name, 'x-id'];
      report({
        rule: 'property-id',
        path,
        at: 'value',
        message: `${name} has the id of ${other}`,
        mend: 'Give each property an id of its own.',
      });
    }
    seen.set(id, name);
  }
}

function lintKey(columns: readonly Column[], required: ReadonlySet<JsonValue>, report: Report): void {
  const keys = columns.filter(({ schema }) => typeof schema['x-primaryKey'] === 'number');
  const positions = keys.map(({ schema }) => schema['x-primaryKey']);
  keys.forEach(({ name, schema }, index) => {
    const path = ['properties', name];
    const position = Number(schema['x-primaryKey']);
    const isTaken = positions.indexOf(position) < index;
    if (isTaken || position > keys.length) {
      const message = isTaken ? `place ${position} of the key is taken` : `place ${position} of a key of ${keys.length}`;
      report({
        rule: 'key-position',
        path: [...path, 'x-primaryKey'],
        at: 'value',
        message,
        mend: 'Number the key columns 1, 2, … in their order.',
      });
    }
    if (!required.has(name)) {
      report({ rule: 'key-optional', path, at: 'key', message: `${name} is in the key and not required`, mend: 'Add `required: true`.' });
    }
  });
}

/** An update of Cassandra carries the columns it writes and the key, nothing else. */
function lintPartial(columns: readonly Column[], required: ReadonlySet<JsonValue>, report: Report): void {
  for (const { name, schema } of columns) {
    if (!required.has(name) || schema['x-primaryKey'] !== undefined) continue;
    const message = `${name} is required, and absent from every update that leaves it alone`;
    report({
      rule: 'required-partial',
      path: ['properties', name],
      at: 'key',
      message,
      mend: 'Remove `required`: in Cassandra it is for the key.',
    });
  }
}

const insideMax = 32;

function lintTypes(properties: JsonObject, path: DocumentPath, database: Database, report: Report): void {
  if (path.length > insideMax) return;
  for (const [name, schema] of Object.entries(properties)) {
    if (!isJsonObject(schema)) continue;
    lintPhysical(schema, [...path, name], database, report);
    const inside = schema['properties'];
    if (isJsonObject(inside)) lintTypes(inside, [...path, name, 'properties'], database, report);
    const items = schema['items'];
    if (isJsonObject(items)) lintTypes({ items }, [...path, name], database, report);
    const values = schema['additionalProperties'];
    if (isJsonObject(values)) lintTypes({ additionalProperties: values }, [...path, name], database, report);
  }
}

const decimalDigitsMax = 38;

function lintPhysical(schema: JsonObject, path: DocumentPath, database: Database, report: Report): void {
  const declared = schema['x-physicalType'];
  if (typeof declared !== 'string') return;
  const here = [...path, 'x-physicalType'];
  const type = parsePhysicalType(declared, database);
  // `varchar[15]` is an array to PostgreSQL; people who write it mean a length.
  const isLength = /\[\d+\]$/.test(declared) && jsonTypesOf(schema).includes('string');
  if (type === null || isLength) return lintUnknownType(schema, declared, here, report);
  const { kind, precision, scale } = type;
  if (kind === 'decimal' && precision !== null && scale !== null) {
    if (precision === 0 || scale > precision) {
      report({
        rule: 'decimal-figures',
        path: here,
        at: 'value',
        message: `${declared}: ${scale} decimals of ${precision} digits`,
        mend: 'Write decimal(digits, decimals), as in numeric(12,2).',
      });
    } else if (precision > decimalDigitsMax) {
      report({
        rule: 'decimal-wide',
        path: here,
        at: 'value',
        message: `${declared} has more than ${decimalDigitsMax} digits: it is stored as text`,
        mend: 'Nothing, if text will do.',
      });
    }
  }
  const holds = jsonTypesOf(logicalSchema(type));
  const said = jsonTypesOf(schema);
  const agree = said.some((name) => holds.includes(name) || isNumeric(name, holds));
  // A bare `object` is how tools without a better word say that they do not know.
  const isBare = said.includes('object') && schema['properties'] === undefined;
  if (isBare || holds.length === 0 || said.length === 0 || agree) return;
  const message = `${declared} holds ${holds.join(' or ')}, the schema says ${said.join(' or ')}`;
  report({
    rule: 'physical-mismatch',
    path: here,
    at: 'value',
    message,
    mend: 'Correct one of them: values are judged as people see them.',
  });
}

/** Whole numbers are numbers, whichever side says so. */
function isNumeric(name: string, holds: readonly string[]): boolean {
  return /^(number|integer)$/.test(name) && holds.some((held) => /^(number|integer)$/.test(held));
}

function lintUnknownType(schema: JsonObject, declared: string, path: DocumentPath, report: Report): void {
  // An enum, a domain or a user-defined type has a name of its own; its schema says what it is.
  const isNamed =
    jsonTypesOf(schema).length > 0 &&
    (schema['enum'] !== undefined ||
      schema['properties'] !== undefined ||
      schema['items'] !== undefined ||
      schema['additionalProperties'] !== undefined);
  if (isNamed) return;
  const message = `${declared} is not in the type table of ${databaseOf([declared])}`;
  report({
    rule: 'physical-unknown',
    path,
    at: 'value',
    message,
    mend: 'Write it as the source declares it; docs/contracts.md has the table.',
  });
}

function text(value: JsonValue): string {
  const shown = JSON.stringify(value);
  return shown.length > 60 ? `${shown.slice(0, 59)}…` : shown;
}
