// `foz run` tells its own part of the lineage: at once for tables that are there, again every hour, and a catalog that does not
// take it costs nothing but one line in the log.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import test from 'node:test';
import { memoryCatalog } from '../../catalog/memory-catalog.ts';
import { memoryLineage } from '../../catalog/memory-lineage.ts';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import { loadConfig } from '../../cli/config.ts';
import { emittedLineage } from '../../cli/lineage/emitted-lineage.ts';
import { tellLineage } from '../../cli/lineage/tell-lineage.ts';
import { memoryStore } from '../../lake/store/memory-store.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Lineage } from '../../catalog/lineage.ts';
import { LakeError } from '../../runtime/errors.ts';
import { silentLogger, type Logger } from '../../runtime/log.ts';
import { secret } from '../../runtime/secret.ts';
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

test('another backend is told the same, one event a request, after the catalog; where it is away the catalog knows all the same', async () => {
  const received: { path: string; authorization: string; body: { job: { name: string } } }[] = [];
  let status = 201;
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => (text += String(chunk)));
    request.on('end', () => {
      received.push({ path: request.url ?? '', authorization: request.headers.authorization ?? '', body: JSON.parse(text) });
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const address = server.address();
    assert.ok(address !== null && typeof address === 'object');
    const store = memoryCatalogStore();
    const { lineage } = smallLineage({ store });
    const emitted = emittedLineage(memoryLineage(lineage), { url: `http://127.0.0.1:${address.port}/`, token: secret('t0ken-of-marquez') });
    await told(emitted, 1);
    assert.ok(received.length >= 2);
    assert.ok(received.every(({ path, authorization }) => path === '/api/v1/lineage' && authorization === 'Bearer t0ken-of-marquez'));
    const known = (await store.lineage.graph()).jobs.map(({ name }) => name);
    assert.deepEqual([...new Set(received.map(({ body }) => body.job.name))].toSorted(), [...new Set(known)].toSorted());
    status = 500;
    const event = received[0]?.body;
    await assert.rejects(emitted.record([event]), /failed with 500/);
  } finally {
    server.close();
  }
});
