// Enough of the syntax of patterns to write texts that match one and to know their lengths. What is not understood gives
// null, and the caller does without; whether a text matches is always the engine's word.

/** Characters as inclusive code point ranges. */
export type Ranges = readonly (readonly [number, number])[];

export type PatternNode =
  | { readonly kind: 'empty' }
  | { readonly kind: 'class'; readonly ranges: Ranges }
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly PatternNode[] }
  | { readonly kind: 'repeat'; readonly part: PatternNode; readonly min: number; readonly max: number };

export interface PatternSyntax {
  readonly node: PatternNode;
  readonly startsAtStart: boolean;
  readonly endsAtEnd: boolean;
}

const sourceMax = 1000;
const depthMax = 50;

export function parsePattern(source: string): PatternSyntax | null {
  if (source.length > sourceMax) return null;
  // Anchors are understood around the whole only: with alternatives at the top they would bind to one of them.
  const startsAtStart = source.startsWith('^');
  const endsAtEnd = /(^|[^\\])(\\\\)*\$$/.test(source);
  const inner = Array.from(source.slice(startsAtStart ? 1 : 0, endsAtEnd ? -1 : undefined));
  const reader = { characters: inner, at: 0, depth: 0 };
  const node = readChoice(reader);
  if (node === null || reader.at < inner.length) return null;
  if ((startsAtStart || endsAtEnd) && node.kind === 'choice') return null;
  return { node, startsAtStart, endsAtEnd };
}

interface Reader {
  readonly characters: readonly string[];
  at: number;
  depth: number;
}

function readChoice(reader: Reader): PatternNode | null {
  const parts: PatternNode[] = [];
  do {
    if (parts.length > 0) reader.at += 1;
    const part = readSequence(reader);
    if (part === null) return null;
    parts.push(part);
  } while (reader.characters[reader.at] === '|');
  return parts.length === 1 ? (parts[0] ?? null) : { kind: 'choice', parts };
}

function readSequence(reader: Reader): PatternNode | null {
  const parts: PatternNode[] = [];
  for (let next = reader.characters[reader.at]; next !== undefined && next !== '|' && next !== ')'; next = reader.characters[reader.at]) {
    const atom = readAtom(reader);
    if (atom === null) return null;
    const repeated = readRepeat(reader, atom);
    if (repeated === null) return null;
    parts.push(repeated);
  }
  return { kind: 'sequence', parts };
}

function readAtom(reader: Reader): PatternNode | null {
  const character = reader.characters[reader.at] ?? '';
  reader.at += 1;
  if (character === '(') return readGroup(reader);
  if (character === '[') return readClass(reader);
  if (character === '.') return { kind: 'class', ranges: [[32, 126]] };
  if (character === '\\') return classOf(readEscape(reader));
  return '^$*+?{'.includes(character) ? null : classOf(literal(character));
}

function classOf(ranges: Ranges | null): PatternNode | null {
  return ranges === null ? null : { kind: 'class', ranges };
}

function literal(character: string): Ranges {
  const code = character.codePointAt(0) ?? 0;
  return [[code, code]];
}

function readGroup(reader: Reader): PatternNode | null {
  const rest = reader.characters.slice(reader.at, reader.at + 80).join('');
  const prefix = /^\?(:|<[A-Za-z_]\w*>)/.exec(rest)?.[0] ?? '';
  if (prefix === '' && rest.startsWith('?')) return null;
  reader.at += prefix.length;
  reader.depth += 1;
  if (reader.depth > depthMax) return null;
  const node = readChoice(reader);
  reader.depth -= 1;
  if (node === null || reader.characters[reader.at] !== ')') return null;
  reader.at += 1;
  return node;
}

function readRepeat(reader: Reader, part: PatternNode): PatternNode | null {
  const rest = reader.characters.slice(reader.at, reader.at + 16).join('');
  const match = /^(?:([*+?])|\{(\d{1,4})(,(\d{0,4}))?\})\??/.exec(rest);
  if (match === null) return part;
  reader.at += match[0].length;
  const [, sign, least = '0', comma, most] = match;
  if (sign !== undefined) return { kind: 'repeat', part, min: sign === '+' ? 1 : 0, max: sign === '?' ? 1 : Infinity };
  const max = comma === undefined ? Number(least) : most === '' || most === undefined ? Infinity : Number(most);
  return { kind: 'repeat', part, min: Number(least), max };
}

const digit: Ranges = [[48, 57]];
const word: Ranges = [...digit, [65, 90], [95, 95], [97, 122]];
const space: Ranges = [
  [32, 32],
  [9, 10],
];
const classes: Readonly<Record<string, Ranges>> = {
  d: digit,
  w: word,
  s: space,
  D: complement(digit),
  W: complement(word),
  S: complement(space),
  n: literal('\n'),
  r: literal('\r'),
  t: literal('\t'),
};

function readEscape(reader: Reader): Ranges | null {
  const character = reader.characters[reader.at] ?? '';
  reader.at += 1;
  const known = classes[character];
  if (known !== undefined) return known;
  if (character === 'u' || character === 'x') {
    const hex = reader.characters.slice(reader.at, reader.at + (character === 'u' ? 4 : 2)).join('');
    if (!/^[0-9a-fA-F]+$/.test(hex)) return null;
    reader.at += hex.length;
    return literal(String.fromCodePoint(Number.parseInt(hex, 16)));
  }
  return /[A-Za-z0-9]/.test(character) || character === '' ? null : literal(character);
}

function readClass(reader: Reader): PatternNode | null {
  const isNegated = reader.characters[reader.at] === '^';
  if (isNegated) reader.at += 1;
  const ranges: (readonly [number, number])[] = [];
  for (let character = reader.characters[reader.at]; character !== ']'; character = reader.characters[reader.at]) {
    if (character === undefined || (character === '[' && reader.characters[reader.at + 1] === ':')) return null;
    const from = readMember(reader);
    if (from === null) return null;
    if (reader.characters[reader.at] === '-' && reader.characters[reader.at + 1] !== ']' && from.length === 1) {
      reader.at += 1;
      const to = readMember(reader);
      const [first, last] = [from[0]?.[0], to?.[0]?.[1]];
      if (first === undefined || last === undefined || last < first) return null;
      ranges.push([first, last]);
    } else ranges.push(...from);
  }
  reader.at += 1;
  const found = isNegated ? complement(ranges) : ranges;
  return found.length === 0 ? null : { kind: 'class', ranges: found };
}

function readMember(reader: Reader): Ranges | null {
  const character = reader.characters[reader.at] ?? '';
  reader.at += 1;
  return character === '\\' ? readEscape(reader) : literal(character);
}

/** Within printable ASCII: enough to write a text with. */
function complement(ranges: Ranges): Ranges {
  const found: (readonly [number, number])[] = [];
  for (let code = 32; code < 127; code += 1) {
    if (ranges.some(([from, to]) => code >= from && code <= to)) continue;
    const last = found.at(-1);
    if (last !== undefined && last[1] === code - 1) found[found.length - 1] = [last[0], code];
    else found.push([code, code]);
  }
  return found;
}
