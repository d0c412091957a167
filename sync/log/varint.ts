// Zigzag varints, as records carry them: up to 32 bits through integer arithmetic, longer ones (a time difference of
// more than 24 days) exact up to 2^53.

export interface Cursor {
  at: number;
}

export function readVarint(bytes: Uint8Array, cursor: Cursor): number {
  let byte = byteAt(bytes, cursor.at++);
  if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1);
  let value = byte & 0x7f;
  for (let shift = 7; shift < 28; shift += 7) {
    byte = byteAt(bytes, cursor.at++);
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return (value >>> 1) ^ -(value & 1);
  }
  return readLong(bytes, cursor, value);
}

/** `low` holds the first 28 bits. */
function readLong(bytes: Uint8Array, cursor: Cursor, low: number): number {
  let value = BigInt(low);
  for (let shift = 28n; shift < 70n; shift += 7n) {
    const byte = byteAt(bytes, cursor.at++);
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return Number((value >> 1n) ^ -(value & 1n));
  }
  throw new RangeError('a varint is longer than 10 bytes');
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new RangeError(`a varint ends at ${at}, past the last byte`);
  return byte;
}
