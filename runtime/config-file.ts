// One mechanism for configuration: a YAML file is parsed with positions, `${env:NAME}` and `${file:PATH}` are filled in,
// the JSON Schema of the option table judges it (ajv), and every problem is reported together, each with its line and
// column, what was expected, what was found and how to mend it. The value that comes out is typed and frozen.

import { Ajv } from 'ajv';
import { isMap, isScalar, LineCounter, parseDocument, visit, type Document } from 'yaml';
import { describeProblem, type SchemaError } from './config-problems.ts';
import { isRecord, type JsonSchema, type Option } from './options.ts';
import { isSecret, type Secret } from './secret.ts';

export interface ConfigProblem {
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  readonly column: number;
  /** Dotted path of the setting; empty for the whole file. */
  readonly path: string;
  readonly message: string;
  readonly expected: string;
  readonly found: string;
  readonly mend: string;
}

export type ConfigOutcome<T> =
  | { readonly kind: 'valid'; readonly value: T; readonly secrets: readonly Secret[] }
  | {
      readonly kind: 'invalid';
      readonly problems: readonly ConfigProblem[];
      /** What the file says apart from settings that do not exist; null where anything else is wrong with it. Good for looking on, not for running. */
      readonly rest: { readonly value: T; readonly secrets: readonly Secret[] } | null;
    };

export interface ConfigSource {
  /** As problems name it. */
  readonly file: string;
  readonly text: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Reads the file of `${file:PATH}`, relative to the configuration file; throws when it cannot. */
  readonly readFile: (path: string) => string;
}

type Path = readonly (string | number)[];

export function parseConfig<T>(source: ConfigSource, table: Option<T>): ConfigOutcome<T> {
  const lines = new LineCounter();
  const document = parseDocument(source.text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    const problems = document.errors.map((error) => {
      const at = lines.linePos(error.pos[0]);
      const found = excerptOf(source.text, at.line);
      const mend = found.includes('${') ? 'put the reference in quotes: "${env:NAME}"' : 'correct the line';
      return { ...place(source, at), path: '', message: error.message, expected: 'YAML', found, mend };
    });
    return { kind: 'invalid', problems, rest: null };
  }
  const references = substitute(document, source, lines);
  const raw = withoutNulls(document.toJS({ maxAliasCount: 100 }) ?? {});
  const value = coerced(raw, table.schema, references.paths, []);
  const judged = judge(value, table, { document, source, lines, references: references.paths });
  const problems = [...references.problems, ...judged.map(({ problem }) => problem)];
  if (problems.length > 0) {
    const hasOnlyStrays = references.problems.length === 0 && judged.every(({ isStray }) => isStray);
    const sorted = problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
    return { kind: 'invalid', problems: sorted, rest: hasOnlyStrays ? valueIn(table, value) : null };
  }
  return { kind: 'valid', ...valueIn(table, value) };
}

function valueIn<T>(table: Option<T>, value: unknown): { readonly value: T; readonly secrets: readonly Secret[] } {
  const read = table.read(value);
  return { value: read, secrets: secretsIn(read) };
}

/** A problem as one line: `foz.yaml:12:5  lake.store.bukcet is not a setting; …`. */
export function problemText(problem: ConfigProblem): string {
  const { file, line, column, message, expected, found, mend } = problem;
  return `${file}:${line}:${column}  ${message}\n    expected: ${expected}\n    found:    ${found}\n    mend:     ${mend}`;
}

interface Judged {
  readonly document: Document;
  readonly source: ConfigSource;
  readonly lines: LineCounter;
  readonly references: ReadonlyMap<string, string>;
}

interface JudgedProblem {
  readonly problem: ConfigProblem;
  /** A setting that does not exist. */
  readonly isStray: boolean;
}

function judge(value: unknown, table: Option<unknown>, judged: Judged): JudgedProblem[] {
  const ajv = new Ajv({
    allErrors: true,
    verbose: true,
    discriminator: true,
    strict: true,
    allowUnionTypes: true,
    strictTypes: false,
    strictRequired: false,
  });
  const validate = ajv.compile(table.schema);
  if (validate(value)) return [];
  const errors: SchemaError[] = (validate.errors ?? []).map(({ keyword, instancePath, params, parentSchema, data }) => ({
    keyword,
    path: pathOf(instancePath, value),
    params,
    schema: parentSchema ?? {},
    data,
  }));
  return errors
    .filter((error) => isOwnProblem(error, errors))
    .filter((error) => !judged.references.get(pointerOf(error.path))?.startsWith('!'))
    .map((error) => {
      const reference = judged.references.get(pointerOf(error.path));
      const described = describeProblem(error, reference);
      const isStray = error.keyword === 'additionalProperties';
      const at = positionOf(judged, isStray ? [...error.path, described.key ?? ''] : error.path);
      const { message, expected, found, mend } = described;
      return { problem: { ...place(judged.source, at), path: error.path.join('.'), message, expected, found, mend }, isStray };
    });
}

/** The parts of an `anyOf` each complain; only the whole does to people. */
function isOwnProblem(error: SchemaError, all: readonly SchemaError[]): boolean {
  if (error.keyword === 'anyOf') return true;
  const pointer = pointerOf(error.path);
  return !all.some((other) => other.keyword === 'anyOf' && pointerOf(other.path) === pointer);
}

/** Where the setting's key stands; for a missing one, where the nearest group that exists begins. */
function positionOf(judged: Judged, path: Path): { line: number; col: number } {
  for (let length = path.length; length > 0; length--) {
    const parent = judged.document.getIn(path.slice(0, length - 1), true);
    const last = path[length - 1];
    const start = isMap(parent)
      ? parent.items.map((pair) => pair.key).find((key) => isScalar(key) && String(key.value) === String(last))
      : judged.document.getIn(path.slice(0, length), true);
    const offset = isNode(start) ? start.range?.[0] : undefined;
    if (offset !== undefined) return judged.lines.linePos(offset);
  }
  return { line: 1, col: 1 };
}

function isNode(value: unknown): value is { readonly range?: readonly [number, number, number] | null } {
  return typeof value === 'object' && value !== null && 'range' in value;
}

/** Fills references in, in place. `paths`: pointer → the text as written (prefixed `!` where it could not be filled in). */
function substitute(document: Document, source: ConfigSource, lines: LineCounter) {
  const paths = new Map<string, string>();
  const problems: ConfigProblem[] = [];
  visit(document, {
    Scalar: (key, node, ancestors) => {
      if (key === 'key' || typeof node.value !== 'string' || !node.value.includes('${')) return;
      const written = node.value;
      const path = pathOfNode(ancestors, node);
      const at = lines.linePos(node.range?.[0] ?? 0);
      let isWhole = true;
      node.value = written.replace(/\$\$\{|\$\{([^}]*)\}/g, (match: string, inner: string | undefined) => {
        if (inner === undefined) return '${';
        const filled = resolveReference(inner, source);
        if (filled.kind === 'text') return filled.text;
        isWhole = false;
        const { message, expected, found, mend } = filled;
        problems.push({ ...place(source, at), path: path.join('.'), message: `${path.join('.')}: ${message}`, expected, found, mend });
        return match;
      });
      paths.set(pointerOf(path), isWhole ? written : `!${written}`);
    },
  });
  return { paths, problems };
}

type Reference =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'missing'; readonly message: string; readonly expected: string; readonly found: string; readonly mend: string };

function resolveReference(inner: string, source: ConfigSource): Reference {
  const [, scheme = '', name = ''] = /^(env|file):(.+)$/s.exec(inner) ?? [];
  if (scheme === 'env') {
    const text = source.env[name];
    if (text !== undefined && text !== '') return { kind: 'text', text };
    const found = text === undefined ? 'it is not set' : 'it is empty';
    const mend = `set it: export ${name}=…, or write ${name}=… into .env beside ${source.file}`;
    return {
      kind: 'missing',
      message: `the environment variable ${name} has no value`,
      expected: `${name} in the environment`,
      found,
      mend,
    };
  }
  if (scheme === 'file') {
    try {
      return { kind: 'text', text: source.readFile(name).replace(/\r?\n$/, '') };
    } catch (error) {
      const found = error instanceof Error ? error.message : String(error);
      return {
        kind: 'missing',
        message: `the file ${name} could not be read`,
        expected: 'a readable file',
        found,
        mend: `create ${name} or correct the path`,
      };
    }
  }
  const mend = 'write ${env:NAME} or ${file:PATH}; a literal ${ is written $${';
  return {
    kind: 'missing',
    message: `\${${inner}} is not a reference`,
    expected: '${env:NAME} or ${file:PATH}',
    found: `\${${inner}}`,
    mend,
  };
}

function pathOfNode(ancestors: readonly unknown[], node: unknown): (string | number)[] {
  const path: (string | number)[] = [];
  [...ancestors, node].forEach((ancestor, depth, chain) => {
    const child = chain[depth + 1];
    if (isPair(ancestor)) path.push(isScalar(ancestor.key) ? String(ancestor.key.value) : String(ancestor.key));
    else if (isSequence(ancestor)) path.push(ancestor.items.indexOf(child));
  });
  return path;
}

function isPair(value: unknown): value is { readonly key: unknown; readonly value: unknown } {
  return typeof value === 'object' && value !== null && 'key' in value && 'value' in value && !('items' in value);
}

function isSequence(value: unknown): value is { readonly items: readonly unknown[] } {
  return typeof value === 'object' && value !== null && 'items' in value && !isMap(value) && Array.isArray(value.items);
}

/** Text from the environment becomes a number or a flag where the schema wants one; what was written as text stays text. */
function coerced(value: unknown, schema: unknown, references: ReadonlyMap<string, string>, path: Path): unknown {
  if (Array.isArray(value)) {
    const items = isRecord(schema) ? schema['items'] : undefined;
    return value.map((item, index) => coerced(item, items, references, [...path, index]));
  }
  if (isRecord(value)) {
    const chosen = variantOf(schema, value);
    const properties = isRecord(chosen) && isRecord(chosen['properties']) ? chosen['properties'] : {};
    const entries = Object.entries(value).map(([name, item]) => [name, coerced(item, properties[name], references, [...path, name])]);
    return Object.fromEntries(entries);
  }
  if (typeof value !== 'string' || !references.has(pointerOf(path)) || !isRecord(schema)) return value;
  if (schema['type'] === 'integer' && /^-?[0-9]{1,15}$/.test(value)) return Number(value);
  if (schema['type'] === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
  return value;
}

function variantOf(schema: unknown, value: Readonly<Record<string, unknown>>): unknown {
  if (!isRecord(schema) || !Array.isArray(schema['oneOf'])) return schema;
  const variants: readonly unknown[] = schema['oneOf'];
  return variants.find((candidate) => {
    const properties = isRecord(candidate) ? candidate['properties'] : undefined;
    const kind = isRecord(properties) ? properties['kind'] : undefined;
    return isRecord(kind) && kind['const'] === value['kind'];
  });
}

/** `sync:` with every line under it commented out is an absent setting, not a null. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isRecord(value)) return value;
  const kept = Object.entries(value).filter(([, item]) => item !== null);
  return Object.fromEntries(kept.map(([name, item]) => [name, withoutNulls(item)]));
}

function pathOf(pointer: string, root: unknown): Path {
  const path: (string | number)[] = [];
  let at: unknown = root;
  for (const part of pointer.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    path.push(Array.isArray(at) ? Number(name) : name);
    at = Array.isArray(at) ? at[Number(name)] : isRecord(at) ? at[name] : undefined;
  }
  return path;
}

function pointerOf(path: Path): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

function place(source: ConfigSource, at: { readonly line: number; readonly col: number }) {
  return { file: source.file, line: Math.max(1, at.line), column: Math.max(1, at.col) };
}

function excerptOf(text: string, line: number): string {
  return (text.split('\n')[line - 1] ?? '').trim().slice(0, 60);
}

function secretsIn(value: unknown): Secret[] {
  if (isSecret(value)) return [value];
  if (Array.isArray(value)) return value.flatMap(secretsIn);
  return isRecord(value) ? Object.values(value).flatMap(secretsIn) : [];
}

/** The schema as a document of its own, for editors. */
export function schemaDocument(table: Option<unknown>, id: { readonly $id: string; readonly title: string }): JsonSchema {
  return { $schema: 'http://json-schema.org/draft-07/schema#', ...table.schema, ...id };
}
