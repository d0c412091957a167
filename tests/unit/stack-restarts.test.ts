// A component that ends to be started again is, but not for ever.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { restarts, restartsMax, restartsWindowMs } from '../../stack/process/restarts.ts';

test('a component is started again after its exit codes alone, a bounded number of times, and its log says so', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'foz-restarts-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const log = join(directory, 'agent.log');
  const spec = {
    command: 'java',
    args: [],
    cwd: directory,
    env: {},
    log,
    stopSignal: 'SIGTERM',
    stopGraceMs: 1,
    restartOn: ['3'],
  } as const;
  let [now, runs] = [0, 0];
  const again = restarts(
    async () => void runs++,
    () => now,
    0,
  );
  const ends = async (exit: string): Promise<number> => {
    again.ended('agent', spec, exit);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await setImmediate();
    return runs;
  };
  assert.equal(await ends('0'), 0);
  assert.equal(await ends('SIGKILL'), 0);
  for (let i = 1; i <= restartsMax; i++) assert.equal(await ends('3'), i);
  assert.equal(await ends('3'), restartsMax, 'enough');
  assert.match(await readFile(log, 'utf8'), /agent ended with exit code 3 and is not started again: 10 times were not enough/);
  now = restartsWindowMs;
  assert.equal(await ends('3'), restartsMax + 1, 'later it may again');
  again.ended('agent', spec, '3');
  again.forget('agent');
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(runs, restartsMax + 1, 'stopped meanwhile');
});
