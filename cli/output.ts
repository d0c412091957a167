// How results and errors look: JSON documents, plain tables, and errors as what, where, expected, found, next.

import { errorTable, LakeError } from '../runtime/errors.ts';
import type { Redactor } from '../runtime/redact.ts';

/** One line of JSON; a bigint beyond 2^53 becomes decimal text. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'bigint' ? (Number.isSafeInteger(Number(item)) ? Number(item) : item.toString()) : item,
  );
}

export function tableText(headers: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const cells = [headers, ...rows.map((row) => row.map(cellText))];
  const widths = headers.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? '').length)));
  const isNumeric = headers.map((_, column) => rows.length > 0 && rows.every((row) => isNumber(row[column])));
  const lineOf = (row: readonly string[]): string =>
    row
      .map((cell, column) => (isNumeric[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '─'.repeat(width)).join('  ');
  const [head, ...body] = cells.map(lineOf);
  return [head, rule, ...body].join('\n');
}

function isNumber(value: unknown): boolean {
  return value === null || value === undefined || typeof value === 'number' || typeof value === 'bigint';
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return '∅';
  const text = typeof value === 'string' ? value : typeof value === 'object' ? jsonText(value) : String(value);
  const line = text.replaceAll('\n', '⏎');
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}

/** Context keys that have a line of their own. */
const ownLine = new Set(['expected', 'found', 'next', 'log']);

export function errorText(error: LakeError, redactor: Redactor): string {
  const { context } = error;
  const where = Object.entries(context)
    .filter(([name, value]) => !ownLine.has(name) && value !== undefined && value !== null)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(' ');
  const lines = [
    `foz: ${error.code}: ${error.message}`,
    ...(where === '' ? [] : [`  where:    ${where}`]),
    ...['expected', 'found', 'log'].flatMap((name) =>
      context[name] === undefined ? [] : [`  ${`${name}:`.padEnd(9)} ${String(context[name])}`],
    ),
    ...causesOf(error).map((cause) => `  because:  ${cause}`),
    `  help:     ${errorTable[error.code].help}`,
    ...(context['next'] === undefined ? [] : [`  next:     ${String(context['next'])}`]),
  ];
  return redactor.text(lines.join('\n'));
}

export function errorJson(error: LakeError, redactor: Redactor): unknown {
  const { code, message, retry, context, help } = error;
  return redactor.value({ error: { code, message, retry, help, context, causes: causesOf(error) } });
}

function causesOf(error: Error): string[] {
  const causes: string[] = [];
  for (let cause = error.cause; cause instanceof Error && causes.length < 4; cause = cause.cause) {
    const code = 'code' in cause && typeof cause.code === 'string' ? ` (${cause.code})` : '';
    const text = `${cause.message || cause.name}${code}`;
    if (!error.message.includes(cause.message) || cause.message === '') causes.push(text);
  }
  return causes;
}
