// What the catalog's stores promise, in memory and on SQLite, and what only SQLite does: its file.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { sqliteCatalogStore } from '../../catalog/store/sqlite-catalog-store.ts';
import { LakeError } from '../../runtime/errors.ts';
import { catalogStoreSuite, sharedCatalogStoreSuite } from './catalog-store-suite.ts';
import { placeStoreSuite } from './place-store-suite.ts';
import { relationStoreSuite } from './relation-store-suite.ts';
import { replyStoreSuite } from './reply-store-suite.ts';
import { memoryWorld, sqliteWorld } from './store-world.ts';
import { tokenStoreSuite } from './token-store-suite.ts';

for (const world of [memoryWorld, sqliteWorld]) {
  catalogStoreSuite(world);
  relationStoreSuite(world);
  placeStoreSuite(world);
  replyStoreSuite(world);
  tokenStoreSuite(world);
}
sharedCatalogStoreSuite(sqliteWorld);

const ident = { namespace: ['raw'], name: 'users' };

async function withFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'foz-store-'));
  try {
    await run(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const refused = (pattern: RegExp) => (error: unknown) =>
  error instanceof LakeError && error.code === 'CATALOG_REFUSED' && pattern.test(error.message);

test('sqlite: a file that is no database, and one of a newer program, are refused with the reason', () =>
  withFolder(async (folder) => {
    await writeFile(join(folder, 'text.db'), 'this is no database at all, only a text that is long enough to look at'.repeat(20));
    await assert.rejects(sqliteCatalogStore({ path: join(folder, 'text.db') }), refused(/not a database/));
    const path = join(folder, 'newer.db');
    await (await sqliteCatalogStore({ path }))[Symbol.asyncDispose]();
    const database = new DatabaseSync(path);
    database.exec("INSERT INTO migrations VALUES (99, 'later')");
    database.close();
    await assert.rejects(sqliteCatalogStore({ path }), refused(/schema version 99/));
  }));

test('sqlite: after close every call says the store is closed', () =>
  withFolder(async (folder) => {
    const store = await sqliteCatalogStore({ path: join(folder, 'catalog.db') });
    await store[Symbol.asyncDispose]();
    await assert.rejects(store.getRelation('table', ident), /is closed/);
    await store[Symbol.asyncDispose]();
  }));

test('sqlite: while another process holds the file, readers read; a writer waits for it, and no longer than it may', () =>
  withFolder(async (folder) => {
    const path = join(folder, 'catalog.db');
    await using store = await sqliteCatalogStore({ path, busyTimeoutMs: 200 });
    await store.insertNamespace({ namespace: ['raw'], properties: {} });
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    const [inserted, found] = await Promise.allSettled([
      store.insertNamespace({ namespace: ['more'], properties: {} }),
      store.getNamespace(['raw']),
    ]);
    assert.ok(inserted.status === 'rejected' && inserted.reason instanceof LakeError && inserted.reason.code === 'CATALOG_UNREACHABLE');
    assert.equal(found.status, 'fulfilled');
    other.exec('ROLLBACK');
    other.close();
    assert.equal(await store.insertNamespace({ namespace: ['more'], properties: {} }), 'inserted');
  }));
