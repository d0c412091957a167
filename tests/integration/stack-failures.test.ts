// A start that cannot succeed says why, names the log, and leaves nothing running.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test from 'node:test';
import { LakeError } from '../../runtime/errors.ts';
import { readStack, removeStack, startStack, type StackEvent } from '../../stack/stack.ts';
import { noneLeft, stackFolder } from './stack-processes.ts';

const timeout = 180_000;

test(
  'a component that dies while starting is an error with its log’s path and last lines, and takes the others along',
  { timeout },
  async (t) => {
    const dir = await stackFolder(t);
    const events: StackEvent[] = [];
    const start = startStack({
      dir,
      components: ['s3', 'postgres'],
      settings: { jvmOptions: { s3: ['-XX:+NoSuchFlagAtAll'] } },
      onProgress: (event) => events.push(event),
    });
    await assert.rejects(start, (error) => {
      assert.ok(error instanceof LakeError);
      assert.equal(error.code, 'COMPONENT_FAILED');
      assert.equal(error.context['component'], 's3');
      assert.ok(error.message.includes(join(dir, 'logs/s3.log')));
      assert.match(error.message, /Unrecognized VM option 'NoSuchFlagAtAll'/);
      return true;
    });
    assert.ok(events.some(({ component, state }) => component === 's3' && state === 'failed'));
    await noneLeft(dir);
    assert.equal(await readStack(dir), null);
  },
);

test('a port that somebody takes just before the component binds it is replaced by another', { timeout }, async (t) => {
  const dir = await stackFolder(t);
  const thief = createServer();
  let stolen = 0;
  const onProgress = ({ component, state }: StackEvent) => {
    if (component !== 's3' || state !== 'starting' || stolen !== 0) return;
    stolen = Number(/127\.0\.0\.1:(\d+)/.exec(readFileSync(join(dir, 'conf/s3/s3proxy.conf'), 'utf8'))?.[1]);
    thief.listen(stolen, '127.0.0.1');
  };
  t.after(() => thief.close());
  await using stack = await startStack({ dir, components: ['s3'], onProgress });
  assert.ok(stolen > 0);
  assert.notEqual(stack.endpoint('s3').endpoint, `http://127.0.0.1:${stolen}`);
  assert.match(await readFile(stack.log('s3'), 'utf8'), /Failed to bind|Address already in use|BindException/);
});

test('a start that is called off leaves nothing', { timeout }, async (t) => {
  const dir = await stackFolder(t);
  const caller = new AbortController();
  const onProgress = ({ state }: StackEvent) => {
    if (state === 'starting') setTimeout(() => caller.abort(new Error('called off')), 300);
  };
  await assert.rejects(startStack({ dir, components: ['s3', 'postgres'], onProgress }, caller.signal), /called off/);
  await noneLeft(dir);
});

const onPostgresReady = () => Promise.reject(new Error('the schema is wrong'));

test('a hook that fails fails the start', { timeout }, async (t) => {
  const dir = await stackFolder(t);
  await assert.rejects(startStack({ dir, components: ['postgres'], onPostgresReady }), /the schema is wrong/);
  await noneLeft(dir);
});

test('removing a stack removes what it made and nothing else', { timeout }, async (t) => {
  const dir = await stackFolder(t);
  await mkdir(join(dir, 'notes'), { recursive: true });
  await startStack({ dir, components: ['postgres'], detached: true });
  await removeStack(dir);
  await noneLeft(dir);
  await assert.rejects(stat(join(dir, 'data')));
  assert.ok((await stat(join(dir, 'notes'))).isDirectory());
});
