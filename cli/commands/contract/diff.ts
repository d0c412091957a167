// `foz contract diff OLD NEW`: may the new version take the place of the old one? For pull requests: a verdict, what
// differs and where, for a breaking change a row that shows it, and who reads what changes. The verdict stands on the files
// alone; the consumers are asked of the catalog of foz.yaml, where there is one.

import type { ContractComparison, TableComparison } from '../../../contracts/compatibility/compare-contracts.ts';
import type { CompatibilityProfile, Difference, Witness } from '../../../contracts/compatibility/difference.ts';
import type { CompatibilityMode, Contract } from '../../../contracts/contract.ts';
import { LakeError } from '../../../runtime/errors.ts';
import { workflowCommand, type Annotation } from '../../../runtime/workflow-command.ts';
import type { Command, CommandCall } from '../../command.ts';
import type { Reached } from '../../lineage/reached.ts';
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
    ['foz contract diff --source', 'every active contract whose source foz.yaml knows'],
  ],
  run: async (call) => {
    const files = call.args.flat().filter((file) => typeof file === 'string');
    if (call.options['source'] === true) {
      if (files.length > 1)
        throw new LakeError('ARGUMENT_INVALID', 'foz contract diff --source compares one contract with its table', {
          context: { expected: 'one FILE or ID, or none for all', found: files.join(' ') },
        });
      const { diffSource } = await import('./diff-source.ts');
      return diffSource(call, files[0] ?? null);
    }
    return diffVersions(call, files);
  },
};

type Told = ContractComparison & {
  /** By table: who reads what changes for the worse. */
  readonly consumers: Readonly<Record<string, Reached>>;
};

async function diffVersions(call: CommandCall, files: readonly string[]): Promise<number> {
  const newFile = files.at(-1);
  if (files.length < 2 || newFile === undefined) {
    const found = files.length === 0 ? 'no file' : files.join(' ');
    const isAt = typeof call.options['at'] === 'string';
    throw new LakeError('ARGUMENT_INVALID', 'foz contract diff compares two files', {
      context: { expected: 'OLD NEW, or --source', found: isAt ? `${found}, and --at without --source` : found },
    });
  }
  const [{ comparableContract, sameTable }, { compareContracts }] = await Promise.all([
    import('../../contract/comparable-contract.ts'),
    import('../../../contracts/compatibility/compare-contracts.ts'),
  ]);
  const read = [];
  for (const file of files) read.push(await comparableContract(file, call));
  const contracts = sameTable(read);
  const [updated, old, ...history] = contracts.toReversed();
  if (updated === undefined || old === undefined) return 2;
  const mode = modes.find((name) => name === call.options['mode']);
  const profile = profiles.find((name) => name === call.options['profile']) ?? 'sound';
  const comparison = compareContracts(old, updated, { profile, history, ...(mode === undefined ? {} : { mode }) });
  const consumers = await consumersOf(call, comparison, old, updated);
  const [{ reachedText }, { lineOfDifference }] = await Promise.all([
    import('../../lineage/reached.ts'),
    import('../../contract/difference-place.ts'),
  ]);
  const lineOf: LineOf = (table, path) => lineOfDifference(newFile, table, path);
  tell(call, { ...comparison, consumers }, newFile, { reachedText, lineOf });
  return comparison.compatible === true ? 0 : 1;
}

/** Of what is not allowed, and of columns that go, whatever the mode: a schema does not mind, who reads them does. */
async function consumersOf(
  call: CommandCall,
  { tables }: ContractComparison,
  old: Contract,
  updated: Contract,
): Promise<Told['consumers']> {
  const [{ reachedBy }, { compareTables }, { isFelt }, { isPlainSchema }] = await Promise.all([
    import('../../lineage/reached.ts'),
    import('../../../catalog/registry/compare-columns.ts'),
    import('../../../catalog/registry/affected-consumers.ts'),
    import('../../contract/comparable-contract.ts'),
  ]);
  if (isPlainSchema(updated)) return {};
  const broken = tables.filter(({ compatible }) => compatible !== true);
  const changes = broken.flatMap(({ table, differences }) => {
    const paths = differences.filter(({ allowed }) => !allowed).map(({ path }) => path);
    return (paths.length === 0 ? [''] : paths).map((path) => ({ table, path }));
  });
  return reachedBy(call, [...changes, ...compareTables(old, updated).filter(isFelt)], [updated, old]);
}

type ReachedText = (reached: Reached) => readonly string[];

interface Telling {
  readonly reachedText: ReachedText;
  readonly lineOf: LineOf;
}

function tell(call: CommandCall, told: Told, file: string, { reachedText, lineOf }: Telling): void {
  const format = call.options['format'];
  const textOf = (table: TableComparison): string => tableText(table, told.consumers[table.table], reachedText);
  call.print(told, () => {
    if (format === 'json') return JSON.stringify(told, null, 2);
    return format === 'github' ? annotations(told, file, textOf, lineOf) : text(told, textOf);
  });
}

/** Of a difference in the new document. */
type LineOf = (table: string, path: string) => number;
type TextOf = (table: TableComparison) => string;

function text(told: Told, textOf: TextOf): string {
  const verdict = told.compatible === true ? 'compatible' : told.compatible === false ? 'breaking' : 'unknown';
  const proof = told.profile !== 'sound' || told.mode === 'none' ? '' : told.compatible === true ? ', proved' : '';
  const tables = told.tables
    .filter(({ table, differences, compatible }) => differences.length > 0 || compatible !== true || told.consumers[table] !== undefined)
    .map(textOf);
  return [...tables, `${verdict} (${told.mode}, ${told.profile}${proof})`].join('\n\n');
}

function tableText(
  { table, differences, witness, reason }: TableComparison,
  reached: Reached | undefined,
  reachedText: ReachedText,
): string {
  const lines = [table, ...differences.map((difference) => `  ${differenceText(difference)}`)];
  if (witness !== null) lines.push(`  witness: ${witnessText(witness)}`, `    ${JSON.stringify(witness.document)}`);
  if (reason !== null) lines.push(`  ${reason}`);
  if (reached) lines.push(...reachedText(reached).map((line) => `  ${line}`));
  return lines.join('\n');
}

function differenceText({ kind, path, direction, allowed }: Difference): string {
  return `${allowed ? ' ' : '!'} ${kind} ${path} (${direction})`;
}

function witnessText({ acceptedBy, rejectedBy, explains }: Witness): string {
  return `a row that ${acceptedBy} accepts and ${rejectedBy} rejects, ${explains.pointer === '' ? 'as a whole' : `at ${explains.pointer}`}: ${explains.message}`;
}

/**
 * One annotation a table that is not compatible, where its first difference stands, one
 * notice when all are, and a warning for each table that loses what is read.
 */
function annotations(told: Told, file: string, textOf: TextOf, lineOf: LineOf): string {
  const line = (level: Annotation['level'], title: string, message: string, at = 1): string =>
    workflowCommand({ level, file, line: at, title }, message);
  const shown = told.tables.filter(({ table, compatible }) => compatible !== true || (told.consumers[table]?.consumers.length ?? 0) > 0);
  if (shown.length === 0) return line('notice', 'contract', text(told, textOf));
  return shown
    .map((table) => {
      const title = table.compatible === true ? `consumers of ${table.table}` : `${told.mode} compatibility of ${table.table}`;
      const { path = '' } = table.differences.find(({ allowed }) => !allowed) ?? table.differences[0] ?? {};
      return line(table.compatible === false ? 'error' : 'warning', `contract: ${title}`, textOf(table), lineOf(table.table, path));
    })
    .join('\n');
}
