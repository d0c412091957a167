// The contract that a person names: a document by its path, or a registered one by its id.

import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import type { Contract, ContractTable } from '../../contracts/contract.ts';
import { problemText } from '../../contracts/document/contract-problem.ts';
import { documentBytesMax } from '../../contracts/document/limits.ts';
import { readContract } from '../../contracts/document/read-contract.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { CommandCall } from '../command.ts';

/** ARGUMENT_INVALID where there is none, with every problem of a document that cannot be read. */
export async function namedContract(name: string, call: CommandCall): Promise<Contract> {
  return isDocument(name) ? contractOfFile(name) : registeredContract(name, call);
}

/** A path, not an id: it exists, or looks like one. */
export function isDocument(name: string): boolean {
  return existsSync(name) || /[/\\]|\.(ya?ml|json)$/.test(name);
}

async function contractOfFile(file: string): Promise<Contract> {
  const text = await textOf(file);
  const reading = readContract(text, file, { plainSchema: true });
  if (reading.kind === 'contract') return reading.contract;
  throw new LakeError(
    'ARGUMENT_INVALID',
    `${file} is no contract:\n${reading.problems.map((problem) => `  ${problemText(problem)}`).join('\n')}`,
    {
      context: { next: `foz contract lint ${file}` },
    },
  );
}

async function textOf(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size <= documentBytesMax) return await readFile(file, 'utf8');
  } catch (cause) {
    throw new LakeError('ARGUMENT_INVALID', `${file} cannot be read`, { cause, context: { expected: 'a contract document' } });
  }
  throw new LakeError('LIMIT_EXCEEDED', `${file} is larger than ${documentBytesMax} bytes`, { context: { file } });
}

/** `ID@VERSION`; of an id alone the version in force, and while there is none the newest. */
async function registeredContract(name: string, call: CommandCall): Promise<Contract> {
  const { openContracts } = await import('../wire.ts');
  const at = name.indexOf('@');
  const [id, version] = at < 0 ? [name, null] : [name.slice(0, at), name.slice(at + 1)];
  await using registry = await openContracts(call.loadConfig());
  const first = await registry.show(id, version ?? 'active', call.signal);
  const answer = first.kind === 'ok' || version !== null ? first : await registry.show(id, 'latest', call.signal);
  if (answer.kind === 'ok') return answer.value.contract;
  throw new LakeError('ARGUMENT_INVALID', answer.message, {
    context: { expected: 'a file, or the id of a registered contract', found: name, next: 'foz contract list' },
  });
}

/** The only table of the contract, or the one that is named. */
export function tableNamed(contract: Contract, name: unknown): ContractTable {
  const [only, ...others] = contract.tables;
  const found = typeof name === 'string' ? contract.tables.find((table) => table.name === name) : others.length === 0 ? only : undefined;
  if (found) return found;
  const known = contract.tables.map((table) => table.name).join(', ');
  throw new LakeError(
    'ARGUMENT_INVALID',
    typeof name === 'string' ? `contract ${contract.id} has no table ${name}` : `contract ${contract.id} has several tables`,
    {
      context: { expected: `--table with one of ${known}`, found: typeof name === 'string' ? name : 'no --table' },
    },
  );
}
