import assert from 'node:assert/strict';
import test from 'node:test';
import { evolveSchema, promotedType, type WantedStruct } from '../../lake/iceberg/evolve.ts';
import { highestFieldId, type Schema } from '../../lake/iceberg/schema.ts';

const current: Schema = {
  type: 'struct',
  'schema-id': 3,
  fields: [
    { id: 1, name: 'id', required: true, type: 'int' },
    { id: 2, name: 'fare', required: false, type: 'decimal(10, 2)' },
    { id: 3, name: 'after', required: false, type: { type: 'struct', fields: [{ id: 4, name: 'city', required: false, type: 'string' }] } },
    {
      id: 5,
      name: 'tags',
      required: false,
      type: { type: 'list', 'element-id': 6, 'element-required': false, element: 'float' },
    },
    {
      id: 7,
      name: 'attributes',
      required: false,
      type: { type: 'map', 'key-id': 8, 'value-id': 9, 'value-required': false, key: 'string', value: 'int' },
    },
  ],
};

function wanted(fields: WantedStruct['fields']): WantedStruct {
  return { type: 'struct', fields };
}

test('a wanted schema that the table already holds changes nothing', () => {
  const result = evolveSchema(
    current,
    wanted([
      { name: 'id', type: 'int' },
      { name: 'fare', type: 'decimal(8,2)' },
      { name: 'tags', type: { type: 'list', element: 'float' } },
      { name: 'attributes', type: { type: 'map', key: 'string', value: 'int' } },
    ]),
    9,
  );
  assert.equal(result.schema, current);
  assert.deepEqual([result.changed, result.lastColumnId, result.conflicts], [false, 9, []]);
});

test('new fields are optional, stand last in their struct and take fresh ids; promotions keep ids', () => {
  const result = evolveSchema(
    current,
    wanted([
      { name: 'id', type: 'long' },
      { name: 'fare', type: 'decimal(12,2)' },
      {
        name: 'after',
        type: wanted([
          { name: 'zip', type: 'string', doc: 'post code' },
          { name: 'city', type: 'string' },
        ]),
      },
      { name: 'tags', type: { type: 'list', element: 'double' } },
      { name: 'attributes', type: { type: 'map', key: 'string', value: 'long' } },
      { name: 'legs', type: { type: 'list', element: wanted([{ name: 'km', type: 'double' }]) } },
      { name: '__proto__', type: { type: 'map', key: 'string', value: 'boolean' } },
    ]),
    9,
  );
  assert.deepEqual(result.conflicts, []);
  assert.equal(result.schema['schema-id'], 4);
  assert.deepEqual(result.schema.fields, [
    { id: 1, name: 'id', required: true, type: 'long' },
    { id: 2, name: 'fare', required: false, type: 'decimal(12,2)' },
    {
      id: 3,
      name: 'after',
      required: false,
      type: {
        type: 'struct',
        fields: [
          { id: 4, name: 'city', required: false, type: 'string' },
          { id: 10, name: 'zip', required: false, type: 'string', doc: 'post code' },
        ],
      },
    },
    { id: 5, name: 'tags', required: false, type: { type: 'list', 'element-id': 6, 'element-required': false, element: 'double' } },
    {
      id: 7,
      name: 'attributes',
      required: false,
      type: { type: 'map', 'key-id': 8, 'value-id': 9, 'value-required': false, key: 'string', value: 'long' },
    },
    {
      id: 11,
      name: 'legs',
      required: false,
      type: {
        type: 'list',
        'element-id': 12,
        'element-required': false,
        element: { type: 'struct', fields: [{ id: 13, name: 'km', required: false, type: 'double' }] },
      },
    },
    {
      id: 14,
      name: '__proto__',
      required: false,
      type: { type: 'map', 'key-id': 15, 'value-id': 16, 'value-required': false, key: 'string', value: 'boolean' },
    },
  ]);
  assert.equal(result.lastColumnId, 16);
  assert.equal(result.lastColumnId, highestFieldId(result.schema));
});

test('what Iceberg cannot promote is a conflict, and its neighbours still evolve', () => {
  const result = evolveSchema(
    current,
    wanted([
      { name: 'id', type: 'string' },
      { name: 'fare', type: 'decimal(12,3)' },
      { name: 'after', type: 'string' },
      { name: 'attributes', type: { type: 'map', key: 'long', value: 'long' } },
      { name: 'City', type: 'string' },
      { name: 'city', type: 'string' },
      { name: 'ID', type: 'int' },
    ]),
    9,
  );
  assert.deepEqual(result.conflicts, [
    { path: 'id', current: 'int', wanted: 'string', reason: 'type' },
    { path: 'fare', current: 'decimal(10, 2)', wanted: 'decimal(12,3)', reason: 'type' },
    { path: 'after', current: 'struct<city>', wanted: 'string', reason: 'type' },
    { path: 'attributes.key', current: 'string', wanted: 'long', reason: 'type' },
    { path: 'city', current: 'City', wanted: 'city', reason: 'case' },
    { path: 'ID', current: 'id', wanted: 'ID', reason: 'case' },
  ]);
  assert.deepEqual(result.schema.fields.slice(0, 5), current.fields);
  assert.deepEqual(result.schema.fields.slice(5), [{ id: 10, name: 'City', required: false, type: 'string' }]);
});

test('only int, float and decimal of the same scale are promoted', () => {
  assert.equal(promotedType('int', 'long'), 'long');
  assert.equal(promotedType('float', 'double'), 'double');
  assert.equal(promotedType('decimal(4, 2)', 'decimal(38,2)'), 'decimal(38,2)');
  for (const [from, to] of [
    ['long', 'int'],
    ['int', 'double'],
    ['long', 'double'],
    ['decimal(4,2)', 'decimal(4,2)'],
    ['decimal(4,2)', 'decimal(3,2)'],
    ['date', 'timestamp'],
    ['int', 'string'],
  ] as const)
    assert.equal(promotedType(from, to), null, `${from} to ${to}`);
});
