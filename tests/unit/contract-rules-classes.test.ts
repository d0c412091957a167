// Classes of Unicode: DuckDB's RE2 and the validator's engine agree on every character that SQL decides about.

import assert from 'node:assert/strict';
import test from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import { linearPattern } from '../../contracts/linear-pattern.ts';
import { compileRules } from '../../contracts/rules/compile-rules.ts';
import { settledCharacters } from '../../contracts/rules/sql-schema.ts';

const patterns = [
  '\\p{L}',
  '\\p{Lu}',
  '\\p{Ll}',
  '\\p{N}',
  '\\p{P}',
  '\\p{S}',
  '\\p{M}',
  '\\p{Latin}',
  '\\p{Cyrillic}',
  '\\p{Arabic}',
  '\\p{Han}',
  '\\w',
  '\\s',
  '(?i)k',
];

test('every settled character has the same classes in both engines', async () => {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  const settled = `[${settledCharacters}]`;
  const rows = await connection.runAndReadAll(
    `SELECT t, ${patterns.map((pattern) => `regexp_matches(t, '${pattern}')`).join(', ')} FROM (SELECT chr(i::INTEGER) AS t FROM range(1, 55296) x(i)) WHERE regexp_matches(t, '${settled}')`,
  );
  const engines = patterns.map((source) => {
    const pattern = linearPattern(source);
    assert(pattern.kind === 'pattern');
    return pattern.test;
  });
  const differ = rows.getRows().filter(([text, ...found]) => engines.some((matches, i) => matches(String(text)) !== found[i]));
  assert.deepEqual(
    differ.map(([text]) => text),
    [],
  );
  assert(rows.getRows().length > 30_000);
  instance.closeSync();
});

test('a text with other characters is left to the validator, where a class is asked for', async () => {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  const ask = async (pattern: string, text: string): Promise<unknown> => {
    const wire = { kind: 'struct', fields: [{ name: 'v', wire: { kind: 'string' } }] } as const;
    const { isClean, needsJudge } = compileRules({ properties: { v: { pattern } } }).sql('r', wire);
    return (await connection.runAndReadAll(`SELECT ${isClean}, ${needsJudge} FROM (SELECT {'v': '${text}'} AS r)`)).getRowsJson()[0];
  };
  assert.deepEqual(await ask('^\\p{L}+$', 'Zoë'), [true, false]);
  assert.deepEqual(await ask('^\\p{L}+$', 'Zoë1'), [false, false]);
  assert.deepEqual(await ask('^\\p{L}+$', '\u088f'), [false, true]);
  assert.deepEqual(await ask('^\\w+$', '\u088f'), [false, false]);
  instance.closeSync();
});
