// Nothing is left behind, whoever dies first.

import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import test, { type TestContext } from 'node:test';
import { readStack, stopStack } from '../../stack/stack.ts';
import { startGuardian } from '../../stack/process/guardian-client.ts';
import type { ProcessSpec } from '../../stack/process/protocol.ts';
import { openLayout, type StackLayout } from '../../stack/state.ts';
import { noneLeft, processesNaming, stackFolder, survivors } from './stack-processes.ts';

const parentProgram = new URL('./stack-parent.ts', import.meta.url).pathname;
const timeout = 150_000;

function startParent(t: TestContext, dir: string, components: string, mode = ''): ChildProcess {
  const parent = spawn(process.execPath, [parentProgram, dir, components, mode], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => parent.kill('SIGKILL'));
  return parent;
}

/** The first line for which `pick` finds something. */
async function firstLine<T>(parent: ChildProcess, pick: (line: Record<string, unknown>) => T | null): Promise<T> {
  assert.ok(parent.stdout !== null);
  for await (const text of createInterface(parent.stdout)) {
    const picked = pick(JSON.parse(text) as Record<string, unknown>);
    if (picked !== null) return picked;
  }
  throw new Error('the parent ended first');
}

const runningPids = (line: Record<string, unknown>) =>
  Array.isArray(line['pids']) ? [Number(line['guardian']), ...line['pids'].map(Number)] : null;

test('SIGKILL of the process that started a stack ends every component within 20 s', { timeout }, async (t) => {
  const dir = await stackFolder(t);
  const parent = startParent(t, dir, 'kafka,s3,postgres');
  const pids = await firstLine(parent, runningPids);
  assert.equal(pids.length, 4);
  assert.deepEqual(await survivors(pids, 0), pids, 'all run before');
  parent.kill('SIGKILL');
  assert.deepEqual(await survivors(pids, 20_000), []);
  await noneLeft(dir);
  assert.equal(await readStack(dir), null);
});

test('a parent killed while the stack starts leaves nothing, even when the stack was to live on', { timeout }, async (t) => {
  const dir = await stackFolder(t);
  const parent = startParent(t, dir, 'kafka,postgres', 'detached');
  await firstLine(parent, (line) => (line['state'] === 'starting' && line['component'] === 'kafka' ? true : null));
  parent.kill('SIGKILL');
  const pids = processesNaming(dir);
  assert.ok(pids.length > 0);
  assert.deepEqual(await survivors(pids, 20_000), []);
});

test('a detached stack outlives its parent, is joined by another process, and ends when it is told', { timeout }, async (t) => {
  const dir = await stackFolder(t);
  const parent = startParent(t, dir, 'postgres', 'detached');
  const pids = await firstLine(parent, runningPids);
  parent.kill('SIGKILL');
  assert.deepEqual(await survivors(pids, 1500), pids);
  {
    await using stack = await readStack(dir);
    assert.deepEqual(
      (await stack?.status())?.map(({ name, isRunning }) => ({ name, isRunning })),
      [{ name: 'postgres', isRunning: true }],
    );
  }
  assert.deepEqual(await survivors(pids, 500), pids, 'letting go of it does not end it');
  assert.equal(await stopStack(dir), true);
  assert.deepEqual(await survivors(pids, 1000), []);
  assert.equal(await stopStack(dir), false);
});

test('components of a guardian that was killed itself are ended by the next stop', { timeout }, async (t) => {
  const dir = await stackFolder(t);
  const parent = startParent(t, dir, 'postgres', 'detached');
  const [guardian = 0, ...pids] = await firstLine(parent, runningPids);
  process.kill(guardian, 'SIGKILL');
  assert.deepEqual(await survivors([guardian], 5000), []);
  assert.deepEqual(await survivors(pids, 500), pids, 'they run on, unguarded');
  assert.equal(await stopStack(dir), true);
  assert.deepEqual(await survivors(pids, 10_000), []);
});

test('an owner that goes while it waits for its shutdown does not cut that short', { timeout }, async (t) => {
  const layout = await openLayout(await stackFolder(t));
  const guardian = await startGuardian(layout.pidDir, layout.log('guardian'));
  const slow = await guardian.run('slow', shell(layout, "trap '' TERM; while :; do sleep 1; done", 2000));
  await new Promise((resolve) => setTimeout(resolve, 300));
  const ended = guardian.shutdown([['slow']]).catch(() => undefined);
  await guardian.close();
  await ended;
  assert.deepEqual(await survivors([slow.pid, guardian.pid], 12_000), []);
});

test('a component that ends with one of its exit codes is started again, one that was stopped is not', { timeout }, async (t) => {
  const layout = await openLayout(await stackFolder(t));
  const guardian = await startGuardian(layout.pidDir, layout.log('guardian'));
  t.after(() => guardian.shutdown([]).catch(() => undefined));
  const once = 'test -e "$0/ended" && exec sleep 1000; touch "$0/ended"; exit 3';
  const first = await guardian.run('reader', { ...shell(layout, once, 1000), restartOn: ['3'] });
  const running = async () => (await guardian.list()).find((member) => member.isRunning)?.pid;
  for (let tries = 0; [undefined, first.pid].includes(await running()); tries++) {
    assert.ok(tries < 300, 'it is not started again');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.match(await readFile(layout.log('kafka'), 'utf8'), /foz: reader ended with exit code 3 and is started again \(1 of at most 10/);
  await guardian.stop('reader');
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert.equal(await running(), undefined);
});

test('a component that ignores SIGTERM, one that is paused and one with helpers all end with the guardian', { timeout }, async (t) => {
  const layout = await openLayout(await stackFolder(t));
  const guardian = await startGuardian(layout.pidDir, layout.log('guardian'));
  t.after(() => guardian.shutdown([]).catch(() => undefined));
  const spec = (script: string) => shell(layout, script, 1000);
  const deaf = await guardian.run('deaf', spec("trap '' TERM; while :; do sleep 1; done"));
  const paused = await guardian.run('paused', spec('while :; do sleep 1; done'));
  const helped = await guardian.run('helped', spec('sleep 1000 & sleep 1000 & wait'));
  await guardian.signal('paused', 'SIGSTOP');
  const exits: string[] = [];
  guardian.onExit((status) => exits.push(`${status.name} ${status.exit}`));
  const startedAt = Date.now();
  await guardian.shutdown([['helped', 'paused'], ['deaf']]);
  assert.ok(Date.now() - startedAt < 8000);
  assert.deepEqual(await survivors([deaf.pid, paused.pid, helped.pid, guardian.pid], 1000), []);
  await noneLeft(layout.root);
  assert.deepEqual(exits.sort(), ['deaf SIGKILL', 'helped SIGTERM', 'paused SIGTERM']);
});

function shell(layout: StackLayout, script: string, stopGraceMs: number): ProcessSpec {
  const args = ['-c', script, layout.root];
  return { command: '/bin/sh', args, cwd: layout.root, env: {}, log: layout.log('kafka'), stopSignal: 'SIGTERM', stopGraceMs };
}
