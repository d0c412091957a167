// What the catalog's stores promise of entities and the audit log, in memory and on SQLite.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { sqliteCatalogStore } from '../../catalog/store/sqlite-catalog-store.ts';
import { auditStoreSuite } from './audit-store-suite.ts';
import { entityStoreSuite } from './entity-store-suite.ts';
import { memoryWorld, sqliteWorld } from './store-world.ts';

for (const world of [memoryWorld, sqliteWorld]) {
  auditStoreSuite(world);
  entityStoreSuite(world);
}

test('sqlite: whoever opens the file cannot change an entry of the audit log, nor delete one that is not of rows alone', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'foz-store-'));
  try {
    const path = join(folder, 'catalog.db');
    const store = await sqliteCatalogStore({ path });
    const entry = { at: 1, actor: 'ana', action: 'namespace.create', subject: 'raw', before: null, after: {} } as const;
    await store.insertNamespace({ namespace: ['raw'], properties: {} }, { audit: [entry], reply: null });
    await store[Symbol.asyncDispose]();
    const database = new DatabaseSync(path);
    assert.throws(() => database.exec("UPDATE audit SET actor = 'bob'"), /append-only/);
    assert.throws(() => database.exec('DELETE FROM audit'), /append-only/);
    database.close();
  } finally {
    await rm(folder, { recursive: true });
  }
});
