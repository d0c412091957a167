// What the stores of the quality jobs promise, in memory and on SQLite, and a file of before.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { migrations } from '../../catalog/store/migrations.ts';
import { sqliteCatalogStore } from '../../catalog/store/sqlite-catalog-store.ts';
import { qualityStoreSuite, sharedQualityStoreSuite } from './quality-store-suite.ts';
import { memoryWorld, sqliteWorld } from './store-world.ts';

for (const world of [memoryWorld, sqliteWorld]) qualityStoreSuite(world);
sharedQualityStoreSuite(sqliteWorld);

test('sqlite: a file from before the numbers of results were counted goes on where it was, also when the newest are gone', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'foz-quality-'));
  const path = join(folder, 'catalog.db');
  try {
    const old = new DatabaseSync(path);
    old.exec('CREATE TABLE migrations (version INTEGER NOT NULL PRIMARY KEY, applied_at TEXT NOT NULL) STRICT');
    for (const [at, migration] of migrations.slice(0, 5).entries()) {
      old.exec(String(migration));
      old.exec(`INSERT INTO migrations VALUES (${at + 1}, 'then')`);
    }
    old.exec("INSERT INTO quality_order (number, key) VALUES (7, 'gone'); DELETE FROM quality_order");
    old.close();
    await using store = await sqliteCatalogStore({ path });
    assert.deepEqual(await store.quality.resultsAfter(0, 10), { last: 7, results: [] });
    const result = {
      key: 'k',
      runId: 'r',
      checkId: 'c',
      table: 't',
      snapshotId: null,
      outcome: 'passed',
      at: 1,
      value: null,
      record: '{}',
    };
    await store.quality.addResults([result]);
    assert.deepEqual(await store.quality.resultsAfter(0, 10), { last: 8, results: [{ number: 8, result }] });
  } finally {
    await rm(folder, { recursive: true });
  }
});
