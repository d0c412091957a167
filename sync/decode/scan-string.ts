// Strings of the fast lane: references into the text where they stand plainly, unescaped copies where they do not.

/** What stands escaped in the texts of one page, unescaped. */
export interface Escapes {
  bytes: Uint8Array;
  view: DataView;
  used: number;
  /** Its top bit: whether the row may hold bytes beyond ASCII. */
  high: number;
}

/** Unescaped strings of one page; beyond, rows take the general way. */
const escapedBytesMax = 1024 * 1024;
const escapedBytesMin = 4096;

export function newEscapes(): Escapes {
  return { bytes: new Uint8Array(0), view: new DataView(new ArrayBuffer(0)), used: 0, high: 0 };
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
  region: number,
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
    refer(words, row, view, from + 1, to - from - 1, from + 1 - region);
    return to + 1;
  }
  const { used } = escapes;
  const after = unescape(bytes, from + 1, end, escapes);
  if (after < 0) return -1;
  escapes.high |= 0x80;
  refer(words, row, escapes.view, used, escapes.used - used, -1 - used);
  return after;
}

/** Strings up to this length stand inside their reference. */
export const inlineMax = 12;

/**
 * A DuckDB string reference: length, then either the bytes (up to 12) or four of them and the address. The address is
 * not known before DuckDB holds the bytes: `place` stands for it, the offset in the page's region, or −1 − the offset in
 * its escapes. Up to 8 bytes after a string must be readable.
 */
export function refer(words: Int32Array, row: number, view: DataView, from: number, length: number, place: number): void {
  const word = 4 * row;
  words[word] = length;
  if (length > inlineMax) {
    words[word + 1] = view.getInt32(from, true);
    words[word + 2] = place;
    return;
  }
  words[word + 1] = packed(view, from, length);
  words[word + 2] = length > 4 ? packed(view, from + 4, length - 4) : 0;
  words[word + 3] = length > 8 ? packed(view, from + 8, length - 8) : 0;
}

function packed(view: DataView, from: number, count: number): number {
  if (count >= 4) return view.getInt32(from, true);
  return count <= 0 ? 0 : view.getInt32(from, true) & ((1 << (8 * count)) - 1);
}

/** The references as they must be once DuckDB holds the region and the escapes at these addresses. */
export function settle(words: Int32Array, rows: number, regionAddress: number, escapesAddress: number): void {
  for (let word = 0; word < 4 * rows; word += 4) {
    if ((words[word] ?? 0) <= inlineMax) continue;
    const place = words[word + 2] ?? 0;
    const address = place >= 0 ? regionAddress + place : escapesAddress - 1 - place;
    words[word + 2] = address % 4_294_967_296;
    words[word + 3] = address / 4_294_967_296;
  }
}

/** The byte after the closing quote, or −1. */
function unescape(bytes: Uint8Array, from: number, end: number, escapes: Escapes): number {
  // No longer than it stands in the text; a reader takes words at its end.
  if (!hasRoom(escapes, end - from + 8)) return -1;
  const target = escapes.bytes;
  let used = escapes.used;
  for (let at = from; at < end; at++) {
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

function hasRoom(escapes: Escapes, wanted: number): boolean {
  const size = escapes.used + wanted;
  if (size <= escapes.bytes.length) return true;
  if (size > escapedBytesMax) return false;
  const bytes = new Uint8Array(Math.min(escapedBytesMax, Math.max(escapedBytesMin, 2 * size)));
  bytes.set(escapes.bytes.subarray(0, escapes.used));
  escapes.bytes = bytes;
  escapes.view = new DataView(bytes.buffer);
  return true;
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
