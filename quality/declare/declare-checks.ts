// Everything declared, together: contracts first, then files. An id stands for one check in a deployment, because its
// results, history and alerts hang on it: the second declaration of one is a problem, and is left out.

import type { Check, Origin } from '../check.ts';
import { contractChecks, type DeclaringContract } from './contract-checks.ts';
import type { Declared, DeclarationProblem } from './declared.ts';
import { fileJudge, readQualityFile } from './read-quality-file.ts';

export interface Declarations {
  /** Each contract once, with all its tables. */
  readonly contracts: readonly DeclaringContract[];
  readonly files: readonly { readonly file: string; readonly text: string }[];
}

export function declareChecks({ contracts, files }: Declarations): Declared {
  const judge = fileJudge();
  const fromContracts = contracts.map(contractChecks);
  const fromFiles = files.map(({ file, text }) => readQualityFile(text, file, judge));
  const all = [...fromContracts, ...fromFiles].flatMap(({ checks }) => checks);
  const first = new Map<string, Check>();
  const twice: DeclarationProblem[] = [];
  for (const check of all) {
    const other = first.get(check.id);
    if (other === undefined) first.set(check.id, check);
    else twice.push(twiceProblem(check, other.origin));
  }
  return {
    checks: [...first.values()],
    notExecuted: fromContracts.flatMap(({ notExecuted }) => notExecuted),
    serviceLevels: fromContracts.flatMap(({ serviceLevels }) => serviceLevels),
    problems: [...fromContracts, ...fromFiles].flatMap(({ problems }) => problems).concat(twice),
  };
}

function twiceProblem({ id, origin }: Check, other: Origin): DeclarationProblem {
  const message = `${id} is declared in ${originText(other)} already`;
  const { document: file, line } = origin;
  return {
    rule: 'check-twice',
    severity: 'error',
    file,
    line: line ?? 1,
    column: 1,
    path: '',
    message,
    mend: 'Give one of them another `name:`.',
  };
}

/** `quality/rides.yaml:12`; of a contract with its version. */
export function originText({ document, line, contract }: Origin): string {
  const where = line === null ? document : `${document}:${line}`;
  return contract === null ? where : `${where} (contract ${contract.id} ${contract.version})`;
}
