// Finding poison without processes: what is run, what is remembered across deaths, and who writes at a time.

import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { LakeError } from '../../runtime/errors.ts';
import { openAttempts } from '../../sync/decode/attempts.ts';
import { decodeEngine } from '../../sync/decode/decode-engine.ts';
import type { WrittenBatch } from '../../sync/decode/decoder.ts';
import { isolate, type RunIsolated } from '../../sync/decode/isolate.ts';

const written = (rows: number, rescued: number): WrittenBatch => ({ kind: 'written', files: [], rows, rescued, changedAtUs: null });

/** Dies where a row of `deadly` is decoded. */
function runsOver(deadly: ReadonlySet<number>, runs: string[] = []): RunIsolated {
  return async (from, to, poison) => {
    runs.push(`${from}-${to}`);
    const dies = [...deadly].some((row) => row >= from && row < to && !poison.has(row));
    if (dies) return { kind: 'died', how: 'SIGSEGV' };
    return { kind: 'lived', outcome: written(to - from, [...poison].filter((row) => row >= from && row < to).length) };
  };
}

const at = (from: number, to: number, partition = 0) => [{ partition, from: BigInt(from), to: BigInt(to) }];

test('exactly the rows that kill are found, wherever they stand, and the batch is then written whole', async () => {
  for (const deadly of [[0], [99], [0, 1, 2], [13, 77], [49, 50], [98, 99], []]) {
    const poison = new Set<number>();
    const runs: string[] = [];
    const outcome = await isolate(100, poison, runsOver(new Set(deadly), runs), 100);
    assert.deepEqual([...poison], deadly);
    assert.deepEqual(outcome, written(100, deadly.length));
    assert.equal(runs.at(-1), '0-100');
  }
});

test('a death that does not come again poisons no row', async () => {
  let deaths = 1;
  const healthy = runsOver(new Set());
  const poison = new Set<number>();
  const outcome = await isolate(1, poison, async (...args) => (deaths-- > 0 ? { kind: 'died', how: 'SIGKILL' } : healthy(...args)), 10);
  assert.deepEqual([outcome, poison.size], [written(1, 0), 0]);
});

test('a batch that dies only as a whole is written in halves, every row once', async () => {
  const poison = new Set<number>();
  const run: RunIsolated = async (from, to) =>
    to - from > 30 ? { kind: 'died', how: 'SIGKILL' } : { kind: 'lived', outcome: written(to - from, 0) };
  assert.deepEqual(await isolate(100, poison, run, 10), written(100, 0));
  assert.equal(poison.size, 0);
});

test('more children than allowed is BATCH_POISONED; what was found is kept', async () => {
  const poison = new Set<number>();
  await assert.rejects(isolate(64, poison, runsOver(new Set([0, 63])), 12), { code: 'BATCH_POISONED' });
  assert.deepEqual([...poison], [0]);
});

test('deaths are counted across restarts and batches, by offsets; passing them ends the suspicion', async () => {
  await inFolder(async (directory) => {
    const first = await openAttempts({ directory, table: 'users' });
    await first.begin(at(0, 100), 100);
    const second = await openAttempts({ directory, table: 'users' });
    assert.deepEqual([second.deaths(at(99, 200)), second.deaths(at(100, 200)), second.deaths(at(0, 100, 1))], [1, 0, 0]);
    const done = await second.begin(at(0, 50), 50);
    await done();
    await second.passed(at(0, 50));
    await second.begin(at(50, 150), 100);
    const third = await openAttempts({ directory, table: 'users' });
    assert.deepEqual([third.deaths(at(149, 150)), third.deaths(at(150, 151))], [2, 0]);
    await third.addPoison([{ partition: 0, offset: 70n, sha256: 'ab' }]);
    await third.passed(at(50, 150));
    const fourth = await openAttempts({ directory, table: 'users' });
    assert.equal(fourth.deaths(at(0, 1000)), 0);
    assert.deepEqual(fourth.poison, [{ partition: 0, offset: 70n, sha256: 'ab' }]);
  });
});

test('a marker of a living process is no death, nor is another table’s; a file cut short is forgotten', async () => {
  await inFolder(async (directory) => {
    const spans = [{ partition: 0, from: 0n, to: 10n }];
    const marker = JSON.stringify({ deaths: 5, spans: [{ partition: 0, from: '0', to: '10' }] });
    await writeFile(join(directory, `users.${process.ppid}.json`), marker);
    await writeFile(join(directory, `users_2.${process.pid}.json`), marker);
    await writeFile(join(directory, 'users.json'), '{"suspects":[{"part');
    const attempts = await openAttempts({ directory, table: 'users' });
    assert.equal(attempts.deaths(spans), 0);
    assert.equal((await readdir(directory)).length, 3);
  });
});

test('I9: a write that meets the memory limit beside others is tried once more, alone', async () => {
  await inFolder(async (tempDir) => {
    await using lease = await decodeEngine({ tempDir, writesMax: 2 }).lease();
    let running = 0;
    let most = 0;
    const write = (hungry: boolean) => async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 5));
      const company = running > 1;
      running--;
      if (hungry && company) throw new LakeError('LIMIT_EXCEEDED', 'out of memory');
      return hungry;
    };
    const outcomes = await Promise.all([true, false, true, false, true].map((hungry) => lease.inTurn(write(hungry))));
    assert.deepEqual(outcomes, [true, false, true, false, true]);
    assert.equal(most, 2);
    await assert.rejects(
      lease.inTurn(async () => {
        throw new LakeError('LIMIT_EXCEEDED', 'the disk is full');
      }),
      /disk is full/,
    );
    const abort = new AbortController();
    const block = Promise.withResolvers<void>();
    const both = [lease.inTurn(() => block.promise), lease.inTurn(() => block.promise)];
    const waiting = lease.inTurn(async () => 'never', abort.signal);
    abort.abort(new Error('stopped'));
    await assert.rejects(waiting, /stopped/);
    block.resolve();
    await Promise.all(both);
    assert.equal(await lease.inTurn(async () => 'free again'), 'free again');
  });
});

test('one DuckDB for all leases, closed with the last of them', async () => {
  await inFolder(async (tempDir) => {
    const engine = decodeEngine({ tempDir });
    const [first, second] = [await engine.lease(), await engine.lease()];
    assert.equal(first.duckdb, second.duckdb);
    await first[Symbol.asyncDispose]();
    assert.deepEqual(await second.duckdb.query('SELECT 1'), [[1]]);
    await second[Symbol.asyncDispose]();
    await assert.rejects(second.duckdb.query('SELECT 1'));
    await using third = await engine.lease();
    assert.deepEqual(await third.duckdb.query('SELECT 2'), [[2]]);
  });
});

async function inFolder(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'foz-isolate-'));
  try {
    await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
