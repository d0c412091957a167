// The schedule killed again and again in the middle of its runs: every run is complete in the end, and nothing is there twice.

import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import type { QualityStore, StoredResult } from '../../catalog/store/quality-store.ts';
import { sqliteCatalogStore } from '../../catalog/store/sqlite-catalog-store.ts';
import { randomInt, seededRandom } from '../../runtime/random.ts';
import { runOfRecord } from '../../quality/run/run-record.ts';
import { killChecks } from './quality-kill-checks.ts';

const child = fileURLToPath(new URL('quality-kill-child.ts', import.meta.url));
const kills = process.env['FOZ_TEST_LONG'] === '1' ? 60 : 4;
const runMs = 150;

/** Killed somewhere in its first run, or left alone until `rounds` runs have ended. */
async function session(path: string, rounds: number, killAfterMs: number | null): Promise<void> {
  const process = fork(child, [path, String(rounds)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const ended = new Promise<void>((resolve) => process.once('exit', () => resolve()));
  if (killAfterMs !== null) {
    await Promise.race([new Promise((resolve) => process.once('message', resolve)), ended]);
    await setTimeout(killAfterMs);
    process.kill('SIGKILL');
  }
  await ended;
}

async function allResults(store: QualityStore): Promise<readonly StoredResult[]> {
  const all = await store.listResults({ limit: 100_000 });
  assert.ok(all.length < 100_000);
  return all;
}

test(`killed ${kills} times in the middle: runs are complete, and no result is there twice`, { timeout: 300_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'foz-quality-kill-'));
  try {
    const path = join(folder, 'catalog.sqlite');
    const random = seededRandom(Number(process.env['FOZ_TEST_SEED'] ?? 5));
    for (let i = 0; i < kills; i++) await session(path, 0, randomInt(random, runMs));
    await session(path, 3, null);
    await using catalog = await sqliteCatalogStore({ path });
    const store = catalog.quality;
    const [results, runs] = [await allResults(store), await store.listRuns({ before: null, limit: 1000 })];
    assert.ok(runs.length >= 3);
    // One run, one result of each check it had to make; those of a snapshot may stand in the run that made them.
    const passed = new Map<string, number>();
    for (const stored of runs) {
      assert.notEqual(stored.endedAt, null, `run ${stored.id} never ended`);
      const slots = runOfRecord(stored)?.slots ?? new Map<string, number>();
      const ofRun = results.filter(({ runId }) => runId === stored.id);
      assert.equal(new Set(ofRun.map(({ checkId }) => checkId)).size, ofRun.length, `run ${stored.id} has a result twice`);
      for (const id of slots.keys()) {
        if (id.includes('.now-'))
          assert.ok(
            ofRun.some(({ checkId }) => checkId === id),
            `run ${stored.id} lacks ${id}`,
          );
      }
      for (const { checkId, outcome, record } of ofRun) {
        // A check that was measured alone whenever its process was killed is left alone in the end.
        assert.ok(outcome === 'passed' || /ended the process/.test(record), `${checkId} ${outcome}`);
        if (outcome === 'passed' && !checkId.includes('.now-')) passed.set(checkId, (passed.get(checkId) ?? 0) + 1);
      }
    }
    // The snapshot never changed: measured once, whatever happened; or left alone, which is told.
    for (const { id } of killChecks.filter(({ name }) => !name.startsWith('now-'))) {
      const isLeftAlone = results.some(({ checkId, outcome }) => checkId === id && outcome === 'error');
      assert.ok(passed.get(id) === 1 || (isLeftAlone && !passed.has(id)), `${id} was measured ${passed.get(id) ?? 0} times`);
    }
    // A time it was due is run once, and times go on.
    const slots = new Map<string, number[]>();
    for (const stored of runs.toReversed())
      for (const [id, slot] of runOfRecord(stored)?.slots ?? []) slots.set(id, [...(slots.get(id) ?? []), slot]);
    for (const [id, of] of slots) {
      const inOrder = of.toSorted((a, b) => a - b);
      assert.equal(new Set(of).size, of.length, `${id} ran twice for one time`);
      assert.deepEqual(of, inOrder);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
