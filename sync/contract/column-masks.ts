// Which columns a contract masks, and how: what mask-sql.ts writes into the decoding statement and mask-value.ts does in
// JavaScript, for proofs. A mask is applied to text; a value of any other kind is dropped, since nothing else could
// stand in its column. Where a mask cannot be kept, the table does not land at all.

import { databaseOfBody } from '../../contracts/column-type.ts';
import type { ContractColumn, Mask } from '../../contracts/contract.ts';
import { isJsonObject, type JsonSchema } from '../../contracts/json-schema.ts';
import { mapNested, nestedMask, nestedMasks, type NestedMask } from '../../contracts/nested-mask.ts';
import type { Database } from '../../contracts/type-table.ts';
import { columnName, type Shape, type ShapeField } from '../../lake/raw/shape.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { PinnedContract } from './pinned-contract.ts';
import { standInColumns, standInsUnder, type StandIns } from './stand-in-masks.ts';

export type ColumnMask =
  | Exclude<Mask, { kind: 'hmac' }>
  /** `key`: at least 16 bytes. */
  | { readonly kind: 'hmac'; readonly keyId: string; readonly key: Uint8Array };

export interface ColumnMasks {
  readonly byColumn: ReadonlyMap<string, ColumnMask>;
  /** Columns of which only parts are masked. */
  readonly inside: ReadonlyMap<string, NestedMask<ColumnMask>>;
  /** All columns of the contract. */
  readonly known: ReadonlySet<string>;
  /** Masked columns of the record key, as the contract says. */
  readonly keyColumns: readonly string[];
  /** For what cannot be masked member by member; null: it is dropped. */
  readonly wholeKey: Uint8Array | null;
  /** Which the contract's types are of. */
  readonly database: Database;
}

const keyBytesMin = 16;

/** Null where nothing is masked. Throws CONTRACT_UNENFORCEABLE. */
export function columnMasks(contract: PinnedContract): ColumnMasks | null {
  const byColumn = new Map<string, ColumnMask>();
  const inside = new Map<string, NestedMask<ColumnMask>>();
  const keyColumns: string[] = [];
  const database = databaseOfBody(contract.table.body);
  const withKey = (column: ContractColumn, mask: Mask): ColumnMask =>
    mask.kind === 'hmac' ? { ...mask, key: keyOf(contract, column, mask.keyId) } : mask;
  for (const column of contract.table.columns) {
    const nested = column.mask === null ? nestedMask(schemaOf(contract, column), database) : null;
    const mask = column.mask ?? (nested === null ? null : ({ kind: 'drop' } as const));
    if (mask === null) continue;
    if (column.keyPosition !== null) {
      keyColumns.push(column.name);
      if (mask.kind !== 'hmac')
        throw unenforceable(contract, column, `mask ${mask.kind} of a key column would make different keys alike`, 'hmac');
    }
    if (nested !== null && nested !== 'not static')
      inside.set(
        column.name,
        mapNested(nested, (part) => withKey(column, part)),
      );
    else byColumn.set(column.name, withKey(column, mask));
  }
  if (byColumn.size === 0 && inside.size === 0) return null;
  const whole = [...byColumn.values()].find((mask) => mask.kind === 'hmac');
  const known = new Set(contract.table.columns.map((column) => column.name));
  return { byColumn, inside, known, keyColumns, wholeKey: whole?.key ?? null, database };
}

export function isMasked(masks: ColumnMasks | null, column: string): boolean {
  return masks !== null && (masks.byColumn.has(column) || masks.inside.has(column));
}

/** Whether a value of the column may be shown: neither masked nor unknown, which may be a masked one renamed. */
export function isShown(masks: ColumnMasks | null, column: string): boolean {
  return masks === null || (masks.known.has(column) && !isMasked(masks, column));
}

/** The same for records that a shape decoded, in which a column may have the name it had before, or one not known yet. */
export function masksUnder(masks: ColumnMasks, shape: Shape | undefined): ColumnMasks {
  const [byColumn, inside, known] = [new Map(masks.byColumn), new Map(masks.inside), new Set(masks.known)];
  for (const field of renamedFields(shape)) {
    const [mask, nested] = [masks.byColumn.get(columnName(field)), masks.inside.get(columnName(field))];
    if (masks.known.has(columnName(field))) known.add(field.name);
    if (isMasked(masks, field.name)) continue;
    if (mask) byColumn.set(field.name, mask);
    if (nested) inside.set(field.name, nested);
  }
  return withStandIns({ ...masks, byColumn, inside, known }, standInsUnder(masks, shape));
}

/** The same for a table of the source. */
export function masksOfColumns(masks: ColumnMasks, columns: readonly string[]): ColumnMasks {
  return withStandIns(masks, standInColumns(masks, columns));
}

function withStandIns(masks: ColumnMasks, found: StandIns): ColumnMasks {
  const [byColumn, inside] = [new Map(masks.byColumn), new Map(masks.inside)];
  for (const [name, { as }] of found) {
    const nested = as === null ? undefined : masks.inside.get(as);
    if (nested) inside.set(name, nested);
    else byColumn.set(name, (as === null ? undefined : masks.byColumn.get(as)) ?? { kind: 'drop' });
  }
  return { ...masks, byColumn, inside };
}

/** Of rows: in an event below `before` and `after`. */
function renamedFields(shape: Shape | undefined): readonly ShapeField[] {
  if (shape?.root.kind !== 'struct') return [];
  const { fields } = shape.root;
  const rows = fields.flatMap(({ name, type }) => ((name === 'before' || name === 'after') && type.kind === 'struct' ? type.fields : []));
  return [...fields, ...rows].filter((field) => columnName(field) !== field.name);
}

/** Masked columns and their masks, for people and for the snapshot's summary; without any key. */
export function maskNames(masks: ColumnMasks | null): ReadonlyMap<string, string> {
  const inside = [...(masks?.inside ?? [])].flatMap(([column, nested]) =>
    nestedMasks(nested).map(([path, mask]) => [`${column}${path}`, mask] as const),
  );
  const all = [...(masks?.byColumn ?? []), ...inside];
  return new Map(all.map(([path, mask]) => [path, mask.kind === 'hmac' ? `hmac ${mask.keyId}` : mask.kind] as const));
}

function keyOf(contract: PinnedContract, column: ContractColumn, keyId: string): Uint8Array {
  const key = contract.maskKeys.get(keyId);
  if (!key) throw unenforceable(contract, column, `mask key ${keyId} is not configured`, `contracts.maskKeys.${keyId}`);
  if (key.length < keyBytesMin)
    throw unenforceable(contract, column, `mask key ${keyId} has ${key.length} bytes`, `at least ${keyBytesMin} bytes`);
  return key;
}

function unenforceable({ id, version }: PinnedContract, column: ContractColumn, why: string, expected: string): LakeError {
  return new LakeError('CONTRACT_UNENFORCEABLE', `contract ${id} ${version}, column ${column.name}: ${why}`, { context: { expected } });
}

function schemaOf({ table }: PinnedContract, column: ContractColumn): JsonSchema {
  const properties = isJsonObject(table.body) ? table.body['properties'] : undefined;
  const schema = isJsonObject(properties) ? properties[column.name] : undefined;
  return isJsonObject(schema) ? schema : true;
}
