// One text per value. The database's driver, Debezium's converters and the lake spell the same value differently
// (10.50 and 10.5, 1e7 and 1.0E7, micros and ISO text); comparing needs one spelling. Two sides, one result:
//   canonicalPostgres(type, driver text)  ===  canonicalPostgresEvent(type, JSON value)
//   canonicalCassandra(type, driver value) === canonicalCassandraEvent(type, JSON value)
// Numbers are equal by value, timestamps by instant, composites by content; text is equal byte by byte. A JSON value of
// the wrong kind gets a text that no source value has, so that it shows as a difference instead of being forgiven.

import type { SourceValue } from './source.ts';

const unexpectedPrefix = '\u0000unexpected ';

/** Text that no source value but a text canonicalises to: it names what was met instead. */
export function unexpected(value: unknown): string {
  const text = JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? inner.toString() : inner));
  return `${unexpectedPrefix}${typeof value}: ${text}`;
}

export function isUnexpected(canonical: string): boolean {
  return canonical.startsWith(unexpectedPrefix);
}

export function integerText(value: unknown): string {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value).toString();
  if (typeof value === 'string' && /^[+-]?\d+$/.test(value)) return BigInt(value).toString();
  return unexpected(value);
}

const specialDecimals: Readonly<Record<string, string>> = {
  nan: 'NaN',
  infinity: 'Infinity',
  '-infinity': '-Infinity',
  positive_infinity: 'Infinity',
  negative_infinity: '-Infinity',
};

/** Plain notation without superfluous zeros: 10.50, 1.05E+1 and 10.5 are one value. */
export function decimalText(value: unknown): string {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint') return unexpected(value);
  const text = String(value).trim();
  const special = specialDecimals[text.toLowerCase()];
  if (special !== undefined) return special;
  const match = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d{1,6}))?$/.exec(text);
  if (match === null || (match[2] ?? '') + (match[3] ?? '') === '') return unexpected(value);
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  const padded = point <= 0 ? '0'.repeat(1 - point) + digits : digits.padEnd(point, '0');
  const split = Math.max(point, 1);
  const integer = padded.slice(0, split).replace(/^0+(?=\d)/, '');
  const rest = padded.slice(split).replace(/0+$/, '');
  const plain = rest === '' ? integer : `${integer}.${rest}`;
  return sign === '-' && /[1-9]/.test(plain) ? `-${plain}` : plain;
}

/** Shortest text of the IEEE double; NaN, Infinity, -Infinity and -0 kept apart. */
export function doubleText(value: unknown): string {
  const number = toNumber(value);
  if (number === null) return unexpected(value);
  return Object.is(number, -0) ? '-0' : String(number);
}

/** As doubleText for a single: 1.1 and 1.100000023841858 are the same single. */
export function singleText(value: unknown): string {
  const number = toNumber(value);
  if (number === null) return unexpected(value);
  const single = Math.fround(number);
  if (!Number.isFinite(single) || single === 0) return doubleText(single);
  for (let digits = 1; digits <= 9; digits++) {
    const shorter = Number(single.toPrecision(digits));
    if (Math.fround(shorter) === single) return String(shorter);
  }
  return String(single);
}

function toNumber(value: unknown): number | null {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'string') return null;
  if (value === 'NaN') return Number.NaN;
  const number = Number(value);
  return value.trim() === '' || Number.isNaN(number) ? null : number;
}

export function booleanText(value: unknown): string {
  if (value === true || value === 't' || value === 'true') return 'true';
  if (value === false || value === 'f' || value === 'false') return 'false';
  return unexpected(value);
}

export function stringText(value: unknown): string {
  return typeof value === 'string' ? value : unexpected(value);
}

export function base64Text(value: unknown): string {
  if (typeof value !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(value)) return unexpected(value);
  return Buffer.from(value, 'base64').toString('base64');
}

/** A list keeps its order. */
export function listText(items: readonly SourceValue[]): string {
  return JSON.stringify(items);
}

/** A set has none: sorted. */
export function setText(items: readonly SourceValue[]): string {
  return JSON.stringify(items.toSorted((left, right) => compareText(left ?? '', right ?? '')));
}

/** A map or struct by key, sorted. */
export function mapText(entries: readonly (readonly [string, SourceValue])[]): string {
  const sorted = entries.toSorted(([left], [right]) => compareText(left, right));
  return `{${sorted.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`;
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
