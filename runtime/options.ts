// Options as tables: each option says in one place what the file may hold (a JSON Schema for editors and for ajv), what
// it defaults to, and what the code gets. `config-file.ts` validates a document against the schema of a group; `read`
// then turns the valid value into the typed one: durations to milliseconds, sizes to bytes, secrets wrapped.

import { assert } from './errors.ts';
import { secret, type Secret } from './secret.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

export interface Option<T> {
  readonly schema: JsonSchema;
  /** Must stand in the file; others have a default or may be absent. */
  readonly isRequired: boolean;
  /** Of a value that the schema accepts, or undefined where the file has none. */
  read(value: unknown): T;
}

export type ValueOf<O> = O extends Option<infer T> ? T : never;

export type Fields = Readonly<Record<string, Option<unknown>>>;

export type GroupValue<F extends Fields> = { readonly [K in keyof F]: ValueOf<F[K]> };

interface LeafOptions<T> {
  /** What it steers, one line; shown by editors. */
  readonly doc: string;
  /** As the file would write it. Without one the option is required. */
  readonly default?: T;
}

export function text(options: LeafOptions<string> & { readonly pattern?: string; readonly title?: string }): Option<string> {
  const shape = { type: 'string', minLength: 1, ...(options.pattern === undefined ? {} : { pattern: options.pattern }) };
  return leaf(options, { ...shape, title: options.title ?? 'text' }, (value) => value, isText);
}

export function integer(options: LeafOptions<number> & { readonly min?: number; readonly max?: number }): Option<number> {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = options;
  const title = max === Number.MAX_SAFE_INTEGER ? `a whole number of at least ${min}` : `a whole number from ${min} to ${max}`;
  return leaf(options, { type: 'integer', minimum: min, maximum: max, title }, (value) => value, isNumber);
}

export function flag(options: LeafOptions<boolean>): Option<boolean> {
  return leaf(options, { type: 'boolean', title: 'true or false' }, (value) => value, isBoolean);
}

export function choice<const C extends string>(choices: readonly C[], options: LeafOptions<C>): Option<C> {
  const isChoice = (value: unknown): value is C => choices.some((candidate) => candidate === value);
  return leaf(options, { enum: choices, title: `one of ${choices.join(', ')}` }, (value) => value, isChoice);
}

/** `500ms`, `5s`, `10m`, `1h`, `7d`; read as milliseconds. */
export function duration(options: LeafOptions<string>): Option<number> {
  const schema = { type: 'string', pattern: '^[0-9]{1,9}(ms|s|m|h|d)$', title: 'a duration such as 500ms, 5s, 10m, 1h or 7d' };
  return leaf(options, schema, (value) => unitsOf(value, durationUnits), isText);
}

/** `64MB`, `512KiB` or a number of bytes; read as bytes. */
export function size(options: LeafOptions<string>): Option<number> {
  const schema = {
    anyOf: [
      { type: 'string', pattern: '^[0-9]{1,9}(B|KB|KiB|MB|MiB|GB|GiB|TB|TiB)$' },
      { type: 'integer', minimum: 0 },
    ],
    title: 'a size such as 64MB, 512KiB or a number of bytes',
  };
  return leaf(options, schema, (value) => (typeof value === 'number' ? value : unitsOf(value, sizeUnits)), isTextOrNumber);
}

/** Text that never prints. Write `${env:NAME}` or `${file:PATH}` in the file. */
export function secretText(options: LeafOptions<string>): Option<Secret> {
  return leaf(options, { type: 'string', minLength: 1, title: 'a secret: ${env:NAME} or ${file:PATH}', writeOnly: true }, secret, isText);
}

/** The same option, absent allowed: reads as undefined. */
export function optional<T>(option: Option<T>): Option<T | undefined> {
  return { schema: option.schema, isRequired: false, read: (value) => (value === undefined ? undefined : option.read(value)) };
}

export function list<T>(
  item: Option<T>,
  options: { readonly doc: string; readonly min?: number; readonly default?: readonly unknown[] },
): Option<readonly T[]> {
  const { doc, min = 0, default: preset } = options;
  const schema = { type: 'array', items: item.schema, minItems: min, title: 'a list', description: doc };
  return {
    schema: preset === undefined ? schema : { ...schema, default: preset },
    isRequired: preset === undefined && min > 0,
    read: (value) => {
      const items = value ?? preset ?? [];
      assert(Array.isArray(items), 'a list was read before it was validated');
      return Object.freeze(items.map((entry: unknown) => item.read(entry)));
    },
  };
}

/** Named settings; every other key is an error. Required when one of its fields is. */
export function group<F extends Fields>(fields: F, options: { readonly doc: string }): Option<GroupValue<F>> {
  const required = Object.keys(fields).filter((name) => fields[name]?.isRequired);
  const isWhole = (value: object): value is GroupValue<F> => Object.keys(fields).every((name) => name in value);
  return {
    schema: {
      type: 'object',
      title: 'a group of settings',
      description: options.doc,
      properties: Object.fromEntries(Object.entries(fields).map(([name, option]) => [name, option.schema])),
      ...(required.length > 0 ? { required } : {}),
      additionalProperties: false,
    },
    isRequired: required.length > 0,
    read: (value) => {
      const given = isRecord(value) ? value : {};
      const read = Object.freeze(Object.fromEntries(Object.entries(fields).map(([name, option]) => [name, option.read(given[name])])));
      assert(isWhole(read), 'a group reads every field');
      return read;
    },
  };
}

export type VariantValue<V extends Readonly<Record<string, Option<object>>>> = {
  readonly [K in keyof V]: { readonly kind: K } & ValueOf<V[K]>;
}[keyof V];

/** One of several groups, told apart by `kind`. */
export function variants<V extends Readonly<Record<string, Option<object>>>>(
  choices: V,
  options: { readonly doc: string; readonly default?: Readonly<Record<string, unknown>> },
): Option<VariantValue<V>> {
  const kinds = Object.keys(choices);
  const isVariant = (value: object): value is VariantValue<V> => 'kind' in value && kinds.some((kind) => kind === value.kind);
  const schema = {
    type: 'object',
    title: `a group with kind: ${kinds.join(' or ')}`,
    description: options.doc,
    discriminator: { propertyName: 'kind' },
    oneOf: Object.entries(choices).map(([kind, variant]) => variantSchema(kind, variant.schema)),
  };
  return {
    schema: options.default === undefined ? schema : { ...schema, default: options.default },
    isRequired: options.default === undefined,
    read: (value) => {
      const given = value ?? options.default;
      assert(isRecord(given), 'a variant was read before it was validated');
      const { kind, ...rest } = given;
      const chosen = typeof kind === 'string' ? choices[kind] : undefined;
      assert(chosen, 'a variant was read before it was validated');
      const read = Object.freeze({ kind, ...chosen.read(rest) });
      assert(isVariant(read), 'a variant reads its kind');
      return read;
    },
  };
}

function variantSchema(kind: string, schema: JsonSchema): JsonSchema {
  const properties = isRecord(schema['properties']) ? schema['properties'] : {};
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  return { ...schema, properties: { kind: { const: kind }, ...properties }, required: ['kind', ...required] };
}

function leaf<T, R>(
  options: LeafOptions<unknown>,
  schema: JsonSchema,
  convert: (value: T) => R,
  accepts: (value: unknown) => value is T,
): Option<R> {
  const preset = options.default;
  return {
    schema: { ...schema, description: options.doc, ...(preset === undefined ? {} : { default: preset }) },
    isRequired: preset === undefined,
    read: (value) => {
      const given = value ?? preset;
      assert(accepts(given), `a setting (${options.doc}) was read before it was validated`);
      return convert(given);
    },
  };
}

const durationUnits: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const sizeUnits: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  KiB: 1024,
  MB: 1e6,
  MiB: 1024 ** 2,
  GB: 1e9,
  GiB: 1024 ** 3,
  TB: 1e12,
  TiB: 1024 ** 4,
};

function unitsOf(value: string, units: Readonly<Record<string, number>>): number {
  const [, amount = '', unit = ''] = /^([0-9]+)([A-Za-z]+)$/.exec(value) ?? [];
  const factor = units[unit];
  assert(factor !== undefined, `${value} was read before it was validated`);
  return Number(amount) * factor;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}

function isBoolean(value: unknown): value is boolean {
  return typeof value === 'boolean';
}

function isTextOrNumber(value: unknown): value is string | number {
  return isText(value) || isNumber(value);
}
