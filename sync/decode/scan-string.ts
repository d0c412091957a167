// Strings of the fast lane: references into the text where they stand plainly, unescaped copies where they do not.

export interface Escapes {
  readonly bytes: Uint8Array;
  used: number;
  /** Its top bit: whether the row may hold bytes beyond ASCII. */
  high: number;
  /** References to complete: words of a column, and where in them. */
  readonly columns: Int32Array[];
  readonly at: number[];
}

const [quote, backslash] = [0x22, 0x5c];

/** A string into its column; the byte after the closing quote, or −1. */
export function readString(
  bytes: Uint8Array,
  view: DataView,
  from: number,
  end: number,
  words: Int32Array,
  row: number,
  base: number,
  escapes: Escapes,
): number {
  let to = from + 1;
  // Four bytes at a time while none is a quote, a backslash, a control character or beyond ASCII.
  while (to < end && isPlain(view.getInt32(to, true))) to += 4;
  let byte = view.getUint8(to);
  while (byte !== quote && byte !== backslash && byte >= 0x20 && to < end) {
    escapes.high |= byte;
    byte = view.getUint8(++to);
  }
  if (to >= end) return -1;
  if (byte === quote) {
    refer(words, row, bytes, from + 1, to - from - 1, base);
    return to + 1;
  }
  const { used } = escapes;
  const after = unescape(bytes, from + 1, end, escapes);
  if (after < 0) return -1;
  escapes.high |= 0x80;
  const length = escapes.used - used;
  refer(words, row, escapes.bytes, used, length, 0);
  if (length > 12) {
    escapes.columns.push(words);
    escapes.at.push(4 * row);
  }
  return after;
}

/** A DuckDB string reference: length, then either the bytes (up to 12) or four of them and the address. */
export function refer(words: Int32Array, row: number, bytes: Uint8Array, from: number, length: number, base: number): void {
  const word = 4 * row;
  words[word] = length;
  if (length > 12) {
    const address = base + from;
    words[word + 1] = packed(bytes, from, 4);
    words[word + 2] = address % 4_294_967_296;
    words[word + 3] = address / 4_294_967_296;
  } else {
    words[word + 1] = packed(bytes, from, length);
    words[word + 2] = packed(bytes, from + 4, length - 4);
    words[word + 3] = packed(bytes, from + 8, length - 8);
  }
}

function packed(bytes: Uint8Array, from: number, count: number): number {
  if (count <= 0) return 0;
  let word = bytes[from] ?? 0;
  if (count > 1) word |= (bytes[from + 1] ?? 0) << 8;
  if (count > 2) word |= (bytes[from + 2] ?? 0) << 16;
  if (count > 3) word |= (bytes[from + 3] ?? 0) << 24;
  return word;
}

/** The byte after the closing quote, or −1. */
function unescape(bytes: Uint8Array, from: number, end: number, escapes: Escapes): number {
  const target = escapes.bytes;
  let used = escapes.used;
  for (let at = from; at < end && used < target.length; at++) {
    let byte = bytes[at] ?? 0;
    if (byte === quote) {
      escapes.used = used;
      return at + 1;
    }
    if (byte < 0x20) return -1;
    if (byte === backslash) {
      byte = unescaped(bytes[++at] ?? 0);
      if (byte === 0) return -1;
    }
    target[used++] = byte;
  }
  return -1;
}

/** 0 for what is left to DuckDB: \u and mistakes. */
function unescaped(letter: number): number {
  switch (letter) {
    case 0x22:
    case 0x5c:
    case 0x2f:
      return letter;
    case 0x62:
      return 8;
    case 0x66:
      return 12;
    case 0x6e:
      return 10;
    case 0x72:
      return 13;
    case 0x74:
      return 9;
    default:
      return 0;
  }
}

/** Of four bytes of a string, whether each stands for itself. */
function isPlain(word: number): boolean {
  const quotes = word ^ 0x22222222;
  const backslashes = word ^ 0x5c5c5c5c;
  // Of each byte, the top bit: set where the byte is zero (or below 0x20), or the byte's own.
  const found = ((quotes - 0x01010101) & ~quotes) | ((backslashes - 0x01010101) & ~backslashes) | ((word - 0x20202020) & ~word) | word;
  return (found & 0x80808080) === 0;
}
