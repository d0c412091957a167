// `foz check` on set-ups that are broken in many ways at a time: each problem is said, with its mend, in one run.

import assert from 'node:assert/strict';
import { execFile, type ExecFileException } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { captureRoleSql, usersSchemaSql } from '../../connectors/schema.ts';
import { secret } from '../../runtime/secret.ts';
import { openPostgres, postgresDefaults, type PostgresSettings } from '../../sources/postgres-client.ts';
import { startStack } from '../../stack/stack.ts';
import { faultyServer } from '../conformance/faulty-http.ts';
import { tinyS3 } from '../conformance/tiny-s3.ts';

const entry = fileURLToPath(new URL('../../cli/foz.ts', import.meta.url));

interface Report {
  readonly problems: readonly { readonly line: number; readonly message: string; readonly mend: string }[];
  readonly findings: readonly { readonly code: string; readonly severity: string; readonly found: string; readonly mend: string }[];
}

async function check(file: string, env: Readonly<Record<string, string>>): Promise<{ code: number; report: Report; stderr: string }> {
  const options = { env: { ...process.env, ...env }, timeout: 90_000 };
  const ended = await new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [entry, 'check', '-c', file, '--json'], options, (error: ExecFileException | null, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 99), stdout, stderr });
    });
  });
  assert.notEqual(ended.stdout, '', ended.stderr);
  return { ...ended, report: JSON.parse(ended.stdout) as Report };
}

function occupiedPort(): Promise<{ port: number } & AsyncDisposable> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      assert.ok(typeof address === 'object' && address !== null);
      resolve({ port: address.port, [Symbol.asyncDispose]: () => new Promise((done) => server.close(() => done())) });
    });
  });
}

function errorsOf(report: Report): string[] {
  return report.findings.filter(({ severity }) => severity === 'error').map(({ code }) => code);
}

test('foz check says every problem of a broken set-up at once', { timeout: 240_000 }, async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'foz-check-'));
  await using stack = await startStack({ dir: join(dir, 'stack'), components: ['postgres'] });
  t.after(() => rm(dir, { recursive: true, force: true }));
  const postgres = stack.endpoint('postgres');
  const { host, port, database } = postgres;
  const admin: PostgresSettings = {
    ...postgresDefaults,
    host,
    port,
    database,
    user: postgres.adminUser,
    password: secret(postgres.adminPassword),
  };
  const sql = async (...statements: readonly string[]): Promise<void> => {
    await using client = await openPostgres(admin);
    for (const statement of statements) await client.query(statement);
  };
  await sql(
    captureRoleSql(postgres.cdcUser, postgres.cdcPassword),
    await usersSchemaSql({ cdcRole: postgres.cdcUser, publication: 'foz' }),
  );
  await using bucket = await faultyServer(tinyS3({ bucket: 'lake', conditions: 'ignored' }).handle);
  await using occupied = await occupiedPort();
  const file = join(dir, 'foz.yaml');
  const text = `kafka: { brokers: ["127.0.0.1:1"] }
lake:
  store:
    kind: s3
    bucket: lake
    endpoint: ${bucket.endpoint}
    credentials: { kind: static, accessKeyId: check-key, secretAccessKey: check-secret }
sync:
  tables: [{ topic: pg.public.users }]
catalog: { kind: embedded, listen: "127.0.0.1:0", store: "sqlite:catalog.sqlite" }
http: { listen: "127.0.0.1:${occupied.port}" }
sources:
  postgres:
    host: ${host}
    port: ${port}
    database: ${database}
    user: ${postgres.cdcUser}
    password: \${env:CHECK_PASSWORD}
    sslmode: disable
connect: { url: "http://127.0.0.1:1" }
connectors: { postgres: {} }
`;
  await writeFile(file, text);
  const everywhere = ['CONNECTOR', 'LOG_UNREACHABLE', 'PORT_IN_USE', 'STORE_NOT_CONDITIONAL'];

  await t.test('an unknown key and an unset secret: exit 2, with line and mend, nothing connected to', async () => {
    await writeFile(file, text.replace('bucket: lake', 'bukcet: lake'));
    const { code, report } = await check(file, {});
    await writeFile(file, text);
    assert.equal(code, 2);
    assert.deepEqual(
      report.problems.map(({ line }) => line),
      [3, 5, 18],
    );
    assert.equal(report.problems.find(({ line }) => line === 5)?.mend, 'did you mean bucket?');
    assert.deepEqual(report.findings, []);
  });

  await t.test('wrong password, a bucket without conditional writes, a port in use, Kafka and Connect away: exit 3', async () => {
    const { code, report, stderr } = await check(file, { CHECK_PASSWORD: 'wrong-password' });
    assert.equal(code, 3, stderr);
    assert.deepEqual(errorsOf(report).toSorted(), [...everywhere, 'POSTGRES_LOGIN'].toSorted());
    assert.doesNotMatch(JSON.stringify(report) + stderr, /wrong-password|check-secret/);
  });

  await t.test('wal_level=replica and a missing publication beside them, each with the statement that mends it', async () => {
    await sql(`ALTER SYSTEM SET wal_level = 'replica'`, 'DROP PUBLICATION foz');
    await stack.stop('postgres');
    await stack.start('postgres');
    const { code, report } = await check(file, { CHECK_PASSWORD: postgres.cdcPassword });
    assert.equal(code, 3);
    assert.deepEqual(errorsOf(report).toSorted(), [...everywhere, 'POSTGRES_PUBLICATION_MISSING', 'POSTGRES_WAL_LEVEL'].toSorted());
    const mendOf = (wanted: string): string => report.findings.find((finding) => finding.code === wanted)?.mend ?? '';
    assert.match(mendOf('POSTGRES_WAL_LEVEL'), /ALTER SYSTEM SET wal_level/);
    assert.match(mendOf('POSTGRES_PUBLICATION_MISSING'), /CREATE PUBLICATION/);
    for (const { mend } of report.findings) assert.ok(mend.length > 5);
  });
});
