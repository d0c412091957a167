// `foz contract lint FILE…`: what is wrong with contract documents, each with file, line, column, rule and mend. Reads the
// files named and nothing else: no network, no configuration.

import { readFile, stat } from 'node:fs/promises';
import { problemText, type ContractProblem } from '../../../contracts/document/contract-problem.ts';
import { documentBytesMax } from '../../../contracts/document/limits.ts';
import { readContract } from '../../../contracts/document/read-contract.ts';
import { LakeError } from '../../../runtime/errors.ts';
import { workflowCommand } from '../../../runtime/workflow-command.ts';
import type { Command } from '../../command.ts';

export const lint: Command = {
  description: 'Check contract documents (ODCS, JSON Schema with x-contract, DCS), offline: every problem with its line and mend.',
  arguments: [{ name: '<files...>', doc: 'documents, YAML or JSON' }],
  options: [{ flags: '--format <format>', doc: 'how problems are written', choices: ['text', 'github'], default: 'text' }],
  examples: [
    ['foz contract lint contracts/definitions/users.odcs.yaml', 'exit 1 when it has errors'],
    ['foz contract lint contracts/*.yaml --format github', 'as annotations of a pull request'],
    ['foz contract lint users.odcs.yaml --json', 'for other programs'],
  ],
  run: async (call) => {
    const problems: ContractProblem[] = [];
    const files = call.args.flat().map(String);
    for (const file of files) problems.push(...(await lintFile(file)));
    const errors = problems.filter(({ severity }) => severity === 'error').length;
    const isGithub = call.options['format'] === 'github';
    call.print({ files, ok: errors === 0, problems }, () =>
      isGithub ? problems.map(annotation).join('\n') : lintText(files.length, errors, problems),
    );
    return errors === 0 ? 0 : 1;
  },
};

async function lintFile(file: string): Promise<readonly ContractProblem[]> {
  const text = await textOf(file);
  if (typeof text !== 'string') return [text];
  const reading = readContract(text, file);
  return reading.kind === 'contract' ? reading.warnings : reading.problems;
}

async function textOf(file: string): Promise<string | ContractProblem> {
  try {
    const { size } = await stat(file);
    if (size > documentBytesMax) return tooLarge(file, size);
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new LakeError('ARGUMENT_INVALID', `cannot read ${file}`, {
      cause,
      context: { expected: 'a contract document', found: cause instanceof Error ? cause.message : String(cause) },
    });
  }
}

function tooLarge(file: string, bytes: number): ContractProblem {
  return {
    rule: 'document-size',
    severity: 'error',
    file,
    line: 1,
    column: 1,
    path: '',
    message: `the document has ${bytes} bytes; at most ${documentBytesMax} are read`,
    mend: 'Split it into several contracts, one a product.',
  };
}

function lintText(files: number, errors: number, problems: readonly ContractProblem[]): string {
  const warnings = problems.length - errors;
  const summary = `${plural(files, 'document')}: ${plural(errors, 'error')}, ${plural(warnings, 'warning')}`;
  return [...problems.map(problemText), summary].join('\n');
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function annotation({ severity, file, line, column, rule, message, mend }: ContractProblem): string {
  return workflowCommand({ level: severity, file, line, column, title: rule }, `${message} Mend: ${mend}`);
}
