// JSON as Iceberg needs it: snapshot ids and sequence numbers are 64-bit and exceed 2^53, where JSON.parse rounds.
// Integers a number cannot hold exactly come back as bigint and are written as bare numbers; everything else is as JSON
// has it. Most texts hold no such integer and take the plain, fast path.
//
// Keys with an escape take a reader of our own: JSON.parse of V8 13.6 and 14.6 returns the key `"` as a backslash once an
// object with that key has been read (github.com/nodejs/node/issues/63785).

import { plainValue, readJson, type JsonValue } from '../../runtime/json-value.ts';

declare global {
  interface JSON {
    /** Of the JSON.parse source text access proposal; the library declarations lack it. */
    rawJSON(text: string): object;
  }
}

export interface JsonLimits {
  /** Objects and arrays inside one another. */
  readonly depthMax: number;
}

/** Deep enough for any schema, shallow enough for every recursive reader after us. */
const defaultJsonLimits: JsonLimits = { depthMax: 200 };

/** Integers from 2^53 have sixteen digits beginning with 9, or more; strings that look so only cost the slow path. */
const longInteger = /[[{:,\s]-?(?:9\d{15}|\d{17})/;
const integer = /^-?\d+$/;

/** Throws SyntaxError with a message for people: malformed, nested deeper than the limit, or a key `__proto__`. */
export function parseJson(text: string, limits: JsonLimits = defaultJsonLimits): unknown {
  const { hasEscapedKey } = refuseDepth(text, limits.depthMax);
  if (hasEscapedKey) return readExactly(text, limits.depthMax);
  const isLong = longInteger.test(text) || /^\s*-?\d{16}/.test(text);
  if (!isLong && !text.includes('__proto__')) return JSON.parse(text);
  return JSON.parse(text, (key: string, value: unknown, context?: { readonly source?: string }): unknown => {
    refuseProto(key);
    if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
    const source = context?.source;
    return source !== undefined && integer.test(source) ? BigInt(source) : value;
  });
}

function refuseProto(key: string): void {
  if (key === '__proto__') throw new SyntaxError('the key __proto__ is not allowed');
}

function readExactly(text: string, depthMax: number): unknown {
  const read = readJson(text, depthMax);
  if (read.kind === 'malformed') throw new SyntaxError(read.reason);
  refuseProtoIn(read.value);
  return plainValue(read.value, exactNumber);
}

function refuseProtoIn(value: JsonValue): void {
  if (value.kind === 'array') value.items.forEach(refuseProtoIn);
  if (value.kind !== 'object') return;
  for (const { key, value: member } of value.entries) {
    refuseProto(key);
    refuseProtoIn(member);
  }
}

function exactNumber(text: string): number | bigint {
  const number = Number(text);
  return !Number.isSafeInteger(number) && integer.test(text) ? BigInt(text) : number;
}

/** Compact JSON; bigint as a bare number. Undefined members are left out, as JSON.stringify does. */
export function stringifyJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    // A bigint somewhere; asking for each member costs four times as much, so only then.
    if (!(error instanceof TypeError)) throw error;
    return JSON.stringify(value, rawBigint);
  }
}

function rawBigint(_key: string, member: unknown): unknown {
  return typeof member === 'bigint' ? JSON.rawJSON(member.toString()) : member;
}

const quote = 0x22;
const backslash = 0x5c;
const openingBracket = 0x5b;
const closingBracket = 0x5d;
const openingBrace = 0x7b;
const closingBrace = 0x7d;
const colon = 0x3a;
const space = 0x20;

/** Before parsing, since walking a parsed value that is too deep is what overflows the stack. */
function refuseDepth(text: string, depthMax: number): { readonly hasEscapedKey: boolean } {
  let depth = 0;
  let isInString = false;
  let isEscaped = false;
  let hasEscapedKey = false;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (isInString) {
      if (unit === backslash) {
        isEscaped = true;
        index++;
      } else if (unit === quote) {
        isInString = false;
        hasEscapedKey ||= isEscaped && isColonNext(text, index + 1);
      }
    } else if (unit === quote) {
      isInString = true;
      isEscaped = false;
    } else if (unit === openingBracket || unit === openingBrace) {
      depth++;
      if (depth > depthMax) throw new SyntaxError(`nested deeper than ${depthMax} levels at character ${index}`);
    } else if (unit === closingBracket || unit === closingBrace) depth--;
  }
  return { hasEscapedKey };
}

function isColonNext(text: string, from: number): boolean {
  let index = from;
  while (text.charCodeAt(index) <= space) index++;
  return text.charCodeAt(index) === colon;
}
