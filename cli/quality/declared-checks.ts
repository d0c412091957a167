// What is declared to be checked: by the contracts in force, from where `foz run` takes them, and by the files of
// quality.files. Or by documents named on a command line, and nothing else.

import { globSync, readFileSync, statSync } from 'node:fs';
import { relative } from 'node:path';
import { documentBytesMax } from '../../contracts/document/limits.ts';
import { problemText } from '../../contracts/document/contract-problem.ts';
import { readContract } from '../../contracts/document/read-contract.ts';
import type { Contracts } from '../../catalog/contracts.ts';
import type { DeclaringContract } from '../../quality/declare/contract-checks.ts';
import { declareChecks } from '../../quality/declare/declare-checks.ts';
import type { Declared } from '../../quality/declare/declared.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { LoadedConfig } from '../config.ts';
import { pathIn, tableTargets } from '../settings.ts';

const filesMax = 500;

/** `contracts`: as wire.ts gives them; null: none are used. Problems of documents are values; CONFIG_INVALID where a file cannot be read. */
export async function declaredChecks(loaded: LoadedConfig, contracts: Contracts | null, signal?: AbortSignal): Promise<Declared> {
  const inForce = new Map<string, DeclaringContract>();
  for (const { ident } of tableTargets(loaded.config)) {
    const active = await contracts?.activeContract(ident, signal);
    if (active) inForce.set(active.contract.id, { contract: active.contract, document: active.document });
  }
  return declareChecks({ contracts: [...inForce.values()], files: qualityFiles(loaded).map(readDocument) });
}

/** Files that `quality.files` names, each once, in order. A pattern may match nothing; a plain path must be there. */
export function qualityFiles(loaded: LoadedConfig): readonly string[] {
  const found = loaded.config.quality.files.flatMap((pattern) => {
    const path = pathIn(loaded, pattern);
    return /[*?[{]/.test(pattern) ? globSync(path).toSorted() : [path];
  });
  const files = [...new Set(found)];
  if (files.length > filesMax)
    throw new LakeError('CONFIG_INVALID', `quality.files names ${files.length} files`, {
      context: { expected: `at most ${filesMax}`, found: String(files.length), next: 'narrow the pattern' },
    });
  return files;
}

/** Contracts and files of checks, told apart by what they begin with. CONFIG_INVALID for a contract that cannot be read. */
export function checksOfDocuments(files: readonly string[]): Declared {
  const contracts: DeclaringContract[] = [];
  const others: { readonly file: string; readonly text: string }[] = [];
  for (const document of files.map(readDocument)) {
    const { file, text } = document;
    if (!/^\s*"?(?:apiVersion|dataContractSpecification|x-contract)"?\s*:/m.test(text)) others.push(document);
    else {
      const reading = readContract(text, file);
      if (reading.kind === 'problems')
        throw new LakeError('CONFIG_INVALID', `${file} is no contract:\n${reading.problems.slice(0, 5).map(problemText).join('\n')}`, {
          context: { next: `foz contract lint ${file}` },
        });
      contracts.push({ contract: reading.contract, document: { name: file, text } });
    }
  }
  return declareChecks({ contracts, files: others });
}

function readDocument(path: string): { readonly file: string; readonly text: string } {
  const near = relative(process.cwd(), path);
  const file = near.startsWith('..') ? path : near;
  try {
    const { size } = statSync(path);
    if (size > documentBytesMax) throw new RangeError(`${size} bytes; at most ${documentBytesMax} are read`);
    return { file, text: readFileSync(path, 'utf8') };
  } catch (cause) {
    throw new LakeError('CONFIG_INVALID', `cannot read ${file}`, {
      cause,
      context: { expected: 'a file of checks', found: cause instanceof Error ? cause.message : String(cause) },
    });
  }
}
