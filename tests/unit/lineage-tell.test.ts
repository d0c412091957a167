// `foz run` tells its own part of the lineage: at once for tables that are there, again every hour, and a catalog that does not
// take it costs nothing but one line in the log.

import assert from 'node:assert/strict';
import test from 'node:test';
import { memoryCatalog } from '../../catalog/memory-catalog.ts';
import { memoryLineage } from '../../catalog/memory-lineage.ts';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import { loadConfig } from '../../cli/config.ts';
import { tellLineage } from '../../cli/lineage/tell-lineage.ts';
import { memoryStore } from '../../lake/store/memory-store.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Lineage } from '../../catalog/lineage.ts';
import { LakeError } from '../../runtime/errors.ts';
import { silentLogger, type Logger } from '../../runtime/log.ts';
import { configFile } from './lineage-config.ts';
import { smallLineage, startedAt } from './lineage-fixture.ts';

/** Ends the watch after so many sleeps. */
function clockOf(sleeps: number, stop: AbortController): { readonly clock: Clock; readonly slept: number[] } {
  const slept: number[] = [];
  const sleep = async (ms: number): Promise<void> => {
    slept.push(ms);
    if (slept.length > sleeps) stop.abort();
  };
  return { clock: { now: () => startedAt, sleep }, slept };
}

async function told(lineage: Lineage, turns: number, logger: Logger = silentLogger): Promise<readonly number[]> {
  await using file = configFile();
  const loaded = loadConfig(file.path, file.folder);
  await using catalog = memoryCatalog({ objectStore: memoryStore('lake') });
  await catalog.ensureNamespace(['raw']);
  const schema = { type: 'struct', 'schema-id': 0, fields: [{ id: 1, name: 'a', required: false, type: 'long' }] } as const;
  await catalog.createTable({ namespace: ['raw'], name: 'users' }, { schema });
  const stop = new AbortController();
  const { clock, slept } = clockOf(turns, stop);
  await tellLineage({ loaded, reload: () => loaded, catalog, lineage, clock, logger }, stop.signal);
  return slept;
}

test('every table of foz.yaml is told, from its source to its current rows, with its place in the store once it has one', async () => {
  const store = memoryCatalogStore();
  const { lineage } = smallLineage({ store });
  const slept = await told(memoryLineage(lineage), 2);
  assert.deepEqual(slept.slice(1), [3_600_000, 3_600_000]);
  const { jobs, datasets, edges } = await store.lineage.graph();
  assert.deepEqual(jobs.map(({ name }) => name).toSorted(), [
    'capture cass.rides.rides',
    'capture pg.public.users',
    'current rides',
    'current users',
    'sync raw.rides',
    'sync raw.users',
  ]);
  assert.equal(edges.length, 12);
  const raw = datasets.filter(({ lakeTable }) => lakeTable === 'raw.users');
  assert.match(`${raw[0]?.namespace}/${raw[0]?.name}`, /raw\/users-[0-9a-f]{32}$/);
  assert.ok(!raw.some(({ namespace }) => namespace.startsWith('http')), 'one name, the place in the store');
});

test('a catalog that does not take it is told once, and asked again', async () => {
  let asked = 0;
  const warned: string[] = [];
  const away: Lineage = {
    record: async () => {
      asked += 1;
      throw new LakeError('CATALOG_REFUSED', 'no such endpoint');
    },
    view: async () => assert.fail('not asked'),
    consumersOf: async () => assert.fail('not asked'),
    [Symbol.asyncDispose]: async () => undefined,
  };
  await told(away, 3, { ...silentLogger, warn: (_fields: unknown, message?: string) => void warned.push(String(message)) });
  assert.deepEqual([asked, warned], [3, ['the catalog was not told the lineage']]);
});
