// SIGKILL while a child process commits as fast as it can: the file holds the last pointer the child was told of, or the
// one it was about to be told of, and opens without repair (I3).

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { sqliteCatalogStore } from '../../catalog/store/sqlite-catalog-store.ts';
import { randomInt, seededRandom } from '../../runtime/random.ts';
import { killAfter } from './kill-after.ts';

const rounds = process.env['FOZ_TEST_LONG'] === '1' ? 100 : 6;
const ident = { namespace: ['raw'], name: 'users' };
const storeModule = new URL('../../catalog/store/sqlite-catalog-store.ts', import.meta.url).href;

/** Says each swap after it is done, one number a line. */
const child = `
  import { writeSync } from 'node:fs';
  const { sqliteCatalogStore } = await import(${JSON.stringify(storeModule)});
  const store = await sqliteCatalogStore({ path: process.argv[1] });
  const ident = ${JSON.stringify(ident)};
  for (let number = Number((await store.getRelation('table', ident)).metadataLocation); ; number++) {
    if ((await store.swapRelation('table', ident, String(number), String(number + 1))) !== 'swapped') process.exit(7);
    writeSync(1, (number + 1) + '\\n');
  }
`;

test('I3: a store killed in mid-commit holds the old pointer or the new one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'foz-kill-'));
  const path = join(folder, 'catalog.db');
  const random = seededRandom(20_261_121);
  try {
    {
      await using store = await sqliteCatalogStore({ path });
      await store.insertNamespace({ namespace: ['raw'], properties: {} });
      await store.insertRelation({ ident, kind: 'table', uuid: 'u', metadataLocation: '0' });
    }
    for (let round = 0; round < rounds; round++) {
      const told = await killAfter(child, path, 1 + randomInt(random, 40), randomInt(random, 8));
      await using store = await sqliteCatalogStore({ path });
      const found = Number((await store.getRelation('table', ident))?.metadataLocation);
      assert.ok(found === told || found === told + 1, `round ${round}: told ${told}, found ${found}`);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});
