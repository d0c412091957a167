// JSON as Iceberg needs it: snapshot ids and sequence numbers are 64-bit and exceed 2^53, where JSON.parse rounds.
// Integers a number cannot hold exactly come back as bigint and are written as bare numbers; everything else is as JSON
// has it. Most texts hold no such integer and take the plain, fast path.

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
export const defaultJsonLimits: JsonLimits = { depthMax: 200 };

/** Integers from 2^53 have sixteen digits beginning with 9, or more; strings that look so only cost the slow path. */
const longInteger = /[[{:,\s]-?(?:9\d{15}|\d{17})/;
const integer = /^-?\d+$/;

/** Throws SyntaxError with a message for people: malformed, nested deeper than the limit, or a key `__proto__`. */
export function parseJson(text: string, limits: JsonLimits = defaultJsonLimits): unknown {
  refuseDepth(text, limits.depthMax);
  // A key may be escaped, so any escape sends us to look.
  const mayHoldProto = text.includes('__proto__') || text.includes('\\u');
  const isLong = longInteger.test(text) || /^\s*-?\d{16}/.test(text);
  if (!isLong && !mayHoldProto) return JSON.parse(text);
  return JSON.parse(text, (key: string, value: unknown, context?: { readonly source?: string }): unknown => {
    if (key === '__proto__') throw new SyntaxError('the key __proto__ is not allowed');
    if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
    const source = context?.source;
    return source !== undefined && integer.test(source) ? BigInt(source) : value;
  });
}

/** Compact JSON; bigint as a bare number. Undefined members are left out, as JSON.stringify does. */
export function stringifyJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown): unknown => (typeof member === 'bigint' ? JSON.rawJSON(member.toString()) : member));
}

/** Before parsing, since walking a parsed value that is too deep is what overflows the stack. Skips strings whole. */
function refuseDepth(text: string, depthMax: number): void {
  const token = /["[\]{}]/g;
  let depth = 0;
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const found = match[0];
    if (found === '"') token.lastIndex = stringEnd(text, match.index);
    else if (found === '[' || found === '{') {
      depth++;
      if (depth > depthMax) throw new SyntaxError(`nested deeper than ${depthMax} levels at character ${match.index}`);
    } else depth--;
  }
}

/** The index after the closing quote; the text's end when it is not closed (the parser will say so). */
function stringEnd(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === 92) backslashes++;
    if (backslashes % 2 === 0) return end + 1;
  }
  return text.length;
}
