// `foz catalog serve` as people start it: with flags alone, over what foz.yaml says, stopped and started again.

import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { storeAddress, storeAddressText } from '../../catalog/store/store-address.ts';
import { absoluteLocation, flaggedCatalogSettings } from '../../cli/catalog/catalog-settings.ts';
import { loadConfig } from '../../cli/config.ts';

const entry = fileURLToPath(new URL('../../cli/foz.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'foz-serve-'));
/** A test that fails leaves its server running. */
const left = new Set<ChildProcess>();
after(() => {
  for (const child of left) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

interface Serving {
  /** The first line of stdout, or all of stderr where it ended before. */
  readonly said: string;
  stop(): Promise<{ readonly code: number | null; readonly stderr: string }>;
}

async function serve(...flags: readonly string[]): Promise<Serving> {
  const child = spawn(process.execPath, [entry, 'catalog', 'serve', '--json', ...flags], { cwd: folder });
  let [stdout, stderr] = ['', ''];
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  left.add(child);
  void exited.then(() => left.delete(child));
  const said = await new Promise<string>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (stdout.includes('\n')) resolve(stdout);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      if (stderr.includes('waiting: ')) resolve(stderr);
    });
    void exited.then(() => resolve(stderr));
  });
  const stop: Serving['stop'] = async () => {
    child.kill('SIGTERM');
    return { code: await exited, stderr };
  };
  return { said, stop };
}

async function send(url: string, body?: object): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, body === undefined ? {} : { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const flags = ['--port', '0', '--warehouse', 'file:lake', '--store', 'sqlite:pointers.sqlite'];
const schema = { type: 'struct', 'schema-id': 0, fields: [{ id: 1, name: 'id', required: false, type: 'long' }] };

test('without a foz.yaml: one line says where it listens; what was answered is there after SIGTERM and another start', async () => {
  const first = await serve(...flags, '--allow-location', 'file:/elsewhere', '--allow-location', 's3://other/tables/');
  const told = JSON.parse(first.said) as Record<string, string>;
  assert.deepEqual(
    { ...told, url: '', pid: 0 },
    {
      url: '',
      warehouse: `file://${folder}/lake`,
      store: 'sqlite:pointers.sqlite',
      allowLocations: ['file:/elsewhere', 's3://other/tables'],
      pid: 0,
    },
  );
  assert.equal((await send(`${told['url']}/readyz`)).status, 200);
  for (const [warehouse, status] of [
    [`file:${folder}/lake`, 200],
    [`file://${folder}/lake/`, 200],
    [`file:${folder}/other`, 404],
  ] as const)
    assert.equal((await send(`${told['url']}/v1/config?warehouse=${encodeURIComponent(warehouse)}`)).status, status, warehouse);
  await send(`${told['url']}/v1/namespaces`, { namespace: ['raw'] });
  const created = await send(`${told['url']}/v1/namespaces/raw/tables`, { name: 'users', schema });
  assert.equal(created.status, 200);
  const names = Array.from({ length: 20 }, (_, index) => `t${index}`);
  const underWay = Promise.allSettled(names.map((name) => send(`${told['url']}/v1/namespaces/raw/tables`, { name, schema })));
  assert.equal((await first.stop()).code, 0);
  const replies = await underWay;
  const answered = names.filter((_, index) => {
    const reply = replies[index];
    return reply?.status === 'fulfilled' && reply.value.status === 200;
  });

  const second = await serve(...flags);
  const { url } = JSON.parse(second.said) as { url: string };
  const loaded = await send(`${url}/v1/namespaces/raw/tables/users`);
  assert.deepEqual(loaded.body, created.body);
  // Those that came too late were refused, or never sent; none hangs.
  for (const name of answered) assert.equal((await send(`${url}/v1/namespaces/raw/tables/${name}`)).status, 200, name);
  assert.equal((await second.stop()).code, 0);
});

test('nothing to serve, a place or a database of another kind: exit 2, with what was expected and no password', async () => {
  const cases = [
    [['--port', '0'], /no --warehouse[\s\S]*foz catalog serve --warehouse/],
    [['--warehouse', 'gs://lake'], /gs:\/\/lake is no place for tables[\s\S]*s3:\/\/BUCKET/],
    [
      ['--warehouse', 'file:lake', '--store', 'mysql://foz:hunter22@db/foz'],
      /neither a SQLite file nor a PostgreSQL database[\s\S]*mysql:/,
    ],
  ] as const;
  const ended = await Promise.all(cases.map(async ([given]) => (await serve(...given)).stop()));
  for (const [index, { code, stderr }] of ended.entries()) {
    assert.equal(code, 2, stderr);
    assert.match(stderr, cases[index]?.[1] ?? /never/);
    assert.doesNotMatch(stderr, /hunter22/);
  }
});

test('a database that is away is waited for, its password never told; SIGTERM ends the wait', async () => {
  const waiting = await serve('--port', '0', '--warehouse', 'file:lake', '--store', 'postgres://foz:hunter22@127.0.0.1:1/foz');
  assert.match(waiting.said, /waiting: /);
  const { code, stderr } = await waiting.stop();
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stderr, /hunter22/);
});

test('flags stand over what foz.yaml says, and only they', () => {
  const file = join(folder, 'foz.yaml');
  writeFileSync(
    file,
    `kafka: { brokers: ["127.0.0.1:1"] }
lake: { store: { kind: filesystem, path: lake } }
catalog: { kind: embedded, listen: "127.0.0.1:9000", store: "\${env:FOZ_TEST_STORE}", allowLocations: ["s3://a/b"] }
sync: { tables: [{ topic: a.b.users }] }
`,
  );
  process.env['FOZ_TEST_STORE'] = 'postgresql://foz:hunter22@db.example.org:5433/pointers';
  const loaded = loadConfig(file);
  delete process.env['FOZ_TEST_STORE'];
  rmSync(file);
  const plain = flaggedCatalogSettings(loaded, {});
  assert.equal(plain.listen, '127.0.0.1:9000');
  assert.equal(storeAddressText(plain.store), 'postgres://foz@db.example.org:5433/pointers');
  assert.doesNotMatch(JSON.stringify(plain.store), /hunter22/);
  const flagged = flaggedCatalogSettings(loaded, { port: 1, store: 'sqlite:x', allowLocations: ['file:/c'] });
  assert.equal(flagged.listen, '127.0.0.1:1');
  assert.deepEqual(flagged.store, { kind: 'sqlite', path: 'x' });
  assert.deepEqual(flagged.allowLocations, ['s3://a/b', 'file:/c']);
  assert.equal(flaggedCatalogSettings(loaded, { host: '::1' }).listen, '[::1]:9000');
  assert.throws(() => storeAddress('sqlite:'), /CONFIG_INVALID|neither/);
});

const at = (location: string): string => absoluteLocation(location, '/home/foz');

test('a place for tables is absolute, spelled one way, without a slash at its end', () => {
  assert.equal(at('file:lake/'), 'file:///home/foz/lake');
  assert.equal(at('file:/data/lake'), 'file:///data/lake');
  assert.equal(at('file:///data/lake'), 'file:///data/lake');
  assert.equal(at('file:../lake'), 'file:///home/lake');
  assert.equal(at('s3://lake/tables//'), 's3://lake/tables');
  for (const wrong of ['file:', 'file://host/lake', 's3://', 'lake', '/lake', 'https://x'])
    assert.throws(() => at(wrong), /no place for tables/, wrong);
});
