// Where a JSON value ends, checking on the way that it is one: for nested values that are kept as their text.

const [quote, backslash, comma, colon, minus, dot, zero, nine] = [0x22, 0x5c, 0x2c, 0x3a, 0x2d, 0x2e, 0x30, 0x39];
const [openObject, closeObject, openArray, closeArray] = [0x7b, 0x7d, 0x5b, 0x5d];

/** Deeper values are left to the general way. */
const depthMax = 64;

/** The byte after the compact JSON value that starts at `from`, or −1: also for spaces, which are left to the general way. */
export function jsonEnd(bytes: Uint8Array, from: number, end: number): number {
  return valueEnd(bytes, from, end, 0);
}

function valueEnd(bytes: Uint8Array, from: number, end: number, depth: number): number {
  if (from >= end || depth > depthMax) return -1;
  switch (bytes[from]) {
    case quote:
      return stringEnd(bytes, from, end);
    case openObject:
      return objectEnd(bytes, from, end, depth);
    case openArray:
      return arrayEnd(bytes, from, end, depth);
    case 0x74:
      return wordEnd(bytes, from, end, 0x72, 0x75, 0x65);
    case 0x6e:
      return wordEnd(bytes, from, end, 0x75, 0x6c, 0x6c);
    case 0x66:
      return bytes[from + 1] === 0x61 ? wordEnd(bytes, from + 1, end, 0x6c, 0x73, 0x65) : -1;
    default:
      return numberEnd(bytes, from, end);
  }
}

function wordEnd(bytes: Uint8Array, from: number, end: number, second: number, third: number, fourth: number): number {
  return from + 4 <= end && bytes[from + 1] === second && bytes[from + 2] === third && bytes[from + 3] === fourth ? from + 4 : -1;
}

function stringEnd(bytes: Uint8Array, from: number, end: number): number {
  for (let at = from + 1; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === quote) return at + 1;
    if (byte < 0x20) return -1;
    if (byte === backslash) {
      const letter = bytes[++at] ?? 0;
      // \u may be half of a pair: not judged here.
      if (
        letter !== quote &&
        letter !== backslash &&
        letter !== 0x2f &&
        letter !== 0x62 &&
        letter !== 0x66 &&
        letter !== 0x6e &&
        letter !== 0x72 &&
        letter !== 0x74
      )
        return -1;
    }
  }
  return -1;
}

function numberEnd(bytes: Uint8Array, from: number, end: number): number {
  const first = bytes[from] === minus ? from + 1 : from;
  let at = digitsEnd(bytes, first, end);
  if (at === first || (bytes[first] === zero && (at > first + 1 || first > from))) return -1;
  if (at < end && bytes[at] === dot) {
    const fraction = at + 1;
    at = digitsEnd(bytes, fraction, end);
    if (at === fraction) return -1;
  }
  if (at < end && (bytes[at] === 0x65 || bytes[at] === 0x45)) {
    const exponent = bytes[at + 1] === minus || bytes[at + 1] === 0x2b ? at + 2 : at + 1;
    at = digitsEnd(bytes, exponent, end);
    if (at === exponent) return -1;
  }
  return at;
}

function digitsEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && (bytes[at] ?? 0) >= zero && (bytes[at] ?? 0) <= nine) at++;
  return at;
}

function arrayEnd(bytes: Uint8Array, from: number, end: number, depth: number): number {
  if (bytes[from + 1] === closeArray) return from + 2 <= end ? from + 2 : -1;
  for (let at = from + 1; ; at++) {
    at = valueEnd(bytes, at, end, depth + 1);
    if (at < 0 || at >= end) return -1;
    if (bytes[at] === closeArray) return at + 1;
    if (bytes[at] !== comma) return -1;
  }
}

function objectEnd(bytes: Uint8Array, from: number, end: number, depth: number): number {
  if (bytes[from + 1] === closeObject) return from + 2 <= end ? from + 2 : -1;
  for (let at = from + 1; ; at++) {
    if (bytes[at] !== quote) return -1;
    at = stringEnd(bytes, at, end);
    if (at < 0 || at >= end || bytes[at] !== colon) return -1;
    at = valueEnd(bytes, at + 1, end, depth + 1);
    if (at < 0 || at >= end) return -1;
    if (bytes[at] === closeObject) return at + 1;
    if (bytes[at] !== comma) return -1;
  }
}
