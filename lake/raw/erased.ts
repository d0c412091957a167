// What was erased from a raw table, kept with the table so that proofs can tell an erased row from a lost one: how many
// rows, when, and a salted hash of the key, never the key. A small key space can be tried through, salt or not: the
// record is a pseudonym, kept only as long as a proof may meet the key in the log, and bounded.

import { createHash } from 'node:crypto';
import type { EpochMs } from '../../runtime/clock.ts';
import { readJson } from '../../runtime/json-value.ts';

export const erasedProperty = 'foz.erased';

/** Columns of a record key with their values as text; a key that is no JSON object has one member without a name. */
export type KeyMembers = ReadonlyMap<string, string>;

export interface ErasedKey {
  readonly hash: string;
  readonly rows: number;
  /** Epoch milliseconds. */
  readonly at: EpochMs;
}

export interface ErasedKeys {
  readonly salt: string;
  readonly keys: readonly ErasedKey[];
}

/** The oldest go first. */
export const erasedKeysMax = 256;

/** Null when nothing was erased, or the text is none of ours. */
export function parseErased(text: string | undefined): ErasedKeys | null {
  if (text === undefined) return null;
  const read = readJson(text, 8);
  if (read.kind !== 'value' || read.value.kind !== 'object') return null;
  const members = new Map(read.value.entries.map(({ key, value }) => [key, value]));
  const [salt, keys] = [members.get('salt'), members.get('keys')];
  if (salt?.kind !== 'string' || keys?.kind !== 'array') return null;
  return {
    salt: salt.value,
    keys: keys.items.flatMap((item): ErasedKey[] => {
      if (item.kind !== 'object') return [];
      const parts = new Map(item.entries.map(({ key, value }) => [key, value]));
      const [hash, rows, at] = [parts.get('hash'), parts.get('rows'), parts.get('at')];
      if (hash?.kind !== 'string' || rows?.kind !== 'number' || at?.kind !== 'number') return [];
      return [{ hash: hash.value, rows: Number(rows.text), at: Number(at.text) }];
    }),
  };
}

export function erasedText({ salt, keys }: ErasedKeys): string {
  return JSON.stringify({ salt, keys: keys.slice(-erasedKeysMax) });
}

/** The record with these keys too; a key erased before counts its rows on. */
export function withErased(
  known: ErasedKeys,
  added: readonly { readonly key: KeyMembers; readonly rows: number }[],
  now: EpochMs,
): ErasedKeys {
  const keys = new Map(known.keys.map((key) => [key.hash, key]));
  for (const { key, rows } of added) {
    const hash = erasedHash(known.salt, key);
    const before = keys.get(hash)?.rows ?? 0;
    keys.delete(hash);
    keys.set(hash, { hash, rows: before + rows, at: now });
  }
  return { salt: known.salt, keys: [...keys.values()] };
}

export function isErased(known: ErasedKeys | null, key: KeyMembers | null): boolean {
  if (known === null || key === null || known.keys.length === 0) return false;
  const hash = erasedHash(known.salt, key);
  return known.keys.some((one) => one.hash === hash);
}

/** The same whatever the order of the members. */
export function erasedHash(salt: string, key: KeyMembers): string {
  const members = [...key].toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return createHash('sha256')
    .update(`${salt}\n${JSON.stringify(members)}`)
    .digest('hex')
    .slice(0, 32);
}

/** Null for no key, and for one that is an object of other than scalars. */
export function keyMembers(key: Uint8Array | null): KeyMembers | null {
  if (key === null) return null;
  const text = Buffer.from(key.buffer, key.byteOffset, key.length).toString('utf8');
  const read = readJson(text, 8);
  if (read.kind !== 'value' || read.value.kind !== 'object') return new Map([['', text]]);
  const members = new Map<string, string>();
  for (const { key: name, value } of read.value.entries) {
    if (value.kind === 'string') members.set(name, value.value);
    else if (value.kind === 'number') members.set(name, value.text);
    else if (value.kind === 'boolean') members.set(name, String(value.value));
    else return null;
  }
  return members;
}
