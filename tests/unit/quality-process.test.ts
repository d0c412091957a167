// The process of the quality jobs beside the worker: it may die as often as it likes.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import type { Clock } from '../../runtime/clock.ts';
import { systemClock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/log.ts';
import { silentLogger } from '../../runtime/log.ts';
import { startQualityProcess } from '../../cli/quality/quality-process.ts';

/** Tells its status, then dies as its turn says; the fourth lives until it is told to stop. */
const program = `
import { appendFileSync, readFileSync } from 'node:fs';
const file = process.argv.at(-1);
appendFileSync(file, 'x');
const turn = readFileSync(file, 'utf8').length;
process.send({ kind: 'quality', status: { turn, heap: process.execArgv.join(' '), signalAt: process.env.FOZ_SIGNAL_AT ?? null } });
if (turn === 1) setTimeout(() => process.kill(process.pid, 'SIGSEGV'), 20);
if (turn === 2) setTimeout(() => process.exit(2), 20);
if (turn === 3) setTimeout(() => process.kill(process.pid, 'SIGKILL'), 20);
process.on('disconnect', () => undefined);
process.on('SIGTERM', () => process.disconnect());
`;

test('it is started again with growing pauses however it ended, says how it is, and ends when it is told to', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'foz-quality-process-'));
  const stop = new AbortController();
  try {
    const entry = join(folder, 'entry.mjs');
    await writeFile(entry, program);
    const pauses: number[] = [];
    const clock: Clock = {
      now: () => systemClock.now(),
      sleep: async (ms, signal) => {
        pauses.push(ms);
        await systemClock.sleep(1, signal);
      },
    };
    const ends: string[] = [];
    const logger: Logger = { ...silentLogger, warn: (fields) => ends.push(String(fields['how'])) };
    process.env['FOZ_SIGNAL_AT'] = 'commit';
    const running = startQualityProcess({ entry, configFile: join(folder, 'turns'), clock, logger }, stop.signal);
    for (let i = 0; i < 400 && running.status()['turn'] !== 4; i++) await systemClock.sleep(50);
    const { heap, ...told } = running.status();
    assert.deepEqual(told, { state: 'running', starts: 4, turn: 4, signalAt: null });
    assert.match(String(heap), /--max-old-space-size=256/);
    assert.deepEqual(ends, ['ended by SIGSEGV', 'ended with exit code 2', 'ended by SIGKILL']);
    assert.deepEqual(pauses, [1000, 2000, 4000]);
    stop.abort();
    await running.done;
    assert.equal(running.status()['state'], 'ended with exit code 0');
  } finally {
    stop.abort();
    delete process.env['FOZ_SIGNAL_AT'];
    await rm(folder, { recursive: true, force: true });
  }
});
