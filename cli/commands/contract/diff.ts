// `foz contract diff OLD NEW`: may the new version take the place of the old one? For pull requests: a verdict, what
// differs and where, and for a breaking change a row that shows it. Reads the files named and nothing else.

import type { ContractComparison, TableComparison } from '../../../contracts/compatibility/compare-contracts.ts';
import type { CompatibilityProfile, Difference, Witness } from '../../../contracts/compatibility/difference.ts';
import { noLineage, type Lineage } from '../../../contracts/compatibility/lineage.ts';
import type { CompatibilityMode } from '../../../contracts/contract.ts';
import { LakeError } from '../../../runtime/errors.ts';
import type { Command, CommandCall } from '../../command.ts';
import { sourceOptions } from './diff-source.ts';

const modes: readonly CompatibilityMode[] = [
  'none',
  'backward',
  'forward',
  'full',
  'backward-transitive',
  'forward-transitive',
  'full-transitive',
];
const profiles: readonly CompatibilityProfile[] = ['sound', 'confluent-strict', 'confluent-lenient'];

export const diff: Command = {
  description:
    'Compare two versions of a contract: compatible with a proof, breaking with a row that shows it, or unknown. Exit 1 unless compatible. With --source: a contract and the live table.',
  arguments: [
    { name: '[old]', doc: 'the version in force: ODCS, DCS or JSON Schema' },
    { name: '[new...]', doc: 'the version to come; of several, each follows the one before and the last is the new one' },
  ],
  options: [
    {
      flags: '--mode <mode>',
      doc: 'which way must hold; default: what the new version declares, backward for a plain schema',
      choices: modes,
    },
    { flags: '--profile <profile>', doc: 'how it is judged', choices: profiles, default: 'sound' },
    { flags: '--format <format>', doc: 'how the result is written', choices: ['text', 'json', 'github'], default: 'text' },
    ...sourceOptions,
  ],
  examples: [
    ['foz contract diff users-1.yaml users-2.yaml', 'exit 1 when rows or readers would break, with the row'],
    ['foz contract diff old.json new.json --mode full --json', 'both ways, for other programs'],
    ['foz contract diff 1.yaml 2.yaml 3.yaml --mode full-transitive', '3 against 2 and 1'],
    ['foz contract diff old.yaml new.yaml --format github', 'as annotations of a pull request'],
    ['foz contract diff users.yaml --source', 'a contract and the table as it is declared now'],
  ],
  run: async (call) => {
    const files = call.args.flat().filter((file) => typeof file === 'string');
    if (call.options['source'] === true) {
      const { diffSource } = await import('./diff-source.ts');
      return diffSource(call, files[0] ?? null);
    }
    return diffVersions(call, files, noLineage);
  },
};

type Told = ContractComparison & { readonly consumers: Readonly<Record<string, readonly string[]>> };

async function diffVersions(call: CommandCall, files: readonly string[], lineage: Lineage): Promise<number> {
  const newFile = files.at(-1);
  if (files.length < 2 || newFile === undefined) {
    throw new LakeError('CONFIG_INVALID', 'foz contract diff compares two files', {
      context: { expected: 'OLD NEW, or --source', found: files.length === 0 ? 'no file' : files.join(' ') },
    });
  }
  const [{ comparableContract }, { compareContracts }] = await Promise.all([
    import('../../contract/comparable-contract.ts'),
    import('../../../contracts/compatibility/compare-contracts.ts'),
  ]);
  const contracts = [];
  for (const file of files) contracts.push(await comparableContract(file, call));
  const [updated, old, ...history] = contracts.toReversed();
  if (updated === undefined || old === undefined) return 2;
  const mode = modes.find((name) => name === call.options['mode']);
  const profile = profiles.find((name) => name === call.options['profile']) ?? 'sound';
  const comparison = compareContracts(old, updated, { profile, history, ...(mode === undefined ? {} : { mode }) });
  const consumers = Object.fromEntries(
    await Promise.all(
      comparison.tables.filter(({ compatible }) => compatible !== true).map(async ({ table }) => [table, await lineage.consumersOf(table)]),
    ),
  );
  tell(call, { ...comparison, consumers }, newFile);
  return comparison.compatible === true ? 0 : 1;
}

function tell(call: CommandCall, told: Told, file: string): void {
  const format = call.options['format'];
  call.print(told, () => (format === 'json' ? JSON.stringify(told, null, 2) : format === 'github' ? annotations(told, file) : text(told)));
}

function text(told: Told): string {
  const verdict = told.compatible === true ? 'compatible' : told.compatible === false ? 'breaking' : 'unknown';
  const proof = told.profile !== 'sound' || told.mode === 'none' ? '' : told.compatible === true ? ', proved' : '';
  const tables = told.tables
    .filter(({ differences, compatible }) => differences.length > 0 || compatible !== true)
    .map((table) => tableText(table, told.consumers[table.table] ?? []));
  return [...tables, `${verdict} (${told.mode}, ${told.profile}${proof})`].join('\n\n');
}

function tableText({ table, differences, witness, reason }: TableComparison, consumers: readonly string[]): string {
  const lines = [table, ...differences.map((difference) => `  ${differenceText(difference)}`)];
  if (witness !== null) lines.push(`  witness: ${witnessText(witness)}`, `    ${JSON.stringify(witness.document)}`);
  if (reason !== null) lines.push(`  ${reason}`);
  if (consumers.length > 0) lines.push(`  read by: ${consumers.join(', ')}`);
  return lines.join('\n');
}

function differenceText({ kind, path, direction, allowed }: Difference): string {
  return `${allowed ? ' ' : '!'} ${kind} ${path} (${direction})`;
}

function witnessText({ acceptedBy, rejectedBy, explains }: Witness): string {
  return `a row that ${acceptedBy} accepts and ${rejectedBy} rejects, ${explains.pointer === '' ? 'as a whole' : `at ${explains.pointer}`}: ${explains.message}`;
}

function escaped(value: string): string {
  return value.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(value: string): string {
  return escaped(value).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

/** Spec: GitHub Actions workflow commands. One annotation a table that is not compatible, one notice when all are. */
function annotations(told: Told, file: string): string {
  const line = (level: string, title: string, message: string): string =>
    `::${level} file=${property(file)},line=1,title=${property(title)}::${escaped(message)}`;
  const broken = told.tables.filter(({ compatible }) => compatible !== true);
  if (broken.length === 0) return line('notice', 'contract', text(told));
  return broken
    .map((table) =>
      line(
        table.compatible === false ? 'error' : 'warning',
        `contract: ${told.mode} compatibility of ${table.table}`,
        tableText(table, told.consumers[table.table] ?? []),
      ),
    )
    .join('\n');
}
