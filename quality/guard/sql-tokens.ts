// People's SQL before any parser sees it: only what DuckDB and Trino cut into the same tokens goes on, so that a statement
// judged by one parser is the statement that the other engine runs. Comments become spaces, at the same places.

import { quoted } from '../../lake/parquet/duckdb-type.ts';

export type PlainSql = { readonly kind: 'sql'; readonly text: string } | { readonly kind: 'problem'; readonly reason: string };

export const sqlLengthMax = 20_000;

const pieces =
  /(?<comment>--[^\n]*|\/\*[\s\S]*?\*\/)|(?<text>'(?:[^']|'')*')|(?<name>"(?:[^"]|"")+")|(?<word>[A-Za-z_][A-Za-z0-9_]*)|(?<number>[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?)|(?<space>[ \t\r\n]+)|(?<sign>[()[\]{}.,:+\-*/%<>=!|&^~@])|(?<end>;)/y;

/** One statement or expression; a semicolon at its very end is taken away. */
export function plainSql(sql: string): PlainSql {
  if (sql.length > sqlLengthMax) return problem(`it is ${sql.length} characters long: at most ${sqlLengthMax}`);
  let text = '';
  let before: 'word' | 'other' = 'other';
  let isOver = false;
  for (let at = 0; at < sql.length;) {
    pieces.lastIndex = at;
    const match = pieces.exec(sql);
    if (!match?.groups) return problem(`${describe(sql, at)} is in no statement that every engine reads alike`, sql, at);
    const [piece] = match;
    const { comment, text: string, name, word, number, space, end } = match.groups;
    if (comment?.slice(2).includes('/*') === true && comment.startsWith('/*'))
      return problem('a comment within a comment is read differently by engines', sql, at);
    const isBlank = comment !== undefined || space !== undefined;
    if (isOver && !isBlank) return problem('only one statement is run', sql, at);
    // E'\'' and U&'…' are one text here and another elsewhere.
    if ((string !== undefined || name !== undefined) && before === 'word')
      return problem(`${piece.slice(0, 20)} right after a word is read differently by engines`, sql, at);
    if (end !== undefined) isOver = true;
    text += comment !== undefined || end !== undefined ? piece.replaceAll(/[^\n]/g, ' ') : piece;
    before = word !== undefined || number !== undefined || string !== undefined || name !== undefined ? 'word' : 'other';
    if (piece.endsWith('&')) before = 'word';
    at += piece.length;
  }
  return text.trim() === '' ? problem('it is empty') : { kind: 'sql', text };
}

function describe(sql: string, at: number): string {
  const char = String.fromCodePoint(sql.codePointAt(at) ?? 0);
  if (char === "'" || char === '"') return `a text that does not end`;
  if (sql.startsWith('/*', at)) return 'a comment that does not end';
  return JSON.stringify(char);
}

function problem(reason: string, sql?: string, at?: number): PlainSql {
  if (sql === undefined || at === undefined) return { kind: 'problem', reason };
  const before = sql.slice(0, at).split('\n');
  return { kind: 'problem', reason: `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}: ${reason}` };
}

/** What stands for the rows of the check. */
export const checkedRows = '_checked_rows';

/** Placeholders, as ODCS and its predecessor write them: the table of the check, its schema, and its column where it has one. */
export function withPlaceholders(sql: string, values: { readonly view: string; readonly column: string | null }): PlainSql {
  const table = '(?:table|object|model)';
  const text = sql
    .replaceAll(new RegExp(`\\$?\\{schema\\}\\s*\\.\\s*\\$?\\{${table}\\}`, 'g'), checkedRows)
    .replaceAll(new RegExp(`\\$?\\{${table}\\}`, 'g'), checkedRows)
    .replaceAll(/\$?\{schema\}/g, values.view);
  const column = /\$?\{(?:column|property|field)\}/g;
  if (values.column === null && column.test(text)) return problem('a column is named by a placeholder, but the check is of no column');
  const { column: name } = values;
  const filled = name === null ? text : text.replaceAll(column, () => quoted(name));
  const unknown = /\$\{[^}]*\}/.exec(filled)?.[0];
  return unknown === undefined
    ? { kind: 'sql', text: filled }
    : problem(`there is no placeholder ${unknown}: expected \${table}, \${schema} or \${column}`);
}
