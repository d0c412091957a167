// What the stores of the registry promise, in memory and on SQLite, and files of before.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { migrations } from '../../catalog/store/migrations.ts';
import { sqliteCatalogStore } from '../../catalog/store/sqlite-catalog-store.ts';
import { contractStoreSuite, sharedContractStoreSuite } from './contract-store-suite.ts';
import { memoryWorld, sqliteWorld } from './store-world.ts';

for (const world of [memoryWorld, sqliteWorld]) contractStoreSuite(world);
sharedContractStoreSuite(sqliteWorld);

async function withFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'foz-registry-'));
  try {
    await run(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('sqlite: a file from before there were contracts keeps its tables', () =>
  withFolder(async (folder) => {
    const path = join(folder, 'catalog.db');
    const old = new DatabaseSync(path);
    old.exec('CREATE TABLE migrations (version INTEGER NOT NULL PRIMARY KEY, applied_at TEXT NOT NULL) STRICT');
    old.exec(String(migrations[0]));
    old.exec(`INSERT INTO migrations VALUES (1, 'then'); INSERT INTO namespaces VALUES ('raw', '', 'raw', '{}')`);
    old.exec(`INSERT INTO tables VALUES ('raw', 'users', 'u', 'm://1')`);
    old.close();
    await using store = await sqliteCatalogStore({ path });
    assert.equal((await store.getRelation('table', { namespace: ['raw'], name: 'users' }))?.metadataLocation, 'm://1');
    assert.deepEqual(await store.contracts.contractOfTable('users'), null);
  }));
