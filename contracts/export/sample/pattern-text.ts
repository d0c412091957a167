// A text that a regular expression matches, for the expressions people write: characters, sets, groups, alternatives,
// repeats, anchors at the ends. Look-around, back references, word boundaries and Unicode classes give null, and the
// caller falls back to the property's examples. Every text made here is judged by the validator afterwards.

import { randomInt, type Random } from '../../../runtime/random.ts';

const patternLengthMax = 1_000;
const textLengthMax = 4_000;
const depthMax = 50;

/** A tree of the expression; `set` holds inclusive ranges of code points. */
type Node =
  | { readonly kind: 'set'; readonly ranges: readonly Range[] }
  | { readonly kind: 'sequence'; readonly parts: readonly Node[] }
  | { readonly kind: 'choice'; readonly of: readonly Node[] }
  | { readonly kind: 'repeat'; readonly part: Node; readonly least: number; readonly most: number | null };

type Range = readonly [from: number, to: number];

export interface PatternSampler {
  /** `spread`: how many more than the least an open repeat may have. Null: longer than is sensible. */
  text(random: Random, spread: number): string | null;
}

/** Null for an expression outside the subset. */
export function patternSampler(source: string): PatternSampler | null {
  if (source.length > patternLengthMax) return null;
  const parser = new PatternParser([...source]);
  const tree = parser.parse();
  if (tree === null) return null;
  return {
    text: (random, spread) => {
      const out: string[] = [];
      return write(tree, random, spread, out) ? out.join('') : null;
    },
  };
}

function write(node: Node, random: Random, spread: number, out: string[]): boolean {
  if (out.length > textLengthMax) return false;
  switch (node.kind) {
    case 'set': {
      const total = node.ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0);
      let place = randomInt(random, total);
      for (const [from, to] of node.ranges) {
        if (place <= to - from) {
          out.push(String.fromCodePoint(from + place));
          return true;
        }
        place -= to - from + 1;
      }
      return total > 0;
    }
    case 'sequence':
      return node.parts.every((part) => write(part, random, spread, out));
    case 'choice': {
      const chosen = node.of[randomInt(random, node.of.length)];
      return chosen !== undefined && write(chosen, random, spread, out);
    }
    case 'repeat': {
      const most = Math.min(node.most ?? Number.POSITIVE_INFINITY, node.least + spread);
      const times = node.least + randomInt(random, most - node.least + 1);
      for (let i = 0; i < times; i++) if (!write(node.part, random, spread, out)) return false;
      return true;
    }
  }
}

const printable: readonly Range[] = [[0x20, 0x7e]];
const digits: readonly Range[] = [[0x30, 0x39]];
const word: readonly Range[] = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
];
const space: readonly Range[] = [[0x20, 0x20]];
const classes: Readonly<Record<string, readonly Range[]>> = {
  d: digits,
  w: word,
  s: space,
  D: without(printable, digits),
  W: without(printable, word),
  S: without(printable, space),
};
const controls: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, f: 12, v: 11 };

class PatternParser {
  readonly #chars: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(chars: readonly string[]) {
    this.#chars = chars;
  }

  parse(): Node | null {
    const tree = this.#choice(true);
    return tree !== null && this.#at === this.#chars.length ? tree : null;
  }

  /** `isEdge`: whether this group's ends are the expression's, where anchors say nothing more. */
  #choice(isEdge: boolean): Node | null {
    if (++this.#depth > depthMax) return null;
    const of: Node[] = [];
    do {
      const part = this.#sequence(isEdge);
      if (part === null) return null;
      of.push(part);
    } while (this.#take('|'));
    this.#depth--;
    return of.length === 1 ? (of[0] ?? null) : { kind: 'choice', of };
  }

  #sequence(isEdge: boolean): Node | null {
    const parts: Node[] = [];
    if (isEdge) this.#take('^');
    for (let char = this.#peek(); char !== undefined && char !== '|' && char !== ')'; char = this.#peek()) {
      if (isEdge && char === '$' && this.#isEnd(this.#at + 1)) {
        this.#at++;
        continue;
      }
      const atom = this.#atom(isEdge && parts.length === 0);
      const whole = atom && this.#repeated(atom);
      if (whole === null) return null;
      parts.push(whole);
    }
    return { kind: 'sequence', parts };
  }

  #isEnd(at: number): boolean {
    const next = this.#chars[at];
    return next === undefined || next === '|' || next === ')';
  }

  #atom(isEdge: boolean): Node | null {
    const char = this.#chars[this.#at++];
    switch (char) {
      case '.':
        return { kind: 'set', ranges: printable };
      case '[':
        return this.#set();
      case '(': {
        if (this.#take('?') && !this.#take(':')) return null;
        const inner = this.#choice(isEdge && this.#closesAtEnd());
        return inner !== null && this.#take(')') ? inner : null;
      }
      case '\\':
        return this.#escape();
      case undefined:
      case '^':
      case '$':
      case '*':
      case '+':
      case '?':
      case '{':
        return null;
      default:
        return one(char);
    }
  }

  /** Whether the group that was just opened ends where the expression does (perhaps before its anchor). */
  #closesAtEnd(): boolean {
    let level = 1;
    for (let at = this.#at; at < this.#chars.length; at++) {
      const char = this.#chars[at];
      if (char === '\\') at++;
      else if (char === '(') level++;
      else if (char === ')' && --level === 0) return at === this.#chars.length - 1;
    }
    return false;
  }

  #escape(): Node | null {
    const ranges = this.#escapedRanges();
    return ranges && { kind: 'set', ranges };
  }

  #escapedRanges(): readonly Range[] | null {
    const char = this.#chars[this.#at++];
    if (char === undefined) return null;
    const known = Object.hasOwn(classes, char) ? classes[char] : undefined;
    if (known) return known;
    const control = Object.hasOwn(controls, char) ? controls[char] : undefined;
    if (control !== undefined) return [[control, control]];
    const hex = char === 'x' ? 2 : char === 'u' ? 4 : 0;
    if (hex > 0) {
      const text = this.#chars.slice(this.#at, this.#at + hex).join('');
      if (text.length !== hex || !/^[0-9A-Fa-f]+$/.test(text)) return null;
      this.#at += hex;
      return [[Number.parseInt(text, 16), Number.parseInt(text, 16)]];
    }
    return /[A-Za-z0-9]/.test(char) ? null : pointRange(char);
  }

  #set(): Node | null {
    const isNegated = this.#take('^');
    const ranges: Range[] = [];
    while (!this.#take(']')) {
      const from = this.#setPart();
      if (from === null) return null;
      const [single] = from;
      if (this.#peek() !== '-' || this.#chars[this.#at + 1] === ']' || from.length !== 1 || single === undefined) {
        ranges.push(...from);
        continue;
      }
      this.#at++;
      const to = this.#setPart();
      const [end] = to ?? [];
      if (to?.length !== 1 || end === undefined || end[1] < single[0]) return null;
      ranges.push([single[0], end[1]]);
    }
    const chosen = isNegated ? without(printable, ranges) : ranges;
    return chosen.length === 0 ? null : { kind: 'set', ranges: chosen };
  }

  #setPart(): readonly Range[] | null {
    const char = this.#chars[this.#at++];
    if (char === undefined) return null;
    return char === '\\' ? this.#escapedRanges() : pointRange(char);
  }

  #repeated(part: Node): Node | null {
    const [least, most] = this.#times() ?? [];
    if (least === undefined || most === undefined) return null;
    this.#take('?');
    return least === 1 && most === 1 ? part : { kind: 'repeat', part, least, most };
  }

  #times(): readonly [number, number | null] | null {
    if (this.#take('*')) return [0, null];
    if (this.#take('+')) return [1, null];
    if (this.#take('?')) return [0, 1];
    if (!this.#take('{')) return [1, 1];
    const close = this.#chars.indexOf('}', this.#at);
    const match = close < 0 ? null : /^(\d{1,4})(?:(,)(\d{1,4})?)?$/.exec(this.#chars.slice(this.#at, close).join(''));
    if (match === null) return null;
    this.#at = close + 1;
    const least = Number(match[1]);
    const most = match[2] === undefined ? least : match[3] === undefined ? null : Number(match[3]);
    return most !== null && most < least ? null : [least, most];
  }

  #peek(): string | undefined {
    return this.#chars[this.#at];
  }

  #take(char: string): boolean {
    const isIt = this.#peek() === char;
    if (isIt) this.#at++;
    return isIt;
  }
}

function one(char: string): Node {
  return { kind: 'set', ranges: pointRange(char) };
}

function pointRange(char: string): readonly Range[] {
  const point = char.codePointAt(0) ?? 0;
  return [[point, point]];
}

function without(from: readonly Range[], gone: readonly Range[]): readonly Range[] {
  return gone.reduce<readonly Range[]>(
    (left, [low, high]) =>
      left.flatMap(([start, end]): readonly Range[] => {
        const before: readonly Range[] = start < low ? [[start, Math.min(end, low - 1)]] : [];
        const after: readonly Range[] = end > high ? [[Math.max(start, high + 1), end]] : [];
        return [...before, ...after];
      }),
    from,
  );
}
