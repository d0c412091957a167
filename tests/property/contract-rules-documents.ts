// Schemas and documents that meet: a document's values come from small pools, and so do the bounds, lengths, patterns and
// constants of the schemas, so that both verdicts are common at every keyword.

import * as fc from 'fast-check';
import type { JsonObject, JsonSchema, JsonValue } from '../../contracts/json-schema.ts';
import { textFormats } from '../../contracts/formats.ts';
import type { DecodedType } from '../../contracts/rules/row-wire.ts';

const longs = [0, 1, 2, 3, -1, -2, 5, 10, 100, 2 ** 31, -(2 ** 31), Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER];
const doubles = [
  0, 0.5, 1, 1.5, 2, -1, -0.5, 0.1, 0.3, 12.34, 0.07, 19.99, 1e20, -1e20, 1e300, 5e-324, 1e-7, 123456.789, 0.012345678901234567, 3,
];
const texts = [
  '',
  'a',
  'ab',
  'abc',
  'abcd',
  'A1',
  'x\ny',
  'é',
  '😀',
  '😀é',
  'aa',
  '12',
  "it's",
  'back\\slash',
  ' ',
  '\u0000',
  'a\u0000b',
  '2024-02-29',
  '2023-02-29',
  '2024-13-01',
  '1900-02-29',
  '10:00:00',
  '10:00:00Z',
  '23:59:60Z',
  '25:00:00Z',
  '2024-02-29T10:00:00Z',
  '2024-02-29T10:00:00.5+01:00',
  '2024-02-29 10:00:00Z',
  '2024-02-29T10:00:00',
  'P1Y2M3DT4H',
  'PT0S',
  'P',
  '123e4567-e89b-12d3-a456-426614174000',
  '123e4567e89b12d3a456426614174000',
  'ana@example.pt',
  'ana@',
  'a..b@x.y',
  'example.com',
  '-example.com',
  '127.0.0.1',
  '256.0.0.1',
  '::1',
  '1::2::3',
  'http://example.com/a?b#c',
  'not a uri',
  'urn:a:b',
  '/a/b',
  'YWJj',
  'YWJ',
];

export const patterns = [
  '^a',
  'b$',
  '^[a-z]*$',
  '[0-9]',
  '^.$',
  'a.*b',
  '^$',
  '^(a+)+$',
  '\\d{2}',
  '\\w',
  '\\s',
  '^\\p{L}+$',
  'x|y',
  '(?i)A',
  '\\u00e9',
  '[^a]',
  "'",
];

const names = ['a', 'b', 'c', 'd'];
const from = <T>(values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);

const scalarType: fc.Arbitrary<DecodedType> = from([
  'boolean',
  'long',
  'double',
  'string',
  'null',
  'string',
  'long',
  'double',
] as const).map((kind) => ({ kind }));

function typeAt(depth: number): fc.Arbitrary<DecodedType> {
  if (depth === 0) return scalarType;
  const list = typeAt(depth - 1).map((element): DecodedType => ({ kind: 'list', element }));
  return fc.oneof({ weight: 4, arbitrary: scalarType }, { weight: 2, arbitrary: list }, { weight: 1, arbitrary: structAt(depth - 1) });
}

function structAt(depth: number): fc.Arbitrary<DecodedType> {
  return fc
    .subarray(names, { minLength: 1 })
    .chain((chosen) => fc.tuple(...chosen.map((name) => typeAt(depth).map((type) => ({ name, type })))))
    .map((fields) => ({ kind: 'struct', fields }));
}

export const rowType = structAt(2);

/** A document of exactly this type; nulls here and there, not at the top. */
export function documentOf(type: DecodedType, isTop = true): fc.Arbitrary<JsonValue> {
  const value = valueOf(type);
  return isTop || type.kind === 'null' ? value : fc.oneof({ weight: 1, arbitrary: fc.constant(null) }, { weight: 6, arbitrary: value });
}

function valueOf(type: DecodedType): fc.Arbitrary<JsonValue> {
  switch (type.kind) {
    case 'null':
    case 'json':
      return fc.constant(null);
    case 'boolean':
      return fc.boolean();
    case 'long':
      return from(longs);
    case 'double':
      return from(doubles);
    case 'string':
      return from(texts);
    case 'list':
      return fc.array(documentOf(type.element, false), { maxLength: 4 });
    case 'struct':
      return fc
        .tuple(...type.fields.map((field) => documentOf(field.type, false)))
        .map((values) => Object.fromEntries(type.fields.map((field, i): [string, JsonValue] => [field.name, values[i] ?? null])));
  }
}

/** Mostly about values of this type. */
export function schemaFor(type: DecodedType, depth: number): fc.Arbitrary<JsonSchema> {
  const plain = fc.array(assertion(type, depth), { maxLength: 3 }).map((parts): JsonObject => Object.assign({}, ...parts));
  return fc.oneof({ weight: 1, arbitrary: fc.boolean() }, { weight: 20, arbitrary: plain });
}

function assertion(type: DecodedType, depth: number): fc.Arbitrary<JsonObject> {
  const own = ofType(type, depth);
  const any = fc.oneof(typeKeyword, constants(type), common(type, depth));
  const other = scalarType.chain((some) => ofType(some, 0));
  return fc.oneof({ weight: 6, arbitrary: own }, { weight: 3, arbitrary: any }, { weight: 1, arbitrary: other });
}

const typeNames = ['null', 'boolean', 'integer', 'number', 'string', 'array', 'object'];
const typeKeyword = fc.oneof(
  from(typeNames).map((type) => ({ type })),
  fc.subarray(typeNames, { minLength: 1 }).map((type) => ({ type })),
);

function constants(type: DecodedType): fc.Arbitrary<JsonObject> {
  const value = documentOf(type, false);
  return fc.oneof(
    value.map((constant) => ({ const: constant })),
    fc.array(value, { minLength: 1, maxLength: 5 }).map((values) => ({ enum: values })),
  );
}

function common(type: DecodedType, depth: number): fc.Arbitrary<JsonObject> {
  if (depth === 0) return typeKeyword;
  const part = schemaFor(type, depth - 1);
  const parts = fc.array(part, { minLength: 1, maxLength: 3 });
  return fc.oneof(
    parts.map((allOf) => ({ allOf })),
    parts.map((anyOf) => ({ anyOf })),
    parts.map((oneOf) => ({ oneOf })),
    part.map((not) => ({ not })),
    fc.subarray(['then', 'else']).chain((keys) => fc.tuple(part, ...keys.map(() => part)).map((schemas) => conditional(keys, schemas))),
    from(['#/$defs/one', '#/$defs/two', '#/$defs/tree']).map(($ref) => ({ $ref })),
  );
}

function conditional(keys: readonly string[], [condition = true, ...outcomes]: readonly JsonSchema[]): JsonObject {
  return Object.fromEntries([['if', condition], ...keys.map((key, i): [string, JsonSchema] => [key, outcomes[i] ?? true])]);
}

function ofType(type: DecodedType, depth: number): fc.Arbitrary<JsonObject> {
  switch (type.kind) {
    case 'long':
    case 'double':
      return numeric;
    case 'string':
      return textual;
    case 'list':
      return ofList(type.element, depth);
    case 'struct':
      return ofStruct(type.fields, depth);
    default:
      return typeKeyword;
  }
}

const bounds = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'];
const numeric: fc.Arbitrary<JsonObject> = fc.oneof(
  fc.tuple(from(bounds), from([...longs, ...doubles, 1e19, -1e19])).map(([keyword, bound]) => ({ [keyword]: bound })),
  from([1, 2, 3, 0.5, 0.01, 0.1, 0.07, 1e-7, 10, 1e20, 2.5]).map((multipleOf) => ({ multipleOf })),
);
const textual: fc.Arbitrary<JsonObject> = fc.oneof(
  fc.nat(4).map((minLength) => ({ minLength })),
  fc.nat(4).map((maxLength) => ({ maxLength })),
  from(patterns).map((pattern) => ({ pattern })),
  from([...textFormats.keys()]).map((format) => ({ format })),
);

function ofList(element: DecodedType, depth: number): fc.Arbitrary<JsonObject> {
  const part = schemaFor(element, Math.max(0, depth - 1));
  return fc.oneof(
    fc.nat(3).map((minItems) => ({ minItems })),
    fc.nat(3).map((maxItems) => ({ maxItems })),
    fc.boolean().map((uniqueItems) => ({ uniqueItems })),
    part.map((items) => ({ items })),
    fc.record({ prefixItems: fc.array(part, { minLength: 1, maxLength: 2 }), items: part }, { requiredKeys: ['prefixItems'] }),
    fc.record({ contains: part, minContains: fc.nat(2), maxContains: fc.nat(2) }, { requiredKeys: ['contains'] }),
    part.map((unevaluatedItems) => ({ unevaluatedItems })),
  );
}

function ofStruct(fields: readonly { readonly name: string; readonly type: DecodedType }[], depth: number): fc.Arbitrary<JsonObject> {
  const some = fc.subarray([...names, 'toString']);
  const below = Math.max(0, depth - 1);
  const part = schemaFor({ kind: 'long' }, 0);
  const properties = fc
    .tuple(...fields.map((field) => schemaFor(field.type, below)))
    .map((schemas) => Object.fromEntries(fields.map((field, i): [string, JsonSchema] => [field.name, schemas[i] ?? true])));
  return fc.oneof(
    { weight: 4, arbitrary: properties.map((named) => ({ properties: named })) },
    { weight: 1, arbitrary: some.map((required) => ({ required })) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(properties, part)
        .map(([named, additionalProperties]) => ({ properties: { a: named['a'] ?? true }, additionalProperties })),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(from(['^a', '[bc]', '.']), part).map(([pattern, schema]) => ({ patternProperties: { [pattern]: schema } })),
    },
    { weight: 1, arbitrary: from(patterns).map((pattern) => ({ propertyNames: { pattern } })) },
    { weight: 1, arbitrary: fc.nat(4).map((minProperties) => ({ minProperties })) },
    { weight: 1, arbitrary: fc.nat(4).map((maxProperties) => ({ maxProperties })) },
    { weight: 1, arbitrary: fc.tuple(from(names), some).map(([name, others]) => ({ dependentRequired: { [name]: others } })) },
    { weight: 1, arbitrary: fc.tuple(from(names), some).map(([name, required]) => ({ dependentSchemas: { [name]: { required } } })) },
    {
      weight: 1,
      arbitrary: fc.tuple(some, part).map(([required, unevaluatedProperties]) => ({
        anyOf: [{ properties: { a: true }, required }, { properties: { b: true } }],
        unevaluatedProperties,
      })),
    },
  );
}

/** A whole body over rows of this type, with definitions, one of them recursive. */
export function bodyFor(type: DecodedType): fc.Arbitrary<JsonSchema> {
  const definitions = {
    one: { type: ['integer', 'string', 'null', 'object'] },
    two: { anyOf: [{ $ref: '#/$defs/one' }, { minItems: 1 }] },
    tree: {
      type: ['object', 'integer', 'array', 'string', 'null'],
      properties: { a: { $ref: '#/$defs/tree' }, b: { $ref: '#/$defs/tree' } },
      items: { $ref: '#/$defs/tree' },
    },
  };
  const $schema = 'https://json-schema.org/draft/2020-12/schema';
  const declared = type.kind === 'struct' ? declaredProperties(type.fields) : fc.constant({});
  return fc
    .tuple(fc.array(schemaFor(type, 2), { minLength: 1, maxLength: 2 }), fc.option(declared, { nil: {} }))
    .map(([parts, properties]) => ({ $schema, $defs: definitions, allOf: parts, properties }));
}

/** As a contract says it of a column: its type, and something more. */
function declaredProperties(fields: readonly { readonly name: string; readonly type: DecodedType }[]): fc.Arbitrary<JsonObject> {
  return fc
    .tuple(...fields.map(({ type }) => fc.tuple(fc.boolean(), ofType(type, 1))))
    .map((parts) =>
      Object.fromEntries(
        fields.map(({ name, type }, i): [string, JsonObject] => [name, { ...parts[i]?.[1], ...declaration(type, parts[i]?.[0] ?? true) }]),
      ),
    );
}

function declaration(type: DecodedType, isNullable: boolean): JsonObject {
  const named = (name: string): JsonObject => ({ type: isNullable ? [name, 'null'] : name });
  switch (type.kind) {
    case 'long':
      return named('integer');
    case 'double':
      return named('number');
    case 'boolean':
    case 'string':
      return named(type.kind);
    case 'list':
      return { ...named('array'), items: declaration(type.element, isNullable) };
    case 'struct':
      return {
        ...named('object'),
        properties: Object.fromEntries(type.fields.map((field): [string, JsonObject] => [field.name, declaration(field.type, isNullable)])),
        required: type.fields.map((field) => field.name),
      };
    default:
      return {};
  }
}
