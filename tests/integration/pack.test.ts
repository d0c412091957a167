// The package as a stranger gets it: packed, installed from the tarball into an empty folder, and used from there.

import assert from 'node:assert/strict';
import { execFile, spawn, type ExecFileException } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const minutes = 60_000;

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

let folder = '';

function run(program: string, args: readonly string[], cwd: string): Promise<Ended> {
  // As from a shell of its own: nothing of the checkout's npm run or of its modules is in the environment.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(lifecycle|package|config_local_prefix)|^INIT_CWD$|^NODE_TEST/.test(name)),
  );
  return new Promise((resolve) => {
    execFile(
      program,
      [...args],
      { cwd, env, timeout: 5 * minutes, maxBuffer: 64 * 1024 * 1024 },
      (error: ExecFileException | null, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr });
      },
    );
  });
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'foz-pack-'));
  const packed = await run('npm', ['pack', '--pack-destination', folder], root);
  assert.equal(packed.code, 0, packed.stderr);
  const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz')) ?? '';
  await writeFile(join(folder, 'package.json'), '{"name":"stranger","version":"1.0.0","private":true}\n');
  const installed = await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', `./${tarball}`], folder);
  assert.equal(installed.code, 0, installed.stderr);
});

after(async () => {
  await rm(folder, { recursive: true, force: true });
  await rm(join(root, 'dist'), { recursive: true, force: true });
});

test('the installed package carries compiled JavaScript, no TypeScript and no tests', async () => {
  const installed = join(folder, 'node_modules', 'foz');
  const files = await readdir(installed, { recursive: true });
  assert.ok(files.includes(join('dist', 'cli', 'foz.js')));
  assert.deepEqual(
    files.filter((file) => file.endsWith('.ts') && !file.includes('node_modules')),
    [],
  );
  assert.deepEqual(
    files.filter((file) => /^(tests|benchmarks|dist\/tests)/.test(file)),
    // The README links to the figures.
    ['benchmarks', join('benchmarks', 'README.md')],
  );
  for (const file of ['LICENSE', 'README.md', 'dist/connectors/schema/users.sql', 'dist/cli/foz.schema.json'])
    assert.ok(existsSync(join(installed, file)), file);
});

test('npx foz --help answers with every command', async () => {
  const { code, stdout, stderr } = await run('npx', ['--no-install', 'foz', '--help'], folder);
  assert.equal(code, 0, stderr);
  for (const command of ['init', 'check', 'up', 'down', 'run', 'status', 'resume']) assert.match(stdout, new RegExp(`^ +${command} `, 'm'));
});

test('npx foz init writes a foz.yaml whose schema line points into the package, and check judges it', async () => {
  const init = await run('npx', ['--no-install', 'foz', 'init'], folder);
  assert.equal(init.code, 0, init.stderr);
  const [first = ''] = (await readFile(join(folder, 'foz.yaml'), 'utf8')).split('\n');
  const [, schema = ''] = /^# yaml-language-server: \$schema=(\S+)$/.exec(first) ?? [];
  assert.ok(existsSync(join(folder, schema)), first);
  const check = await run('npx', ['--no-install', 'foz', 'check', '--offline', '--json'], folder);
  assert.equal(check.code, 2, check.stderr);
  assert.match(check.stdout, /FOZ_POSTGRES_PASSWORD/);
  const again = await run('npx', ['--no-install', 'foz', 'init'], folder);
  assert.equal(again.code, 2);
  assert.match(again.stderr, /nothing was written/);
});

const local = `kafka: { brokers: ["127.0.0.1:1"] }
lake: { store: { kind: filesystem, path: lake } }
sync: { tables: [{ topic: pg.public.users }] }
catalog: { kind: embedded, listen: "127.0.0.1:0", store: "sqlite:catalog.sqlite" }
http: { listen: "127.0.0.1:0" }
`;

test('what the package brings along loads: check asks the store, Kafka and the ports', async () => {
  await writeFile(join(folder, 'local.yaml'), local);
  const { code, stdout, stderr } = await run('npx', ['--no-install', 'foz', 'check', '-c', 'local.yaml', '--json'], folder);
  assert.equal(code, 3, stderr);
  const codes = [...stdout.matchAll(/"code":"([A-Z_]+)"/g)].map(([, found]) => found);
  assert.deepEqual(codes, ['LOG_UNREACHABLE'], stdout);
});

test('the installed catalog serves from its SQLite thread and stops when told', async () => {
  const child = spawn(join(folder, 'node_modules', '.bin', 'foz'), ['catalog', 'serve', '-c', 'local.yaml'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8');
  const ended = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => resolve(code));
  });
  const url = await new Promise<string>((resolve) => {
    child.stderr.on('data', (text: string) => {
      stderr += text;
      const [, found] = /^catalog: (\S+)/m.exec(stderr) ?? [];
      if (found !== undefined) resolve(found);
    });
    child.once('exit', () => resolve(''));
  });
  assert.notEqual(url, '', stderr);
  const created = await fetch(`${url}/v1/namespaces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"namespace":["raw"]}',
  });
  assert.equal(created.status, 200, await created.text());
  child.kill('SIGTERM');
  assert.equal(await ended, 0, stderr);
});
