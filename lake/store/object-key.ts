// Keys, the same for every store: a path of plain segments. What one store would take and another would not (an empty
// segment, `..`, a control character, a name that changes under normalisation of slashes) is refused everywhere, so that
// a lake can move between stores and no key can ever point outside its root.

import { LakeError } from '../../runtime/errors.ts';
import type { ByteRange } from './object-store.ts';

/** S3's own limit, in UTF-8 bytes; the adapter's prefix counts too, so this leaves room for it. */
export const keyBytesMax = 900;

/** Returns the key, or throws STORE_REFUSED saying what is wrong with it. */
export function checkKey(key: string): string {
  const problem = problemOf(key);
  if (problem !== null) throw new LakeError('STORE_REFUSED', `object key refused: ${problem}`, { context: { key: key.slice(0, 200) } });
  return key;
}

/** A list prefix is a key cut anywhere: it may be empty or end in a slash. */
export function checkPrefix(prefix: string): string {
  const problem = prefix === '' ? null : problemOf(prefix.endsWith('/') ? prefix.slice(0, -1) : prefix);
  if (problem !== null)
    throw new LakeError('STORE_REFUSED', `list prefix refused: ${problem}`, { context: { prefix: prefix.slice(0, 200) } });
  return prefix;
}

function problemOf(key: string): string | null {
  if (key === '') return 'it is empty';
  if (!key.isWellFormed()) return 'it holds half of a surrogate pair, which has no UTF-8 form';
  if (Buffer.byteLength(key) > keyBytesMax) return `it is longer than ${keyBytesMax} bytes`;
  for (let index = 0; index < key.length; index++) {
    const unit = key.charCodeAt(index);
    if (unit < 0x20 || unit === 0x7f) return `it holds the control character U+${unit.toString(16).padStart(4, '0')}`;
    if (unit === 0x5c) return 'it holds a backslash';
  }
  for (const segment of key.split('/')) {
    if (segment === '') return 'it starts or ends with a slash, or holds two in a row';
    if (segment === '.' || segment === '..') return `it holds the segment "${segment}"`;
  }
  return null;
}

/** S3's order: by UTF-8 bytes. JavaScript's `<` compares UTF-16 units and differs beyond the basic plane. */
export function compareKeys(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

/** The bytes of `range` that exist; throws STORE_REFUSED when none does. `null` wants everything. */
export function clipRange(key: string, bytes: number, range: ByteRange | undefined): ByteRange {
  if (range === undefined) return { start: 0, end: bytes };
  checkRange(key, range);
  if (range.start >= bytes) {
    throw new LakeError('STORE_REFUSED', `get of ${key} from byte ${range.start}: the object has ${bytes} bytes`, {
      context: { key, start: range.start, end: range.end, bytes },
    });
  }
  return { start: range.start, end: Math.min(range.end, bytes) };
}

export function checkRange(key: string, range: ByteRange): void {
  const isRange = Number.isSafeInteger(range.start) && Number.isSafeInteger(range.end) && range.start >= 0 && range.start < range.end;
  if (!isRange) {
    throw new LakeError('STORE_REFUSED', `get of ${key}: bytes ${range.start} to ${range.end} are no range`, { context: { key } });
  }
}

export function objectMissing(root: string, key: string): LakeError {
  return new LakeError('OBJECT_MISSING', `no object ${root}/${key}`, { context: { root, key } });
}
