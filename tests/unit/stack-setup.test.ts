import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { isFree, portPool } from '../../stack/process/ports.ts';
import { lineReader, readRequest } from '../../stack/process/protocol.ts';
import { logTail, untilReady } from '../../stack/process/ready.ts';
import { cacheRoot, checkJars } from '../../stack/setup/downloads.ts';
import { ensureBuildTools, findJava, findMaven, javaMajor, requireJava25 } from '../../stack/setup/java.ts';
import { withLock } from '../../stack/setup/lock.ts';
import { verifyManifest, writeManifest } from '../../stack/setup/manifest.ts';
import { openLayout, openSecrets, readState, writeState } from '../../stack/state.ts';
import { defaultSettings } from '../../stack/settings.ts';
import { isOurs } from '../../stack/setup/postgres-binaries.ts';

async function scratch(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'foz-unit-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

test('a port in use is not given out, a preferred one is kept when free, and none is given twice', async () => {
  const pool = portPool();
  const port = await pool.draw();
  assert.ok(port >= 20_000 && port < 32_000, `${port} lies below the ports of outgoing connections`);
  assert.notEqual(await pool.draw(port), port, 'not twice, although nothing listens there');

  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const taken = typeof address === 'object' && address !== null ? address.port : 0;
  assert.equal(await isFree(taken), false);
  assert.notEqual(await portPool().draw(taken), taken);
  await new Promise((resolve) => server.close(resolve));
  assert.equal(await portPool().draw(taken), taken);
});

test('a download is whole only while every file is there with its size, and with its content when sums are asked', async (t) => {
  const dir = await scratch(t);
  await mkdir(join(dir, 'lib'));
  await writeFile(join(dir, 'lib/a.jar'), 'aaaa');
  await writeFile(join(dir, 'b.jar'), 'bb');
  assert.equal((await verifyManifest(dir, 'sizes')).length, 1, 'without a manifest it is not whole');
  await writeManifest(dir);
  assert.deepEqual(await verifyManifest(dir, 'sums'), []);

  await writeFile(join(dir, 'lib/a.jar'), 'aXaa');
  assert.deepEqual(await verifyManifest(dir, 'sizes'), []);
  assert.deepEqual(await verifyManifest(dir, 'sums'), [`${join(dir, 'lib/a.jar')} has another content than downloaded`]);
  await writeFile(join(dir, 'lib/a.jar'), 'aaa');
  assert.deepEqual(await verifyManifest(dir, 'sizes'), [`${join(dir, 'lib/a.jar')} has 3 bytes, expected 4`]);
  await rm(join(dir, 'lib/a.jar'));
  assert.deepEqual(await verifyManifest(dir, 'sizes'), [`${join(dir, 'lib/a.jar')} is missing`]);
  await writeFile(join(dir, 'manifest.json'), '{"files":[{"path":1}]}');
  assert.equal((await verifyManifest(dir, 'sizes')).length, 1);
});

test('jars that changed after the download are found by their sums; where nothing was downloaded there is nothing to find', async (t) => {
  const cacheDir = await scratch(t);
  const { dir, problems } = await checkJars(cacheDir);
  assert.deepEqual(problems, []);
  await mkdir(dir);
  await writeFile(join(dir, 'a.jar'), 'aaaa');
  await writeManifest(dir);
  assert.deepEqual(await checkJars(cacheDir), { dir, problems: [] });
  await writeFile(join(dir, 'a.jar'), 'aXaa');
  assert.deepEqual((await checkJars(cacheDir)).problems, [`${join(dir, 'a.jar')} has another content than downloaded`]);
});

test('a lock admits one at a time, in any number', async (t) => {
  const path = join(await scratch(t), 'x.lock');
  let inside = 0;
  let most = 0;
  const work = async () => {
    most = Math.max(most, ++inside);
    await new Promise((resolve) => setTimeout(resolve, 20));
    inside--;
  };
  await Promise.all(Array.from({ length: 4 }, () => withLock(path, { waitMaxMs: 10_000 }, work)));
  assert.equal(most, 1);
  await assert.rejects(stat(path), 'released');
});

test('a lock of a dead process is taken over, one of a living process is waited for and named', async (t) => {
  const path = join(await scratch(t), 'x.lock');
  const dead = spawnSync(process.execPath, ['-e', 'console.log(process.pid)'], { encoding: 'utf8' }).stdout.trim();
  await mkdir(path);
  await writeFile(join(path, 'pid'), dead);
  assert.equal(await withLock(path, { waitMaxMs: 1000 }, async () => 'done'), 'done');

  await mkdir(path);
  await writeFile(join(path, 'pid'), String(process.pid));
  const waited: (number | null)[] = [];
  const waiting = withLock(path, { waitMaxMs: 300, onWait: (pid) => waited.push(pid) }, async () => 'never');
  await assert.rejects(waiting, { code: 'LIMIT_EXCEEDED', message: new RegExp(`held by process ${process.pid}`) });
  assert.deepEqual(waited, [process.pid]);
});

async function fakeJdk(home: string, version: string): Promise<void> {
  await mkdir(join(home, 'bin'), { recursive: true });
  await writeFile(join(home, 'bin/java'), '');
  await writeFile(join(home, 'bin/javac'), '');
  await writeFile(join(home, 'release'), `IMPLEMENTOR="x"\nJAVA_VERSION="${version}"\n`);
}

test('a JDK is found by its own record: named, then JAVA_HOME, then installed; a wrong version is passed over', async (t) => {
  const dir = await scratch(t);
  const jvm = join(dir, 'jvm');
  await fakeJdk(join(jvm, 'a-25'), '25.0.3');
  await fakeJdk(join(jvm, 'b-17'), '17.0.15');
  await fakeJdk(join(dir, 'mine'), '17.0.1');
  assert.equal(javaMajor(join(jvm, 'a-25')), 25);
  assert.equal(findJava(17, {}, jvm)?.home, join(jvm, 'b-17'));
  assert.equal(findJava(25, {}, jvm)?.home, join(jvm, 'a-25'));
  assert.equal(findJava(17, { JAVA_HOME: join(dir, 'mine') }, jvm)?.home, join(dir, 'mine'));
  assert.equal(findJava(17, { JAVA_HOME: join(jvm, 'a-25') }, jvm)?.home, join(jvm, 'b-17'), 'JAVA_HOME is 25');
  assert.equal(findJava(17, { FOZ_JAVA_HOME_17: join(jvm, 'b-17'), JAVA_HOME: join(dir, 'mine') }, jvm)?.home, join(jvm, 'b-17'));
  assert.equal(findJava(17, {}, join(dir, 'nothing')), null);
  assert.equal(findMaven({ PATH: join(dir, 'nothing') }), null);
});

test('a missing JDK or Maven is one sentence with the command that installs it', async () => {
  const nothing = { PATH: '/nonexistent', FOZ_INSTALL: 'off' };
  await assert.rejects(
    ensureBuildTools(() => undefined, nothing, '/nonexistent'),
    (error: Error) =>
      /JDK 17 and Maven not found.*apt-get install -y --no-install-recommends openjdk-17-jdk-headless maven/.test(error.message),
  );
  assert.throws(() => requireJava25(nothing, '/nonexistent'), { code: 'PREREQUISITE_MISSING', message: /FOZ_JAVA_HOME_25/ });
});

test('the cache lies outside the work tree: FOZ_CACHE, else XDG_CACHE_HOME, else ~/.cache', () => {
  assert.equal(cacheRoot({ FOZ_CACHE: '/c', XDG_CACHE_HOME: '/x' }), '/c');
  assert.equal(cacheRoot({ XDG_CACHE_HOME: '/x' }), '/x/foz');
  assert.match(cacheRoot({}), /\/\.cache\/foz$/);
});

test('secrets are made up once per folder, differ between folders, and only their owner can read them', async (t) => {
  const [one, two] = [await scratch(t), await scratch(t)];
  const secrets = await openSecrets(one);
  assert.deepEqual(await openSecrets(one), secrets);
  assert.notEqual((await openSecrets(two)).postgresAdminPassword, secrets.postgresAdminPassword);
  assert.equal((await stat(join(one, 'secrets.json'))).mode & 0o777, 0o600);
  assert.ok(new Set(Object.values(secrets)).size === 4 && Object.values(secrets).every((secret) => secret.length >= 19));
});

test('the state of a stack is read back as written and private; a broken one counts as none', async (t) => {
  const dir = await scratch(t);
  const state = {
    guardianPid: 7,
    guardianSocket: '/tmp/s',
    startedAt: 5,
    settings: defaultSettings,
    ports: { kafka: { broker: 20001, controller: 20002 } },
    components: ['kafka'] as const,
  };
  await writeState(dir, state);
  assert.deepEqual(await readState(dir), state);
  assert.equal((await stat(join(dir, 'stack.json'))).mode & 0o777, 0o600);
  await writeFile(join(dir, 'stack.json'), '{"guardianPid":"7"}');
  assert.equal(await readState(dir), null);
  const layout = await openLayout(dir);
  assert.equal((await stat(await layout.dataDir('kafka'))).mode & 0o777, 0o700);
  assert.equal((await stat(layout.pidDir)).mode & 0o777, 0o700);
});

test('a folder that others may write, or a link, is not ours', async (t) => {
  const dir = await scratch(t);
  assert.equal(await isOurs(dir), true);
  await mkdir(join(dir, 'open'));
  spawnSync('chmod', ['777', join(dir, 'open')]);
  assert.equal(await isOurs(join(dir, 'open')), false);
  spawnSync('ln', ['-s', dir, join(dir, 'link')]);
  assert.equal(await isOurs(join(dir, 'link')), false);
  assert.equal(await isOurs(join(dir, 'nothing')), false);
});

const silent = () => new Promise<never>(() => undefined);
const never = () => Promise.reject(new Error('refused'));

test('readiness is an answer: it is asked again until then, unless the process has died or time is up', async () => {
  let asked = 0;
  const third = async () => {
    if (++asked < 3) throw new Error('not yet');
  };
  const options = { maxMs: 2000, intervalMs: 1, hasExited: () => null };
  assert.deepEqual(await untilReady(third, options), { kind: 'ready' });
  assert.equal(asked, 3);
  assert.deepEqual(await untilReady(never, { ...options, hasExited: () => 'SIGKILL' }), { kind: 'exited', exit: 'SIGKILL' });
  assert.deepEqual(await untilReady(never, { ...options, maxMs: 20 }), { kind: 'late', lastError: 'refused' });
  const caller = AbortSignal.timeout(50);
  await assert.rejects(untilReady(silent, options, caller), 'one that never answers is let go of');
  await assert.rejects(untilReady(never, options, AbortSignal.abort(new Error('stop'))), /stop/);
});

test('the last lines of a log are read from its end, however long it is', async (t) => {
  const path = join(await scratch(t), 'x.log');
  await writeFile(path, Array.from({ length: 5000 }, (_, index) => `line ${index}`).join('\n'));
  assert.equal(await logTail(path, 2), 'line 4998\nline 4999');
  assert.equal(await logTail(`${path}.none`, 2), '(no log)');
});

test('the guardian takes only well-formed requests, however the bytes are cut', () => {
  const seen: unknown[] = [];
  const read = lineReader((value) => seen.push(value));
  const text = '{"op":"list"}\nnot json\n{"op":"stop","name":"kafka"}\n';
  for (const character of text) read(character);
  assert.deepEqual(seen.map(readRequest), [{ op: 'list' }, null, { op: 'stop', name: 'kafka' }]);
  assert.equal(readRequest({ op: 'signal', name: 'kafka', signal: 'SIGNOTHING' }), null);
  assert.equal(readRequest({ op: 'run', name: 'kafka', spec: { command: 'java' } }), null);
  assert.equal(readRequest({ op: 'shutdown', order: ['kafka'] }), null);
});

test('set-up says nothing on stdout and refuses an unknown command with exit code 2', async () => {
  const bootstrap = new URL('../../stack/setup/bootstrap.mjs', import.meta.url).pathname;
  const done = spawnSync(process.execPath, [bootstrap, 'nonsense'], { encoding: 'utf8' });
  assert.deepEqual([done.status, done.stdout], [2, '']);
  assert.match(done.stderr, /usage: .*foz\|test\|bench/);
  assert.doesNotMatch(await readFile(bootstrap, 'utf8'), /console\.log|process\.stdout\.write/);
});
