// `foz quality` over a small lake that the real worker filled, with the files a person would write.

import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { history } from '../../cli/commands/quality/history.ts';
import { run } from '../../cli/commands/quality/run.ts';
import { show } from '../../cli/commands/quality/show.ts';
import { LakeError } from '../../runtime/errors.ts';
import { foz, withLake } from './quality-command-fixture.ts';

const entry = fileURLToPath(new URL('../../bin/foz.mjs', import.meta.url));

const clean = [
  { id: 1, email: 'ann@example.org', status: 'active' },
  { id: 2, email: 'bob@example.org', status: 'closed' },
];

test('a fault in the data fails its check alone, is shown with its rows, and is remembered', () =>
  withLake(async (folder, land) => {
    await land(clean);
    const passed = await foz(folder, run, [], true);
    const report = JSON.parse(passed.stdout);
    assert.deepEqual(
      [passed.code, report.results.map(({ outcome }: { outcome: string }) => outcome)],
      [0, Array(5).fill('passed')],
      passed.stdout,
    );
    await land([{ id: 3, email: 'cid@example.org', status: 'lost' }]);
    const failed = await foz(folder, run, []);
    assert.equal(failed.code, 1);
    assert.match(failed.stdout, /FAILED\s+users\.invalid-values-status\s+1 of 3 rows \(33\.33 %\); expected 0/);
    assert.match(failed.stdout, /5 checks: 1 failed, 4 passed/);
    assert.match(failed.stdout, /lost/);
    const again = JSON.parse((await foz(folder, run, ['invalid-values-status'], true)).stdout);
    assert.deepEqual(
      again.results.map(({ isReused, outcome }: { isReused: boolean; outcome: string }) => [isReused, outcome]),
      [[true, 'failed']],
    );
    const kept = JSON.parse((await foz(folder, history, ['users.invalid-values-status'], true)).stdout);
    assert.deepEqual(
      kept.results.map(({ outcome }: { outcome: string }) => outcome),
      ['failed', 'passed'],
    );
    const shown = await foz(folder, show, ['users.invalid-values-status']);
    assert.equal(shown.code, 0);
    assert.match(shown.stdout, /declared\s+.*users\.yaml:5/);
    assert.match(shown.stdout, /FAILED at .*1 of 3 rows/);
    await assert.rejects(
      foz(folder, run, ['no-such-check']),
      (error) => error instanceof LakeError && /one of users\.row-count/.test(String(error.context['expected'])),
    );
  }));

test('served beside a worker: the check after each commit is run within seconds of it, and the process ends with its parent', () =>
  withLake(async (folder, land) => {
    await land(clean);
    const child = fork(entry, ['quality', 'serve', '-q', '-c', join(folder, 'foz.yaml')], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
    try {
      const failing = () =>
        new Promise<string>((resolve) => {
          child.on('message', (message: unknown) => {
            const text = JSON.stringify(message);
            if (text.includes('users.duplicate-values-email')) resolve(text);
          });
        });
      const found = failing();
      await land([{ id: 4, email: 'ann@example.org', status: 'active' }]);
      assert.match(await found, /"isLeader":true.*1 of 3 rows/);
    } finally {
      child.disconnect();
    }
    assert.equal(await ended, 0);
    const kept = JSON.parse((await foz(folder, history, ['users.duplicate-values-email'], true)).stdout);
    assert.equal(kept.results[0].outcome, 'failed');
  }));
