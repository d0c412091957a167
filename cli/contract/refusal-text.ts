// Why the registry refused, for people: the sentence, the differences, the row that proves it, and whom it would have reached.

import type { AffectedTable } from '../../catalog/registry/affected-consumers.ts';
import { isAffectedTable } from '../../catalog/registry/view-guards.ts';
import type { Refusal } from '../../catalog/service/answer.ts';
import { isListOf, isRecord, isString } from '../../lake/iceberg/read-metadata.ts';
import { reachedText } from '../lineage/reached.ts';

export function refusalJson({ reason, message, detail }: Refusal): object {
  return { refused: { reason, message, ...detail } };
}

export function refusalText({ message, detail = {} }: Refusal): string {
  const rows = (name: string): readonly Readonly<Record<string, unknown>>[] => {
    const list = detail[name];
    return isListOf(isRecord)(list) ? list : [];
  };
  const problems = detail['problems'];
  return [
    `refused: ${message}`,
    ...rows('differences').filter(isBreaking).map(differenceText),
    ...rows('witnesses').flatMap(witnessText),
    ...rows('problems').map(problemText),
    ...(isListOf(isString)(problems) ? problems.map((problem) => `  ${problem}`) : []),
    ...rows('consumers').flatMap((row) => (isAffectedTable(row) ? affectedText(row) : [])),
  ].join('\n');
}

/** Whom a change of a table reaches. */
export function affectedText(affected: AffectedTable): readonly string[] {
  const [head = '', ...lines] = reachedText({ ...affected, known: true, reason: null });
  return [`  ${affected.table}: ${head}`, ...lines.map((line) => `  ${line}`)];
}

/** What only adds is not what was refused. */
function isBreaking({ breaks, step }: Readonly<Record<string, unknown>>): boolean {
  return (Array.isArray(breaks) && breaks.length > 0) || step !== 'patch';
}

function differenceText({ type, table, path, message }: Readonly<Record<string, unknown>>): string {
  return `  ${String(type)} ${[table, path].filter((part) => part !== '').join(' ')}: ${String(message)}`;
}

function witnessText({ table, row, acceptedBy, rejectedBy, reason }: Readonly<Record<string, unknown>>): readonly string[] {
  const why = reason === null ? '' : ` (${String(reason)})`;
  return [
    `  witness: a row of ${String(table)} that ${String(acceptedBy)} accepts and ${String(rejectedBy)} rejects${why}:`,
    `    ${JSON.stringify(row)}`,
  ];
}

function problemText({ file, line, column, rule, message, mend }: Readonly<Record<string, unknown>>): string {
  return `  ${String(file)}:${String(line)}:${String(column)}: ${String(rule)}: ${String(message)}\n    mend: ${String(mend)}`;
}
