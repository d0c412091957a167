// A key column that was renamed: rows, deletes and records of either name are rows of the key, and are erased together.

import assert from 'node:assert/strict';
import test from 'node:test';
import { compareWithLog } from '../../cli/verify/compare-with-log.ts';
import { heldKeys } from '../../cli/erase/held-key.ts';
import { formerNames } from '../../lake/raw/former-names.ts';
import { erasedProperty, parseErased } from '../../lake/raw/erased.ts';
import { applyContract } from '../../sync/apply-contract.ts';
import { deps, noticed, wanted } from './contract-evolution-fixture.ts';
import { erase, event, find, loadedTable, textsHeld } from './erase-fixture.ts';
import { queryLab, type QueryLab } from './query-fixture.ts';

const properties = (key: string) => [
  { name: key, id: 'a1', type: 'bigint' },
  { name: 'email', id: 'a2', type: 'text' },
];
const row = (key: string, id: number) => ({ [key]: id, email: `user${id}@mail.example` });

/** Numbers 1 to 3: 2 is inserted and updated under one name, changed under the other, deleted; 3 is deleted under the old name. */
async function renamed(): Promise<QueryLab> {
  const lab = await queryLab('pg.public.users');
  await lab.land([1, 2, 3].map((id) => ({ key: `{"nr":${id}}`, value: event('c', 100 + id, null, row('nr', id)) })));
  await applyContract(lab.target, wanted(properties('nr'), '1.0.0'), deps(lab));
  await lab.land([
    { key: '{"nr":2}', value: event('u', 110, null, { ...row('nr', 2), email: 'second2@mail.example' }) },
    { key: '{"nr":3}', value: event('d', 111, { nr: 3, email: null }, null) },
    { key: '{"nr":3}', value: null },
  ]);
  await applyContract(lab.target, wanted(properties('number'), '2.0.0'), deps(lab));
  await noticed();
  await lab.land([
    { key: '{"number":2}', value: event('u', 120, null, { ...row('number', 2), email: 'third2@mail.example' }) },
    { key: '{"number":2}', value: event('d', 121, { number: 2, email: null }, null) },
    { key: '{"number":2}', value: null },
  ]);
  return lab;
}

test('rows of every name of a key column are found and erased, and the proof against the log knows them all', async () => {
  await using lab = await renamed();
  assert.deepEqual(formerNames((await loadedTable(lab)).metadata), new Map([['nr', 'number']]));
  for (const key of ['2', '{"number":2}', '{"nr":2}']) {
    const { rowsInHead } = await find(lab, key);
    assert.deepEqual([rowsInHead.length, rowsInHead.reduce((sum, rows) => sum + rows, 0)], [2, 5], key);
  }
  const found = await find(lab, '{"number":3}');
  assert.deepEqual(
    found.keys.map(({ members }, i) => [Object.fromEntries(members), found.rowsInHead[i]]),
    [
      [{ number: '3' }, 2],
      [{ nr: '3' }, 1],
    ],
    'a tombstone has the old name alone',
  );
  const { rows } = await erase(lab, '2');
  assert.equal(rows, 5);
  assert.deepEqual(await textsHeld(lab, ['user2@', 'second2@', 'third2@', '"nr":2', '"number":2']), []);
  assert.deepEqual((await lab.lake.query('SELECT "number", email FROM current.users ORDER BY 1')).rows, [[1n, 'user1@mail.example']]);
  const { target, catalog, store, log } = lab;
  const compared = await compareWithLog({ target, catalog, store, log, cacheDir: `${lab.directory}/proof` }, AbortSignal.timeout(60_000));
  assert.deepEqual([compared.samples, compared.checked, compared.erased, compared.mismatched], [[], 9, 5, 0]);
  const { metadata } = await loadedTable(lab);
  assert.equal(parseErased(metadata.properties[erasedProperty])?.keys.length, 2, 'a hash of each name');
});

test('a key of several columns is looked for under every combination of their names, and no more', () => {
  const former = new Map([
    ['a', 'x'],
    ['b', 'x'],
    ['c', 'y'],
  ]);
  const keys = heldKeys('{"y":"2","a":"1"}', new Map(Object.entries({ x: '0', y: '0' })), [], former);
  assert.deepEqual(keys.map(({ members }) => [...members.keys()].join()).toSorted(), ['a,c', 'a,y', 'b,c', 'b,y', 'x,c', 'x,y']);
  assert.equal(keys[0]?.members.get('x'), '1');
  assert.equal(heldKeys('{"x":"1"}', new Map([['x', '0']]), [], new Map()).length, 1);
});
