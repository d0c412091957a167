// SIGKILL while a child process activates one version after the other: the file holds every version the child was told of,
// and perhaps the one it was about to be told of, each whole: document, state, events and table together.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { sqliteCatalogStore } from '../../catalog/store/sqlite-catalog-store.ts';
import { randomInt, seededRandom } from '../../runtime/random.ts';
import { killAfter } from './kill-after.ts';

const rounds = process.env['FOZ_TEST_LONG'] === '1' ? 50 : 3;
const storeModule = new URL('../../catalog/store/sqlite-catalog-store.ts', import.meta.url).href;
const fixtureModule = new URL('../unit/contract-registry-fixture.ts', import.meta.url).href;

/** Says the patch number of each version after it is in force, one a line. */
const child = `
  import { writeSync } from 'node:fs';
  const { sqliteCatalogStore } = await import(${JSON.stringify(storeModule)});
  const { smallRegistry, request, now } = await import(${JSON.stringify(fixtureModule)});
  const store = await sqliteCatalogStore({ path: process.argv[1] });
  const compare = () => ({ backward: true, forward: true, differences: [], witnesses: [] });
  const { registry } = smallRegistry({ store: store.contracts, compare });
  const known = await registry.get('users');
  for (let patch = known.kind === 'ok' ? known.value.versions.length : 0; ; patch++) {
    const answer = await registry.register(request({ version: '1.0.' + patch }, { activate: now }));
    if (answer.kind !== 'ok') throw new Error(answer.message);
    writeSync(1, patch + '\\n');
  }
`;

test('a registry killed in mid-change holds each change whole, or not at all', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'foz-registry-kill-'));
  const path = join(folder, 'catalog.db');
  const random = seededRandom(20_261_121);
  try {
    for (let round = 0; round < rounds; round++) {
      const told = await killAfter(child, path, 1 + randomInt(random, 10), randomInt(random, 8));
      await using store = await sqliteCatalogStore({ path });
      const contract = await store.contracts.getContract('users');
      assert.ok(contract);
      const last = contract.versions.length - 1;
      assert.ok(last === told || last === told + 1, `round ${round}: told ${told}, found ${last}`);
      assert.equal(contract.revision, contract.versions.length);
      for (const [patch, { version, state }] of contract.versions.entries()) {
        assert.deepEqual([version, state], [`1.0.${patch}`, patch === last ? 'active' : 'deprecated']);
        assert.match((await store.contracts.getDocument('users', version)) ?? '', new RegExp(`"version":"1\\.0\\.${patch}"`));
      }
      // Registered and activated, and from the second on the one before it deprecated.
      const events = await store.contracts.listEvents('users', { after: 0, limit: 10_000 });
      assert.equal(events.length, 2 + 3 * last);
      assert.equal(await store.contracts.contractOfTable('users'), 'users');
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});
