// What `foz contract diff` compares: a contract document, the id of a registered contract, or a JSON Schema with nothing
// around it.

import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Contract } from '../../contracts/contract.ts';
import { documentBytesMax } from '../../contracts/document/limits.ts';
import { isJsonSchema, type JsonSchema, type JsonValue } from '../../contracts/json-schema.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { CommandCall } from '../command.ts';
import { isDocument, namedContract } from './named-contract.ts';

/** Name of the one table of a plain schema, whatever its file is called: so that old and new are the same table. */
const plainTable = 'table';
const plainId = 'schema';
const plainVersion = '0.0.0';

/** ARGUMENT_INVALID where there is none. */
export async function comparableContract(name: string, call: CommandCall): Promise<Contract> {
  const plain = isDocument(name) ? await plainSchema(name) : null;
  return plain === null ? namedContract(name, call) : contractOf(plain, name);
}

/** It stands for no table of the lake. */
export function isPlainSchema({ id, version, tables: [table] }: Contract): boolean {
  return id === plainId && version === plainVersion && table?.name === plainTable;
}

/** A plain schema beside contracts of one table is that table. ARGUMENT_INVALID beside a contract of several. */
export function sameTable(contracts: readonly Contract[]): readonly Contract[] {
  const named = contracts.find((contract) => !isPlainSchema(contract));
  if (!named || !contracts.some(isPlainSchema)) return contracts;
  const [only, ...others] = named.tables;
  if (!only || others.length > 0)
    throw new LakeError('ARGUMENT_INVALID', `a plain JSON Schema does not say which table of contract ${named.id} it is`, {
      context: { expected: 'a contract of one table beside it', found: named.tables.map(({ name }) => name).join(', ') || 'no table' },
    });
  return contracts.map((contract) =>
    isPlainSchema(contract) ? { ...contract, tables: contract.tables.map((table) => ({ ...table, name: only.name })) } : contract,
  );
}

/** JSON that says of itself neither that it is ODCS or DCS nor that it carries a contract; null for anything else. */
async function plainSchema(file: string): Promise<JsonSchema | null> {
  let value: JsonValue;
  try {
    if ((await stat(file)).size > documentBytesMax) return null;
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return null;
  }
  if (!isJsonSchema(value)) return null;
  if (typeof value === 'boolean') return value;
  return ['kind', 'dataContractSpecification', 'x-contract'].some((name) => Object.hasOwn(value, name)) ? null : value;
}

function contractOf(body: JsonSchema, file: string): Contract {
  return {
    id: plainId,
    version: plainVersion,
    state: 'draft',
    name: basename(file),
    description: null,
    domain: null,
    owner: null,
    tags: [],
    compatibility: 'backward',
    policy: 'flag',
    tables: [{ name: plainTable, physicalName: null, description: null, body, columns: [], tags: [], quality: [] }],
    serviceLevels: [],
    rest: {},
  };
}
