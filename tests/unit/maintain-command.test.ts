// `foz table maintain` and `foz table undrop`, as the program calls them.

import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { maintain } from '../../cli/commands/table/maintain.ts';
import { undrop } from '../../cli/commands/table/undrop.ts';
import { catalogServices } from '../../catalog/service/catalog-services.ts';
import { ownContext } from '../../catalog/service/request-context.ts';
import { sqliteCatalogStore } from '../../catalog/store/sqlite-catalog-store.ts';
import { loadConfig } from '../../cli/config.ts';
import { openStore } from '../../cli/wire.ts';
import { rawSchema } from '../../lake/raw/raw-schema.ts';
import { systemClock } from '../../runtime/clock.ts';
import { silentLogger } from '../../runtime/log.ts';
import { foz, withLake } from './quality-command-fixture.ts';

test('every step of a table, or one; what is wrong in the command is said', async () => {
  await withLake(async (folder, land) => {
    for (let id = 1; id <= 4; id++) await land([{ id, email: `${id}@mail.example`, status: 'active' }]);
    const config = join(folder, 'foz.yaml');
    const text = await readFile(config, 'utf8');
    await writeFile(
      config,
      text.replace('listen: "127.0.0.1:1" }', 'listen: "127.0.0.1:1", maintenance: { compact: { minFiles: 2, settle: 0s } } }'),
    );
    const dry = await foz(folder, maintain, ['users'], true, { dryRun: true });
    const { tables } = JSON.parse(dry.stdout);
    assert.deepEqual([dry.code, tables[0].table, tables[0].steps[2].detail], [0, 'raw.users', '4 files would become 1']);
    const done = await foz(folder, maintain, [], false, { only: ['compact', 'purge'] });
    assert.equal(done.code, 0);
    assert.match(done.stdout, /raw\.users\s+compact\s+done\s+4 files became 1\n0 dropped tables purged/);
    await assert.rejects(foz(folder, maintain, ['users'], false, { only: ['everything'] }), /no such step/);
    await assert.rejects(foz(folder, maintain, ['nobody']), /nobody is no table of foz.yaml/);
    const none = await foz(folder, undrop, [], true);
    assert.deepEqual(JSON.parse(none.stdout), { tables: [] });
    await assert.rejects(foz(folder, undrop, ['raw.users']), /No dropped table/);
  });
});

/** Another table of the lake, its folder. Dropped at once where a grace is given. */
async function otherTable(folder: string, name: string, dropGraceMs?: number): Promise<string> {
  const objectStore = openStore(loadConfig(join(folder, 'foz.yaml'), folder), silentLogger);
  await using store = await sqliteCatalogStore({ path: join(folder, 'catalog.sqlite') });
  const places = [{ prefix: objectStore.root, store: objectStore }];
  const grace = dropGraceMs === undefined ? {} : { dropGraceMs };
  const { tables } = catalogServices({ store, places, clock: systemClock, logger: silentLogger, ...grace });
  const created = await tables.create(['raw'], { name, schema: rawSchema }, ownContext);
  assert.ok(created.kind === 'ok', JSON.stringify(created));
  if (dropGraceMs !== undefined) await tables.drop({ namespace: ['raw'], name }, { purge: true }, ownContext);
  return created.value.metadata.location.replace('file://', '');
}

test('a table that cannot be kept up is told, and the others have their turn', async () => {
  await withLake(async (folder, land) => {
    await land([{ id: 1, email: '1@mail.example' }]);
    await rm(join(await otherTable(folder, 'broken'), 'metadata'), { recursive: true });
    const { code, stdout } = await foz(folder, maintain, [], true, { only: ['compact'] });
    const { tables, failed } = JSON.parse(stdout);
    assert.equal(code, 1);
    assert.deepEqual(
      [tables.map(({ table }: { table: string }) => table), failed.map(({ table, code: why }: Record<string, string>) => [table, why])],
      [['raw.users'], [['raw.broken', 'OBJECT_MISSING']]],
    );
    assert.match((await foz(folder, maintain, [], false, { only: ['compact'] })).stdout, /raw\.broken failed: /);
    await assert.rejects(foz(folder, maintain, ['raw.broken'], false, { only: ['compact'] }), /metadata/);
  });
});

test('purge is of dropped tables: a table of the lake is refused, a dry run says how many', async () => {
  await withLake(async (folder, land) => {
    await land([{ id: 1, email: '1@mail.example' }]);
    await assert.rejects(foz(folder, maintain, ['users'], false, { only: ['purge'] }), {
      message: 'purge is of dropped tables, and users is none: all whose grace is over are purged together',
    });
    await otherTable(folder, 'due', 1);
    await otherTable(folder, 'kept', 60_000);
    await systemClock.sleep(5);
    const purge = (options: Record<string, unknown>) => foz(folder, maintain, [], false, { only: ['purge'], ...options });
    assert.equal((await purge({ dryRun: true })).stdout, '1 dropped tables would be purged');
    assert.equal((await purge({})).stdout, '1 dropped tables purged');
    assert.equal((await purge({ dryRun: true })).stdout, '0 dropped tables would be purged');
  });
});
