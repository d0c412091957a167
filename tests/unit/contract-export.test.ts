import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import avsc from 'avsc';
import { columnsOf } from '../../contracts/columns.ts';
import type { Contract } from '../../contracts/contract.ts';
import { draftContract } from '../../contracts/draft/draft-contract.ts';
import { exportContract } from '../../contracts/export/export-contract.ts';
import { escaped } from '../../contracts/export/html-page.ts';
import { sampleRows } from '../../contracts/export/sample/sample-rows.ts';
import type { JsonObject, JsonSchema } from '../../contracts/json-schema.ts';
import { accountsTable, tripsTable } from './contract-source-fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'foz-export-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function contractOf(body: JsonObject, more: Partial<Contract> = {}, name = 'things'): Contract {
  const table = { name, physicalName: null, description: null, body, columns: columnsOf(body), tags: [], quality: [] };
  return {
    id: 'things',
    version: '1.2.3',
    state: 'active',
    name: null,
    description: null,
    domain: null,
    owner: null,
    tags: [],
    compatibility: 'backward',
    policy: 'flag',
    tables: [table],
    serviceLevels: [],
    rest: {},
    ...more,
  };
}

const accounts = draftContract(accountsTable(), 'postgres', { id: 'accounts', tableName: 'accounts' }).contract;
const trips = draftContract(tripsTable(), 'cassandra', { id: 'trips', tableName: 'trips' }).contract;

/** Texts that would end what they stand in, if anything let them. */
const nasty = [
  `'; DROP TABLE users; --`,
  `"quoted" \\ back`,
  '*/ export const x = 1; /*',
  '</script><script>alert(1)</script>',
  '`${process.exit(1)}`',
  'line\nbreak\u2028separator',
  'null\u0000byte',
  '__proto__',
  '\u202eright to left',
];

const hostile: Contract = contractOf(
  {
    type: 'object',
    properties: Object.fromEntries(
      nasty.map((text): [string, JsonSchema] => [
        text,
        { type: ['string', 'null'], enum: [text, null], description: text, 'x-pii': text, 'x-classification': text, 'x-tags': [text] },
      ]),
    ),
    required: nasty.slice(0, 2),
  },
  { name: nasty.join(' '), description: nasty.join(' '), owner: nasty[3] ?? '', domain: nasty[1] ?? '', tags: nasty },
  nasty.join(' '),
);

/** Everything TypeScript has to say for. */
const rich = contractOf({
  type: 'object',
  $defs: {
    node: { type: 'object', properties: { name: { type: 'string' }, children: { type: 'array', items: { $ref: '#/$defs/node' } } } },
  },
  properties: {
    tree: { $ref: '#/$defs/node' },
    'odd name': { type: 'integer', minimum: 1 },
    either: { oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'number' } }] },
    both: {
      allOf: [
        { type: 'object', properties: { a: { const: 1 } }, required: ['a'] },
        { type: 'object', properties: { b: { type: 'boolean' } } },
      ],
    },
    pair: { type: 'array', prefixItems: [{ type: 'string' }, { type: 'integer' }], items: false },
    labels: { type: 'object', additionalProperties: { type: 'string' } },
    none: false,
    anything: true,
  },
  required: ['tree', 'either'],
});

test('TypeScript types compile under the strictest settings, also of a hostile contract', () => {
  const files = Object.entries({ accounts, trips, hostile, rich }).map(([name, contract]) => {
    const file = join(folder, `${name}.ts`);
    writeFileSync(file, exportContract(contract, 'typescript'));
    return file;
  });
  const use = join(folder, 'use.ts');
  const lines = [
    "import type { Accounts } from './accounts.ts';",
    "import type { Trips } from './trips.ts';",
    "import type { Things, ThingsNode } from './rich.ts';",
    "const account: Accounts = { id: 1, email: 'a@b', status: 'active', balance: 1.5, created_at: '2026-01-01T00:00:00Z', tags: ['a', null], age: null };",
    "const trip: Trips = { city: 'ams', day: '2026-01-01', trip_id: 'x', pickup: { lat: 1.5, label: null }, extras: { a: 1 } };",
    "const node: ThingsNode = { name: 'a', children: [{ name: 'b', children: [] }] };",
    "const thing: Things = { tree: node, either: [1, 2], both: { a: 1, b: true }, pair: ['a', 1], 'odd name': 7, anything: { x: [] } };",
    `// @ts-expect-${'error'} the types forbid it`,
    "const wrong: Accounts['status'] = 'gone';",
    `// @ts-expect-${'error'} the types forbid it`,
    'const missing: Accounts = { id: 1 };',
    'export { account, missing, thing, trip, wrong };',
  ];
  writeFileSync(use, lines.join('\n'));
  const tsc = fileURLToPath(new URL('../../node_modules/.bin/tsc', import.meta.url));
  const options = ['--noEmit', '--strict', '--noUncheckedIndexedAccess', '--exactOptionalPropertyTypes', '--allowImportingTsExtensions'];
  const ended = spawnSync(tsc, [...options, '--target', 'esnext', '--module', 'nodenext', ...files, use], {
    cwd: folder,
    encoding: 'utf8',
  });
  assert.equal(ended.stdout, '');
  assert.equal(ended.status, 0);
});

test('an Avro schema parses, and holds a row', () => {
  const type = avsc.Type.forSchema(JSON.parse(exportContract(accounts, 'avro')), { wrapUnions: true });
  const row = {
    id: 7,
    email: 'a@b',
    status: 'active',
    balance: Buffer.from([1]),
    currency: null,
    age: { int: 30 },
    tags: { array: [{ string: 'a' }, null] },
    preferences: null,
    moods: null,
    marks: null,
    born: { int: 20_000 },
    initials: null,
    created_at: 1_700_000_000_000_000,
  };
  const back: unknown = type.fromBuffer(type.toBuffer(row));
  assert.equal(JSON.stringify(back), JSON.stringify(row));
  for (const contract of [trips, hostile, rich]) avsc.Type.forSchema(JSON.parse(exportContract(contract, 'avro')));
  const fields: unknown = JSON.parse(exportContract(trips, 'avro')).fields.map((field: { name: string; type: unknown }) => [
    field.name,
    field.type,
  ]);
  assert.deepEqual(Object.fromEntries(Array.isArray(fields) ? fields : [])['day'], { type: 'int', logicalType: 'date' });
});

test('PostgreSQL DDL says types, keys and the rules a CHECK can say', () => {
  const sql = exportContract(accounts, 'sql');
  for (const line of [
    '"id" bigint NOT NULL',
    `"email" varchar(320) NOT NULL UNIQUE CHECK ("email" ~ '^[^@]+@[^@]+$')`,
    `"status" text NOT NULL CHECK ("status" IN ('active', 'suspended', 'closed'))`,
    '"balance" numeric(12,2) NOT NULL CHECK ("balance" >= -100)',
    '"age" smallint CHECK ("age" >= 18) CHECK ("age" < 130)',
    '"tags" text[]',
    'PRIMARY KEY ("id")',
    `COMMENT ON COLUMN "accounts"."email" IS 'Where we write to';`,
  ])
    assert.ok(sql.includes(line), `${line}\n${sql}`);
});

test('DDL of a hostile contract is one table and comments, and runs as that', async () => {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run('CREATE TABLE users (id INTEGER)');
  await connection.run(exportContract(hostile, 'sql'));
  const tables = await connection.runAndReadAll('SELECT table_name, column_count FROM duckdb_tables() ORDER BY column_count');
  assert.deepEqual(
    tables.getRows().map(([, count]) => Number(count)),
    [1, nasty.length],
  );
  const comments = await connection.runAndReadAll(
    "SELECT comment FROM duckdb_columns() WHERE NOT internal AND table_name <> 'users' ORDER BY column_index",
  );
  assert.deepEqual(
    comments.getRows().map(([comment]) => comment),
    nasty.map((text) => text.replace('\u0000', '')),
  );
  connection.closeSync();
  instance.closeSync();
});

test('rows made for a contract fit the table made from it', async () => {
  const [table] = accounts.tables;
  assert.ok(table);
  const made = sampleRows(table, { rows: 200, seed: 5 });
  assert.ok(made.kind === 'rows');
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(exportContract(accounts, 'sql').replaceAll('jsonb', 'VARCHAR'));
  const types = `{"id":"BIGINT","email":"VARCHAR","status":"VARCHAR","balance":"DECIMAL(12,2)","currency":"VARCHAR","age":"SMALLINT","tags":["VARCHAR"],"preferences":"VARCHAR","moods":["VARCHAR"],"marks":["DECIMAL(5,2)"],"born":"DATE","initials":"VARCHAR","created_at":"TIMESTAMPTZ"}`;
  const prepared = await connection.prepare(
    `INSERT INTO accounts SELECT unnest(r) FROM (SELECT unnest(from_json($1::VARCHAR, '[${types}]')) AS r)`,
  );
  prepared.bindVarchar(1, JSON.stringify(made.rows));
  await prepared.run();
  const count = await connection.runAndReadAll('SELECT count(*), count(DISTINCT id) FROM accounts');
  assert.deepEqual(count.getRows()[0]?.map(Number), [200, 200]);
  connection.closeSync();
  instance.closeSync();
});

test('Trino DDL has the types that the lake stores', () => {
  const sql = exportContract(trips, 'trino');
  for (const line of [
    '"day" date NOT NULL',
    '"extras" map(varchar, integer)',
    '"pickup" row("lat" double, "label" varchar)',
    '"tags" array(varchar)',
  ])
    assert.ok(sql.includes(line), `${line}\n${sql}`);
  assert.match(sql, /COMMENT 'Trips by city and day\. Key: city, day, trip_id';/);
  assert.match(exportContract(accounts, 'trino'), /"balance" decimal\(12,2\) NOT NULL/);
});

test('the page of a hostile contract has no element, attribute or request of the contract’s making', () => {
  const page = exportContract(hostile, 'html');
  const elements = [...page.matchAll(/<\/?([a-z0-9]+)/gi)].map(([, name = '']) => name.toLowerCase());
  const known =
    'html head meta title style body header h1 h2 h3 span p bdi code dl div dt dd main section table thead tbody tr th td details summary pre footer ul li'.split(
      ' ',
    );
  assert.deepEqual(
    [...new Set(elements)].filter((name) => !known.includes(name)),
    [],
  );
  assert.doesNotMatch(page, /<[^>]*\son\w+=|https?:|src=|href=|url\(/i);
  assert.match(page, /Content-Security-Policy" content="default-src 'none'/);
  assert.match(page, /&lt;\/script&gt;&lt;script&gt;alert\(1\)/);
  assert.equal(page.includes('\u0000'), false);
  assert.equal(escaped(`<a b="c" d='e'>&\``), '&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;&#96;');
});

test('the page shows what the contract says: names, types, rules, keys, personal data', () => {
  const page = exportContract(accounts, 'html');
  for (const part of ['accounts', '1.0.0', 'numeric(12,2)', 'minimum: -100', 'key 1', 'required', 'Where we write to', 'duplicateValues'])
    assert.ok(page.includes(escaped(part)), part);
});

test('the page marks every classification that is not known to be open, as masks and bounds take it', () => {
  const said = ['public', 'Internal', 'confidential', 'Restricted', 'a word of our own'];
  const properties = Object.fromEntries(
    said.map((word, i): [string, JsonSchema] => [`c${i}`, { type: 'string', 'x-classification': word }]),
  );
  const page = exportContract(contractOf({ type: 'object', properties }), 'html');
  const marked = said.filter((word) => page.includes(`<span class="mark pii"><bdi>${word}</bdi></span>`));
  assert.deepEqual(marked, ['confidential', 'Restricted', 'a word of our own']);
});

test('an export is the same each time', () => {
  for (const target of ['typescript', 'avro', 'sql', 'trino', 'html', 'json-schema', 'odcs'] as const)
    assert.equal(exportContract(accounts, target), exportContract(accounts, target));
});

test('exports of deep and of wide contracts end', () => {
  let deep: JsonObject = { type: 'string' };
  for (let level = 0; level < 60; level++) deep = { type: 'object', properties: { a: deep } };
  const wide: JsonObject = {
    type: 'object',
    properties: Object.fromEntries(Array.from({ length: 2_000 }, (_one, index) => [`c${index}`, { type: 'string' }])),
  };
  for (const body of [deep, wide])
    for (const target of ['typescript', 'avro', 'sql', 'trino', 'html'] as const)
      assert.ok(exportContract(contractOf(body), target).length > 40);
});
