// Which columns a contract masks, and how: what mask-sql.ts writes into the decoding statement and mask-value.ts does in
// JavaScript, for proofs. A mask is applied to text; a value of any other kind is dropped, since nothing else could
// stand in its column. Where a mask cannot be kept, the table does not land at all.

import type { ContractColumn, Mask } from '../../contracts/contract.ts';
import { isJsonObject, type JsonValue } from '../../contracts/json-schema.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { PinnedContract } from './pinned-contract.ts';

export type ColumnMask =
  | Exclude<Mask, { kind: 'hmac' }>
  /** `key`: at least 16 bytes. */
  | { readonly kind: 'hmac'; readonly keyId: string; readonly key: Uint8Array };

export interface ColumnMasks {
  readonly byColumn: ReadonlyMap<string, ColumnMask>;
  /** All columns of the contract. */
  readonly known: ReadonlySet<string>;
  /** Whether a masked column is part of the record key, as the contract says. */
  readonly isKeyMasked: boolean;
  /** For what cannot be masked member by member; null: it is dropped. */
  readonly wholeKey: Uint8Array | null;
}

const keyBytesMin = 16;

/** Null where nothing is masked. Throws CONTRACT_UNENFORCEABLE. */
export function columnMasks(contract: PinnedContract): ColumnMasks | null {
  const byColumn = new Map<string, ColumnMask>();
  let isKeyMasked = false;
  for (const column of contract.table.columns) {
    const mask = column.mask ?? (hasNestedMask(contract, column) ? ({ kind: 'drop' } as const) : null);
    if (mask === null) continue;
    if (column.keyPosition !== null) {
      isKeyMasked = true;
      if (mask.kind !== 'hmac')
        throw unenforceable(contract, column, `mask ${mask.kind} of a key column would make different keys alike`, 'hmac');
    }
    byColumn.set(column.name, mask.kind === 'hmac' ? { ...mask, key: keyOf(contract, column, mask.keyId) } : mask);
  }
  if (byColumn.size === 0) return null;
  const whole = [...byColumn.values()].find((mask) => mask.kind === 'hmac');
  const known = new Set(contract.table.columns.map((column) => column.name));
  return { byColumn, known, isKeyMasked, wholeKey: whole?.key ?? null };
}

/** Masked columns and their masks, for people and for the snapshot's summary; without any key. */
export function maskNames(masks: ColumnMasks | null): ReadonlyMap<string, string> {
  return new Map(
    [...(masks?.byColumn ?? [])].map(([column, mask]) => [column, mask.kind === 'hmac' ? `hmac ${mask.keyId}` : mask.kind] as const),
  );
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

/** A mask within a column's value: the whole column goes. */
function hasNestedMask({ table }: PinnedContract, column: ContractColumn): boolean {
  const properties = isJsonObject(table.body) ? table.body['properties'] : undefined;
  return isJsonObject(properties) && mentionsMask(properties[column.name], 0);
}

const depthMax = 64;

function mentionsMask(schema: JsonValue | undefined, depth: number): boolean {
  if (typeof schema !== 'object' || schema === null) return false;
  if (depth > depthMax) return true;
  if (isJsonObject(schema) && schema['x-mask'] !== undefined && schema['x-mask'] !== null) return true;
  return Object.values(schema).some((inner: JsonValue) => mentionsMask(inner, depth + 1));
}
