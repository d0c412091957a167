// Columns whose values are never shown: what the contract in force says is personal data or not open to most, at any depth.

import type { ContractInForce } from '../../catalog/contracts.ts';
import { isJsonObject, type JsonValue } from '../../contracts/json-schema.ts';
import { isSensitive } from '../../contracts/sensitive.ts';

export function personalColumns(contract: ContractInForce | null): ReadonlySet<string> {
  if (contract === null) return new Set();
  const { body, columns } = contract.table;
  const properties = isJsonObject(body) && isJsonObject(body['properties']) ? body['properties'] : {};
  return new Set(
    columns.filter((column) => isSensitive(column) || column.mask !== null || isKept(properties[column.name], 0)).map(({ name }) => name),
  );
}

const depthMax = 32;

function isKept(schema: JsonValue | undefined, depth: number): boolean {
  if (!isJsonObject(schema)) return false;
  if (depth > depthMax || isSensitive({ pii: textOf(schema['x-pii']), classification: textOf(schema['x-classification']) })) return true;
  const inner = isJsonObject(schema['properties']) ? Object.values(schema['properties']) : [];
  return [...inner, schema['items'], schema['additionalProperties']].some((part) => isKept(part, depth + 1));
}

function textOf(value: JsonValue | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
