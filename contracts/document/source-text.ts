// The text of a document as data that knows where each part stands. YAML 1.2 (core) or JSON, which is part of it. The
// only file of this room that knows the YAML library.
//
// The text is not trusted: size, depth and number of values are bounded before the work that they bound; aliases are
// followed within the same count, so that nine lines cannot become a billion values; tags, merge keys and several
// documents in one text are refused; a number that JavaScript would round is refused rather than rounded.

import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  parseDocument,
  stringify,
  type Document,
  type ParsedNode,
  type Scalar,
} from 'yaml';
import type { JsonValue } from '../json-schema.ts';
import type { ContractProblem } from './contract-problem.ts';
import { documentBytesMax, documentDepthMax, documentNodesMax, documentTokensMax, propertiesMax } from './limits.ts';

/** Keys and positions from the document's root. */
export type DocumentPath = readonly (string | number)[];

export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface SourceText {
  readonly file: string;
  readonly value: JsonValue;
  /** Where the key stands, or the list item; the nearest ancestor where the path leads nowhere. */
  placeOf(path: DocumentPath): Place;
  /** Where the value stands. */
  valuePlaceOf(path: DocumentPath): Place;
}

export type SourceReading =
  | { readonly kind: 'source'; readonly source: SourceText }
  | { readonly kind: 'problems'; readonly problems: readonly ContractProblem[] };

export function readSourceText(text: string, file: string): SourceReading {
  const problem = tooMuch(text, file);
  if (problem !== null) return { kind: 'problems', problems: [problem] };
  const lines = new LineCounter();
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  try {
    const document = parsed(text, lines);
    const syntax = syntaxProblems(document, file, place);
    if (syntax.length > 0) return { kind: 'problems', problems: syntax };
    const reader = new Reader(file, place);
    const value = document.contents === null ? null : reader.read(document.contents, '', 0);
    if (reader.problems.length > 0) return { kind: 'problems', problems: reader.problems };
    return { kind: 'source', source: sourceOf(file, value, reader.keys, reader.values) };
  } catch (error) {
    if (error instanceof TooMuch) return { kind: 'problems', problems: [error.problem] };
    if (!(error instanceof RangeError)) throw error;
    // The parser's own stack: what it cannot nest is far beyond the limit.
    return { kind: 'problems', problems: [depthProblem(file, { line: 1, column: 1 })] };
  }
}

/** Every mistake in the text is an Error of its own; with a stack each, a million of them take minutes. */
function parsed(text: string, lineCounter: LineCounter): Document.Parsed {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return parseDocument(text, { lineCounter, uniqueKeys: false, prettyErrors: false, strict: true, version: '1.2' });
  } finally {
    Error.stackTraceLimit = limit;
  }
}

function tooMuch(text: string, file: string): ContractProblem | null {
  if (text.length > documentBytesMax) {
    const message = `the document has ${text.length} characters; at most ${documentBytesMax} are read`;
    return makeProblem('document-size', file, { line: 1, column: 1 }, message, 'Split it into several contracts, one a product.');
  }
  return tooMuchToParse(text, file);
}

/** Brackets and `- - -` nest without using up lines: counted in the token stream, before anything recurses. */
function tooMuchToParse(text: string, file: string): ContractProblem | null {
  let depth = 0;
  let run = 0;
  let offset = 0;
  let tokens = 0;
  let isContent = false;
  for (const token of new Lexer().lex(text)) {
    if (isContent) isContent = false;
    else if (token === '\x1f') isContent = true;
    else if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    else if (token === '-' || token === '?') run++;
    else if (token.includes('\n')) run = 0;
    if (depth > documentDepthMax || run > documentDepthMax) return depthProblem(file, placeAt(text, offset));
    if (++tokens > documentTokensMax) {
      const message = `more than ${documentTokensMax} words and marks`;
      return makeProblem('document-size', file, placeAt(text, offset), message, 'Split it into several contracts, one a product.');
    }
    if (token !== '\x02' && token !== '\x18' && token !== '\x1f') offset += token.length;
  }
  return null;
}

function placeAt(text: string, offset: number): Place {
  const before = text.slice(0, offset);
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
}

function depthProblem(file: string, place: Place): ContractProblem {
  const message = `nested deeper than ${documentDepthMax} levels`;
  return makeProblem('document-depth', file, place, message, 'Flatten it: no table that can be read nests this deep.');
}

function makeProblem(rule: string, file: string, place: Place, message: string, mend: string, path = ''): ContractProblem {
  return { rule, severity: 'error', file, ...place, path, message, mend };
}

function syntaxProblems(document: Document, file: string, place: (offset: number) => Place): readonly ContractProblem[] {
  const found = [...document.errors, ...document.warnings].slice(0, 20);
  return found.map((error) => {
    if (error.message.includes('call stack')) return depthProblem(file, place(error.pos[0]));
    const isTag = error.code === 'TAG_RESOLVE_FAILED';
    const mend = isTag
      ? 'Write the value without a tag: a contract is plain data.'
      : error.code === 'MULTIPLE_DOCS'
        ? 'Keep one contract in one file.'
        : 'Check indentation, quotes and brackets there and just before.';
    return makeProblem(isTag ? 'yaml-tag' : 'syntax', file, place(error.pos[0]), error.message, mend);
  });
}

class TooMuch extends Error {
  readonly problem: ContractProblem;
  constructor(problem: ContractProblem) {
    super(problem.message);
    this.problem = problem;
  }
}

/** A walk over the parsed nodes: plain data, and where each part of it stands by its pointer. */
class Reader {
  readonly problems: ContractProblem[] = [];
  readonly keys = new Map<string, Place>();
  readonly values = new Map<string, Place>();
  readonly #file: string;
  readonly #place: (offset: number) => Place;
  readonly #anchors = new Map<string, ParsedNode>();
  #nodes = 0;

  constructor(file: string, place: (offset: number) => Place) {
    this.#file = file;
    this.#place = place;
  }

  read(node: ParsedNode, pointer: string, depth: number): JsonValue {
    const place = this.#place(node.range[0]);
    if (!this.values.has(pointer)) this.values.set(pointer, place);
    if (++this.#nodes > documentNodesMax) {
      const message = `more than ${documentNodesMax} values, aliases expanded`;
      throw new TooMuch(
        makeProblem('document-values', this.#file, place, message, 'Write out what the aliases stand for, or split the contract.'),
      );
    }
    if (depth > documentDepthMax) throw new TooMuch(depthProblem(this.#file, place));
    if (isAlias(node)) {
      const target = this.#anchors.get(node.source);
      if (target === undefined)
        return this.#refuse('syntax', place, `no anchor &${node.source} stands before *${node.source}`, 'Name an anchor that exists.');
      return this.read(target, pointer, depth + 1);
    }
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (isScalar(node)) return this.#scalar(node, place);
    if (isSeq<ParsedNode>(node) && pointer.endsWith('/properties')) this.#bound(node.items.length, 'list of properties', 'items', place);
    if (isSeq<ParsedNode>(node)) return node.items.map((item, index) => this.#item(item, `${pointer}/${index}`, depth));
    if (isMap<ParsedNode, ParsedNode | null>(node)) return this.#map(node.items, pointer, place, depth);
    return null;
  }

  #bound(count: number, what: string, parts: string, place: Place): void {
    if (count <= propertiesMax) return;
    const message = `one ${what} has ${count} ${parts}; at most ${propertiesMax} are read`;
    throw new TooMuch(makeProblem('properties-max', this.#file, place, message, 'Split the table or the contract.'));
  }

  #item(item: ParsedNode, pointer: string, depth: number): JsonValue {
    this.keys.set(pointer, this.#place(item.range[0]));
    return this.read(item, pointer, depth + 1);
  }

  #map(items: readonly { key: ParsedNode; value: ParsedNode | null }[], pointer: string, place: Place, depth: number): JsonValue {
    this.#bound(items.length, 'mapping', 'keys', place);
    const entries = new Map<string, JsonValue>();
    for (const { key, value } of items) {
      const at = this.#place(key.range[0]);
      if (!isScalar(key) || key.value === null) {
        this.#refuse('yaml-key', at, 'a key is not plain text', 'Write the key as text.');
        continue;
      }
      const name = typeof key.value === 'string' ? key.value : String(key.source ?? key.value);
      if (name === '<<') this.#refuse('yaml-merge', at, 'merge keys (<<) are not part of YAML 1.2', 'Write the keys out.');
      if (entries.has(name)) this.#refuse('duplicate-key', at, `the key ${name} stands twice in one mapping`, 'Keep one of them.');
      const inner = `${pointer}/${escaped(name)}`;
      if (!this.keys.has(inner)) this.keys.set(inner, at);
      entries.set(name, value === null ? null : this.read(value, inner, depth + 1));
    }
    return Object.fromEntries(entries);
  }

  #scalar(node: Scalar, place: Place): JsonValue {
    const { value } = node;
    if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value;
    if (typeof value !== 'number')
      return this.#refuse('yaml-tag', place, 'the value is not JSON data', 'Write text, a number, true, false or null.');
    if (!Number.isFinite(value)) {
      return this.#refuse(
        'number-form',
        place,
        `${node.source ?? value} is not a number of JSON`,
        'Leave the bound out, or write a finite number.',
      );
    }
    const text = node.source ?? String(value);
    if (isRounded(text, value)) {
      const mend = 'Use a number of at most 15 digits, or quote it where text is meant.';
      return this.#refuse('number-rounded', place, `${text} would become ${value}: a double does not hold it`, mend);
    }
    return value;
  }

  #refuse(rule: string, place: Place, message: string, mend: string): null {
    if (this.problems.length < 100) this.problems.push(makeProblem(rule, this.#file, place, message, mend));
    return null;
  }
}

/** Whether the digits written are not those of the number read. */
function isRounded(text: string, value: number): boolean {
  const match = /^[+-]?(\d*)\.?(\d*)(?:[eE][+-]?\d+)?$/.exec(text);
  if (match === null) return false;
  const written = `${match[1]}${match[2]}`.replace(/^0+/, '').replace(/0+$/, '');
  const [read = ''] = value.toExponential().replace('-', '').split('e');
  return written.length > 15 && written !== read.replace('.', '').replace(/0+$/, '');
}

function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

function sourceOf(file: string, value: JsonValue, keys: ReadonlyMap<string, Place>, values: ReadonlyMap<string, Place>): SourceText {
  const nearest = (places: ReadonlyMap<string, Place>, path: DocumentPath): Place => {
    for (let length = path.length; length >= 0; length--) {
      const pointer = path
        .slice(0, length)
        .map((step) => `/${escaped(String(step))}`)
        .join('');
      const place = (length === path.length ? places : keys).get(pointer) ?? values.get(pointer);
      if (place !== undefined) return place;
    }
    return { line: 1, column: 1 };
  };
  return { file, value, placeOf: (path) => nearest(keys, path), valuePlaceOf: (path) => nearest(values, path) };
}

/** The data as YAML; text that YAML 1.1 would read as something else is quoted too. */
export function yamlText(value: JsonValue): string {
  return stringify(value, { lineWidth: 120, aliasDuplicateObjects: false, compat: 'yaml-1.1' });
}
