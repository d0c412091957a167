// Commits while another process on the same store moves the pointer: the queue of this process cannot help there.

import assert from 'node:assert/strict';
import test from 'node:test';
import { memoryCatalog } from '../../catalog/memory-catalog.ts';
import type { CatalogStore } from '../../catalog/store/catalog-store.ts';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import type { TableCommit } from '../../lake/iceberg/commit.ts';
import { memoryStore } from '../../lake/store/memory-store.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';
import { LakeError } from '../../runtime/errors.ts';

const ident = { namespace: ['raw'], name: 'users' };
const schema = { type: 'struct', 'schema-id': 0, fields: [{ id: 1, name: 'a', required: false, type: 'long' }] } as const;
const set = (key: string): TableCommit => ({ requirements: [], updates: [{ action: 'set-properties', updates: { [key]: 'x' } }] });

async function keysOf(objectStore: ObjectStore): Promise<string[]> {
  const keys: string[] = [];
  for await (const object of objectStore.list('')) keys.push(object.key);
  return keys;
}

/** Two catalogs on one store; `between` runs in the first one's commits, after it read the pointer and before it swaps. */
async function rivals(between: (call: number, rival: ReturnType<typeof memoryCatalog>) => Promise<unknown>) {
  const store = memoryCatalogStore();
  const objectStore = memoryStore('lake');
  const rival = memoryCatalog({ objectStore, store });
  let calls = 0;
  const raced: CatalogStore = {
    ...store,
    async swapRelation(...given) {
      await between(++calls, rival);
      return store.swapRelation(...given);
    },
  };
  const catalog = memoryCatalog({ objectStore, store: raced });
  await catalog.ensureNamespace(['raw']);
  await catalog.createTable(ident, { schema });
  return { catalog, objectStore };
}

test('a swap lost to another process is tried again on what that one wrote, and its file is taken away', async () => {
  const { catalog, objectStore } = await rivals(async (call, rival) => call === 1 && rival.commitTable(ident, set('theirs')));
  assert.equal((await catalog.commitTable(ident, set('ours'))).kind, 'committed');
  const loaded = await catalog.loadTable(ident);
  assert.deepEqual(loaded?.metadata.properties, { theirs: 'x', ours: 'x' });
  const files = [...(loaded?.metadata['metadata-log'].map((entry) => entry['metadata-file']) ?? []), loaded?.metadataLocation];
  assert.deepEqual((await keysOf(objectStore)).map((key) => `memory://lake/${key}`).sort(), files.sort());
});

test('requirements are checked again on what the other process wrote', async () => {
  const { catalog } = await rivals(async (call, rival) => {
    if (call > 1) return;
    const wider = { ...schema, fields: [...schema.fields, { id: 2, name: 'b', required: false, type: 'long' }] } as const;
    await rival.commitTable(ident, { requirements: [], updates: [{ action: 'add-schema', schema: wider }] });
  });
  const outcome = await catalog.commitTable(ident, {
    ...set('ours'),
    requirements: [{ type: 'assert-last-assigned-field-id', 'last-assigned-field-id': 1 }],
  });
  assert.equal(outcome.kind, 'conflict');
  assert.deepEqual((await catalog.loadTable(ident))?.metadata.properties, {});
});

test('a table that moves under every try ends in a conflict after a bounded number of them', async () => {
  let tries = 0;
  const { catalog, objectStore } = await rivals((call, rival) => rival.commitTable(ident, set(`theirs${(tries = call)}`)));
  const outcome = await catalog.commitTable(ident, set('ours'));
  assert.equal(outcome.kind, 'conflict');
  assert.equal(tries, 4);
  assert.equal((await keysOf(objectStore)).length, 5, 'the first file and four of the other process');
});

test('a table dropped in the middle of a commit is missing, and nothing is left', async () => {
  const { catalog, objectStore } = await rivals((_call, rival) => rival.dropTable(ident, { purge: true }));
  assert.equal((await catalog.commitTable(ident, set('ours'))).kind, 'missing');
  assert.deepEqual(await keysOf(objectStore), []);
});

test('a metadata file superseded between the look at the pointer and the read is no error: the newer one is read', async () => {
  const store = memoryCatalogStore();
  const objectStore = memoryStore('lake');
  const writer = memoryCatalog({ objectStore, store });
  await writer.ensureNamespace(['raw']);
  await writer.createTable(ident, { schema, properties: { 'write.metadata.previous-versions-max': '1' } });
  let reads = 0;
  const slow: ObjectStore = {
    ...objectStore,
    async get(key, range, signal) {
      if (++reads === 1) for (const name of ['a', 'b', 'c']) await writer.commitTable(ident, set(name));
      return objectStore.get(key, range, signal);
    },
  };
  const loaded = await memoryCatalog({ objectStore: slow, store }).loadTable(ident);
  assert.deepEqual(Object.keys(loaded?.metadata.properties ?? {}).sort(), ['a', 'b', 'c', 'write.metadata.previous-versions-max']);
  assert.equal(reads, 2);
});

test('I5: whatever the object store says of a metadata file that no pointer names, the table has not changed', async () => {
  const objectStore = memoryStore('lake');
  let code: 'STORE_UNREACHABLE' | 'STORE_OUTCOME_UNKNOWN' | null = null;
  const flaky: ObjectStore = {
    ...objectStore,
    async put(key, body, options, signal) {
      const outcome = await objectStore.put(key, body, options, signal);
      if (code !== null) throw new LakeError(code, 'no answer');
      return outcome;
    },
  };
  const catalog = memoryCatalog({ objectStore: flaky });
  await catalog.ensureNamespace(['raw']);
  await catalog.createTable(ident, { schema });
  const before = await catalog.loadTable(ident);
  for (code of ['STORE_UNREACHABLE', 'STORE_OUTCOME_UNKNOWN'] as const) {
    await assert.rejects(
      catalog.commitTable(ident, set('a')),
      (error: unknown) => error instanceof LakeError && error.code === 'CATALOG_UNREACHABLE',
    );
  }
  assert.deepEqual(await catalog.loadTable(ident), before);
});
