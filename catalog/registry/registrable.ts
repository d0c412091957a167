// What a registry asks of a document beyond being a contract: bounds, and names that can stand in an address.

import { contractIdPattern, type Contract } from '../../contracts/contract.ts';
import { refused, type Refusal } from '../service/answer.ts';
import { registryLimits, tableNamePattern } from './registry-limits.ts';
import { versionPattern } from './semantic-version.ts';

/** Null when it can be read. */
export function textProblem(text: string): string | null {
  const bytes = Buffer.byteLength(text);
  if (bytes > registryLimits.documentBytes) return `The document has ${bytes} bytes; at most ${registryLimits.documentBytes} are taken`;
  // What is stored must come back byte for byte: neither is text that a file can hold and a store return.
  if (text.includes('\u0000')) return 'The document holds a NUL character';
  if (!text.isWellFormed()) return 'The document is not well-formed Unicode';
  return null;
}

export function contractProblem(contract: Contract): Refusal | null {
  const { id, version, tables } = contract;
  if (!contractIdPattern.test(id)) return invalid(`The contract's id must match ${contractIdPattern.source}, not ${id.slice(0, 200)}`);
  if (!versionPattern.test(version))
    return invalid(`The version of contract ${id} must be major.minor.patch as 1.0.0, not ${version.slice(0, 200)}`);
  if (tables.length === 0) return invalid(`Contract ${id} has no table`);
  if (tables.length > registryLimits.tables)
    return invalid(`Contract ${id} has ${tables.length} tables; at most ${registryLimits.tables} are taken`);
  const names = tables.map(({ name }) => name);
  const misnamed = names.find((name) => !tableNamePattern.test(name));
  if (misnamed !== undefined)
    return invalid(`A table of contract ${id} must match ${tableNamePattern.source}, not ${misnamed.slice(0, 200)}`);
  const repeated = names.find((name, index) => names.indexOf(name) < index);
  return repeated === undefined ? null : invalid(`Contract ${id} has the table ${repeated} twice`);
}

function invalid(message: string): Refusal {
  return refused('contract-invalid', message);
}
