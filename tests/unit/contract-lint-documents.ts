// Broken documents, one or more for each lint rule. ▶ stands where the problem must be told, and is taken out before reading.

const head = `apiVersion: v3.2.0
kind: DataContract
id: shop
version: 1.0.0
`;

/** A contract with one table; what follows is indented as its properties. */
const table = `${head}schema:
  - name: orders
    properties:
      - name: id
        logicalType: integer
        primaryKey: true
        required: true
`;

const schema = (body: string, metadata = '{"id": "shop", "version": "1.0.0"}'): string =>
  `{"x-contract": ${metadata},\n"type": "object",\n${body}}`;

export const brokenDocuments: readonly (readonly [rule: string, text: string])[] = [
  ['syntax', 'a: "b\nc: ▶'],
  ['syntax', `${head}name: ▶*nobody`],
  ['syntax', `${head}▶---\nid: other`],
  ['syntax', '{"id": "a",, ▶"b": 1}'.replace(',, ▶', ',▶, ')],
  ['document-depth', `▶${'['.repeat(64)}▶[`.replace('▶', '')],
  ['document-depth', `a: &a\n  ▶- *a`],
  ['yaml-tag', `${head}name: ▶!!js/function x`],
  ['yaml-key', `${head}? ▶[a]\n: b`],
  ['yaml-merge', `${head}▶<<: {name: x}`],
  ['duplicate-key', `${head}▶id: again`],
  ['number-form', `${table}        logicalTypeOptions: {maximum: ▶.inf}`],
  ['number-rounded', `${table}        logicalTypeOptions: {maximum: ▶9007199254740993}`],
  ['unknown-format', '▶name: orders\n'],
  ['unknown-format', '▶- a\n'],
  ['unknown-key', `${head}▶descripton: {}`],
  ['unknown-key', `${table}        ▶primarykey: true`],
  ['unknown-key', `${table}        logicalTypeOptions: {▶minLength: 1}`],
  [
    'unknown-key',
    `${head}servers:\n  - server: a\n    type: postgres\n    host: h\n    port: 1\n    database: d\n    schema: s\n    ▶bucket: b`,
  ],
  ['missing-key', '▶apiVersion: v3.2.0\nkind: DataContract\nid: shop\n'],
  ['missing-key', `${head}schema:\n  - ▶physicalName: orders`],
  ['missing-key', `${head}servers:\n  - ▶server: a\n    type: kafka`],
  ['missing-key', `${table}      - ▶name: m\n        logicalType: map`],
  ['missing-key', `${table}      - name: v\n        logicalType: vector\n        ▶logicalTypeOptions: {normalized: true}`],
  ['missing-key', `${head}slaProperties:\n  - ▶property: freshness`],
  ['missing-key', `${table}    quality:\n      - ▶query: SELECT 1\n        mustBe: 1`],
  ['value-form', `${table}        relationships:\n          - to: ▶the users`],
  ['value-kind', `${table}    relationships:\n      - from: [orders.id]\n        to: ▶users.id`],
  ['value-kind', `apiVersion: v3.2.0\nkind: DataContract\nid: shop\nversion: ▶1.0\n`],
  ['value-kind', `${table}        unique: ▶'yes'`],
  ['value-kind', `${head}schema: ▶{name: orders}`],
  ['value-kind', `${head}tags: [a, ▶2]`],
  ['value-choice', `${table}      - name: a\n        logicalType: ▶text`],
  ['value-choice', 'apiVersion: ▶v2.2.0\nkind: DataContract\nid: shop\nversion: 1.0.0\n'],
  ['value-choice', `${head}servers:\n  - server: a\n    type: ▶postgress`],
  ['value-choice', 'dataContractSpecification: ▶2.0.0\nid: a\ninfo: {title: a, version: 1.0.0}\n'],
  ['value-form', `${table}        id: ▶a b`],
  ['value-form', `${head}servers:\n  - server: a\n    type: s3\n    location: ▶nowhere`],
  ['value-form', `${head}team:\n  members:\n    - username: a\n      dateIn: ▶yesterday`],
  ['contract-id', `apiVersion: v3.2.0\nkind: DataContract\nid: ▶Shop!\nversion: 1.0.0\n`],
  ['version-semver', `apiVersion: v3.2.0\nkind: DataContract\nid: shop\nversion: ▶'1.0'\n`],
  ['version-semver', schema('"properties": {"a": {}}', '{"id": "shop", "version": ▶"one"}')],
  ['version-semver', 'dataContractSpecification: 1.2.1\nid: a\ninfo:\n  title: a\n  ▶version: one\n'],
  ['status-unknown', `${head}status: ▶asleep`],
  [
    'consumer-malformed',
    `${head}customProperties:\n  - property: consumers\n    value:\n      - name: report\n      - ▶{ owner: finance }`,
  ],
  ['compatibility-unknown', `${head}customProperties:\n  - property: compatibility\n    value: ▶backwards`],
  ['policy-unknown', `${head}customProperties:\n  - property: policy\n    value: ▶ignore`],
  ['policy-unknown', `${table}        customProperties:\n          - property: policy\n            value: ▶drop`],
  ['no-tables', `▶${head}`],
  ['table-empty', `${head}schema:\n  - ▶name: orders`],
  ['table-duplicate', `${table}  - name: ▶orders\n    properties: [{name: a, logicalType: string}]`],
  [
    'table-duplicate',
    '{"x-contract": {"id": "a", "version": "1.0.0", "tables": [\n{"name": "t", "body": {}},\n{"name": ▶"t", "body": {}}]}}',
  ],
  ['table-name', `${head}schema:\n  - name: ▶my orders\n    properties: [{name: a, logicalType: string}]`],
  ['server-duplicate', `${head}servers:\n  - {server: a, type: kafka, host: h}\n  - {server: ▶a, type: kafka, host: h}`],
  ['custom-duplicate', `${head}customProperties:\n  - {property: a, value: 1}\n  - {property: ▶a, value: 2}`],
  ['quality-operator', `${table}    quality:\n      - ▶metric: rowCount`],
  ['quality-operator', `${table}    quality:\n      - ▶type: sql\n        query: SELECT 1\n        mustBe: 1\n        mustNotBe: 2`],
  ['quality-between', `${table}    quality:\n      - metric: rowCount\n        mustBeBetween: ▶[5, 1]`],
  ['level-element', `${table}slaProperties:\n  - property: freshness\n    value: 1\n    element: ▶orders.at`],
  ['reference-unknown', `${table}        relationships:\n          - to: ▶users.id`],
  [
    'definition-unknown',
    'dataContractSpecification: 1.2.1\nid: a\ninfo: {title: a, version: 1.0.0}\nmodels:\n  t:\n    fields:\n      x:\n        $ref: ▶"#/definitions/x"\n',
  ],
  ['property-name', `${table}      - ▶name: " a"\n        logicalType: string`],
  ['property-duplicate', `${table}      - name: ▶id\n        logicalType: string`],
  ['property-case', `${table}      - ▶name: ID\n        logicalType: string`],
  ['property-id', `${table}        id: a\n      - name: b\n        id: ▶a\n        logicalType: string`],
  ['key-position', `${table}        primaryKeyPosition: ▶2`],
  [
    'key-position',
    `${table}      - name: b\n        logicalType: string\n        required: true\n        primaryKey: true\n        primaryKeyPosition: ▶1`,
  ],
  ['key-unused', `${table}      - name: b\n        logicalType: string\n        primaryKeyPosition: ▶1`],
  ['key-optional', `${table}      - ▶name: b\n        logicalType: string\n        primaryKey: true`],
  ['physical-unknown', `${table}        physicalType: ▶bigintt`],
  ['physical-mismatch', `${table}        physicalType: ▶timestamptz`],
  ['decimal-figures', `${table}      - name: b\n        logicalType: number\n        physicalType: ▶numeric(2,5)`],
  ['decimal-wide', `${table}      - name: b\n        logicalType: number\n        physicalType: ▶numeric(50,5)`],
  [
    'physical-mismatch',
    `${table}      - name: m\n        logicalType: map\n        map:\n          key: {logicalType: string}\n          value: {logicalType: string, physicalType: ▶int}`,
  ],
  [
    'required-partial',
    `${table}        physicalType: bigint\n      - ▶name: b\n        logicalType: string\n        physicalType: timeuuid\n        required: true`,
  ],
  [
    'mask-unknown',
    `${table}        customProperties:\n          - {property: pii, value: id}\n          - {property: mask, value: ▶{kind: hide}}`,
  ],
  [
    'mask-key',
    `${table}        customProperties:\n          - {property: pii, value: id}\n          - {property: mask, value: ▶{kind: drop}}`,
  ],
  [
    'mask-public',
    `${table}      - name: b\n        logicalType: string\n        customProperties:\n          - {property: mask, ▶value: {kind: drop}}`,
  ],
  [
    'mask-within',
    `${table}      - ▶name: b\n        logicalType: object\n        physicalType: jsonb\n        properties:\n          - name: c\n            logicalType: string\n            customProperties:\n              - {property: pii, value: name}\n              - {property: mask, value: {kind: drop}}`,
  ],
  ['bounds-unjudged', `${table}      - name: b\n        logicalType: date\n        logicalTypeOptions: {▶minimum: "2020-01-01"}`],
  ['pii-form', `${table}        customProperties:\n          - {property: pii, value: ▶true}`],
  ['keyword-unknown', schema('"properties": {"a": {▶"minimun": 1}}')],
  ['keyword-unknown', `${table}        customProperties:\n          - {property: jsonSchema.minimun, ▶value: 1}`],
  ['keyword-value', schema('"properties": {"a": {"minimum": ▶"1"}}')],
  ['keyword-value', schema('"required": ▶"id"')],
  ['keyword-value', schema('"allOf": ▶[]')],
  ['schema-kind', schema('"properties": {"a": ▶"string"}')],
  ['schema-dialect', schema('"$schema": ▶"http://json-schema.org/draft-07/schema#"')],
  ['schema-row', '{"x-contract": {"id": "a", "version": "1.0.0"}, "type": ▶"string"}'],
  ['ref-remote', schema('"properties": {"a": {"$ref": ▶"https://example.com/a.json"}}')],
  ['ref-remote', schema('"properties": {"a": {"$ref": ▶"file:///etc/passwd"}}')],
  [
    'ref-remote',
    'dataContractSpecification: 1.2.1\nid: a\ninfo: {title: a, version: 1.0.0}\nmodels:\n  t:\n    fields:\n      x:\n        $ref: ▶https://example.com/x\n',
  ],
  ['ref-dangling', schema('"properties": {"a": {"$ref": ▶"#/$defs/a"}}')],
  ['ref-loop', schema('"$ref": ▶"#"')],
  ['ref-dynamic', schema('"properties": {"a": {▶"$dynamicRef": "#a"}}')],
  ['data-reference', schema('"properties": {"a": {"maximum": ▶{"$data": "1/b"}}}')],
  ['data-reference', `${table}        customProperties:\n          - {property: jsonSchema.maximum, value: ▶{$data: 1/b}}`],
  ['type-unknown', schema('"properties": {"a": {"type": ▶"strng"}}')],
  ['type-duplicate', schema('"properties": {"a": {"type": ▶["null", "null"]}}')],
  ['bounds-crossed', `${table}        logicalTypeOptions: {minimum: ▶5, maximum: 1}`],
  [
    'bounds-crossed',
    `${table}      - name: b\n        logicalType: string\n        logicalTypeOptions:\n          maxLength: 1\n          minLength: ▶2`,
  ],
  ['bounds-crossed', schema('"properties": {"a": {"exclusiveMinimum": ▶1, "maximum": 1}}')],
  ['bound-negative', `${table}      - name: b\n        logicalType: string\n        logicalTypeOptions: {maxLength: ▶-1}`],
  ['bound-negative', schema('"properties": {"a": {"minItems": ▶1.5}}')],
  ['multiple-positive', `${table}        logicalTypeOptions: {multipleOf: ▶0}`],
  ['enum-empty', schema('"properties": {"a": {"enum": ▶[]}}')],
  ['enum-duplicate', schema('"properties": {"a": {"enum": [1, ▶1]}}')],
  ['enum-duplicate', `${table}      - name: b\n        logicalType: string\n        enum:\n          - value: x\n          - ▶value: x`],
  ['enum-type', `${table}        enum:\n          - ▶value: one`],
  ['enum-type', schema('"properties": {"a": {"type": "string", "const": ▶1}}')],
  ['required-duplicate', schema('"required": ["id", ▶"id"]')],
  ['required-unknown', schema('"properties": {"a": {}}, "required": [▶"b"]')],
  ['pattern-form', `${table}      - name: b\n        logicalType: string\n        logicalTypeOptions: {pattern: ▶'(?=a)b'}`],
  ['pattern-form', schema(String.raw`"properties": {"a": {"pattern": ▶"(a)\\1"}}`)],
  ['pattern-form', schema('"properties": {"a": {"pattern": ▶"["}}')],
  ['format-unknown', schema('"properties": {"a": {"format": ▶"emial"}}')],
  ['keyword-idle', schema('"properties": {"a": {"type": "integer", ▶"maxLength": 3}}')],
  ['not-enforceable', schema('"properties": {"a": {▶"contentSchema": {"type": "string"}}}')],
  ['never-valid', schema('"properties": {"a": ▶false}')],
];
