// Which of a table's columns are hidden, and how: what is known of the source's columns, brought to the columns of the lake.
//
// A raw table holds a row of the source in `before` and `after` (or `value`), and pieces of it as text elsewhere: its key, what
// was rescued, what a violation shows. Once anything of a table is classified, a column is shown only when it is known not to be:
// a name that nobody spoke of may be a hidden column renamed.

import { parseColumns, columnsProperty } from '../../contracts/evolution/columns-property.ts';
import { currentSchema, type TableMetadata } from '../../lake/iceberg/metadata.ts';
import { isStruct, type IcebergType, type StructField } from '../../lake/iceberg/schema.ts';
import { columnsWithoutContent } from '../../lake/raw/raw-schema.ts';
import { maskOfColumn, type AccessPolicy, type ColumnClass, type MaskAction } from './access-policy.ts';
import type { MaskTree } from './trino-mask.ts';

export interface MaskedColumn {
  readonly name: string;
  /** Null: the current schema has no such column. */
  readonly type: IcebergType | null;
  readonly tree: MaskTree;
}

const rowStructs: ReadonlySet<string> = new Set(['before', 'after', 'value']);
/** A raw table gets them with the first record that has them. */
const laterColumns = [...rowStructs, 'message'];

const hidden: MaskTree = { kind: 'value', action: 'null' };
const shown: MaskTree = { kind: 'value', action: 'clear' };

export interface KnownTable {
  readonly columns: readonly ColumnClass[];
  /** Names of the key's columns, where they are known. */
  readonly key: readonly string[];
}

/** Null: nothing of it is hidden. */
export function maskedColumns(metadata: TableMetadata, known: KnownTable, policy: AccessPolicy): readonly MaskedColumn[] | null {
  const actions = new Map(known.columns.map((column) => [column.column.toLowerCase(), maskOfColumn(column, policy)]));
  if ([...actions.values()].every((action) => action === 'clear')) return null;
  const fields = currentSchema(metadata).fields;
  const isRaw = fields.some(({ name }) => name === '_log_offset');
  const byField = actionsByField(metadata, actions);
  const actionOf = (field: StructField): MaskAction => byField.get(field.id) ?? actions.get(field.name.toLowerCase()) ?? 'null';
  const treeOf = (field: StructField): MaskTree => {
    if (!isRaw) return { kind: 'value', action: actionOf(field) };
    if (columnsWithoutContent.has(field.name)) return shown;
    if (field.name === '_log_key') return isKeyClear(known.key, actions) ? shown : hidden;
    if (!rowStructs.has(field.name) || !isStruct(field.type)) return hidden;
    return { kind: 'fields', byName: new Map(field.type.fields.map((part) => [part.name, { kind: 'value', action: actionOf(part) }])) };
  };
  const names = new Set(fields.map(({ name }) => name.toLowerCase()));
  const hiddenNames = [...actions].filter(([, action]) => action !== 'clear').map(([name]) => name);
  const later = isRaw ? laterColumns : hiddenNames;
  const absent = [...formerNames(metadata), ...later].filter((name) => !names.has(name));
  const isReused = (field: StructField): boolean => isAnothers(metadata, field);
  return [
    ...fields.map((field) => ({ name: field.name, type: field.type, tree: isReused(field) ? hidden : treeOf(field) })),
    // Time travel shows the columns of then; and a table may get others before the rules are made again.
    ...[...new Set(absent)].map((name) => ({ name, type: null, tree: hidden })),
  ];
}

/** A column that was renamed keeps its field id. */
function actionsByField({ properties }: TableMetadata, actions: ReadonlyMap<string, MaskAction>): ReadonlyMap<number, MaskAction> {
  const columns = parseColumns(properties[columnsProperty])?.columns ?? new Map<string, ReadonlyMap<string, number>>();
  const pairs = [...columns].flatMap(([id, ids]) => {
    const action = actions.get(id.toLowerCase());
    return action === undefined || action === 'clear' ? [] : [...ids.values()].map((field) => [field, action] as const);
  });
  return new Map(pairs);
}

function isKeyClear(key: readonly string[], actions: ReadonlyMap<string, MaskAction>): boolean {
  return key.length > 0 && key.every((name) => actions.get(name.toLowerCase()) === 'clear');
}

function formerNames({ schemas }: TableMetadata): readonly string[] {
  return [...new Set(schemas.flatMap(({ fields }) => fields.map(({ name }) => name.toLowerCase())))];
}

/** Whether the name stood for another column once: which of them an old snapshot shows, a mask by name cannot tell. */
function isAnothers({ schemas }: TableMetadata, { id, name }: StructField): boolean {
  return schemas.some(({ fields }) => fields.some((other) => other.id !== id && other.name.toLowerCase() === name.toLowerCase()));
}
