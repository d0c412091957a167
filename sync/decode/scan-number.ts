// Numbers of the fast lane, exactly or not at all.

const [minus, dot, zero, letterE, lowerE] = [0x2d, 0x2e, 0x30, 0x45, 0x65];

/** An integer, exactly; the byte after it, or −1. */
export function readLong(view: DataView, from: number, end: number, words: Int32Array, row: number): number {
  const isNegative = view.getUint8(from) === minus;
  const first = isNegative ? from + 1 : from;
  let at = first;
  // The first eight digits and the rest apart, so that both stay exact: value = head · 10^(count − 8) + tail.
  let head = 0;
  let tail = 0;
  const upper4 = view.getInt32(at, true);
  if (at + 8 <= end && isDigits(upper4) && isDigits(view.getInt32(at + 4, true))) {
    head = fourDigits(upper4) * 10_000 + fourDigits(view.getInt32(at + 4, true));
    at += 8;
    for (let word = view.getInt32(at, true); at + 4 <= end && isDigits(word) && at - first < 20; word = view.getInt32(at, true)) {
      tail = tail * 10_000 + fourDigits(word);
      at += 4;
    }
  }
  let digit = view.getUint8(at) - zero;
  while (digit >= 0 && digit <= 9 && at < end && at - first < 20) {
    if (at - first < 8) head = head * 10 + digit;
    else tail = tail * 10 + digit;
    digit = view.getUint8(++at) - zero;
  }
  const count = at - first;
  if (count === 0 || count > 19 || (view.getUint8(first) === zero && (count > 1 || isNegative))) return -1;
  const next = view.getUint8(at);
  if (at < end && (next === dot || next === letterE || next === lowerE)) return -1;
  let low: number;
  let high: number;
  if (count <= 8) {
    low = head;
    high = 0;
  } else {
    // In halves of 32 bits: count ≤ 19, so each partial product stays below 2^53.
    const scale = powers[count - 8] ?? 1;
    const scaleHigh = Math.floor(scale / 65_536);
    const upper = head * scaleHigh;
    const lower = head * (scale - scaleHigh * 65_536) + tail;
    const sum = (upper % 65_536) * 65_536 + lower;
    low = sum % 4_294_967_296;
    high = Math.floor(upper / 65_536) + Math.floor(sum / 4_294_967_296);
    if (high >= 2_147_483_648) return -1;
  }
  if (isNegative) {
    low = -low;
    high = low === 0 ? -high : -high - 1;
  }
  words[2 * row] = low;
  words[2 * row + 1] = high;
  return at;
}

const powers = [
  1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

function isDigits(word: number): boolean {
  return (word & 0xf0f0f0f0) === 0x30303030 && ((word + 0x06060606) & 0xf0f0f0f0) === 0x30303030;
}

/** Four ASCII digits, the first in the lowest byte. */
function fourDigits(word: number): number {
  const digits = word & 0x0f0f0f0f;
  const pairs = (digits * 10 + (digits >>> 8)) & 0x00ff00ff;
  return (pairs & 0xff) * 100 + (pairs >>> 16);
}

/** A number with a fraction or an exponent, as IEEE says; the byte after it, or −1. */
export function readDouble(bytes: Uint8Array, from: number, end: number, doubles: Float64Array, row: number): number {
  const isNegative = bytes[from] === minus;
  let at = isNegative ? from + 1 : from;
  const first = at;
  let mantissa = 0;
  let digit = (bytes[at] ?? 0) - zero;
  while (digit >= 0 && digit <= 9 && at < end) {
    mantissa = mantissa * 10 + digit;
    digit = (bytes[++at] ?? 0) - zero;
  }
  if (at === first || (bytes[first] === zero && at > first + 1) || at >= end || bytes[at] !== dot) return -1;
  const fraction = ++at;
  digit = (bytes[at] ?? 0) - zero;
  while (digit >= 0 && digit <= 9 && at < end) {
    mantissa = mantissa * 10 + digit;
    digit = (bytes[++at] ?? 0) - zero;
  }
  const places = at - fraction;
  if (places === 0) return -1;
  const mark = bytes[at] ?? 0;
  let value: number;
  if (at < end && (mark === letterE || mark === lowerE)) {
    at = exponentEnd(bytes, at + 1, end);
    if (at < 0) return -1;
    value = parsed(bytes, first, at);
  } else if (mantissa <= 9_007_199_254_740_991 && places <= 22) {
    // Both exact, so one division rounds once.
    value = mantissa / (powers[places] ?? 1);
  } else value = parsed(bytes, first, at);
  // Zero with a sign, and what overflows, is DuckDB's to judge.
  if (!Number.isFinite(value) || (value === 0 && isNegative)) return -1;
  doubles[row] = isNegative ? -value : value;
  return at;
}

function exponentEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = bytes[from] === minus || bytes[from] === 0x2b ? from + 1 : from;
  const first = at;
  while (at < end && (bytes[at] ?? 0) >= zero && (bytes[at] ?? 0) <= zero + 9) at++;
  return at === first ? -1 : at;
}

function parsed(bytes: Uint8Array, from: number, to: number): number {
  return Number(Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1'));
}
