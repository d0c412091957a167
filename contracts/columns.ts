// The columns of a table, read from its body: each top-level property with the annotations that are about the column.

import type { ContractColumn, Mask, ViolationPolicy } from './contract.ts';
import { isJsonObject, type JsonObject, type JsonSchema, type JsonValue } from './json-schema.ts';

export const violationPolicies: readonly ViolationPolicy[] = ['flag', 'quarantine', 'halt'];

export function columnsOf(body: JsonSchema): readonly ContractColumn[] {
  const properties = isJsonObject(body) ? body['properties'] : undefined;
  if (!isJsonObject(body) || !isJsonObject(properties)) return [];
  const required = new Set(Array.isArray(body['required']) ? body['required'] : []);
  return Object.entries(properties).map(([name, schema]) => columnOf(name, isJsonObject(schema) ? schema : {}, required.has(name)));
}

function columnOf(name: string, schema: JsonObject, isRequired: boolean): ContractColumn {
  const position = schema['x-primaryKey'];
  return {
    name,
    id: text(schema['x-id']),
    physicalType: text(schema['x-physicalType']),
    keyPosition: typeof position === 'number' && Number.isInteger(position) && position >= 1 ? position : position === true ? 1 : null,
    isRequired,
    isUnique: schema['x-unique'] === true,
    description: text(schema['description']),
    classification: text(schema['x-classification']),
    pii: text(schema['x-pii']),
    mask: maskOf(schema['x-mask']),
    tags: texts(schema['x-tags']),
  };
}

/** Null when the value is no mask. */
export function maskOf(value: JsonValue | undefined): Mask | null {
  if (!isJsonObject(value)) return null;
  const { kind, text: replacement, keyId, keepFirst, keepLast } = value;
  if (kind === 'drop') return { kind };
  if (kind === 'redact') return { kind, text: typeof replacement === 'string' ? replacement : '***' };
  if (kind === 'hmac' && typeof keyId === 'string' && keyId !== '') return { kind, keyId };
  if (kind === 'partial' && isCount(keepFirst) && isCount(keepLast)) return { kind, keepFirst, keepLast };
  return null;
}

export function policyOf(value: JsonValue | undefined): ViolationPolicy | null {
  return violationPolicies.find((policy) => policy === value) ?? null;
}

function isCount(value: JsonValue | undefined): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}

function text(value: JsonValue | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

function texts(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}
