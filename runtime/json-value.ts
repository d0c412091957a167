// An exact JSON reader for slow paths and for proofs: numbers keep their text, objects keep every key in order,
// duplicates included, and the first thing that is not RFC 8259 JSON is named. The hot path never comes here.

export type JsonValue =
  | { readonly kind: 'null' }
  | { readonly kind: 'boolean'; readonly value: boolean }
  /** The literal as it stood. */
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'array'; readonly items: readonly JsonValue[] }
  | { readonly kind: 'object'; readonly entries: readonly JsonEntry[] };

export interface JsonEntry {
  readonly key: string;
  readonly value: JsonValue;
}

export type JsonRead = { readonly kind: 'value'; readonly value: JsonValue } | { readonly kind: 'malformed'; readonly reason: string };

/** Nesting beyond `depthMax` is refused, so that hostile input cannot exhaust the stack. */
export function readJson(text: string, depthMax = 1000): JsonRead {
  const reader: Reader = { text, at: 0, depthMax };
  try {
    const value = readValue(reader, 0);
    skipSpace(reader);
    if (reader.at < text.length) fail(reader, 'text after the value');
    return { kind: 'value', value };
  } catch (error) {
    if (error instanceof Malformed) return { kind: 'malformed', reason: error.message };
    throw error;
  }
}

/** As JSON.parse gives it, numbers as `numberOf` reads them; of a key that comes twice the last. */
export function plainValue(value: JsonValue, numberOf: (text: string) => unknown = Number): unknown {
  if (value.kind === 'null') return null;
  if (value.kind === 'number') return numberOf(value.text);
  if (value.kind === 'array') return value.items.map((item) => plainValue(item, numberOf));
  if (value.kind === 'object')
    return Object.fromEntries(value.entries.map(({ key, value: member }) => [key, plainValue(member, numberOf)]));
  return value.value;
}

interface Reader {
  readonly text: string;
  at: number;
  readonly depthMax: number;
}

class Malformed extends Error {}

function fail(reader: Reader, what: string): never {
  throw new Malformed(`${what} at character ${reader.at}`);
}

function skipSpace(reader: Reader): void {
  for (;;) {
    const code = reader.text.charCodeAt(reader.at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
    reader.at++;
  }
}

function readValue(reader: Reader, depth: number): JsonValue {
  if (depth > reader.depthMax) fail(reader, `nested deeper than ${reader.depthMax}`);
  skipSpace(reader);
  const head = reader.text[reader.at];
  if (head === '{') return readObject(reader, depth);
  if (head === '[') return readArray(reader, depth);
  if (head === '"') return { kind: 'string', value: readString(reader) };
  if (head === 't') return readWord(reader, 'true', { kind: 'boolean', value: true });
  if (head === 'f') return readWord(reader, 'false', { kind: 'boolean', value: false });
  if (head === 'n') return readWord(reader, 'null', { kind: 'null' });
  return readNumber(reader);
}

function readWord(reader: Reader, word: string, value: JsonValue): JsonValue {
  if (!reader.text.startsWith(word, reader.at)) fail(reader, 'unknown literal');
  reader.at += word.length;
  return value;
}

function readNumber(reader: Reader): JsonValue {
  const pattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
  pattern.lastIndex = reader.at;
  const literal = pattern.exec(reader.text)?.[0];
  if (literal === undefined) fail(reader, reader.at >= reader.text.length ? 'text ends early' : 'unexpected character');
  reader.at += literal.length;
  return { kind: 'number', text: literal };
}

function readString(reader: Reader): string {
  const start = reader.at;
  for (reader.at++; ; reader.at++) {
    const code = reader.text.charCodeAt(reader.at);
    if (Number.isNaN(code)) fail(reader, 'text ends inside a string');
    if (code < 0x20) fail(reader, 'control character inside a string');
    if (code === 0x5c) reader.at++;
    else if (code === 0x22) break;
  }
  reader.at++;
  try {
    return JSON.parse(reader.text.slice(start, reader.at));
  } catch {
    return fail(reader, 'bad escape in the string that ends');
  }
}

function readArray(reader: Reader, depth: number): JsonValue {
  const items: JsonValue[] = [];
  reader.at++;
  skipSpace(reader);
  if (reader.text[reader.at] === ']') {
    reader.at++;
    return { kind: 'array', items };
  }
  for (;;) {
    items.push(readValue(reader, depth + 1));
    if (endsAfterItem(reader, ']')) return { kind: 'array', items };
  }
}

function readObject(reader: Reader, depth: number): JsonValue {
  const entries: JsonEntry[] = [];
  reader.at++;
  skipSpace(reader);
  if (reader.text[reader.at] === '}') {
    reader.at++;
    return { kind: 'object', entries };
  }
  for (;;) {
    skipSpace(reader);
    if (reader.text[reader.at] !== '"') fail(reader, 'expected a key');
    const key = readString(reader);
    skipSpace(reader);
    if (reader.text[reader.at] !== ':') fail(reader, 'expected a colon');
    reader.at++;
    entries.push({ key, value: readValue(reader, depth + 1) });
    if (endsAfterItem(reader, '}')) return { kind: 'object', entries };
  }
}

function endsAfterItem(reader: Reader, close: string): boolean {
  skipSpace(reader);
  const mark = reader.text[reader.at];
  if (mark !== ',' && mark !== close) fail(reader, mark === undefined ? 'text ends early' : `expected a comma or ${close}`);
  reader.at++;
  return mark === close;
}
