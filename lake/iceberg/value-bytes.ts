// Single values as bytes: how bounds stand in manifests and manifest lists. JavaScript values by type: boolean; number
// for int, date, float and double; bigint for long, time, timestamp, timestamptz and decimal (unscaled); string for
// string and uuid; Uint8Array for binary and fixed.
// Spec: https://iceberg.apache.org/spec/#appendix-d-single-value-serialization

import { assert } from '../../runtime/errors.ts';

export type SingleValue = boolean | number | bigint | string | Uint8Array;

const utf8 = new TextEncoder();
const fromUtf8 = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });

/** Null where the type has no single-value form (struct, list, map and types unknown here). */
export function bytesOfValue(type: string, value: SingleValue): Uint8Array | null {
  switch (kindOf(type)) {
    case 'boolean':
      return Uint8Array.of(value === true ? 1 : 0);
    case 'int':
      return fixedBytes(4, (view) => view.setInt32(0, Number(value), true));
    case 'long':
      return fixedBytes(8, (view) => view.setBigInt64(0, wholeOf(value), true));
    case 'float':
      return fixedBytes(4, (view) => view.setFloat32(0, Number(value), true));
    case 'double':
      return fixedBytes(8, (view) => view.setFloat64(0, Number(value), true));
    case 'string':
      return utf8.encode(String(value));
    case 'uuid':
      return uuidBytes(String(value));
    case 'binary':
      return value instanceof Uint8Array ? value : null;
    case 'decimal':
      return bigEndianBytes(wholeOf(value));
    default:
      return null;
  }
}

/**
 * Null where the bytes are not a value of the type. Bounds written before a promotion are accepted: four bytes for
 * a long, a float for a double.
 */
export function valueOfBytes(type: string, bytes: Uint8Array): SingleValue | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (kindOf(type)) {
    case 'boolean':
      return bytes.length === 1 ? bytes[0] !== 0 : null;
    case 'int':
      return bytes.length === 4 ? view.getInt32(0, true) : null;
    case 'long':
      if (bytes.length === 4) return BigInt(view.getInt32(0, true));
      return bytes.length === 8 ? view.getBigInt64(0, true) : null;
    case 'float':
      return bytes.length === 4 ? view.getFloat32(0, true) : null;
    case 'double':
      if (bytes.length === 4) return view.getFloat32(0, true);
      return bytes.length === 8 ? view.getFloat64(0, true) : null;
    case 'string':
      return textOf(bytes);
    case 'uuid':
      return bytes.length === 16 ? uuidText(bytes) : null;
    case 'binary':
      return bytes;
    case 'decimal':
      return bytes.length > 0 ? bigEndianValue(bytes) : null;
    default:
      return null;
  }
}

/**
 * Iceberg's order of two values of one type: negative, zero or positive. Strings compare as UTF-8 bytes, not as UTF-16;
 * −0.0 stands before 0.0.
 */
export function compareValues(a: SingleValue, b: SingleValue): number {
  if (typeof a === 'string' && typeof b === 'string') return compareBytes(utf8.encode(a), utf8.encode(b));
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compareBytes(a, b);
  if (a === 0 && b === 0) return Number(Object.is(b, -0)) - Number(Object.is(a, -0));
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The first `length` code points (string) or bytes (binary): a lower bound stays one when cut. */
export function truncatedLower(value: SingleValue, length: number): SingleValue {
  if (typeof value === 'string') return [...value].slice(0, length).join('');
  return value instanceof Uint8Array ? value.subarray(0, length) : value;
}

/** Cut and raised, so that it still bounds from above; null when nothing above it has that length. */
export function truncatedUpper(value: SingleValue, length: number): SingleValue | null {
  if (typeof value === 'string') {
    const points = [...value];
    return points.length <= length ? value : raisedText(points.slice(0, length));
  }
  if (!(value instanceof Uint8Array)) return value;
  return value.length <= length ? value : raisedBytes(value.subarray(0, length));
}

type Kind = 'boolean' | 'int' | 'long' | 'float' | 'double' | 'string' | 'uuid' | 'binary' | 'decimal';

const kinds: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ['boolean', 'boolean'],
  ['int', 'int'],
  ['date', 'int'],
  ['long', 'long'],
  ['time', 'long'],
  ['timestamp', 'long'],
  ['timestamptz', 'long'],
  ['float', 'float'],
  ['double', 'double'],
  ['string', 'string'],
  ['uuid', 'uuid'],
  ['binary', 'binary'],
]);

function kindOf(type: string): Kind | undefined {
  if (type.startsWith('decimal(')) return 'decimal';
  return type.startsWith('fixed[') ? 'binary' : kinds.get(type);
}

function wholeOf(value: SingleValue): bigint {
  assert(typeof value === 'bigint' || Number.isSafeInteger(value), `a whole number is needed, found ${String(value)}`);
  return BigInt(Number.isSafeInteger(value) ? Number(value) : String(value));
}

function fixedBytes(length: number, write: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(length);
  write(new DataView(bytes.buffer));
  return bytes;
}

/** Two's complement, big-endian, in as few bytes as hold it. */
function bigEndianBytes(value: bigint): Uint8Array {
  let length = 1;
  while (BigInt.asIntN(length * 8, value) !== value) length++;
  const bytes = new Uint8Array(length);
  for (let i = length - 1, rest = value; i >= 0; i--, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
  return bytes;
}

function bigEndianValue(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return BigInt.asIntN(bytes.length * 8, value);
}

function uuidBytes(text: string): Uint8Array | null {
  const hex = text.replaceAll('-', '');
  if (!/^[0-9a-fA-F]{32}$/.test(hex)) return null;
  return Uint8Array.from({ length: 16 }, (_, i) => Number.parseInt(hex.slice(i * 2, i * 2 + 2), 16));
}

function uuidText(bytes: Uint8Array): string {
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** Some writers cut a bound within a character: such bytes bound nothing. */
function textOf(bytes: Uint8Array): string | null {
  try {
    return fromUtf8.decode(bytes);
  } catch {
    return null;
  }
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function raisedText(points: readonly string[]): string | null {
  for (let end = points.length; end > 0; end--) {
    const point = points[end - 1]?.codePointAt(0) ?? 0;
    // Surrogates are no code points of their own: the successor of U+D7FF is U+E000.
    const next = point === 0xd7ff ? 0xe000 : point + 1;
    if (next <= 0x10ffff) return points.slice(0, end - 1).join('') + String.fromCodePoint(next);
  }
  return null;
}

function raisedBytes(prefix: Uint8Array): Uint8Array | null {
  for (let end = prefix.length; end > 0; end--) {
    const byte = prefix[end - 1] ?? 0xff;
    if (byte < 0xff) return Uint8Array.of(...prefix.subarray(0, end - 1), byte + 1);
  }
  return null;
}
