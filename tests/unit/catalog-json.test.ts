import assert from 'node:assert/strict';
import test from 'node:test';
import { parseJson, stringifyJson } from '../../lake/iceberg/json.ts';

const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);

test('integers beyond 2^53 survive parse and stringify digit by digit', () => {
  const text = '{"a":8269702249027976535,"b":[-9223372036854775808,9007199254740993],"c":{"d":9223372036854775807}}';
  assert.deepEqual(parseJson(text), {
    a: 8269702249027976535n,
    b: [-9223372036854775808n, 9007199254740993n],
    c: { d: 9223372036854775807n },
  });
  assert.equal(stringifyJson(parseJson(text)), text);
});

test('integers a number holds exactly stay numbers, whichever path parsed them', () => {
  assert.deepEqual(
    parseJson('[9007199254740991,-9007199254740991,1000000000000000,0]'),
    [9007199254740991, -9007199254740991, 1000000000000000, 0],
  );
  assert.deepEqual(parseJson('[9007199254740992]'), [9007199254740992n]);
  assert.equal(parseJson('9007199254740993'), 9007199254740993n);
  assert.equal(parseJson(' -9007199254740993 '), -9007199254740993n);
});

test('numbers that are not integers stay JavaScript numbers beside long ones', () => {
  assert.deepEqual(parseJson('[1.5,1e300,12345678901234567.25,1E2,8269702249027976535]'), [
    1.5,
    1e300,
    Number('12345678901234567.25'),
    100,
    8269702249027976535n,
  ]);
});

test('digits inside strings are left alone', () => {
  const value = { path: 's3://b/8269702249027976535', text: '": 8269702249027976535,', nested: '{"a":8269702249027976535}' };
  assert.deepEqual(parseJson(JSON.stringify(value)), value);
});

test('nesting deeper than the limit is refused before it can overflow a stack', () => {
  assert.doesNotThrow(() => parseJson(deep(200)));
  assert.throws(() => parseJson(deep(201)), /nested deeper than 200 levels/);
  assert.throws(() => parseJson(deep(1_000_000)), /nested deeper/);
  assert.throws(() => parseJson('{"a":'.repeat(300)), /nested deeper/);
  assert.doesNotThrow(() => parseJson(JSON.stringify({ text: deep(1000), quoted: '"[[[\\"' }), { depthMax: 1 }));
});

test('the key __proto__ is refused, escaped or not; as a value it is a text like any other', () => {
  assert.throws(() => parseJson('{"a":{"__proto__":{"admin":true}}}'), /__proto__/);
  assert.throws(() => parseJson('{"\\u005f_proto__":1}'), /__proto__/);
  assert.deepEqual(parseJson('["__proto__"]'), ['__proto__']);
});

test('keys with escapes are read as they stand, whatever was read before', () => {
  for (const text of [
    '{"a":0,"\\\\":1}',
    '{"a":0,"\\"":1}',
    '{"b":0,"\\\\n":1}',
    '{"b":0,"\\nX" : 1}',
    '{"c":[1.50,{"\\t":9007199254740993}],"d\\"":null}',
  ])
    assert.equal(stringifyJson(parseJson(text)), text.replaceAll(' ', '').replace('1.50', '1.5'));
  assert.throws(() => parseJson('{"\\"":1'), SyntaxError);
});

test('malformed text is a SyntaxError, also when quotes and brackets do not close', () => {
  for (const text of ['', '{', '"', '{"a":"\\', '[1,]', '{"a":1}}', 'NaN', '9007199254740993x'])
    assert.throws(() => parseJson(text), SyntaxError, text);
});
