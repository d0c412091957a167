// SIGKILL in the middle of commits to a catalog on SQLite: the file opens without repair.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sqliteCatalogStore } from '../../catalog/store/sqlite-catalog-store.ts';
import { killSuite, moduleUrl } from './kill-suite.ts';

const rounds = process.env['FOZ_TEST_LONG'] === '1' ? 200 : 6;

killSuite('sqlite', rounds, async (run) => {
  const folder = await mkdtemp(join(tmpdir(), 'foz-kill-'));
  const path = join(folder, 'catalog.db');
  const opening = `
    const { sqliteCatalogStore } = await import(${moduleUrl('catalog/store/sqlite-catalog-store.ts')});
    const store = await sqliteCatalogStore({ path: ${JSON.stringify(path)} });`;
  try {
    await run({ opening, open: () => sqliteCatalogStore({ path }) });
  } finally {
    await rm(folder, { recursive: true });
  }
});
