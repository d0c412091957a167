// What happened to a table's columns, from one schema to the next, by field id: that is what a column is, whatever it is
// called. The metadata keeps the schemas a table has had, so that its history can be told without having been watched.

import type { Schema, StructField, StructType } from './schema.ts';
import { isList, isMap, isStruct, type IcebergType } from './schema.ts';
import type { Snapshot, TableMetadata } from './metadata.ts';

export type ColumnChangeKind = 'added' | 'dropped' | 'renamed' | 'retyped' | 'required' | 'optional' | 'documented';

export interface ColumnChange {
  readonly fieldId: number;
  /** Dotted path after the change; before it, of a dropped one. */
  readonly column: string;
  readonly kind: ColumnChangeKind;
  /** Type, name or comment, by the kind; null where there is or was none. */
  readonly from: string | null;
  readonly to: string | null;
}

export interface SchemaVersion {
  readonly schemaId: number;
  readonly isCurrent: boolean;
  /** Against the version before; the first one adds all of its columns. */
  readonly changes: readonly ColumnChange[];
  /** The oldest snapshot kept that was written with it; null where none was, or it has expired. */
  readonly firstSnapshot: Snapshot | null;
}

/** In the order in which the schemas came. */
export function schemaVersions(metadata: TableMetadata): readonly SchemaVersion[] {
  const schemas = metadata.schemas.toSorted((a, b) => a['schema-id'] - b['schema-id']);
  return schemas.map((schema, at) => {
    const own = metadata.snapshots.filter((snapshot) => snapshot['schema-id'] === schema['schema-id']);
    return {
      schemaId: schema['schema-id'],
      isCurrent: schema['schema-id'] === metadata['current-schema-id'],
      changes: columnChanges(schemas[at - 1] ?? null, schema),
      firstSnapshot: own.reduce<Snapshot | null>(
        (first, next) => (first && first['timestamp-ms'] <= next['timestamp-ms'] ? first : next),
        null,
      ),
    };
  });
}

/** In the order of the columns after; dropped ones last. */
export function columnChanges(before: Schema | null, after: Schema): readonly ColumnChange[] {
  const [old, now] = [before === null ? new Map<number, Column>() : columnsOf(before), columnsOf(after)];
  const changed = [...now].flatMap(([id, column]) => changesOf(id, old.get(id), column));
  // What was inside a column that is gone is gone with it.
  const gone = [...old].filter(([id, { parent }]) => !now.has(id) && (parent === null || now.has(parent)));
  return [
    ...changed,
    ...gone.map(([id, { path, type }]): ColumnChange => ({ fieldId: id, column: path, kind: 'dropped', from: type, to: null })),
  ];
}

interface Column {
  readonly path: string;
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly doc: string | null;
  readonly parent: number | null;
}

function changesOf(fieldId: number, old: Column | undefined, now: Column): readonly ColumnChange[] {
  const change = (kind: ColumnChangeKind, from: string | null, to: string | null): ColumnChange => ({
    fieldId,
    column: now.path,
    kind,
    from,
    to,
  });
  if (!old) return [change('added', null, now.type)];
  return [
    ...(old.name === now.name ? [] : [change('renamed', old.name, now.name)]),
    ...(old.type === now.type ? [] : [change('retyped', old.type, now.type)]),
    ...(old.required === now.required ? [] : [change(now.required ? 'required' : 'optional', null, null)]),
    ...(old.doc === now.doc ? [] : [change('documented', old.doc, now.doc)]),
  ];
}

function columnsOf(schema: StructType): ReadonlyMap<number, Column> {
  const columns = new Map<number, Column>();
  const addField = (field: Pick<StructField, 'id' | 'name' | 'required' | 'type' | 'doc'>, above: string, parent: number | null): void => {
    const { id, name, required, type } = field;
    const path = above === '' ? name : `${above}.${name}`;
    columns.set(id, { path, name, type: typeText(type), required, doc: field.doc ?? null, parent });
    addInner(type, path, id);
  };
  const addInner = (type: IcebergType, path: string, parent: number): void => {
    if (isStruct(type)) for (const field of type.fields) addField(field, path, parent);
    if (isList(type))
      addField({ id: type['element-id'], name: 'element', required: type['element-required'], type: type.element }, path, parent);
    if (!isMap(type)) return;
    addField({ id: type['key-id'], name: 'key', required: true, type: type.key }, path, parent);
    addField({ id: type['value-id'], name: 'value', required: type['value-required'], type: type.value }, path, parent);
  };
  for (const field of schema.fields) addField(field, '', null);
  return columns;
}

function typeText(type: IcebergType): string {
  return typeof type === 'string' ? type.replaceAll(' ', '') : type.type;
}
