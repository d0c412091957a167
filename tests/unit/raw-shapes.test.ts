// Shapes: what a record's layout is, how few of them a table needs, and when two JSON texts are the same value.

import assert from 'node:assert/strict';
import test from 'node:test';
import { fieldNamed, isStruct } from '../../lake/iceberg/schema.ts';
import { inferPlan } from '../../lake/raw/infer-plan.ts';
import { inferShape } from '../../lake/raw/infer-shape.ts';
import { readJson } from '../../runtime/json-value.ts';
import { liveShapes } from '../../lake/raw/merge-shapes.ts';
import { sameJson } from '../../lake/raw/same-json.ts';
import type { ShapeType } from '../../lake/raw/shape.ts';
import { emptyPlan } from './decode-fixture.ts';

function shapeOf(text: string): ShapeType {
  const read = readJson(text);
  assert(read.kind === 'value');
  const inferred = inferShape(read.value);
  assert(inferred.kind === 'shape', inferred.kind === 'none' ? inferred.reason : '');
  return inferred.root;
}

const cell = (value: string) => `{"value":${value},"deletion_ts":null,"set":true}`;
const ride = (city: string, fare: string) => shapeOf(`{"op":"u","source":{"ts_us":1},"after":{"city":${city},"fare":${fare}}}`);

test('every subset of the cells that a Cassandra update touches is one shape', () => {
  const plan = inferPlan(emptyPlan(), [
    ride(cell('"ams"'), 'null'),
    ride('null', cell('1.5')),
    ride(cell('null'), cell('null')),
    ride(cell('"ams"'), cell('2.5')),
  ]);
  assert.deepEqual(plan.refused, [null, null, null, null]);
  assert.equal(plan.shapes.length, 1);
});

test('before takes the columns of after, so a delete needs no shape of its own', () => {
  const plan = inferPlan(emptyPlan(), [shapeOf('{"before":null,"after":{"id":1},"source":{"ts_us":1},"op":"c"}')]);
  const schema = plan.schema ?? emptyPlan().schema;
  for (const name of ['before', 'after']) {
    const type = fieldNamed(schema, name)?.type;
    assert(type !== undefined && isStruct(type));
    assert.deepEqual(
      type.fields.map((field) => field.name),
      ['id'],
    );
  }
  const again = inferPlan({ ...emptyPlan(), schema, shapes: plan.shapes }, [
    shapeOf('{"before":{"id":1},"after":null,"source":{"ts_us":1},"op":"d"}'),
  ]);
  assert.equal(again.shapes, plan.shapes);
});

test('a shape with a type where an older one has only null replaces it for new rows; the older keeps its number', () => {
  const first = inferPlan(emptyPlan(), [shapeOf('{"a":1,"b":null}')]);
  const known = { ...emptyPlan(), schema: first.schema ?? emptyPlan().schema, shapes: first.shapes };
  const second = inferPlan(known, [shapeOf('{"a":1,"b":"x"}')]);
  assert.deepEqual(
    second.shapes.map((shape) => shape.number),
    [1, 2],
  );
  assert.equal(second.shapes[0], first.shapes[0]);
  assert.deepEqual(
    liveShapes(second.shapes).map((shape) => shape.number),
    [2],
  );
});

test('what the table cannot hold is refused with both types and changes nothing', () => {
  const first = inferPlan(emptyPlan(), [shapeOf('{"a":1}')]);
  const known = { ...emptyPlan(), schema: first.schema ?? emptyPlan().schema, shapes: first.shapes };
  const second = inferPlan(known, [shapeOf('{"a":"x"}'), shapeOf('{"A":1}')]);
  assert.equal(second.schema, null);
  assert.equal(second.shapes, first.shapes);
  assert.match(second.refused[0] ?? '', /value\.a: string where the column is long/);
  assert.match(second.refused[1] ?? '', /value\.A: a column a exists, equal but for case/);
});

test('the 65th shape is refused', () => {
  const shapes = Array.from({ length: 70 }, (_, i) => shapeOf(`{"k${i}":1}`));
  const plan = inferPlan(emptyPlan(), shapes);
  assert.equal(plan.shapes.length, 64);
  assert.deepEqual(
    plan.refused.map((reason) => reason !== null),
    shapes.map((_, i) => i >= 64),
  );
});

test('JSON-equal: integers exactly, doubles by their IEEE value, any order of keys, repeated keys one by one', () => {
  const same: readonly (readonly [string, string])[] = [
    ['1.0E7', '10000000.0'],
    ['{"a":1,"b":2}', ' {"b":2, "a":1} '],
    ['"\\u00e9"', '"é"'],
    ['0.1', '0.10000000000000000555'],
    ['{"a":1,"a":2}', '{"a":1,"a":2}'],
  ];
  const other: readonly (readonly [string, string])[] = [
    ['9007199254740993', '9007199254740992'],
    ['1', '1.0'],
    ['0.0', '-0.0'],
    ['0', '-0'],
    ['{"a":1,"a":2}', '{"a":2,"a":1}'],
    ['{"a":1}', '{"a":1,"a":1}'],
    ['[1]', '[1,1]'],
    ['1e400', '2e400'],
    ['null', '0'],
    ['"1"', '1'],
    ['{"a":1,}', '{"a":1}'],
  ];
  for (const [left, right] of same) assert(sameJson(left, right), `${left} ${right}`);
  for (const [left, right] of other) assert(!sameJson(left, right), `${left} ${right}`);
});
