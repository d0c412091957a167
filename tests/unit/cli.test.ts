// The command as a person or a script meets it: exit codes, streams, help, errors. Each test runs the real process.

import assert from 'node:assert/strict';
import { execFile, spawn, type ExecFileException } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { errorJson, errorText, jsonText, tableText } from '../../cli/output.ts';
import { addressOf, tableTargets, urlOf } from '../../cli/settings.ts';
import { configOptions, type Config } from '../../cli/config.ts';
import { parseConfig } from '../../runtime/config-file.ts';
import { LakeError } from '../../runtime/errors.ts';
import { createRedactor } from '../../runtime/redact.ts';
import { secret } from '../../runtime/secret.ts';

const entry = fileURLToPath(new URL('../../cli/foz.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'foz-cli-'));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function foz(...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [entry, ...args], { cwd: folder, timeout: 30_000 }, (error: ExecFileException | null, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 99), stdout, stderr });
    });
  });
}

const minimal = `kafka: { brokers: ["127.0.0.1:1"] }
lake: { store: { kind: filesystem, path: lake } }
sync: { tables: [{ topic: a.b.users }, { topic: a.b.Odd-Name }] }
http: { listen: "127.0.0.1:0" }
catalog: { kind: embedded, listen: "127.0.0.1:0" }
`;

function configOf(text: string): Config {
  const outcome = parseConfig({ file: 'foz.yaml', text, env: {}, readFile: () => '' }, configOptions);
  assert.ok(outcome.kind === 'valid');
  return outcome.value;
}

test('help goes to stdout with exit 0; usage errors go to stderr with exit 2', async () => {
  const [help, command, unknown, option, choice, argument] = await Promise.all([
    foz('--help'),
    foz('run', '--help'),
    foz('rnu'),
    foz('status', '--nonsense'),
    foz('run', '--only', 'nothing'),
    foz('resume'),
  ]);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /Commands:[\s\S]*init[\s\S]*run/);
  assert.equal(help.stderr, '');
  assert.equal(command.code, 0);
  assert.match(command.stdout, /Examples:\n {2}\$ foz run/);
  for (const ended of [unknown, option, choice, argument]) {
    assert.equal(ended.code, 2, ended.stderr);
    assert.equal(ended.stdout, '');
  }
  assert.match(unknown.stderr, /unknown command 'rnu'[\s\S]*Did you mean run/i);
});

test('without a configuration: exit 2, what was looked for, and the next command to type', async () => {
  const { code, stdout, stderr } = await foz('run');
  assert.equal(code, 2);
  assert.equal(stdout, '');
  assert.match(stderr, /CONFIG_INVALID: There is no configuration: looked for \.\/foz\.yaml/);
  assert.match(stderr, /next: +foz init/);
});

test('with --json an error is one JSON document on stderr, stdout stays empty', async () => {
  const { code, stdout, stderr } = await foz('resume', 'users', '--json');
  assert.equal(code, 2);
  assert.equal(stdout, '');
  const document: unknown = JSON.parse(stderr);
  assert.ok(typeof document === 'object' && document !== null && 'error' in document);
  assert.equal(Reflect.get(Object(document.error), 'code'), 'CONFIG_INVALID');
});

test('foz init writes once, for its owner only, and refuses to overwrite', async () => {
  const target = join(folder, 'begin');
  const first = await foz('init', target, '--json');
  assert.equal(first.code, 0, first.stderr);
  const written = ['foz.yaml', '.env.example', join('quality', 'users.yaml'), join('quality', 'rides.yaml')].map((name) =>
    join(target, name),
  );
  assert.deepEqual(JSON.parse(first.stdout), { written });
  assert.match(readFileSync(join(target, 'quality', 'users.yaml'), 'utf8'), /^# yaml-language-server: \$schema=\S+quality\.schema\.json\n/);
  assert.equal(statSync(join(target, 'foz.yaml')).mode & 0o077, 0);
  const text = readFileSync(join(target, 'foz.yaml'), 'utf8');
  assert.match(text, /^# yaml-language-server: \$schema=\S+foz\.schema\.json\n/);
  writeFileSync(join(target, 'foz.yaml'), 'mine');
  const second = await foz('init', target);
  assert.equal(second.code, 2);
  assert.equal(readFileSync(join(target, 'foz.yaml'), 'utf8'), 'mine');
});

test('foz check reports every problem of the file at once with exit 2', async () => {
  const file = join(folder, 'bad.yaml');
  writeFileSync(
    file,
    minimal.replace('brokers', 'brokrs').replace('kind: filesystem', 'kind: filesytem').replace('topic: a.b.users', 'topic: 7'),
  );
  const { code, stdout } = await foz('check', '-c', file);
  assert.equal(code, 2);
  assert.match(stdout, /bad\.yaml:1:10 {2}kafka\.brokrs is not a setting[\s\S]*did you mean brokers\?/);
  assert.match(stdout, /bad\.yaml:2:9 .*lake\.store\.kind[\s\S]*did you mean kind: filesystem\?/);
  assert.match(stdout, /bad\.yaml:3:20 .*sync\.tables\.0\.topic/);
});

test('foz check on what does not answer: exit 3, the rest is checked all the same', async () => {
  const file = join(folder, 'away.yaml');
  writeFileSync(file, `${minimal}connect: { url: "http://127.0.0.1:1" }\n`);
  const { code, stdout, stderr } = await foz('check', '-c', file, '--json');
  assert.equal(code, 3, stderr);
  const document: unknown = JSON.parse(stdout);
  assert.match(JSON.stringify(document), /LOG_UNREACHABLE/);
  assert.match(stderr, /✓ object store/);
});

test('SIGTERM is a stop that was asked for: exit 0, even while everything is away', async () => {
  const file = join(folder, 'run.yaml');
  writeFileSync(file, minimal);
  const child = spawn(process.execPath, [entry, 'run', '-c', file], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8');
  const ready = new Promise<void>((resolve) => {
    child.stderr.on('data', (text: string) => {
      stderr += text;
      if (stderr.includes('worker: http')) resolve();
    });
    child.once('exit', () => resolve());
  });
  await ready;
  const url = /worker: (\S+)\/status/.exec(stderr)?.[1] ?? '';
  const [live, readiness, metrics] = await Promise.all(['livez', 'readyz', 'metrics'].map((path) => fetch(`${url}/${path}`)));
  assert.equal(live?.status, 200);
  assert.match((await metrics?.text()) ?? '', /^foz_build_info\{version="[^"]+"\} 1$/m);
  await readiness?.arrayBuffer();
  const ended = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => resolve(code));
  });
  child.kill('SIGTERM');
  assert.equal(await ended, 0, stderr);
  assert.match(stderr, /SIGTERM: stopping/);
});

test('an error says what, where, expected, found, why and next, and shows no secret', () => {
  const password = secret('hunter2-and-more');
  const error = new LakeError('SOURCE_UNREACHABLE', 'connect to postgres://foz:hunter2-and-more@db/app', {
    context: { host: 'db', expected: 'a login', found: 'refused', next: 'foz check' },
    cause: new Error('password hunter2-and-more is wrong'),
  });
  const redactor = createRedactor({ secrets: [password] });
  const text = errorText(error, redactor);
  for (const part of [
    'foz: SOURCE_UNREACHABLE',
    'where:    host=db',
    'expected: a login',
    'found:    refused',
    'because:  ',
    'next:     foz check',
  ]) {
    assert.ok(text.includes(part), `${part}\n${text}`);
  }
  assert.doesNotMatch(text + JSON.stringify(errorJson(error, redactor)), /hunter2/);
});

test('JSON output keeps every digit', () => {
  assert.equal(jsonText({ small: 5n, large: 9007199254740993n }), '{"small":5,"large":"9007199254740993"}');
});

test('tables align numbers to the right and keep a row on a line', () => {
  const lines = tableText(
    ['name', 'n'],
    [
      ['a', 5],
      ['b\nc', 12345],
    ],
  ).split('\n');
  assert.deepEqual(lines, ['name      n', '────  ─────', 'a         5', 'b⏎c   12345']);
});

test('a topic without a table is named after its last part; a table named twice is refused', () => {
  const names = tableTargets(configOf(minimal)).map(({ topic, ident }) => `${topic} ${ident.namespace.join('.')}.${ident.name}`);
  assert.deepEqual(names, ['a.b.users raw.users', 'a.b.Odd-Name raw.odd_name']);
  assert.throws(() => tableTargets(configOf(minimal.replace('a.b.Odd-Name', 'c.users'))), /names a topic or a table twice/);
});

test('addresses: IPv6, all interfaces', () => {
  assert.deepEqual(addressOf('[::1]:80'), { host: '::1', port: 80 });
  assert.equal(urlOf('0.0.0.0:8181'), 'http://127.0.0.1:8181');
  assert.equal(urlOf('[::1]:8181'), 'http://[::1]:8181');
});
