// A batch that kills the process is not tried for ever: after two deaths it is written by child processes, the rows that
// kill are found and rescued unread, and everything else is decoded as ever.

import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { isRebuilt, rebuildRecord } from '../../lake/raw/rebuild.ts';
import { isRecord } from '../../runtime/options.ts';
import { readRows } from '../unit/decode-fixture.ts';
import { deadly, deadlyUnread } from './poison-bug.ts';
import type { WorkerReply, WorkerTask } from './poison-worker.ts';
import type { PoisonReply, PoisonTask } from './poison-writer.ts';

/** Each halving is a process: small batches by default, larger ones with FOZ_TEST_LONG=1. */
const isLong = process.env['FOZ_TEST_LONG'] === '1';

const value = (id: number, name = 'n') => `{"before":null,"after":{"id":${id},"name":"${name}"},"source":{"ts_us":${id}},"op":"c"}`;

interface Life<R> {
  readonly reply: R | null;
  readonly signal: NodeJS.Signals | null;
}

/** One process, from start to end. */
function lifeOf<R>(module: string, task: object, isReply: (message: unknown) => message is R): Promise<Life<R>> {
  const child = fork(new URL(module, import.meta.url), {
    serialization: 'advanced',
    execArgv: [],
    // Deaths are loud.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const { promise, resolve } = Promise.withResolvers<Life<R>>();
  let reply: R | null = null;
  child.on('message', (message) => {
    if (isReply(message)) reply = message;
  });
  child.on('exit', (_, signal) => resolve({ reply, signal }));
  child.send(task);
  return promise;
}

const live = (task: PoisonTask): Promise<Life<PoisonReply>> =>
  lifeOf('./poison-writer.ts', task, (message): message is PoisonReply => isRecord(message) && typeof message['kind'] === 'string');

const liveWorker = (task: WorkerTask): Promise<Life<WorkerReply>> =>
  lifeOf('./poison-worker.ts', task, (message): message is WorkerReply => isRecord(message) && Array.isArray(message['rows']));

async function inFolder<T>(work: (tempDir: string) => Promise<T>): Promise<T> {
  const tempDir = await mkdtemp(join(tmpdir(), 'foz-poison-'));
  try {
    return await work(tempDir);
  } finally {
    await rm(tempDir, { recursive: true, force: true });
  }
}

test('rows that kill are found after two deaths and rescued with their exact text; every other row is typed', { timeout: 180_000 }, () =>
  inFolder(async (tempDir) => {
    const binary = Buffer.concat([Buffer.from(`{"${deadly}":"`), Buffer.of(0xff, 0xfe), Buffer.from('"}')]);
    const values: readonly (readonly (string | Uint8Array)[])[] = [
      Array.from({ length: isLong ? 12 : 4 }, (_, i) => (i === 2 ? value(i, deadly) : value(i))),
      Array.from({ length: isLong ? 4 : 2 }, (_, i) => (i === 1 ? binary : value(100 + i))),
    ];
    const total = values.flat().length;
    const attempts = { directory: join(tempDir, 'attempts'), table: 'users' };
    const task = { options: { tempDir, attempts }, values };
    for (const life of ['first', 'second']) assert.equal((await live(task)).signal, 'SIGABRT', `the ${life} life dies`);
    const { reply, signal } = await live(task);
    assert.equal(signal, null);
    assert(reply?.kind === 'written', JSON.stringify(reply));
    assert.equal(reply.written.files.length, 1, 'one file again, once the poison is known');
    assert.equal(reply.written.rows, total);
    assert.equal(reply.written.rescued, 2);
    assert.deepEqual(
      (await readdir(tempDir)).filter((name) => name !== 'attempts'),
      reply.written.files.map(({ path }) => path.slice(tempDir.length + 1)),
      'nothing else is left behind',
    );
    const rows = await readRows(reply.written);
    const shapes = new Map(reply.plan.shapes.map((shape) => [shape.number, shape]));
    const seen = new Set<string>();
    for (const row of rows) {
      const [partition, offset] = [Number(row['_log_partition']), Number(row['_log_offset'])];
      seen.add(`${partition}:${offset}`);
      const original = values[partition]?.[offset];
      assert(original !== undefined);
      assert(isRebuilt(rebuildRecord(row, shapes).value, Buffer.from(original)), `${partition}:${offset} does not rebuild`);
      const rescued = row['_rescued'];
      const reason = isRecord(rescued) ? rescued['reason'] : null;
      const expected = partition === 0 && offset === 2 ? 'poison' : partition === 1 && offset === 1 ? 'not-utf8: poison' : null;
      assert.equal(reason, expected, `${partition}:${offset}`);
    }
    assert.equal(seen.size, total, 'every row once');

    // Killed before the commit, the batch is read again: the poison is known by now.
    const again = await live({ ...task, options: { ...task.options, isolatedRunsMax: 0 } });
    assert(again.reply?.kind === 'written', JSON.stringify(again.reply));
    assert.equal(again.reply.written.rescued, 2);
    assert.deepEqual(await readdir(attempts.directory), ['users.json'], 'no marker is left');
  }),
);

test('another batch, and another value under the same offset, are written by the process itself', { timeout: 120_000 }, () =>
  inFolder(async (tempDir) => {
    const attempts = { directory: join(tempDir, 'attempts'), table: 'users' };
    const options = { tempDir, attempts, isolatedRunsMax: 20 };
    for (let i = 0; i < 2; i++) await live({ options, values: [[value(0, deadly)]] });
    const isolated = await live({ options, values: [[value(0, deadly)]] });
    assert(isolated.reply?.kind === 'written' && isolated.reply.written.rescued === 1, JSON.stringify(isolated.reply));
    const other = await live({ options: { ...options, isolatedRunsMax: 0 }, values: [[value(0)]] });
    assert(other.reply?.kind === 'written', JSON.stringify(other.reply));
    assert.equal(other.reply.written.rescued, 0);
  }),
);

test('a row that kills even unread is BATCH_POISONED, not another death', { timeout: 120_000 }, () =>
  inFolder(async (tempDir) => {
    const task = {
      options: { tempDir, attempts: { directory: join(tempDir, 'attempts'), table: 'users' } },
      values: [[value(0, deadlyUnread)]],
    };
    for (let i = 0; i < 2; i++) assert.equal((await live(task)).signal, 'SIGABRT');
    for (let i = 0; i < 2; i++) {
      const { reply } = await live(task);
      assert(reply?.kind === 'failed');
      assert.equal(reply.code, 'BATCH_POISONED');
      assert.match(reply.message, /SIGABRT/);
    }
    assert.deepEqual(await readdir(tempDir), ['attempts']);
  }),
);

test('a worker started again and again ends with every row in the table, once, and the poison rescued', { timeout: 180_000 }, () =>
  inFolder(async (directory) => {
    const [count, killer] = isLong ? [30, 20] : [6, 4];
    const task = { directory, values: Array.from({ length: count }, (_, i) => (i === killer ? value(i, deadly) : value(i))) };
    for (let i = 0; i < 2; i++) assert.equal((await liveWorker(task)).signal, 'SIGABRT');
    const { reply } = await liveWorker(task);
    assert(reply, 'the third life answers');
    assert.equal(reply.halted, null);
    assert.deepEqual(
      reply.rows.map((row) => row.map((cell) => (typeof cell === 'bigint' ? Number(cell) : cell))),
      task.values.map((text, i) => (i === killer ? [i, null, text, 'poison'] : [i, i, null, null])),
    );
  }),
);

test('a worker halts the table where a row kills even unread', { timeout: 180_000 }, () =>
  inFolder(async (directory) => {
    const task = { directory, values: [value(0, deadlyUnread)] };
    for (let i = 0; i < 2; i++) assert.equal((await liveWorker(task)).signal, 'SIGABRT');
    assert.equal((await liveWorker(task)).reply?.halted, 'BATCH_POISONED');
  }),
);
