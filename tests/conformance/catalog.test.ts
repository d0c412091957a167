// One suite over every adapter of the catalog port: in process, and over HTTP with either store behind the server.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import type { Catalog, TableIdent } from '../../catalog/catalog.ts';
import { memoryCatalog } from '../../catalog/memory-catalog.ts';
import { restCatalog } from '../../catalog/rest-catalog.ts';
import { serveCatalog } from '../../catalog/serve.ts';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import { sqliteCatalogStore } from '../../catalog/store/sqlite-catalog-store.ts';
import type { TableCommit, Update } from '../../lake/iceberg/commit.ts';
import { parseJson } from '../../lake/iceberg/json.ts';
import type { Long, Snapshot } from '../../lake/iceberg/metadata.ts';
import type { Schema } from '../../lake/iceberg/schema.ts';
import { memoryStore } from '../../lake/store/memory-store.ts';
import { keyOf, type ObjectStore } from '../../lake/store/object-store.ts';
import { LakeError } from '../../runtime/errors.ts';

interface Opened extends AsyncDisposable {
  readonly catalog: Catalog;
  readonly objectStore: ObjectStore;
}

const adapters: readonly { readonly name: string; open(): Promise<Opened> }[] = [
  {
    name: 'memory',
    async open() {
      const objectStore = memoryStore('lake');
      const catalog = memoryCatalog({ objectStore });
      return { catalog, objectStore, [Symbol.asyncDispose]: () => catalog[Symbol.asyncDispose]() };
    },
  },
  { name: 'rest over memory', open: async () => openRest(memoryCatalogStore(), async () => undefined) },
  {
    name: 'rest over sqlite',
    async open() {
      const folder = await mkdtemp(join(tmpdir(), 'foz-catalog-'));
      return openRest(await sqliteCatalogStore({ path: join(folder, 'catalog.db') }), () => rm(folder, { recursive: true }));
    },
  },
];

async function openRest(store: ReturnType<typeof memoryCatalogStore>, clean: () => Promise<void>): Promise<Opened> {
  const objectStore = memoryStore('lake');
  const server = await serveCatalog({ port: 0, dropGraceMs: 0, store, objectStore });
  const catalog = restCatalog({ uri: server.url, warehouse: objectStore.root });
  const close = async () => {
    await catalog[Symbol.asyncDispose]();
    await server.close();
    await store[Symbol.asyncDispose]();
    await clean();
  };
  return { catalog, objectStore, [Symbol.asyncDispose]: close };
}

const ident: TableIdent = { namespace: ['raw', 'eu'], name: 'users' };
const schema: Schema = {
  type: 'struct',
  'schema-id': 0,
  fields: [
    { id: 3, name: 'id', required: true, type: 'long' },
    { id: 11, name: 'time', required: false, type: 'timestamptz', doc: 'when' },
    {
      id: 4,
      name: 'tags',
      required: false,
      type: { type: 'map', 'key-id': 5, key: 'string', 'value-id': 9, value: 'int', 'value-required': false },
    },
  ],
};
const partitionSpec = { 'spec-id': 0, fields: [{ 'source-id': 11, 'field-id': 1007, name: 'date', transform: 'day' }] };

const refused = (error: unknown) => error instanceof LakeError && error.code === 'CATALOG_REFUSED';

async function createUsers(catalog: Catalog) {
  await catalog.ensureNamespace(ident.namespace);
  const created = await catalog.createTable(ident, { schema, partitionSpec, properties: { owner: 'foz' } });
  assert.equal(created.kind, 'committed');
  return created.table;
}

function append(id: Long, sequence: number, parent: Long | null): TableCommit {
  const snapshot: Snapshot = {
    'snapshot-id': id,
    ...(parent === null ? {} : { 'parent-snapshot-id': parent }),
    'sequence-number': sequence,
    'timestamp-ms': Date.now(),
    'manifest-list': `memory://lake/snap-${id}.avro`,
    summary: { operation: 'append', 'added-records': '1' },
  };
  const updates: Update[] = [
    { action: 'add-snapshot', snapshot },
    { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': id },
  ];
  return { requirements: [{ type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': parent }], updates };
}

async function keysOf(objectStore: ObjectStore): Promise<string[]> {
  const keys: string[] = [];
  for await (const object of objectStore.list('')) keys.push(object.key);
  return keys;
}

function registerSuite(name: string, open: () => Promise<Opened>): void {
  const check = (sentence: string, run: (opened: Opened) => Promise<void>) =>
    test(`${name}: ${sentence}`, async () => {
      await using opened = await open();
      await run(opened);
    });

  check('a namespace is made with its parents, once, and has a location', async ({ catalog }) => {
    const first = await catalog.ensureNamespace(['raw', 'eu']);
    assert.deepEqual(first, { location: 'memory://lake/raw/eu' });
    assert.deepEqual(await catalog.ensureNamespace(['raw', 'eu']), first);
    assert.deepEqual(await catalog.ensureNamespace(['raw']), { location: 'memory://lake/raw' });
  });

  check('a created table has the ids it was given, and load returns the same', async ({ catalog }) => {
    const created = await createUsers(catalog);
    assert.deepEqual(created.metadata.schemas, [schema]);
    assert.deepEqual(created.metadata['partition-specs'], [partitionSpec]);
    assert.deepEqual(created.metadata.properties, { owner: 'foz' });
    assert.equal(created.metadata['last-column-id'], 11);
    assert.match(created.metadata.location, /^memory:\/\/lake\/raw\/eu\/users-[0-9a-f]{32}$/);
    assert.match(created.metadataLocation, /\/metadata\/00000-[0-9a-f-]{36}\.metadata\.json$/);
    const loaded = await catalog.loadTable(ident);
    assert.deepEqual(loaded, created);
  });

  check('creating a table that exists is a conflict; one in no namespace is missing', async ({ catalog }) => {
    await createUsers(catalog);
    assert.equal((await catalog.createTable(ident, { schema })).kind, 'conflict');
    assert.equal((await catalog.createTable({ namespace: ['no'], name: 't' }, { schema })).kind, 'missing');
  });

  check('tables are listed by name; an absent one loads as null and its commit is missing', async ({ catalog }) => {
    await createUsers(catalog);
    await catalog.createTable({ ...ident, name: 'rides' }, { schema });
    assert.deepEqual(await catalog.listTables(ident.namespace), [{ ...ident, name: 'rides' }, ident]);
    assert.equal(await catalog.loadTable({ ...ident, name: 'nobody' }), null);
    assert.equal((await catalog.commitTable({ ...ident, name: 'nobody' }, append(1, 1, null))).kind, 'missing');
  });

  check('a commit moves the pointer to a new file; the object store holds exactly what was returned', async ({ catalog, objectStore }) => {
    const created = await createUsers(catalog);
    const committed = await catalog.commitTable(ident, append(1, 1, null));
    assert.equal(committed.kind, 'committed');
    assert.match(committed.table.metadataLocation, /\/metadata\/00001-/);
    assert.equal(committed.table.metadata['current-snapshot-id'], 1);
    assert.deepEqual(committed.table.metadata['metadata-log'][0]?.['metadata-file'], created.metadataLocation);
    const key = keyOf(objectStore, committed.table.metadataLocation) ?? '';
    assert.deepEqual(parseJson(Buffer.from(await objectStore.get(key)).toString()), committed.table.metadata);
  });

  check(
    'I3: of sixteen commits on one base exactly one wins, the others are conflicts and leave nothing',
    async ({ catalog, objectStore }) => {
      await createUsers(catalog);
      const outcomes = await Promise.all(Array.from({ length: 16 }, (_, index) => catalog.commitTable(ident, append(index + 1, 1, null))));
      const winners = outcomes.flatMap((outcome, index) => (outcome.kind === 'committed' ? [index + 1] : []));
      assert.equal(winners.length, 1);
      assert.equal(outcomes.filter((outcome) => outcome.kind === 'conflict').length, 15);
      const loaded = await catalog.loadTable(ident);
      assert.deepEqual(
        loaded?.metadata.snapshots.map((snapshot) => snapshot['snapshot-id']),
        winners,
      );
      const files: string[] = [];
      for await (const object of objectStore.list('')) files.push(object.key);
      assert.equal(files.length, 2, 'the first metadata file and the winner');
    },
  );

  check('commits that do not exclude each other all land, whoever comes first', async ({ catalog }) => {
    await createUsers(catalog);
    const outcomes = await Promise.all(
      Array.from({ length: 16 }, (_, index) =>
        catalog.commitTable(ident, { requirements: [], updates: [{ action: 'set-properties', updates: { [`p${index}`]: 'x' } }] }),
      ),
    );
    assert.ok(outcomes.every((outcome) => outcome.kind === 'committed'));
    assert.equal(Object.keys((await catalog.loadTable(ident))?.metadata.properties ?? {}).length, 17);
  });

  check("other writers' 64-bit ids are kept digit by digit", async ({ catalog }) => {
    await createUsers(catalog);
    const first = 1769332764841532388n;
    const second = 8269702249027976535n;
    await catalog.commitTable(ident, append(first, 1, null));
    const committed = await catalog.commitTable(ident, append(second, 2, first));
    assert.equal(committed.kind, 'committed');
    const metadata = (await catalog.loadTable(ident))?.metadata;
    assert.equal(metadata?.['current-snapshot-id'], second);
    assert.deepEqual(
      metadata?.snapshots.map((snapshot) => [snapshot['snapshot-id'], snapshot['parent-snapshot-id']]),
      [
        [first, undefined],
        [second, first],
      ],
    );
    assert.equal((await catalog.commitTable(ident, append(5, 3, second - 1n))).kind, 'conflict');
  });

  check('members the catalog does not know are kept', async ({ catalog }) => {
    await createUsers(catalog);
    const commit = append(1, 1, null);
    const updates = commit.updates.map((update) =>
      update.action === 'add-snapshot'
        ? { ...update, snapshot: { ...update.snapshot, 'key-id': 'k1', extra: { deep: [1, 2n ** 60n] } } }
        : update,
    );
    await catalog.commitTable(ident, { ...commit, updates });
    const loaded: unknown = (await catalog.loadTable(ident))?.metadata.snapshots[0];
    assert.partialDeepStrictEqual(loaded, { 'key-id': 'k1', extra: { deep: [1, 2n ** 60n] } });
  });

  check('a requirement that does not hold is a conflict and changes nothing', async ({ catalog }) => {
    const created = await createUsers(catalog);
    const outcome = await catalog.commitTable(ident, {
      requirements: [{ type: 'assert-table-uuid', uuid: '00000000-0000-4000-8000-000000000000' }],
      updates: [{ action: 'set-properties', updates: { a: '1' } }],
    });
    assert.equal(outcome.kind, 'conflict');
    assert.deepEqual(await catalog.loadTable(ident), created);
  });

  check('what can never be right is refused with CATALOG_REFUSED', async ({ catalog }) => {
    await createUsers(catalog);
    await assert.rejects(
      catalog.commitTable(ident, { requirements: [], updates: [{ action: 'set-current-schema', 'schema-id': 9 }] }),
      refused,
    );
    await assert.rejects(
      catalog.commitTable(ident, { requirements: [], updates: [{ action: 'set-location', location: 's3://elsewhere/t' }] }),
      refused,
    );
    await assert.rejects(
      catalog.commitTable(ident, { requirements: [], updates: [{ action: 'set-location', location: 'memory://lake/../x' }] }),
      refused,
    );
    const dataPath = { 'write.data.path': 'memory://other/x' };
    await assert.rejects(
      catalog.commitTable(ident, { requirements: [], updates: [{ action: 'set-properties', updates: dataPath }] }),
      refused,
    );
    await assert.rejects(catalog.createTable({ ...ident, name: 'out' }, { schema, location: 'memory://lakeside/t' }), refused);
    await assert.rejects(catalog.createTable({ ...ident, name: '../up' }, { schema }), refused);
    await assert.rejects(catalog.ensureNamespace(['a b']), refused);
  });

  check('two tables cannot share a folder', async ({ catalog }) => {
    const created = await createUsers(catalog);
    const place = (location: string) => catalog.createTable({ ...ident, name: 'other' }, { schema, location });
    await assert.rejects(place(created.metadata.location), refused);
    await assert.rejects(place(`${created.metadata.location}/data`), refused);
    await assert.rejects(place('memory://lake/raw'), refused);
    assert.equal((await place('memory://lake/raw/eu/other')).kind, 'committed');
  });

  check('superseded metadata files go after the commit, the twenty newest stay', async ({ catalog, objectStore }) => {
    await createUsers(catalog);
    for (let number = 0; number < 25; number++) {
      await catalog.commitTable(ident, { requirements: [], updates: [{ action: 'set-properties', updates: { n: String(number) } }] });
    }
    const loaded = await catalog.loadTable(ident);
    const kept = [...(loaded?.metadata['metadata-log'].map((entry) => entry['metadata-file']) ?? []), loaded?.metadataLocation ?? ''];
    const files = (await keysOf(objectStore)).map((key) => `${objectStore.root}/${key}`);
    assert.deepEqual(files.sort(), kept.sort());
    assert.equal(files.length, 21);
  });

  check('drop forgets the table and is idempotent; objects go only with purge', async ({ catalog, objectStore }) => {
    await createUsers(catalog);
    assert.equal(await catalog.dropTable(ident), true);
    assert.equal(await catalog.dropTable(ident), false);
    assert.equal(await catalog.loadTable(ident), null);
    const objects = async () => (await keysOf(objectStore)).length;
    assert.equal(await objects(), 1);
    const again = await createUsers(catalog);
    const key = keyOf(objectStore, again.metadata.location) ?? '';
    await objectStore.put(`${key}/data/part.parquet`, Buffer.from('x'));
    assert.equal(await catalog.dropTable(ident, { purge: true }), true);
    assert.equal(await objects(), 1, 'only the table purged loses its objects');
  });
}

for (const adapter of adapters) registerSuite(adapter.name, adapter.open);
