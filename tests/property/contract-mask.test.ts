// Masks: the statement's and JavaScript's are one function, and nothing of a masked value is left.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import * as fc from 'fast-check';
import { literal } from '../../lake/parquet/duckdb-type.ts';
import { unavailableTexts } from '../../lake/raw/current/postgres.ts';
import type { ColumnMask, ColumnMasks } from '../../sync/contract/column-masks.ts';
import { maskSql } from '../../sync/contract/mask-sql.ts';
import { maskKey, maskText } from '../../sync/contract/mask-value.ts';
import { openDuckdb } from '../../sync/decode/duckdb.ts';

const runs = process.env['FOZ_TEST_LONG'] === '1' ? 5_000 : 150;

async function withDuckdb<T>(masks: ColumnMasks, use: (run: (expression: string) => Promise<unknown>) => Promise<T>): Promise<T> {
  const tempDir = await mkdtemp(join(tmpdir(), 'foz-mask-'));
  await using duckdb = await openDuckdb({ memoryLimitBytes: 200_000_000, threads: 1, tempDir });
  for (const statement of maskSql(masks, 7).setup) await duckdb.query(statement);
  try {
    return await use(async (expression) => (await duckdb.query(`SELECT ${expression}`))[0]?.[0]);
  } finally {
    for (const statement of maskSql(masks, 7).teardown) await duckdb.query(statement);
    await rm(tempDir, { recursive: true, force: true });
  }
}

const key = Buffer.from('0123456789abcdef0123456789abcdef');
const longKey = Buffer.alloc(100, 'k');
const hmac: ColumnMask = { kind: 'hmac', keyId: 'k1', key };

function masksOf(byColumn: Readonly<Record<string, ColumnMask>>, isKeyMasked = true): ColumnMasks {
  const whole = Object.values(byColumn).find((mask) => mask.kind === 'hmac');
  return {
    byColumn: new Map(Object.entries(byColumn)),
    inside: new Map(),
    known: new Set(Object.keys(byColumn)),
    keyColumns: isKeyMasked ? Object.keys(byColumn).slice(0, 1) : [],
    wholeKey: whole?.key ?? null,
    database: 'postgres',
  };
}

const texts = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }).filter((text) => !text.includes('\0')),
  fc.constantFrom('', "o'hara", 'a"b\\c', 'ü😀é', ...unavailableTexts),
);

function jsonText(value: unknown): string {
  return typeof value === 'bigint' ? value.toString() : JSON.stringify(value);
}

test('the hmac mask is HMAC-SHA-256, also with keys longer than a block', async () => {
  for (const secret of [key, longKey]) {
    const masks = masksOf({ email: { kind: 'hmac', keyId: 'k', key: secret } });
    await withDuckdb(masks, async (run) => {
      const found = await run(maskSql(masks, 7).text('email', literal('ana@example.com')));
      assert.equal(found, createHmac('sha256', secret).update('ana@example.com').digest('hex'));
    });
  }
});

test('every mask of a text is the same in the statement and in JavaScript', async () => {
  const kinds: readonly ColumnMask[] = [
    { kind: 'drop' },
    { kind: 'redact', text: "[it's gone]" },
    hmac,
    { kind: 'hmac', keyId: 'long', key: longKey },
    { kind: 'partial', keepFirst: 2, keepLast: 1 },
    { kind: 'partial', keepFirst: 0, keepLast: 4 },
    { kind: 'partial', keepFirst: 0, keepLast: 0 },
  ];
  for (const mask of kinds) {
    const masks = masksOf({ c: mask });
    await withDuckdb(masks, (run) =>
      fc.assert(
        fc.asyncProperty(texts, async (text) => {
          assert.equal(await run(maskSql(masks, 7).text('c', literal(text))), maskText(mask, text));
        }),
        { numRuns: Math.ceil(runs / 5) },
      ),
    );
  }
});

test('a masked key keeps its other members, and a key of any other form is masked whole, alike in both', async () => {
  const member = fc.oneof(texts, fc.integer(), fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.boolean(), fc.constant(null));
  const objects = fc
    .uniqueArray(fc.tuple(fc.constantFrom('email', 'id', 'region', 'we ird', 'quo"te', 'phone'), member), {
      selector: ([name]) => name,
      maxLength: 4,
    })
    .map((members) => {
      return `{${members.map(([name, value]) => `${JSON.stringify(name)}:${jsonText(value)}`).join(',')}}`;
    });
  const others = fc.constantFrom(
    'ana@example.com',
    '"ana@example.com"',
    '{"schema":{"x":1},"payload":{"email":"ana@example.com"}}',
    '{"email":{"deep":"ana@example.com"}}',
    '{"email":"a","email":"ana@example.com"}',
    '{"email":"ana@example.com"',
    '[1,2]',
    '{}',
    '',
  );
  for (const isKeyMasked of [true, false]) {
    const masks = masksOf({ email: hmac, phone: { kind: 'hmac', keyId: 'k2', key: longKey } }, isKeyMasked);
    await withDuckdb(masks, (run) =>
      fc.assert(
        fc.asyncProperty(fc.oneof(objects, others), async (text) => {
          const mine = Buffer.from(maskKey(masks, Buffer.from(text))).toString('utf8');
          const theirs = String(await run(`decode(${maskSql(masks, 7).key(`encode(${literal(text)})`)})`));
          assert.equal(theirs, mine);
          if (text.includes('"email"')) assert.ok(!mine.includes('ana@example.com'), mine);
        }),
        { numRuns: runs },
      ),
    );
  }
});

test('a key that is no UTF-8 is masked whole', async () => {
  const masks = masksOf({ email: hmac });
  const bytes = Buffer.from([0x22, 0xff, 0xfe]);
  await withDuckdb(masks, async (run) => {
    const theirs = await run(`decode(${maskSql(masks, 7).key("'\\x22\\xff\\xfe'::BLOB")})`);
    assert.equal(theirs, Buffer.from(maskKey(masks, bytes)).toString('utf8'));
    assert.match(String(theirs), /^\{"_masked":"[0-9a-f]{64}"\}$/);
  });
});
