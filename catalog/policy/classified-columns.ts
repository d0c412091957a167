// Which of a table's columns are hidden, and how: what is known of the source's columns, brought to the columns of the lake.
//
// A raw table holds a row of the source in `before` and `after` (or `value`), and pieces of it as text elsewhere: its key, what
// was rescued, what a violation shows. A column is shown only when it is known to be open: a name that nobody spoke of may be a
// hidden column renamed, or one that a former version of the contract classified. A table shows everything only when that
// can be said of every column that it has or ever had.

import { parseColumns, columnsProperty } from '../../contracts/evolution/columns-property.ts';
import { currentSchema, type TableMetadata } from '../../lake/iceberg/metadata.ts';
import { isStruct, type IcebergType, type StructField, type StructType } from '../../lake/iceberg/schema.ts';
import { columnsWithoutContent, isRawSchema, rawSchema, rowStructs } from '../../lake/raw/raw-schema.ts';
import { actionsByName, stricter, type AccessPolicy, type ColumnClass, type MaskAction } from './access-policy.ts';
import type { MaskTree } from './trino-mask.ts';

export interface MaskedColumn {
  readonly name: string;
  /** Null: the current schema has no such column. */
  readonly type: IcebergType | null;
  readonly tree: MaskTree;
}

/** Beside the columns in a row of Cassandra: key columns' values, as a range delete bounds them. */
const rangeBounds: ReadonlySet<string> = new Set(['_range_start', '_range_end']);
/** A raw table gets them with the first record that has them. */
const laterColumns = [...rowStructs, 'message'];
/** What stands for a record besides its columns: where it was, and pieces of what the columns hold. */
const besideRows: ReadonlySet<string> = new Set([...rawSchema.fields.map(({ name }) => name), ...columnsWithoutContent, 'message']);

const hidden: MaskTree = { kind: 'value', action: 'null' };
const shown: MaskTree = { kind: 'value', action: 'clear' };

export interface KnownTable {
  readonly columns: readonly ColumnClass[];
  /** Names of the key's columns, where they are known. */
  readonly key: readonly string[];
}

/** Null: nothing of it is hidden. */
export function maskedColumns(metadata: TableMetadata, known: KnownTable, policy: AccessPolicy): readonly MaskedColumn[] | null {
  const actions = actionsByName(known.columns, policy);
  const isOpen = [...actions.values()].every((action) => action === 'clear');
  if (isOpen && (policy.unclassified === 'read' || unspokenNames(metadata, known).length === 0)) return null;
  const fields = currentSchema(metadata).fields;
  const isRaw = isRawSchema(currentSchema(metadata));
  const byField = actionsByField(metadata, actions);
  const actionOf = (field: StructField): MaskAction => {
    const [byId, byName] = [byField.get(field.id), actions.get(propertyNameOf(field).toLowerCase())];
    return byId === undefined || byName === undefined ? (byId ?? byName ?? 'null') : stricter(byId, byName);
  };
  const treeOf = (field: StructField): MaskTree => {
    if (!isRaw) return { kind: 'value', action: actionOf(field) };
    if (columnsWithoutContent.has(field.name)) return shown;
    if (field.name === '_log_key') return isKeyClear(known.key, actions) ? shown : hidden;
    if (!rowStructs.has(field.name) || !isStruct(field.type)) return hidden;
    return rowTree(rowsNamed(metadata, field.name), field.type, actionOf);
  };
  const names = new Set(fields.map(({ name }) => name.toLowerCase()));
  const hiddenNames = [...actions].filter(([, action]) => action !== 'clear').map(([name]) => name);
  const later = isRaw ? laterColumns : hiddenNames;
  const absent = [...formerNames(metadata), ...later].filter((name) => !names.has(name));
  const ids = idsByName(metadata.schemas);
  const isReused = (field: StructField): boolean => otherIds(ids, field).length > 0;
  return [
    ...fields.map((field) => ({ name: field.name, type: field.type, tree: isReused(field) ? hidden : treeOf(field) })),
    // Time travel shows the columns of then; and a table may get others before the rules are made again.
    ...[...new Set(absent)].map((name) => ({ name, type: null, tree: hidden })),
  ];
}

/** Of the columns that the table has or had, those of which nobody says what they hold: what was dropped may have been classified. */
export function unspokenNames({ schemas }: TableMetadata, { columns }: KnownTable): readonly string[] {
  const spoken = new Set(columns.map(({ column }) => column.toLowerCase()));
  const isSpoken = (field: StructField): boolean => spoken.has(propertyNameOf(field).toLowerCase());
  const isRaw = schemas.some(isRawSchema);
  const unspoken = schemas.flatMap(({ fields }) =>
    fields.flatMap((field): readonly StructField[] => {
      if (!isRaw) return isSpoken(field) ? [] : [field];
      if (rowStructs.has(field.name) && isStruct(field.type))
        return field.type.fields.filter((part) => !isSpoken(part) && !rangeBounds.has(part.name));
      return besideRows.has(field.name) || isSpoken(field) ? [] : [field];
    }),
  );
  return [...new Set(unspoken.map(({ name }) => name))];
}

/** A column that was replaced is a part of the one that took its name over. */
function propertyNameOf({ name }: StructField): string {
  return /^_replaced_\d+_(.+)$/s.exec(name)?.[1] ?? name;
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

/** The struct as each schema has it. */
function rowsNamed({ schemas }: TableMetadata, struct: string): readonly StructType[] {
  return schemas.flatMap(({ fields }) => {
    const type = fields.find(({ name }) => name === struct)?.type;
    return type !== undefined && isStruct(type) ? [type] : [];
  });
}

/** Rows of a former schema have parts that the current one has not: of all of them only what is known now is shown. */
function rowTree(rows: readonly StructType[], { fields }: StructType, actionOf: (field: StructField) => MaskAction): MaskTree {
  const [ids, currentIds] = [idsByName(rows), new Map(fields.map(({ id, name }) => [name, id]))];
  const partTree = (part: StructField): MaskTree => {
    const isReused = otherIds(ids, part).some((id) => currentIds.get(`_replaced_${id}_${part.name}`) !== id);
    return isReused ? hidden : { kind: 'value', action: actionOf(part) };
  };
  const current = new Set(fields.map(({ name }) => name.toLowerCase()));
  const isRebuilt = rows.some((row) => row.fields.some(({ name }) => !current.has(name.toLowerCase())));
  return { kind: 'fields', byName: new Map(fields.map((part) => [part.name, partTree(part)])), isRebuilt };
}

function isKeyClear(key: readonly string[], actions: ReadonlyMap<string, MaskAction>): boolean {
  return key.length > 0 && key.every((name) => actions.get(name.toLowerCase()) === 'clear');
}

function formerNames({ schemas }: TableMetadata): readonly string[] {
  return [...new Set(schemas.flatMap(({ fields }) => fields.map(({ name }) => name.toLowerCase())))];
}

type IdsByName = ReadonlyMap<string, ReadonlySet<number>>;

/** Which columns each name stood for, as engines compare names. */
function idsByName(rows: readonly StructType[]): IdsByName {
  const byName = new Map<string, Set<number>>();
  for (const { fields } of rows)
    for (const { id, name } of fields) {
      const folded = name.toLowerCase();
      const ids = byName.get(folded);
      if (ids === undefined) byName.set(folded, new Set([id]));
      else ids.add(id);
    }
  return byName;
}

/** The other columns that the name stood for once: which of them an old snapshot shows, a mask by name cannot tell. */
function otherIds(ids: IdsByName, { id, name }: StructField): readonly number[] {
  return [...(ids.get(name.toLowerCase()) ?? [])].filter((other) => other !== id);
}
