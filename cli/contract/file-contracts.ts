// Contracts from files, without a registry: what the documents say now judges the next batch. Read again whenever they are
// asked for, so that an edited file takes effect like a registered version.

import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import type { ContractInForce, Contracts } from '../../catalog/contracts.ts';
import { problemText } from '../../contracts/document/contract-problem.ts';
import { readContract } from '../../contracts/document/read-contract.ts';
import { LakeError } from '../../runtime/errors.ts';

/** Errors as of the port, but CATALOG_REFUSED also for a file that cannot be read: the last contracts known hold. */
export function fileContracts(files: readonly string[]): Contracts {
  const contractsInForce: Contracts['contractsInForce'] = async (table) => {
    const all = await Promise.all(files.map((file) => inFile(file, table.name)));
    return all.flat();
  };
  return {
    contractsInForce,
    activeContract: async (table) => (await contractsInForce(table)).at(-1) ?? null,
    async [Symbol.asyncDispose]() {
      // Nothing of its own.
    },
  };
}

async function inFile(file: string, tableName: string): Promise<readonly ContractInForce[]> {
  const { text, activatedAt } = await content(file);
  const reading = readContract(text, file);
  if (reading.kind === 'problems')
    throw new LakeError('CATALOG_REFUSED', `${file} is no contract:\n${reading.problems.slice(0, 5).map(problemText).join('\n')}`, {
      context: { next: `foz contract lint ${file}` },
    });
  const { contract } = reading;
  const table = contract.tables.find(({ name }) => name === tableName);
  if (!table || contract.state === 'retired') return [];
  const digest = createHash('sha256').update(text).digest('hex');
  const state = contract.state === 'deprecated' ? contract.state : 'active';
  return [{ contract, table, document: { name: file, text }, digest, state, effective: { kind: 'now' }, activatedAt }];
}

async function content(file: string): Promise<{ readonly text: string; readonly activatedAt: number }> {
  try {
    return { text: await readFile(file, 'utf8'), activatedAt: (await stat(file)).mtimeMs };
  } catch (error) {
    throw new LakeError('CATALOG_REFUSED', `contract ${file} cannot be read: ${String(error)}`, { cause: error });
  }
}
