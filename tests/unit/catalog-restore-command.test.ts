// `foz catalog restore` over files: what a dry run leaves alone, what is refused, what is brought back.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { memoryCatalog } from '../../catalog/memory-catalog.ts';
import { sqliteCatalogStore } from '../../catalog/store/sqlite-catalog-store.ts';
import { storeAddress } from '../../catalog/store/store-address.ts';
import { flaggedCatalogSettings } from '../../cli/catalog/catalog-settings.ts';
import { restoreCatalog } from '../../cli/catalog/restore-catalog.ts';
import { filesystemStore } from '../../lake/store/filesystem-store.ts';
import { LakeError } from '../../runtime/errors.ts';
import { silentLogger } from '../../runtime/log.ts';

const users = { namespace: ['raw'], name: 'users' };
const schema = { type: 'struct', 'schema-id': 0, fields: [{ id: 1, name: 'a', required: false, type: 'long' }] } as const;
const isRefused = (error: unknown) => error instanceof LakeError && error.code === 'ARGUMENT_INVALID' && /not empty/.test(error.message);

test('a dry run makes no database; a restore fills an empty one, and another one only when forced to', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'foz-restore-'));
  const database = join(directory, 'new.sqlite');
  const settings = {
    ...flaggedCatalogSettings(null, { warehouse: `file:${join(directory, 'lake')}` }),
    directory,
    store: storeAddress('sqlite:new.sqlite'),
  };
  const restore = async (asked: { readonly isDryRun?: boolean; readonly isForced?: boolean }) => {
    const given = { isDryRun: false, isForced: false, ...asked };
    const { entries } = await restoreCatalog(settings, given, silentLogger, AbortSignal.timeout(20_000));
    return entries.map(({ step, ident }) => `${step} ${ident?.name}`);
  };
  try {
    await using objectStore = await filesystemStore({ root: join(directory, 'lake') });
    await using store = await sqliteCatalogStore({ path: join(directory, 'lost.sqlite') });
    const catalog = memoryCatalog({ store, objectStore });
    await catalog.ensureNamespace(users.namespace);
    await catalog.createTable(users, { schema });

    assert.deepEqual(await restore({ isDryRun: true }), ['add users']);
    assert.equal(existsSync(database), false);
    assert.deepEqual(await restore({}), ['add users']);
    await assert.rejects(restore({}), isRefused);
    assert.deepEqual(await restore({ isDryRun: true }), ['same users']);
    await catalog.commitTable(users, { requirements: [], updates: [{ action: 'set-properties', updates: { a: 'b' } }] });
    assert.deepEqual(await restore({ isForced: true }), ['forward users']);
    await using restored = await sqliteCatalogStore({ path: database });
    assert.deepEqual(await restored.getRelation('table', users), await store.getRelation('table', users));
    const filter = { subject: 'raw.users', actor: 'foz catalog restore', action: 'table.register', from: null, until: null };
    assert.equal((await restored.audit.listAudit(filter, { before: null, limit: 9 })).length, 2);
  } finally {
    await rm(directory, { recursive: true });
  }
});
