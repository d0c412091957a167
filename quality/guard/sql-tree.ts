// What a statement's tree says about it: the relations it reads, the columns it names, and anything in it that checks do
// not run. Everything not known here is refused, not passed on.

import { isRecord } from '../../runtime/options.ts';

export interface NamedRelation {
  readonly schema: string;
  readonly table: string;
  /** Null: it goes by its own name. */
  readonly alias: string | null;
  /** Byte in the statement. */
  readonly location: number;
}

export interface NamedColumn {
  readonly names: readonly string[];
  readonly location: number | null;
}

export interface SelectTree {
  /** Of the lake, or what may be: relations that the statement itself defines are not among them. */
  readonly relations: readonly NamedRelation[];
  readonly columns: readonly NamedColumn[];
  /** `*`, or a relation's whole row, somewhere. */
  readonly hasStar: boolean;
  /** The outermost SELECT reads tables only, no subqueries; its output in order, null where it is no plain column. */
  readonly output: readonly (NamedColumn | null)[] | null;
  /** The outermost SELECT is only a list of expressions: no FROM, WHERE, GROUP BY … */
  readonly isBare: boolean;
  readonly isOne: boolean;
}

export type TreeRead = { readonly kind: 'tree'; readonly tree: SelectTree } | { readonly kind: 'problem'; readonly reason: string };

type Node = Readonly<Record<string, unknown>>;

interface Walk {
  readonly relations: NamedRelation[];
  readonly columns: NamedColumn[];
  hasStar: boolean;
  problem: string | null;
}

/** `tree`: as CheckEngine.parse gives it. */
export function readTree(tree: unknown): TreeRead {
  const statements = isRecord(tree) && Array.isArray(tree['statements']) ? tree['statements'] : [];
  const [statement] = statements;
  if (statements.length !== 1 || !isRecord(statement))
    return { kind: 'problem', reason: `only one statement is run, not ${statements.length}` };
  const walk: Walk = { relations: [], columns: [], hasStar: false, problem: null };
  visit(statement, new Set(), walk);
  if (walk.problem !== null) return { kind: 'problem', reason: walk.problem };
  const node = statement['node'];
  const { relations, columns, hasStar } = walk;
  const isSelect = isRecord(node) && node['type'] === 'SELECT_NODE';
  const bare = isSelect && isBareSelect(node);
  const read = {
    relations,
    columns,
    hasStar,
    output: isSelect ? outputOf(node) : null,
    isBare: bare,
    isOne: bare && listOf(node['select_list']).length === 1,
  };
  return { kind: 'tree', tree: read };
}

const queryNodes: ReadonlySet<unknown> = new Set(['SELECT_NODE', 'SET_OPERATION_NODE']);
const fromNodes: ReadonlySet<unknown> = new Set([
  'BASE_TABLE',
  'SUBQUERY',
  'JOIN',
  'EMPTY',
  'EMPTY_FROM',
  'EXPRESSION_LIST',
  'TABLE_FUNCTION',
]);
const refusedNodes: Readonly<Record<string, string>> = {
  RECURSIVE_CTE_NODE: 'WITH RECURSIVE is not run',
  SHOW_REF: 'DESCRIBE, SHOW and SUMMARIZE are not run',
  PIVOT: 'PIVOT is not run',
  COLUMN_DATA: 'a result of another statement is not read',
  VALUE_PARAMETER: 'a statement has no parameters: write the value',
};
const tableFunctions: ReadonlySet<unknown> = new Set(['unnest']);
/** What tells of the machine, the session or other tables, or waits. */
const refusedFunctions =
  /^(?:getenv|getvariable|current_setting|set_config|query|query_table|json_execute_serialized_sql|json_serialize_plan|read_\w+|\w+_scan|glob|pragma_\w+|duckdb_\w+|sniff_\w+|which_secret|write_log|parse_duckdb_log_message|nextval|currval|current_user|session_user|user|current_catalog|current_database|current_schemas?|in_search_path|txid_current|pg_\w+|has_\w+_privilege|sleep\w*|error|fail)$/i;

function visit(value: unknown, scope: ReadonlySet<string>, walk: Walk): void {
  if (walk.problem !== null) return;
  if (Array.isArray(value)) {
    for (const item of value) visit(item, scope, walk);
    return;
  }
  if (!isRecord(value)) return;
  const inner = withDefinitions(value, scope);
  judgeNode(value, inner, walk);
  for (const [key, part] of Object.entries(value)) if (key !== 'value' || value['class'] !== 'CONSTANT') visit(part, inner, walk);
}

/** Relations that the statement defines for itself are seen within it, from there on. */
function withDefinitions(node: Node, scope: ReadonlySet<string>): ReadonlySet<string> {
  const map = node['cte_map'];
  const entries = isRecord(map) ? listOf(map['map']) : [];
  const names = entries.flatMap((entry) => (isRecord(entry) ? [String(entry['key']).toLowerCase()] : []));
  return names.length === 0 ? scope : new Set([...scope, ...names]);
}

function judgeNode(node: Node, scope: ReadonlySet<string>, walk: Walk): void {
  const { type } = node;
  if (typeof type !== 'string') return;
  const refused = refusedNodes[type];
  if (refused !== undefined) walk.problem = refused;
  else if (type.endsWith('_NODE') && !queryNodes.has(type)) walk.problem = `${type} is not run: expected SELECT`;
  else if ('sample' in node && node['sample'] !== null && node['sample'] !== undefined)
    walk.problem = 'a sample differs from run to run: it is no check';
  else if (type === 'BASE_TABLE') relation(node, scope, walk);
  else if (type === 'TABLE_FUNCTION') tableFunction(node, walk);
  else if (isFrom(node) && !fromNodes.has(type)) walk.problem = `${type} is not read: expected tables, joins, subqueries`;
  else if (node['class'] === 'FUNCTION' || node['class'] === 'WINDOW') scalarFunction(node, walk);
  else if (node['class'] === 'STAR') walk.hasStar = true;
  else if (node['class'] === 'COLUMN_REF') walk.columns.push(columnOf(node));
}

/** Nodes of FROM have an alias and no class. */
function isFrom(node: Node): boolean {
  return 'alias' in node && 'query_location' in node && !('class' in node);
}

function relation(node: Node, scope: ReadonlySet<string>, walk: Walk): void {
  const [schema, table, catalog] = [String(node['schema_name']), String(node['table_name']), String(node['catalog_name'])];
  if (schema === '' && catalog === '' && scope.has(table.toLowerCase())) return;
  const location = node['query_location'];
  if (catalog !== '' || typeof location !== 'number' || (node['at_clause'] !== null && node['at_clause'] !== undefined))
    walk.problem = `${[catalog, schema, table].filter((part) => part !== '').join('.')} is not read: expected raw.<table> or current.<table>`;
  else
    walk.relations.push({
      schema,
      table,
      alias: typeof node['alias'] === 'string' && node['alias'] !== '' ? node['alias'] : null,
      location,
    });
}

function tableFunction(node: Node, walk: Walk): void {
  const call = node['function'];
  const name = isRecord(call) ? String(call['function_name']) : '';
  if (!tableFunctions.has(name.toLowerCase()))
    walk.problem = `the table function ${name} is not run: expected raw.<table> or current.<table>`;
}

function scalarFunction(node: Node, walk: Walk): void {
  const name = String(node['function_name']);
  const isQualified = [node['schema'], node['catalog']].some(
    (part) => typeof part === 'string' && part !== '' && part !== 'main' && part !== 'system',
  );
  if (isQualified || refusedFunctions.test(name)) walk.problem = `the function ${name} is not run in a check`;
}

function columnOf(node: Node): NamedColumn {
  const location = node['query_location'];
  return { names: listOf(node['column_names']).map(String), location: typeof location === 'number' ? location : null };
}

function outputOf(node: Node): readonly (NamedColumn | null)[] | null {
  if (!isPlainFrom(node['from_table'])) return null;
  const map = node['cte_map'];
  if (isRecord(map) && listOf(map['map']).length > 0) return null;
  return listOf(node['select_list']).map((item) => (isRecord(item) && item['class'] === 'COLUMN_REF' ? columnOf(item) : null));
}

function isPlainFrom(from: unknown): boolean {
  if (!isRecord(from)) return false;
  if (from['type'] === 'BASE_TABLE') return listOf(from['column_name_alias']).length === 0;
  return from['type'] === 'JOIN' && isPlainFrom(from['left']) && isPlainFrom(from['right']);
}

function isBareSelect(node: Node): boolean {
  const from = node['from_table'];
  const map = node['cte_map'];
  return (
    isRecord(from) &&
    String(from['type']).startsWith('EMPTY') &&
    ['where_clause', 'having', 'qualify', 'sample'].every((part) => node[part] === null || node[part] === undefined) &&
    ['group_expressions', 'group_sets', 'modifiers'].every((part) => listOf(node[part]).length === 0) &&
    !(isRecord(map) && listOf(map['map']).length > 0)
  );
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
