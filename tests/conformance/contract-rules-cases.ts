// Own cases by keyword, for what draft 4 does not have or says otherwise.

import type { JsonSchema, JsonValue } from '../../contracts/json-schema.ts';

export interface OwnCase {
  readonly schema: JsonSchema;
  readonly valid: readonly JsonValue[];
  readonly invalid: readonly JsonValue[];
}

const formats: readonly (readonly [format: string, valid: readonly string[], invalid: readonly string[]])[] = [
  [
    'date',
    ['2024-02-29', '2000-02-29', '0001-01-01', '9999-12-31'],
    ['2023-02-29', '1900-02-29', '2024-04-31', '2024-1-01', '2024-01-01\n', '24-01-01', ''],
  ],
  [
    'time',
    ['10:20:30Z', '10:20:30.5+01:00', '23:59:60Z', '00:00:00z'],
    ['10:20:30', '24:00:00Z', '10:20:60Z', '10:60:00Z', '10:20:30+24:00', '10:20:30+0100'],
  ],
  ['time-local', ['10:20:30', '10:20:30.123456'], ['10:20:30Z', '24:00:00', '10:20']],
  [
    'date-time',
    ['2024-02-29T10:20:30Z', '2024-02-29t10:20:30.123456789-08:00'],
    ['2024-02-29T10:20:30', '2024-02-30T10:20:30Z', '2024-02-29 10:20:30Z', '2024-02-29T'],
  ],
  ['date-time-local', ['2024-02-29T10:20:30.5'], ['2024-02-29T10:20:30Z', '2024-02-29']],
  ['duration', ['P1Y', 'P1Y2M3DT4H5M6S', 'PT36H', 'P2W', 'P1Y-2M3DT4H-5M6.789S'], ['P', 'PT', 'P1', '1Y', 'P1YT', 'P1D1Y']],
  [
    'uuid',
    ['123e4567-e89b-12d3-a456-426614174000', '123E4567-E89B-12D3-A456-426614174000'],
    ['123e4567e89b12d3a456426614174000', '{123e4567-e89b-12d3-a456-426614174000}', '123e4567-e89b-12d3-a456-42661417400g'],
  ],
  [
    'email',
    ['ana@example.pt', "o'hara+tag@mail.example.com", 'a@b'],
    ['ana', '@b', 'a@', 'a b@c.d', 'a..b@c.d', '.a@b.c', 'a@-b.c', `a@${'b'.repeat(64)}.pt`],
  ],
  [
    'hostname',
    ['example.com', 'a', 'a-b.c1', 'x'.repeat(63)],
    ['', '-a', 'a-', 'a..b', 'x'.repeat(64), 'a_b', Array.from({ length: 64 }, () => 'abc').join('.')],
  ],
  ['ipv4', ['127.0.0.1', '255.255.255.255'], ['256.0.0.1', '1.2.3', '01.2.3.4', '1.2.3.4.5', '١.2.3.4']],
  [
    'ipv6',
    ['::1', '::', '2001:db8::ff00:42:8329', '::ffff:192.0.2.1', '1:2:3:4:5:6:7:8'],
    ['1::2::3', '1:2:3:4:5:6:7', ':::', '12345::', '::1%eth0'],
  ],
  [
    'uri',
    ['http://example.com/a?b=c#d', 'urn:isbn:123', 'mailto:a@b.c', 'http://[::1]:80/x', 'ftp://u@h/'],
    ['//x', 'a b:c', 'http://a b', 'http://x/\\', 'no-colon', 'http://%zz', 'http://[x/'],
  ],
  ['uri-reference', ['/a/b?c#d', '#x', '', '../a', 'http://x'], ['\\a', 'a b', '#a#b']],
  ['json-pointer', ['', '/a/b', '/a~1b/~0'], ['a', '/a~', '/~2']],
  ['relative-json-pointer', ['0', '1/a', '2#'], ['01', '-1', '/a']],
  ['byte', ['', 'YWJj', 'YWI=', 'YQ=='], ['YQ=', 'YQ', 'Y!==']],
];

export const ownCases: readonly OwnCase[] = [
  ...formats.map(([format, valid, invalid]): OwnCase => ({ schema: { format }, valid: [...valid, 1, null, ['x']], invalid })),
  ...['binary', 'password', 'float', 'int64'].map((format): OwnCase => ({ schema: { format }, valid: ['x', 1], invalid: [] })),
  { schema: true, valid: [1, null, [1]], invalid: [] },
  { schema: false, valid: [], invalid: [1, null, 'x', [1]] },
  { schema: { type: 'integer' }, valid: [1, 0, -5, 1e15, 2.5e20], invalid: [1.5, '1', null, true] },
  { schema: { type: 'number' }, valid: [1, 1.5], invalid: ['1', null] },
  { schema: { type: ['integer', 'null'] }, valid: [1, null], invalid: [1.5, 'x'] },
  { schema: { const: 1 }, valid: [1], invalid: [2, '1', true, null, 1.5] },
  { schema: { const: null }, valid: [null], invalid: [0, '', false] },
  { schema: { const: false }, valid: [false], invalid: [0, null, true, []] },
  { schema: { const: "it's \\ \u0000 😀" }, valid: ["it's \\ \u0000 😀"], invalid: ["it's", ''] },
  { schema: { const: [1, [2, null]] }, valid: [[1, [2, null]]], invalid: [[1, [2]], [1], []] },
  {
    schema: { const: { a: 1, b: [true] } },
    valid: [
      { a: 1, b: [true] },
      { b: [true], a: 1 },
    ],
    invalid: [{ a: 1 }, { a: 1, b: [true], c: 1 }, { a: 2, b: [true] }],
  },
  { schema: { enum: ['a', 'b', null] }, valid: ['a', 'b', null], invalid: ['c', 1, ''] },
  { schema: { enum: [1, 'a', [1]] }, valid: [1, 'a', [1]], invalid: [2, 'b', [2]] },
  { schema: { minimum: -9223372036854775808 }, valid: [0], invalid: [-1e19] },
  { schema: { minimum: 1e19 }, valid: [1e20], invalid: [0, 9007199254740991] },
  { schema: { minimum: 0.5 }, valid: [1, 0.5], invalid: [0, 0.4] },
  { schema: { exclusiveMinimum: 0.5 }, valid: [1, 0.6], invalid: [0, 0.5] },
  { schema: { exclusiveMinimum: 1 }, valid: [2, 1.1], invalid: [1, 0] },
  { schema: { exclusiveMaximum: 1 }, valid: [0, 0.9], invalid: [1, 2] },
  { schema: { exclusiveMaximum: -0.5 }, valid: [-1], invalid: [0, -0.5] },
  { schema: { multipleOf: 0.01 }, valid: [0.07, 4.35, 19.99, 1e20, 0, -0.07, 100], invalid: [0.075, 1e-7, 19.999, 5e-324] },
  { schema: { multipleOf: 0.3 }, valid: [0.9, 3, 6], invalid: [1, 0.1, 10] },
  { schema: { multipleOf: 1e20 }, valid: [0, 1e20, 3e20], invalid: [1, 1e19] },
  { schema: { multipleOf: 1e-7 }, valid: [1e-7, 3e-7, 1, 0.5], invalid: [1e-8, 1.5e-7] },
  { schema: { minLength: 2 }, valid: ['ab', '😀é', 1], invalid: ['😀', '', 'a'] },
  { schema: { maxLength: 1 }, valid: ['😀', '', null], invalid: ['e\u0301'] },
  { schema: { pattern: '^a.c$' }, valid: ['abc', 'a😀c'], invalid: ['a\nc', 'abc\n', 'xabc'] },
  { schema: { pattern: '\\u00e9|\\cJ' }, valid: ['é', 'x\n'], invalid: ['e'] },
  { schema: { pattern: '(?<year>[0-9]{4})' }, valid: ['in 2024'], invalid: ['in 24'] },
  { schema: { pattern: "^[A-Z][a-z']*(-\\d+)?\\/$" }, valid: ["O'x-1/"], invalid: ['o/'] },
  {
    schema: { uniqueItems: true },
    valid: [[1, 2], [null, 1], [], ['a', 'A'], [1.5, 2.5]],
    invalid: [
      [1, 1],
      [null, null],
      ['a', 'b', 'a'],
      [1.5, 1.5],
      [true, true],
    ],
  },
  {
    schema: { uniqueItems: true },
    valid: [
      [[1], [2]],
      [{ a: 1 }, { a: 2 }],
    ],
    invalid: [
      [[1], [1]],
      [{ a: 1 }, { a: 1 }],
    ],
  },
  { schema: { prefixItems: [{ type: 'integer' }, { minimum: 5 }] }, valid: [[1, 5], [1], [], [1, 6, 0], 'x'], invalid: [[1, 4], [1.5]] },
  { schema: { prefixItems: [true], items: false }, valid: [[], [1]], invalid: [[1, 2]] },
  {
    schema: { prefixItems: [true], items: { minimum: 3 } },
    valid: [[0, 3], [0]],
    invalid: [
      [0, 2],
      [0, 3, 2],
    ],
  },
  { schema: { prefixItems: [{ type: 'integer' }], contains: {} }, valid: [[1]], invalid: [[]] },
  { schema: { not: { prefixItems: [{ type: 'integer' }], contains: {} } }, valid: [[]], invalid: [[1]] },
  { schema: { items: { type: 'string' } }, valid: [['a'], [], 1], invalid: [['a', null], [1]] },
  { schema: { items: { items: { maximum: 2 } } }, valid: [[[1, 2], []], [[]]], invalid: [[[1], [3]]] },
  { schema: { contains: { minimum: 3 } }, valid: [[1, 3], 'x'], invalid: [[1, 2], []] },
  { schema: { contains: { minimum: 3 }, minContains: 2, maxContains: 2 }, valid: [[3, 1, 4]], invalid: [[3], [3, 4, 5], []] },
  { schema: { contains: { minimum: 3 }, minContains: 0 }, valid: [[], [1]], invalid: [] },
  { schema: { contains: true, maxContains: 1 }, valid: [[1]], invalid: [[], [1, 2]] },
  { schema: { dependentRequired: { a: ['b'] } }, valid: [{ a: 1, b: 2 }, { b: 1 }, 1], invalid: [{ a: 1 }, { a: null }] },
  { schema: { dependentSchemas: { a: { required: ['b'] } } }, valid: [{ a: 1, b: 2 }, { b: 1 }], invalid: [{ a: 1, c: 1 }] },
  { schema: { propertyNames: { maxLength: 2 } }, valid: [{ ab: 1 }, 1], invalid: [{ abc: 1 }] },
  { schema: { propertyNames: { $ref: '#/$defs/short' }, $defs: { short: { maxLength: 2 } } }, valid: [{ ab: 1 }], invalid: [{ abc: 1 }] },
  {
    schema: { patternProperties: { '^x': { type: 'integer' } }, additionalProperties: false },
    valid: [{ xa: 1 }],
    invalid: [{ xa: 'a' }, { y: 1 }],
  },
  { schema: { required: ['toString', '__proto__'] }, valid: [1], invalid: [{ a: 1 }] },
  { schema: { required: ['a'] }, valid: [{ a: null }], invalid: [{ b: 1 }] },
  {
    schema: written(
      '{"if": {"properties": {"kind": {"const": "card"}}, "required": ["kind"]}, "then": {"required": ["number"]}, "else": {"required": ["cash"]}}',
    ),
    valid: [
      { kind: 'card', number: 1 },
      { kind: 'x', cash: 1 },
    ],
    invalid: [
      { kind: 'card', cash: 1 },
      { kind: 'x', number: 1 },
    ],
  },
  { schema: { if: { minimum: 5 } }, valid: [1, 9], invalid: [] },
  { schema: written('{"if": true, "then": {"type": "string"}}'), valid: ['a'], invalid: [1] },
  { schema: { oneOf: [{ minimum: 5 }, { multipleOf: 2 }] }, valid: [5, 2], invalid: [6, 1] },
  { schema: { anyOf: [{ type: 'string', minLength: 2 }, { type: 'null' }] }, valid: ['ab', null], invalid: ['a', 1] },
  { schema: { not: { anyOf: [{ type: 'string' }, { minimum: 3 }] } }, valid: [1, 2.5], invalid: ['a', 3, null] },
  { schema: { $ref: '#/$defs/a', minimum: 2, $defs: { a: { maximum: 5 } } }, valid: [3], invalid: [1, 6] },
  { schema: { $ref: '#/$defs/a~1b%20c', $defs: { 'a/b c': { type: 'string' } } }, valid: ['x'], invalid: [1] },
  { schema: { $ref: '#name', $defs: { a: { $anchor: 'name', type: 'string' } } }, valid: ['x'], invalid: [1] },
  {
    schema: { properties: { next: { $ref: '#' }, value: { type: 'integer' } }, additionalProperties: false },
    valid: [{ value: 1, next: { value: 2 } }],
    invalid: [{ value: 1, next: { value: 'x' } }, { next: { other: 1 } }],
  },
  { schema: { type: 'object', properties: { a: true }, unevaluatedProperties: false }, valid: [{ a: 1 }], invalid: [{ a: 1, b: 2 }] },
  {
    schema: { allOf: [{ properties: { a: { type: 'integer' } } }], unevaluatedProperties: { type: 'string' } },
    valid: [{ a: 1, b: 'x' }],
    invalid: [{ b: 1 }, { a: 'x' }],
  },
  { schema: { prefixItems: [true], unevaluatedItems: false }, valid: [[1]], invalid: [[1, 2]] },
  {
    schema: { deprecated: true, readOnly: true, $comment: 'x', contentEncoding: 'base64', 'x-own': { minimum: 5 } },
    valid: [1, 'x'],
    invalid: [],
  },
];

/** In JSON: an object literal with a key `then` would look like a promise. */
function written(text: string): JsonSchema {
  return JSON.parse(text);
}
