// Where tables lie is said once, in `catalog.warehouse` and `catalog.allowLocations`: the worker and every command that go to
// the catalog's database themselves keep to it as the served catalog does.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { catalogServices } from '../../catalog/service/catalog-services.ts';
import { storePlaces } from '../../catalog/service/object-stores.ts';
import { ownContext } from '../../catalog/service/request-context.ts';
import { catalogSettings } from '../../cli/catalog/catalog-settings.ts';
import { loadConfig, type LoadedConfig } from '../../cli/config.ts';
import { openDroppedTables, openLakeFacts, openPurge } from '../../cli/wire-facts.ts';
import { localCatalog, openCatalog, openPlaces, openStore, openStoreAt } from '../../cli/wire.ts';
import { systemClock } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import { silentLogger } from '../../runtime/log.ts';

const schema = { type: 'struct', 'schema-id': 0, fields: [{ id: 1, name: 'a', required: false, type: 'long' }] } as const;
const users = { namespace: ['raw'], name: 'users' };
const there = { namespace: ['raw'], name: 'there' };

/** With these settings of the catalog. */
async function configured(folder: string, catalog: string): Promise<LoadedConfig> {
  const file = join(folder, 'foz.yaml');
  await writeFile(
    file,
    `kafka: { brokers: ["127.0.0.1:1"] }
lake: { store: { kind: filesystem, path: lake } }
catalog: { kind: embedded, store: "sqlite:catalog.db", ${catalog} }
sync: { tables: [{ topic: a.b.users }] }
`,
  );
  return loadConfig(file);
}

async function withLake(warehouse: string, run: (loaded: LoadedConfig, folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'foz-places-'));
  try {
    const loaded = await configured(folder, `warehouse: "${warehouse}", allowLocations: ["file:elsewhere"]`);
    await (await openStoreAt(catalogSettings(loaded).store, loaded))[Symbol.asyncDispose]();
    await run(loaded, folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** As another engine makes it through the served catalog. */
async function createElsewhere(loaded: LoadedConfig, folder: string): Promise<void> {
  await using parts = new AsyncDisposableStack();
  const settings = catalogSettings(loaded);
  const places = storePlaces(openPlaces(settings, null, parts, silentLogger));
  const store = parts.use(await openStoreAt(settings.store, loaded));
  const { tables } = catalogServices({ store, places, clock: systemClock, logger: silentLogger });
  const created = await tables.create(['raw'], { name: 'there', schema, location: `file://${folder}/elsewhere/there` }, ownContext);
  assert.equal(created.kind, 'ok', JSON.stringify(created));
}

test('tables that commands and the worker make lie in the warehouse, and those in a place that is allowed are theirs as well', () =>
  withLake('file:lake/wh', async (loaded, folder) => {
    await using parts = new AsyncDisposableStack();
    const store = parts.use(openStore(loaded, silentLogger));
    const warehouse = `file://${folder}/lake/wh`;
    const { catalog } = parts.use(await openCatalog(loaded, store, silentLogger));
    assert.deepEqual(await catalog.ensureNamespace(['raw']), { location: `${warehouse}/raw` });
    await catalog.createTable(users, { schema });
    assert.ok((await catalog.loadTable(users))?.metadataLocation.startsWith(`${warehouse}/raw/users-`));
    await createElsewhere(loaded, folder);
    const pointers = parts.use(await openStoreAt(catalogSettings(loaded).store, loaded));
    const worker = parts.use(localCatalog(pointers, openPlaces(catalogSettings(loaded), store, parts, silentLogger), silentLogger));
    assert.deepEqual(await worker.ensureNamespace(['more']), { location: `${warehouse}/more` });
    for (const open of [catalog, worker]) {
      const outcome = await open.commitTable(there, {
        requirements: [],
        updates: [{ action: 'set-properties', updates: { p: '1' } }],
      });
      assert.equal(outcome.kind, 'committed');
    }
    const facts = parts.use(await openLakeFacts(loaded, silentLogger));
    const shown = await facts.table('raw.there');
    assert.equal(shown.kind === 'ok' ? shown.value.location : shown.message, `file://${folder}/elsewhere/there`);
  }));

test('a table in a place that is allowed is taken back, and purged, by commands', () =>
  withLake('file:lake/wh', async (loaded, folder) => {
    await using parts = new AsyncDisposableStack();
    const store = parts.use(openStore(loaded, silentLogger));
    const { catalog } = parts.use(await openCatalog(loaded, store, silentLogger));
    await catalog.ensureNamespace(['raw']);
    await createElsewhere(loaded, folder);
    const pointers = parts.use(await openStoreAt(catalogSettings(loaded).store, loaded));
    await pointers.dropRelation('table', there, { at: 1, keepUntil: 9e12, purge: true });
    const dropped = parts.use(await openDroppedTables(loaded, silentLogger));
    assert.deepEqual(await dropped.undrop('raw.there', null), { kind: 'ok', value: { name: 'raw.there' } });
    await pointers.dropRelation('table', there, { at: 2, keepUntil: 3, purge: true });
    assert.equal(await openPurge(loaded, silentLogger, new AbortController().signal), 1);
  }));

test('a warehouse that the lake’s store does not hold is a problem of the configuration, said before anything is done', () =>
  withLake('file:other', async (loaded, folder) => {
    await using store = openStore(loaded, silentLogger);
    await assert.rejects(
      async () => {
        await using opened = await openCatalog(loaded, store, silentLogger);
        await opened.catalog.listTables(['raw']);
      },
      (error) => error instanceof LakeError && error.code === 'CONFIG_INVALID' && error.message.includes(`file://${folder}/other`),
    );
  }));

test('a lake whose tables lie outside the warehouse that is set since says how to allow them, and then they are read', () =>
  withLake('file:lake', async (before, folder) => {
    await using parts = new AsyncDisposableStack();
    const store = parts.use(openStore(before, silentLogger));
    const open = async (loaded: LoadedConfig) => parts.use(await openCatalog(loaded, store, silentLogger)).catalog;
    const made = await open(before);
    await made.ensureNamespace(['raw']);
    await made.createTable(users, { schema });
    const narrow = await open(await configured(folder, 'warehouse: "file:lake/wh"'));
    await assert.rejects(narrow.loadTable(users), (error) => {
      assert.ok(error instanceof LakeError && error.code === 'CATALOG_REFUSED');
      assert.match(error.message, new RegExp(`^metadata file file://${folder}/lake/raw/users-.* is not under file://${folder}/lake/wh$`));
      assert.match(String(error.context['next']), /catalog\.allowLocations/);
      return true;
    });
    const allowed = await open(await configured(folder, 'warehouse: "file:lake/wh", allowLocations: ["file:lake"]'));
    assert.ok(await allowed.loadTable(users));
  }));
