// The policy as Trino's file-based access rules, for one catalog of Trino (`iceberg.security=FILE`). The first rule that matches
// decides, and the last one matches everything and allows nothing: what is not known here when the rules are made (a new
// table, a name that Trino could not tell from another, a metadata table that shows bounds of values) stays closed.
//
// Three kinds of people: those who may change tables, those who see everything as it is, all others. For the others each
// table has a rule of its own with its masks and its row filter.
// Spec: https://trino.io/docs/current/security/file-system-access-control.html

import type { TableIdent } from '../catalog.ts';
import { currentSchema, type TableMetadata } from '../../lake/iceberg/metadata.ts';
import type { Schema } from '../../lake/iceberg/schema.ts';
import { actionsByName, type AccessPolicy, type Principals } from './access-policy.ts';
import { maskedColumns, unspokenNames, type KnownTable } from './classified-columns.ts';
import { trinoMask } from './trino-mask.ts';

export interface RulesTable {
  readonly ident: TableIdent;
  readonly metadata: TableMetadata;
  /** Null: nobody said what its columns hold. */
  readonly known: KnownTable | null;
}

export interface RulesView {
  readonly ident: TableIdent;
  readonly schema: Schema;
  /** Trino reads its tables with the rights of the owner, not of whoever asks. */
  readonly isRunAsOwner: boolean;
}

export interface RulesInput {
  readonly tables: readonly RulesTable[];
  readonly views: readonly RulesView[];
  readonly policy: AccessPolicy;
}

export interface TrinoRules {
  /** As Trino reads them. */
  readonly rules: Readonly<Record<string, readonly Rule[]>>;
  /** What stays closed, or is not as the policy may have meant it. */
  readonly notes: readonly string[];
}

type Rule = Readonly<Record<string, unknown>>;

interface ColumnRule {
  readonly name: string;
  readonly mask: string;
}

/** Hidden columns of every table: where a row's file lies may name values that the table is partitioned by. */
const placeColumns: readonly ColumnRule[] = ['$path', '$partition'].map((name) => ({ name, mask: 'NULL' }));

/** Metadata tables without values of columns. */
const plainMetadata = ['history', 'refs', 'metadata_log_entries'];
/** Those that show counts, bounds or partition values; `properties` shows the shapes of records. */
const revealingMetadata = ['snapshots', 'files', 'partitions', 'manifests', 'all_manifests', 'entries', 'all_entries', 'properties'];

/**
 * What no other rule is about. Trino takes masks and filters when it begins with a statement, and asks at its end whether the table
 * may be read: where new rules that open the table arrive in between, the statement has no mask yet, and so must get no row.
 */
const nothingOfTables: Rule = { privileges: [], filter: 'false' };

export function trinoRules({ tables, views, policy }: RulesInput): TrinoRules {
  const notes: string[] = [];
  const relations = unambiguous([...tables, ...views], notes);
  const known = new Map(relations.flatMap((relation) => ('metadata' in relation ? [[foldedText(relation.ident), relation] as const] : [])));
  const { change, clear } = policy;
  const readRules = relations.flatMap((relation) =>
    'metadata' in relation ? tableRules(relation, policy, notes) : viewRules(relation, known, policy, notes),
  );
  for (const { table } of policy.filters)
    if (!known.has(table.toLowerCase())) notes.push(`filter: there is no table ${table}; its condition hides nothing`);
  for (const { view } of policy.views)
    if (!views.some(({ ident }) => foldedText(ident) === view.toLowerCase())) notes.push(`view ${view}: there is no such view`);
  const rules = {
    schemas: [...rulesFor(change, { owner: true }), { owner: false }],
    tables: [
      ...rulesFor(change, { privileges: ['SELECT', 'INSERT', 'DELETE', 'UPDATE', 'OWNERSHIP', 'GRANT_SELECT'] }),
      ...rulesFor(clear, { privileges: ['SELECT'] }),
      ...readRules,
      nothingOfTables,
    ],
    // table_changes reads rows past all masks.
    functions: [...[change, clear].flatMap((who) => rulesFor(who, { privileges: ['EXECUTE'] })), { privileges: [] }],
    procedures: [...rulesFor(change, { privileges: ['EXECUTE'] }), { privileges: [] }],
  };
  return { rules, notes };
}

function tableRules(table: RulesTable, policy: AccessPolicy, notes: string[]): readonly Rule[] {
  const { ident, metadata, known } = table;
  const name = dotted(ident);
  const filters = policy.filters.filter((filter) => filter.table.toLowerCase() === foldedText(ident)).map(({ where }) => `(${where})`);
  if (known === null && policy.unclassified === 'deny') {
    notes.push(`${name}: no contract and no entity says what its columns hold; it stays closed (policy.unclassified)`);
    return [];
  }
  const masked = known === null ? [] : columnRules(table, known, policy);
  const unspoken = known === null || masked.length === 0 ? [] : unspokenNames(metadata, known);
  if (unspoken.length > 0) notes.push(unspokenNote(name, unspoken));
  const columns = masked.length === 0 ? [] : [...masked, ...placeColumns];
  const isWhole = columns.length === 0 && filters.length === 0;
  const shown = { ...relationPattern(ident), privileges: ['SELECT'] };
  const { fields } = currentSchema(metadata);
  const hidden = new Set(columns.map((column) => column.name));
  if (fields.length > 0 && fields.every((field) => hidden.has(field.name.toLowerCase()))) notes.push(`${name}: every column is masked`);
  return [
    { ...shown, ...(columns.length === 0 ? {} : { columns }), ...(filters.length === 0 ? {} : { filter: filters.join(' AND ') }) },
    { ...shown, ...relationPattern(ident, isWhole ? [...plainMetadata, ...revealingMetadata] : plainMetadata) },
    // The summary may name partitions.
    ...(isWhole ? [] : [{ ...shown, ...relationPattern(ident, ['snapshots']), columns: [{ name: 'summary', mask: 'NULL' }] }]),
  ];
}

const namesToldMax = 5;

function unspokenNote(table: string, names: readonly string[]): string {
  const more = names.length > namesToldMax ? ` and ${names.length - namesToldMax} more` : '';
  return `${table}: nobody says what is or was in ${names.slice(0, namesToldMax).join(', ')}${more}; that is masked, and what may repeat it`;
}

function columnRules({ ident, metadata }: RulesTable, known: KnownTable, policy: AccessPolicy): readonly ColumnRule[] {
  const columns = maskedColumns(metadata, known, policy) ?? [];
  return columns.flatMap(({ name, type, tree }) => {
    // A column called like its table: `t.x` would be a column of the table as well as a field of the column.
    const isAmbiguous = name.toLowerCase() === ident.name.toLowerCase();
    const mask = type === null || (isAmbiguous && tree.kind === 'fields') ? 'NULL' : trinoMask(name, type, tree);
    return mask === null ? [] : [{ name: name.toLowerCase(), mask }];
  });
}

/** A view that runs as whoever asks shows what its tables show; one that runs as its owner is masked like a table that the policy names. */
function viewRules(view: RulesView, known: ReadonlyMap<string, RulesTable>, policy: AccessPolicy, notes: string[]): readonly Rule[] {
  const name = dotted(view.ident);
  const shown = { ...relationPattern(view.ident), privileges: ['SELECT'] };
  if (!view.isRunAsOwner) return [shown];
  const like = policy.views.find((entry) => entry.view.toLowerCase() === foldedText(view.ident))?.like.toLowerCase();
  const classes = like === undefined ? undefined : known.get(like)?.known;
  if (classes && policy.filters.some(({ table }) => table.toLowerCase() === like)) {
    notes.push(`${name}: it runs as its owner, and past the row filter of ${like}; it stays closed`);
    return [];
  }
  if (!classes) {
    notes.push(`${name}: it runs as its owner, and the policy names no table that it is like (policy.views); it stays closed`);
    return [];
  }
  const actions = actionsByName(classes.columns, policy);
  const columns = view.schema.fields.flatMap((field): readonly ColumnRule[] => {
    const mask = trinoMask(field.name, field.type, { kind: 'value', action: actions.get(field.name.toLowerCase()) ?? 'null' });
    return mask === null ? [] : [{ name: field.name.toLowerCase(), mask }];
  });
  return [{ ...shown, ...(columns.length === 0 ? {} : { columns }) }];
}

/** Trino's names are in lower case, and `$` and `@` lead to a table's other sides. */
function unambiguous(relations: readonly (RulesTable | RulesView)[], notes: string[]): readonly (RulesTable | RulesView)[] {
  const counts = new Map<string, number>();
  for (const { ident } of relations) counts.set(foldedName(ident), (counts.get(foldedName(ident)) ?? 0) + 1);
  return relations.filter(({ ident }) => {
    const isTold = counts.get(foldedName(ident)) === 1 && !/[$@]/.test(ident.name);
    if (!isTold) notes.push(`${dotted(ident)}: Trino could take its name for another; it stays closed`);
    return isTold;
  });
}

function rulesFor({ users, groups }: Principals, rule: Rule): readonly Rule[] {
  return [
    ...(users.length === 0 ? [] : [{ user: anyOf(users), ...rule }]),
    ...(groups.length === 0 ? [] : [{ group: anyOf(groups), ...rule }]),
  ];
}

function relationPattern({ namespace, name }: TableIdent, metadata: readonly string[] = []): Rule {
  const suffix = metadata.length === 0 ? '' : `\\$(${metadata.join('|')})`;
  return { schema: anyOf([namespace.join('.').toLowerCase()]), table: `^${escaped(name.toLowerCase())}${suffix}$` };
}

/** Exactly one of them: Trino's patterns are regular expressions of Java. */
function anyOf(texts: readonly string[]): string {
  return `^(${texts.map(escaped).join('|')})$`;
}

function escaped(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N}_]/gu, String.raw`\$&`);
}

/** As Trino compares names, and as a policy writes them. */
function foldedText(ident: TableIdent): string {
  return dotted(ident).toLowerCase();
}

function foldedName(ident: TableIdent): string {
  return JSON.stringify([ident.namespace.join('.'), ident.name]).toLowerCase();
}

function dotted({ namespace, name }: TableIdent): string {
  return [...namespace, name].join('.');
}
