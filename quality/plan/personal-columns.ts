// Columns whose values are never shown: what the contract in force says is personal data or restricted, at any depth.

import type { ContractInForce } from '../../catalog/contracts.ts';
import { isJsonObject, type JsonValue } from '../../contracts/json-schema.ts';

export function personalColumns(contract: ContractInForce | null): ReadonlySet<string> {
  if (contract === null) return new Set();
  const { body, columns } = contract.table;
  const properties = isJsonObject(body) && isJsonObject(body['properties']) ? body['properties'] : {};
  return new Set(
    columns
      .filter(
        ({ name, pii, classification, mask }) =>
          pii !== null || classification === 'restricted' || mask !== null || isPersonal(properties[name], 0),
      )
      .map(({ name }) => name),
  );
}

const depthMax = 32;

function isPersonal(schema: JsonValue | undefined, depth: number): boolean {
  if (!isJsonObject(schema)) return false;
  if (depth > depthMax || typeof schema['x-pii'] === 'string' || schema['x-classification'] === 'restricted') return true;
  const inner = isJsonObject(schema['properties']) ? Object.values(schema['properties']) : [];
  return [...inner, schema['items'], schema['additionalProperties']].some((part) => isPersonal(part, depth + 1));
}
