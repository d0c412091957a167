// Drafts and drift on real databases, through the command as a person types it: what a draft of the demo's tables says,
// that it lints clean, that every kind of ALTER is told as what it is, and that made-up rows fit the table they are for.

import assert from 'node:assert/strict';
import { execFile, type ExecFileException } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { captureRoleSql, ridesSchemaCql, usersSchemaSql } from '../../connectors/schema.ts';
import { usersDefaults } from '../../connectors/users.ts';
import { readContract } from '../../contracts/document/read-contract.ts';
import { isJsonObject, type JsonObject } from '../../contracts/json-schema.ts';
import { secret } from '../../runtime/secret.ts';
import { cassandraDefaults, openCassandra } from '../../sources/cassandra-client.ts';
import { openPostgres, postgresDefaults } from '../../sources/postgres-client.ts';
import { startStack, type Stack } from '../../stack/stack.ts';

const entry = fileURLToPath(new URL('../../cli/foz.ts', import.meta.url));
const definitions = fileURLToPath(new URL('../../contracts/definitions/', import.meta.url));

interface World {
  readonly dir: string;
  readonly stack: Stack;
  readonly env: Readonly<Record<string, string>>;
  readonly users: string;
  readonly rides: string;
}

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

test('contracts of live tables', { timeout: 300_000 }, async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'foz-contract-'));
  await using stack = await startStack({ dir, components: ['postgres', 'cassandra'] });
  t.after(() => rm(dir, { recursive: true, force: true }));
  const world = await prepare(dir, stack);
  await drafts(t, world);
  await configured(t, world);
  await definitionsHold(t, world);
  await everything(t, world);
  await personalData(t, world);
  await postgresDrift(t, world);
  await cassandraDrift(t, world);
});

async function prepare(dir: string, stack: Stack): Promise<World> {
  const { host, port, database, adminUser, adminPassword, cdcUser, cdcPassword } = stack.endpoint('postgres');
  const { contactPoint, port: cassandraPort, localDataCenter } = stack.endpoint('cassandra');
  const world: World = {
    dir,
    stack,
    env: { PGPASSWORD: adminPassword },
    users: `postgres://${adminUser}@${host}:${port}/${database}/public.users`,
    rides: `cassandra://${contactPoint}:${cassandraPort}/rides.rides?datacenter=${localDataCenter}`,
  };
  await sql(
    world,
    captureRoleSql(cdcUser, cdcPassword),
    await usersSchemaSql({ cdcRole: cdcUser, publication: usersDefaults.publication }),
  );
  await cql(world, ...(await ridesSchemaCql()));
  return world;
}

async function sql({ stack }: World, ...statements: readonly string[]): Promise<void> {
  const { host, port, database, adminUser: user, adminPassword } = stack.endpoint('postgres');
  await using client = await openPostgres({ ...postgresDefaults, host, port, database, user, password: secret(adminPassword) });
  for (const statement of statements) await client.query(statement);
}

async function cql({ stack }: World, ...statements: readonly string[]): Promise<void> {
  const { contactPoint, port, localDataCenter } = stack.endpoint('cassandra');
  await using client = await openCassandra({ ...cassandraDefaults, contactPoints: [`${contactPoint}:${port}`], localDataCenter });
  for (const statement of statements) await client.query(statement);
}

function foz({ dir, env }: World, ...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { cwd: dir, env: { ...process.env, ...env }, timeout: 60_000, maxBuffer: 64 * 1024 * 1024 };
    execFile(process.execPath, [entry, 'contract', ...args], options, (error: ExecFileException | null, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 99), stdout, stderr });
    });
  });
}

/** Drafts a table into a file that lints clean and has no drift, and gives its body. */
async function drafted(world: World, url: string, file: string, ...more: readonly string[]): Promise<JsonObject> {
  const draft = await foz(world, 'draft', url, '-o', file, ...more);
  assert.equal(draft.code, 0, draft.stderr);
  const lint = await foz(world, 'lint', file);
  assert.equal(`${lint.code} ${lint.stdout}`, '0 1 document: 0 errors, 0 warnings\n');
  const diff = await foz(world, 'diff', file, '--source', '--at', url);
  assert.equal(diff.code, 0, diff.stdout + diff.stderr);
  const reading = readContract(await readFile(join(world.dir, file), 'utf8'), file);
  assert.ok(reading.kind === 'contract');
  const body = reading.contract.tables[0]?.body;
  assert.ok(isJsonObject(body));
  return body;
}

function properties(body: JsonObject): JsonObject {
  const found = body['properties'];
  assert.ok(isJsonObject(found));
  return found;
}

async function drift(world: World, url: string, file: string): Promise<readonly string[]> {
  const { code, stdout, stderr } = await foz(world, 'diff', file, '--source', '--at', url, '--json');
  assert.equal(code, 1, stderr);
  const told: { ok: boolean; tables: { drifts: { kind: string; column: string | null; mend: string }[] }[] } = JSON.parse(stdout);
  assert.equal(told.ok, false);
  const drifts = told.tables.flatMap((table) => table.drifts);
  assert.ok(drifts.every(({ mend }) => mend !== ''));
  return drifts.map(({ kind, column }) => `${kind} ${column ?? '-'}`).toSorted();
}

async function drafts(t: TestContext, world: World): Promise<void> {
  await t.test('a draft of users says its keys, types, labels and column numbers', async () => {
    const body = await drafted(world, world.users, 'users.odcs.yaml');
    const { id, email, status, balance, birth_date: born } = properties(body);
    assert.deepEqual(id, { type: 'integer', 'x-physicalType': 'bigint', 'x-id': '1', 'x-primaryKey': 1 });
    assert.deepEqual(email, { type: 'string', 'x-physicalType': 'text', 'x-id': '2' });
    assert.deepEqual(isJsonObject(status) && status['enum'], ['active', 'suspended', 'closed']);
    assert.deepEqual(isJsonObject(balance) && [balance['type'], balance['x-physicalType']], ['number', 'numeric(12,2)']);
    assert.deepEqual(isJsonObject(born) && [born['type'], born['format']], [['string', 'null'], 'date']);
    assert.deepEqual(body['required'], ['id', 'email', 'full_name', 'city', 'status', 'balance', 'created_at', 'updated_at']);
  });
  await t.test('a draft of rides says its key, collections and the fields of its user-defined type', async () => {
    const body = await drafted(world, world.rides, 'rides.odcs.yaml');
    const { pickup, extras, tags, fare } = properties(body);
    assert.deepEqual(body['required'], ['city', 'day', 'ride_id']);
    assert.deepEqual(isJsonObject(pickup) && isJsonObject(pickup['properties']) && Object.keys(pickup['properties']), [
      'lat',
      'lon',
      'label',
    ]);
    assert.deepEqual(isJsonObject(extras) && extras['additionalProperties'], { type: 'string' });
    assert.deepEqual(isJsonObject(tags) && [tags['uniqueItems'], tags['x-physicalType']], [true, 'frozen<set<text>>']);
    assert.deepEqual(isJsonObject(fare) && fare['type'], ['number', 'null']);
  });
  await t.test('a draft does not replace a file', async () => {
    const again = await foz(world, 'draft', world.users, '-o', 'users.odcs.yaml');
    assert.equal(again.code, 2);
    assert.match(again.stderr, /the file exists/);
  });
}

async function configured(t: TestContext, world: World): Promise<void> {
  const { host, port, database, adminUser } = world.stack.endpoint('postgres');
  const { contactPoint, port: cassandraPort, localDataCenter } = world.stack.endpoint('cassandra');
  const config = `kafka: { brokers: ['127.0.0.1:1'] }
lake: { store: { kind: filesystem, path: lake } }
catalog: { kind: embedded }
sync: { tables: [{ topic: pg.public.users }, { topic: cass.rides.rides }] }
sources:
  postgres: { host: ${host}, port: ${port}, database: ${database}, user: ${adminUser}, password: '\${env:PGPASSWORD}', sslmode: disable }
  cassandra: { contactPoints: ['${contactPoint}:${cassandraPort}'], localDataCenter: ${localDataCenter}, keyspace: rides }
connectors: { postgres: {}, cassandra: {} }
contracts: { files: [users.odcs.yaml, rides.odcs.yaml] }
`;
  await writeFile(join(world.dir, 'foz.yaml'), config);
  await t.test('a table of foz.yaml is drafted as by its URL, and all contracts in force are compared at once', async () => {
    for (const name of ['users', 'rides']) {
      const { code, stdout, stderr } = await foz(world, 'draft', name, '--samples', '0');
      assert.equal(code, 0, stderr);
      assert.equal(stdout, await readFile(join(world.dir, `${name}.odcs.yaml`), 'utf8'));
    }
    const all = await foz(world, 'diff', '--source');
    assert.equal(all.code, 0, all.stderr);
    assert.equal(all.stdout, 'users 1.0.0 against public.users: no drift\n\nrides 1.0.0 against rides.rides: no drift\n');
    const one = await foz(world, 'diff', 'rides.odcs.yaml', '--source');
    assert.equal(`${one.code} ${one.stdout}`, '0 rides 1.0.0 against rides.rides: no drift\n');
  });
}

async function definitionsHold(t: TestContext, world: World): Promise<void> {
  await t.test('the contracts of this project are as the demo’s tables are', async () => {
    for (const [name, url] of [
      ['users', world.users],
      ['rides', world.rides],
    ] as const) {
      const { code, stdout, stderr } = await foz(world, 'diff', join(definitions, `${name}.odcs.yaml`), '--source', '--at', url);
      assert.equal(code, 0, stdout + stderr);
    }
  });
}

const labSql = `
CREATE SCHEMA lab;
CREATE TYPE lab.mood AS ENUM ('sad', 'o''k', 'happy');
CREATE DOMAIN lab.mail AS varchar(320) CHECK (VALUE ~ '^[^@]+@[^@]+$') CHECK (char_length(VALUE) > 3);
CREATE DOMAIN lab.amount AS numeric(12,2) NOT NULL CHECK (VALUE > 0);
CREATE TABLE lab.parents (a integer, b text, PRIMARY KEY (b, a));
CREATE TABLE lab.things (
  id bigint GENERATED ALWAYS AS IDENTITY, org integer NOT NULL, mail lab.mail UNIQUE, price lab.amount,
  mood lab.mood NOT NULL DEFAULT 'sad', moods lab.mood[], marks numeric(10,3)[], gone integer,
  code char(4) CHECK (code IN ('EUR', 'USDC')), age smallint CHECK (age >= 0 AND age < 150),
  pct double precision CHECK (pct <= 1.5 AND 0 < pct), v integer, w integer, sum integer GENERATED ALWAYS AS (v + 1) STORED,
  at timestamptz(3), local timestamp, day date, clock time, zoned time with time zone, bits bit(3), bytes bytea, doc jsonb,
  span interval, uid uuid, flag boolean, slug text CHECK (slug ~ '^[a-z]+$'), pa text, pb integer,
  PRIMARY KEY (org, id), CHECK (v < w), FOREIGN KEY (pa, pb) REFERENCES lab.parents (b, a), UNIQUE (v, w));
ALTER TABLE lab.things DROP COLUMN gone;
ALTER TABLE lab.things ADD CONSTRAINT late CHECK (v > 7) NOT VALID;
COMMENT ON TABLE lab.things IS 'A <table>';
COMMENT ON COLUMN lab.things.mail IS 'Where "we" write';`;

async function everything(t: TestContext, world: World): Promise<void> {
  const url = world.users.replace('public.users', 'lab.things');
  await sql(world, labSql);
  await t.test('what PostgreSQL can say of a column is in the draft', async () => {
    const body = await drafted(world, url, 'things.odcs.yaml');
    const { mail, price, moods, marks, code, age, sum, day, pct } = properties(body);
    assert.deepEqual(mail, {
      type: ['string', 'null'],
      minLength: 4,
      maxLength: 320,
      pattern: '^[^@]+@[^@]+$',
      description: 'Where "we" write',
      'x-physicalType': 'character varying(320)',
      'x-unique': true,
      'x-id': '3',
    });
    assert.deepEqual(price, { type: 'number', exclusiveMinimum: 0, 'x-physicalType': 'numeric(12,2)', 'x-id': '4' });
    assert.deepEqual(isJsonObject(moods) && isJsonObject(moods['items']) && moods['items']['enum'], ['sad', "o'k", 'happy', null]);
    assert.equal(isJsonObject(marks) && marks['x-physicalType'], 'numeric(10,3)[]');
    assert.deepEqual(isJsonObject(code) && code['enum'], ['EUR ', 'USDC', null]);
    // Column 8 was dropped: numbers are not given again.
    assert.deepEqual(isJsonObject(age) && [age['minimum'], age['exclusiveMaximum'], age['x-id']], [0, 150, '10']);
    assert.deepEqual(isJsonObject(pct) && [pct['exclusiveMinimum'], pct['maximum']], [0, 1.5]);
    assert.deepEqual(isJsonObject(sum) && sum['type'], ['integer', 'null']);
    assert.equal(isJsonObject(day) && day['format'], 'date');
  });
  await t.test('rows made for the draft are rows that PostgreSQL takes into the table made from it', async () => {
    const ddl = await foz(world, 'export', 'things.odcs.yaml', '--to', 'sql');
    const rows = await foz(world, 'sample', 'things.odcs.yaml', '-n', '200', '--json', '--seed', '11');
    assert.equal(`${ddl.code} ${rows.code}`, '0 0', ddl.stderr + rows.stderr);
    const { host, port, database, adminUser: user, adminPassword } = world.stack.endpoint('postgres');
    await using client = await openPostgres({ ...postgresDefaults, host, port, database, user, password: secret(adminPassword) });
    await client.query(`SET search_path = lab; ${ddl.stdout.replaceAll('"things"', '"made"')}`);
    // Its own reader of JSON gives text for bytes and intervals; base64 would be read as an escape format.
    await client.query(`INSERT INTO made SELECT * FROM json_populate_recordset(NULL::lab.made, $1)`, [rows.stdout]);
    const [counted] = await client.query('SELECT count(*) AS rows, count(DISTINCT (org, id)) AS keys FROM made');
    assert.deepEqual(counted, { rows: '200', keys: '200' });
  });
}

async function personalData(t: TestContext, world: World): Promise<void> {
  await sql(
    world,
    `INSERT INTO public.users (id, email, full_name, city, bio) SELECT n, 'person' || n || '@example.org', 'Ana ' || n, 'Porto', 'about me' FROM generate_series(1, 500) n`,
  );
  await t.test('personal data is suggested with counts and without a value, and written only when accepted', async () => {
    const plain = await foz(world, 'draft', world.users, '--json');
    assert.equal(plain.code, 0, plain.stderr);
    const told: { suggestions: { column: string; pii: string; matched: number; sampled: number; confidence: number }[]; document: string } =
      JSON.parse(plain.stdout);
    const [first] = told.suggestions;
    assert.deepEqual(first && [first.column, first.pii, first.matched, first.sampled, first.confidence > 0.95], [
      'email',
      'email',
      500,
      500,
      true,
    ]);
    assert.deepEqual(told.suggestions.map(({ column }) => column).toSorted(), ['bio', 'birth_date', 'email', 'full_name']);
    assert.doesNotMatch(plain.stdout + plain.stderr, /person1|@example\.org|Ana 1/);
    assert.doesNotMatch(told.document, /pii/);
    assert.ok(!(plain.stdout + plain.stderr).includes(world.env['PGPASSWORD'] ?? '?'));
    const accepted = await foz(world, 'draft', world.users, '--accept-pii', '0.9', '--json');
    const written: { accepted: string[]; document: string } = JSON.parse(accepted.stdout);
    assert.deepEqual(written.accepted, ['email']);
    assert.match(written.document, /property: pii\s+value: email/);
  });
}

async function postgresDrift(t: TestContext, world: World): Promise<void> {
  await t.test('each ALTER TABLE of users is told as what it is', async () => {
    const steps: readonly (readonly [sql: string, drift: readonly string[]])[] = [
      ['ALTER TABLE public.users RENAME COLUMN city TO town', ['column-renamed city']],
      ["ALTER TYPE public.user_status ADD VALUE 'banned'", ['enum-label-added status']],
      ['ALTER TABLE public.users ADD COLUMN phone text', ['column-added phone']],
      ['ALTER TABLE public.users ALTER COLUMN balance TYPE numeric(14,2)', ['type-widened balance']],
      ['ALTER TABLE public.users ALTER COLUMN email DROP NOT NULL', ['nullable email']],
      ['ALTER TABLE public.users DROP COLUMN bio', ['column-dropped bio']],
    ];
    const expected: string[] = [];
    for (const [statement, more] of steps) {
      await sql(world, statement);
      expected.push(...more);
      assert.deepEqual(await drift(world, world.users, 'users.odcs.yaml'), expected.toSorted(), statement);
    }
    await sql(world, 'DROP TABLE public.users CASCADE');
    assert.deepEqual(await drift(world, world.users, 'users.odcs.yaml'), ['table-missing -']);
  });
}

async function cassandraDrift(t: TestContext, world: World): Promise<void> {
  await t.test('each ALTER TABLE of rides is told as what it is', async () => {
    await cql(
      world,
      'ALTER TABLE rides.rides ADD tip decimal',
      'ALTER TABLE rides.rides DROP surge',
      'ALTER TABLE rides.rides RENAME ride_id TO id',
    );
    assert.deepEqual(await drift(world, world.rides, 'rides.odcs.yaml'), [
      'column-added tip',
      'column-dropped surge',
      'column-renamed ride_id',
    ]);
    await cql(world, 'ALTER TYPE rides.place ADD floor int');
    assert.deepEqual(await drift(world, world.rides, 'rides.odcs.yaml'), [
      'column-added tip',
      'column-dropped surge',
      'column-renamed ride_id',
      'type-widened dropoff',
      'type-widened pickup',
    ]);
  });
}
