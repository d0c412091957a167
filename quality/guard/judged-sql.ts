// The guard for people's SQL. A statement runs only when it is one SELECT over relations of the lake and nothing else;
// what runs is its own text, in which each relation is replaced by the pinned one. So the same text runs on every engine,
// and none can reach another table, the machine or the session.

import { quoted } from '../../lake/parquet/duckdb-type.ts';
import type { Check } from '../check.ts';
import type { CheckEngine, PinnedTable } from '../engine.ts';
import { LakeError } from '../../runtime/errors.ts';
import { checkedRows, plainSql, withPlaceholders } from './sql-tokens.ts';
import { readTree, type NamedColumn, type NamedRelation, type SelectTree } from './sql-tree.ts';

export interface JudgedSql {
  readonly kind: 'sql';
  /** In the engine's names. */
  readonly text: string;
  readonly tree: SelectTree;
  /** Tables of the lake that it reads. */
  readonly tables: readonly PinnedTable[];
}

export type Judged = JudgedSql | { readonly kind: 'problem'; readonly reason: string };

export interface GuardContext {
  readonly engine: CheckEngine;
  readonly table: PinnedTable;
  readonly view: Check['view'];
  /** What `${table}` stands for: the rows of the check, as it stands after FROM. */
  readonly rows: string;
}

/** One SELECT. Problems are of the statement; errors are the engine's. */
export async function judgeStatement(sql: string, context: GuardContext, signal: AbortSignal): Promise<Judged> {
  const read = await readSql(sql, context, (text) => text, signal);
  return read.kind === 'problem' ? read : inEngine(read.text, read.tree, context, signal);
}

/** One condition over the rows of the check. */
export async function judgeExpression(sql: string, context: GuardContext, signal: AbortSignal): Promise<Judged> {
  const read = await readSql(sql, context, (text) => `${before}${text}\n)`, signal);
  if (read.kind === 'problem') return read;
  if (!read.tree.isOne) return { kind: 'problem', reason: 'a condition is one expression over the columns of a row' };
  const judged = await inEngine(read.text, read.tree, context, signal);
  return judged.kind === 'problem' ? judged : { ...judged, text: judged.text.slice(before.length, -2).trim() };
}

const before = 'SELECT (';

type ReadSql =
  | { readonly kind: 'read'; readonly text: string; readonly tree: SelectTree }
  | { readonly kind: 'problem'; readonly reason: string };

async function readSql(sql: string, { engine, view }: GuardContext, wrap: (text: string) => string, signal: AbortSignal): Promise<ReadSql> {
  const filled = withPlaceholders(sql, { view, column: null });
  const plain = filled.kind === 'problem' ? filled : plainSql(filled.text);
  if (plain.kind === 'problem') return plain;
  const text = wrap(plain.text.trim());
  try {
    const read = readTree(await engine.parse(text, signal));
    return read.kind === 'problem' ? read : { kind: 'read', text, tree: read.tree };
  } catch (error) {
    if (error instanceof LakeError && error.code === 'QUERY_INVALID') return { kind: 'problem', reason: error.message };
    throw error;
  }
}

interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

async function inEngine(text: string, tree: SelectTree, context: GuardContext, signal: AbortSignal): Promise<Judged> {
  const bytes = Buffer.from(text);
  const edits: Edit[] = [];
  const tables = new Map<string, PinnedTable>([[context.table.name, context.table]]);
  for (const relation of tree.relations) {
    const found = await pinnedText(relation, context, signal);
    if (found.kind === 'problem') return found;
    tables.set(found.table.name, found.table);
    const from = bytes.subarray(0, relation.location).toString().length;
    const name = relationName.exec(text.slice(from))?.[0];
    if (name === undefined) return { kind: 'problem', reason: `${relation.table} cannot be placed in the statement` };
    const alias = relation.alias !== null ? '' : ` AS ${quoted(relation.table === checkedRows ? context.table.name : relation.table)}`;
    edits.push({ from, to: from + name.length, text: `${found.text}${alias}` });
  }
  for (const column of tree.columns) {
    const edit = shortened(column, text, bytes);
    if (edit) edits.push(edit);
  }
  let judged = text;
  for (const { from, to, text: replacement } of edits.toSorted((a, b) => b.from - a.from))
    judged = judged.slice(0, from) + replacement + judged.slice(to);
  return { kind: 'sql', text: judged, tree, tables: [...tables.values()] };
}

const identifier = String.raw`(?:"(?:[^"]|"")+"|[A-Za-z_][A-Za-z0-9_]*)`;
const relationName = new RegExp(`^${identifier}(?:\\s*\\.\\s*${identifier})?`);
const schemaOfColumn = new RegExp(`^${identifier}\\s*\\.\\s*`);

type PinnedText =
  | { readonly kind: 'text'; readonly text: string; readonly table: PinnedTable }
  | { readonly kind: 'problem'; readonly reason: string };

async function pinnedText(relation: NamedRelation, context: GuardContext, signal: AbortSignal): Promise<PinnedText> {
  const { table: name } = relation;
  const schema = relation.schema.toLowerCase();
  // A check's table may be named alone, as contracts do.
  if (schema === '' && (name === checkedRows || name === context.table.name))
    return { kind: 'text', text: context.rows, table: context.table };
  const expected = 'expected raw.<table>, current.<table> or ${table}';
  if (schema !== 'raw' && schema !== 'current')
    return { kind: 'problem', reason: `${schema === '' ? name : `${schema}.${name}`} is not read: ${expected}` };
  const table = name === context.table.name ? context.table : await context.engine.pin(name, signal);
  if (table === null) return { kind: 'problem', reason: `there is no table ${name} in the lake` };
  const text = schema === 'raw' ? table.raw : table.current;
  return text === null
    ? { kind: 'problem', reason: `${name} has no current rows: its records are no change events` }
    : { kind: 'text', text, table };
}

/** `raw.users.op` names a relation by its schema, which the pinned one has not. */
function shortened({ names, location }: NamedColumn, text: string, bytes: Buffer): Edit | null {
  const schema = names[0]?.toLowerCase();
  if (names.length < 3 || location === null || (schema !== 'raw' && schema !== 'current')) return null;
  const from = bytes.subarray(0, location).toString().length;
  const prefix = schemaOfColumn.exec(text.slice(from))?.[0];
  return prefix === undefined ? null : { from, to: from + prefix.length, text: '' };
}
