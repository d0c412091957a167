// `foz check` on set-ups broken on purpose: a real PostgreSQL that cannot be captured, an object store that ignores
// conditions, a port that is taken, a Kafka that is not there, a file with mistakes. Every problem is said at once, with
// its place and its mend.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { captureRoleSql, usersSchemaSql } from '../../connectors/schema.ts';
import { usersDefaults } from '../../connectors/users.ts';
import { isRecord } from '../../runtime/options.ts';
import { secret } from '../../runtime/secret.ts';
import { openPostgres, postgresDefaults } from '../../sources/postgres-client.ts';
import { startStack, type Stack } from '../../stack/stack.ts';
import { faultyServer } from '../conformance/faulty-http.ts';
import { tinyS3 } from '../conformance/tiny-s3.ts';
import { freePort, runFoz, writeConfig, type Ran } from './world.ts';

interface Report {
  readonly exit: number;
  readonly codes: readonly string[];
  readonly findings: readonly Readonly<Record<string, unknown>>[];
  readonly problems: readonly Readonly<Record<string, unknown>>[];
}

test('foz check says everything that is wrong at once', { timeout: 180_000 }, async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'foz-check-'));
  await using stack = await startStack({ dir: join(dir, 'stack'), components: ['postgres'] });
  t.after(() => rm(dir, { recursive: true, force: true }));
  await breakPostgres(stack);
  // Does not honour If-None-Match: the second writer wins.
  await using store = await faultyServer(tinyS3({ bucket: 'lake', conditions: 'ignored' }).handle);
  await using taken = await takenPort();
  const config = await brokenConfig(stack, store.endpoint, taken.port);
  const { cdcPassword } = stack.endpoint('postgres');

  await t.test('a server, a bucket, a broker and a port, each with its mend: exit 3', async () => {
    const { exit, codes, findings } = await check(await folder(dir, 'servers', config, cdcPassword));
    assert.equal(exit, 3);
    const expected = ['LOG_UNREACHABLE', 'PORT_IN_USE', 'POSTGRES_PUBLICATION_MISSING', 'POSTGRES_WAL_LEVEL', 'STORE_NOT_CONDITIONAL'];
    assert.deepEqual(codes.toSorted(), expected);
    for (const finding of findings) {
      for (const part of ['subject', 'setting', 'found', 'needed', 'mend'])
        assert.ok(String(finding[part] ?? '') !== '', JSON.stringify(finding));
    }
    const mend = (code: string) => String(findings.find((finding) => finding['code'] === code)?.['mend']);
    assert.match(mend('POSTGRES_WAL_LEVEL'), /ALTER SYSTEM SET wal_level/);
    assert.match(mend('POSTGRES_PUBLICATION_MISSING'), /CREATE PUBLICATION/);
    assert.match(mend('PORT_IN_USE'), /http\.listen/);
  });

  await t.test('a wrong password and a setting that does not exist, in the same run: exit 2, file:line:column', async () => {
    const file = await folder(dir, 'password', { ...config, lake: { ...config.lake, namesapce: 'raw' } }, 'wrong');
    const { exit, codes, problems } = await check(file);
    assert.equal(exit, 2);
    assert.deepEqual(codes.toSorted(), ['LOG_UNREACHABLE', 'PORT_IN_USE', 'POSTGRES_LOGIN', 'STORE_NOT_CONDITIONAL']);
    const lines = (await readFile(file, 'utf8')).split('\n');
    const line = lines.findIndex((text) => text.includes('namesapce')) + 1;
    assert.deepEqual(
      problems.map((problem) => [problem['line'], problem['column'], problem['path']]),
      [[line, (lines[line - 1] ?? '').indexOf('"namesapce"') + 1, 'lake']],
    );
    assert.match(String(problems[0]?.['mend']), /namespace/, 'the nearest setting is named');
    const text = await runFoz(['check', '-c', file], dir);
    assert.match(text.stdout, new RegExp(String.raw`foz\.yaml:${line}:\d+ `));
    assert.match(text.stdout, /POSTGRES_LOGIN[^]*mend:/);
    assert.doesNotMatch(text.stdout + text.stderr, /wrong/, 'the password is never shown');
  });

  await t.test('every mistake of the file, each with its place: exit 2', async () => {
    const sync = { ...config.sync, freshness: 'soon', tables: [] };
    const file = await folder(dir, 'file', { ...config, sync, kafka: { brokers: ['nowhere'], retries: 3 } }, cdcPassword);
    const { exit, problems } = await check(file);
    assert.equal(exit, 2);
    assert.deepEqual(problems.map((problem) => problem['path']).toSorted(), ['kafka', 'kafka.brokers.0', 'sync.freshness', 'sync.tables']);
    for (const problem of problems) assert.ok(Number(problem['line']) > 1 && String(problem['mend']) !== '', JSON.stringify(problem));
  });
});

async function breakPostgres(stack: Stack): Promise<void> {
  const { host, port, database, adminUser, adminPassword, cdcUser, cdcPassword } = stack.endpoint('postgres');
  {
    const settings = {
      ...postgresDefaults,
      host,
      port,
      database,
      user: adminUser,
      password: secret(adminPassword),
      sslmode: 'disable',
    } as const;
    await using client = await openPostgres(settings);
    await client.query(captureRoleSql(cdcUser, cdcPassword));
    await client.query(await usersSchemaSql({ cdcRole: cdcUser, publication: usersDefaults.publication }));
    await client.query(`DROP PUBLICATION ${usersDefaults.publication}`);
    await client.query(`ALTER SYSTEM SET wal_level = 'replica'`);
  }
  await stack.stop('postgres');
  await stack.start('postgres');
}

/** A program that is not Foz. */
async function takenPort() {
  const server = createServer((_request, response) => response.end('something else'));
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return { port, [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())) };
}

function reference(name: string): string {
  return `\${env:${name}}`;
}

async function brokenConfig(stack: Stack, endpoint: string, takenAt: number) {
  const { host, port, database, cdcUser } = stack.endpoint('postgres');
  const credentials = { kind: 'static', accessKeyId: reference('CHECK_KEY'), secretAccessKey: reference('CHECK_SECRET') };
  return {
    kafka: { brokers: [`127.0.0.1:${await freePort()}`] },
    lake: { store: { kind: 's3', bucket: 'lake', prefix: 'foz', endpoint, pathStyle: true, credentials, attempts: 1 } },
    catalog: { kind: 'embedded', listen: `127.0.0.1:${await freePort()}`, database: 'catalog.sqlite' },
    sync: { tables: [{ topic: 'pg.public.users', table: 'users' }] },
    sources: { postgres: { host, port, database, user: cdcUser, password: reference('CHECK_PASSWORD'), sslmode: 'disable' } },
    connectors: { postgres: {} },
    http: { listen: `127.0.0.1:${takenAt}` },
  };
}

async function folder(dir: string, name: string, config: unknown, password: string): Promise<string> {
  const path = join(dir, name);
  await mkdir(path);
  await writeConfig(join(path, 'foz.yaml'), config);
  await writeFile(join(path, '.env'), `CHECK_KEY=key\nCHECK_SECRET=secret\nCHECK_PASSWORD=${password}\n`, { mode: 0o600 });
  return join(path, 'foz.yaml');
}

async function check(file: string): Promise<Report> {
  const { code, stdout, stderr }: Ran = await runFoz(['check', '--json', '-c', file], tmpdir());
  const report: unknown = JSON.parse(stdout || '{}');
  assert.ok(isRecord(report) && Array.isArray(report['findings']) && Array.isArray(report['problems']), stdout + stderr);
  const findings = report['findings'].filter(isRecord).filter((finding) => finding['severity'] === 'error');
  return { exit: code, findings, problems: report['problems'].filter(isRecord), codes: findings.map((finding) => String(finding['code'])) };
}
