// A child process that changes a store as fast as it can, and SIGKILL in the middle of it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';

/**
 * `child` is a module that writes a number a line to descriptor 1 after each change of the store at `path`. Killed some
 * milliseconds after its n-th line; returns the last number it told.
 */
export async function killAfter(child: string, path: string, lines: number, delayMs: number): Promise<number> {
  // A file takes every line at once; a pipe that nobody empties in time would keep lines back in the child.
  const toldFile = `${path}.told`;
  await using told = await open(toldFile, 'w');
  const writer = spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', child, path], {
    stdio: ['ignore', told.fd, 'inherit'],
  });
  const exited = once(writer, 'exit');
  const toldLines = async () => (await readFile(toldFile, 'utf8')).split('\n').slice(0, -1);
  while ((await toldLines()).length < lines && writer.exitCode === null) await setTimeout(5);
  await setTimeout(delayMs);
  writer.kill('SIGKILL');
  await exited;
  assert.equal(writer.signalCode, 'SIGKILL');
  return Number((await toldLines()).at(-1));
}
