// The board of service levels for a terminal.

import { countLevels, type Board, type BoardTable } from './board.ts';

export type TableText = (headers: readonly string[], rows: readonly (readonly unknown[])[]) => string;

export function boardText(board: Board, tableText: TableText): string {
  if (board.tables.length === 0) return 'nothing is declared: write a contract with slaProperties, or quality/TABLE.yaml (docs/quality.md)';
  return [headline(board), ...board.tables.map((table) => tableBoard(table, tableText))].join('\n\n');
}

export function headline({ tables }: Board): string {
  const { promised, kept, broken, unknown } = countLevels(tables);
  if (promised === 0) return 'no contract promises a service level (slaProperties)';
  const rest = [...(broken > 0 ? [`${broken} broken`] : []), ...(unknown > 0 ? [`${unknown} not known`] : [])];
  return `${kept} of ${promised} service levels kept${rest.length === 0 ? '' : `, ${rest.join(', ')}`}`;
}

function tableBoard({ table, contract, score, coverage, levels, checks, notExecuted }: BoardTable, tableText: TableText): string {
  const of = contract === null ? '' : ` (contract ${contract.id} ${contract.version})`;
  const head = `${table}${of}: score ${percent(score)}, coverage ${percent(coverage)}`;
  const levelRows = levels.map(({ state, property, element, promised, found, reason }) => [
    state === 'broken' ? 'BROKEN' : state,
    element === null ? property : `${property} of ${element}`,
    promised,
    found ?? '–',
    reason ?? '',
  ]);
  const bad = checks.filter(({ outcome }) => outcome !== 'passed');
  const rows = bad.map(({ outcome, id, reason }) => [outcome ?? 'not run', id, reason ?? '']);
  return [
    head,
    ...(levelRows.length === 0 ? [] : [tableText(['', 'service level', 'promised', 'found', 'why'], levelRows)]),
    `${checks.length} other checks, ${checks.length - bad.length} passed`,
    ...(rows.length === 0 ? [] : [tableText(['', 'check', 'why'], rows)]),
    ...(notExecuted.length === 0 ? [] : ['not executed:', ...notExecuted.map(({ id, reason }) => `  ${id}: ${reason}`)]),
  ].join('\n');
}

export function percent(value: number | null): string {
  return value === null ? '–' : `${value} %`;
}
