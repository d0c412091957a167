// Whether a row holds a key is asked twice: of rows in SQL, of the log's records in JavaScript. Over generated keys,
// values, headers and rescued texts the two agree, so what is erased and what Kafka is said to retain are the same records.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { boolean, constant, constantFrom, oneof, option, record, sample } from 'fast-check';
import { heldKey } from '../../cli/erase/held-key.ts';
import { holdsSql } from '../../cli/erase/key-sql.ts';
import { holdsKey, plainTexts } from '../../cli/erase/log-copies.ts';
import type { Schema } from '../../lake/iceberg/schema.ts';
import { literal } from '../../lake/parquet/duckdb-type.ts';
import { openReadingDuckdb } from '../../query/duckdb.ts';

const rows = process.env['FOZ_TEST_LONG'] === '1' ? 100_000 : 4_000;

const id = constantFrom('1', '2', '12', '-1', '1.5', 'a', 'a"b', "x'y", 'á', '', '1 ', 'true', '\\', 'a.b', 'null');
const region = constantFrom('eu', 'us', '1');
const member = (text: string, isLiteral: boolean) => (isLiteral && /^-?\d+(\.\d+)?$/.test(text) ? text : JSON.stringify(text));
const key = record({ id, region, isLiteral: boolean(), isTurned: boolean() }).map(({ id: one, region: other, isLiteral, isTurned }) => {
  const parts = [`"id":${member(one, isLiteral)}`, `"region":${member(other, false)}`];
  return `{${(isTurned ? parts.toReversed() : parts).join(',')}}`;
});
const anyKey = oneof(
  { weight: 6, arbitrary: key },
  constantFrom(null, '', 'plain', '{', '{"id":{"a":1},"region":"eu"}', '{"id":1}', '[1]'),
);
/** Typed: both columns as texts. Rescued: as it stands. */
const value = oneof(
  record({ kind: constant('typed' as const), id, region }),
  record({
    kind: constant('rescued' as const),
    text: oneof(
      key,
      key.map((text) => `{"after":${text}}`),
      key.map((text) => `{"before":${text},"after":null}`),
      key.map((text) => `${text} broken`),
      key.map((text) => `{"after":${text.slice(0, -1)} , oops`),
      constantFrom('', 'id 1 eu', '"id":12,"region":"eu" x'),
    ),
  }),
  constant(null),
);
const generated = record({ key: anyKey, value, oldKey: option(anyKey, { freq: 2 }) });

const schema: Schema = {
  type: 'struct',
  'schema-id': 0,
  fields: [
    {
      id: 30,
      name: 'after',
      required: false,
      type: {
        type: 'struct',
        fields: [
          { id: 31, name: 'id', required: false, type: 'string' },
          { id: 32, name: 'region', required: false, type: 'string' },
        ],
      },
    },
  ],
};

const blob = (text: string | null) => (text === null ? 'NULL::BLOB' : `encode(${literal(text)})`);

test(`a row holds a key exactly where its record does (${rows} records)`, { timeout: 300_000 }, async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'foz-erase-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  await using duckdb = await openReadingDuckdb({ directory, memoryBytes: 512 << 20, threads: 1 });
  const seed = 20_261_121;
  let held = 0;
  for (const [i, wanted] of sample(record({ id, region }), { numRuns: 20, seed }).entries()) {
    const found = heldKey(new Map(Object.entries(wanted)), []);
    const texts = plainTexts(found);
    const records = sample(generated, { numRuns: rows / 20, seed: seed + i });
    const values = records.map(({ key: own, value: given, oldKey }, at) => {
      const after = given?.kind === 'typed' ? `{'id': ${literal(given.id)}, 'region': ${literal(given.region)}}` : 'NULL';
      const rescued = given?.kind === 'rescued' ? `{'text': ${literal(given.text)}, 'reason': 'no-shape'}` : 'NULL';
      const headers = oldKey === null ? 'NULL' : `[{'key': '__debezium.oldkey', 'value': ${blob(oldKey)}}]`;
      return `(${at}, ${blob(own)}, ${headers}, ${after}, ${rescued})`;
    });
    const types = `CAST(h AS STRUCT("key" VARCHAR, "value" BLOB)[]) AS _headers, CAST(a AS STRUCT(id VARCHAR, region VARCHAR)) AS "after", CAST(s AS STRUCT("text" VARCHAR, reason VARCHAR)) AS _rescued`;
    const relation = `(SELECT place, k AS _log_key, ${types} FROM (VALUES ${values.join(', ')}) v(place, k, h, a, s))`;
    const inSql = new Set(
      (await duckdb.all(`SELECT place FROM ${relation} WHERE ${holdsSql(schema, [found])}`)).rows.map(([at]) => Number(at)),
    );
    for (const [at, { key: own, value: given, oldKey }] of records.entries()) {
      const json = given?.kind === 'typed' ? JSON.stringify({ after: { id: given.id, region: given.region } }) : (given?.text ?? null);
      const headers = oldKey === null ? [] : [{ key: '__debezium.oldkey', value: Buffer.from(oldKey) }];
      const isIn = holdsKey(found, texts, own === null ? null : Buffer.from(own), json === null ? null : Buffer.from(json), headers);
      assert.equal(inSql.has(at), isIn, `${JSON.stringify(wanted)} in ${JSON.stringify(records[at])}`);
      held += isIn ? 1 : 0;
    }
  }
  assert.ok(held > rows / 50, `only ${held} of ${rows} held a key`);
});
