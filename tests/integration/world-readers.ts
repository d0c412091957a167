// Readers that share no code with Foz: icebird walks metadata, manifests and Parquet; hyparquet and DuckDB read the data
// files. All three must give the same rows, value by value.

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { icebergRead } from 'icebird';
import { stringifyJson } from '../../lake/iceberg/json.ts';
import type { TableTarget } from '../../sync/table.ts';
import { committedCopies, duckRowsOf, loadedTable, rowsOf, rowTexts } from './world-table.ts';
import type { World } from './world.ts';

export async function readersSection(t: TestContext, world: World, targets: readonly TableTarget[]): Promise<void> {
  await t.test('raw Parquet read by hyparquet gives the rows that DuckDB gives', async () => {
    for (const target of targets) {
      const copies = await committedCopies(world, target);
      assert.deepEqual(rowTexts(await rowsOf(copies)), rowTexts(await duckRowsOf(copies)), target.ident.name);
    }
  });
  await t.test('the tables read by icebird give the rows that DuckDB gives', async (inner) => {
    let rows = 0;
    for (const target of targets) {
      const duck = rowTexts(await duckRowsOf(await committedCopies(world, target)), 'text');
      const bird = rowTexts(await readWithIcebird(world, target), 'text');
      assert.equal(bird.length, duck.length, target.ident.name);
      assert.deepEqual(bird, duck, target.ident.name);
      rows += bird.length;
    }
    inner.diagnostic(`${rows} rows of ${targets.length} tables`);
  });
}

/** icebird fetches from AWS's own addresses; here they lead to the stack's object store. */
async function readWithIcebird(world: World, target: TableTarget): Promise<readonly Record<string, unknown>[]> {
  const { metadata } = await loadedTable(world, target);
  const { store } = world.readers;
  const bucket = world.stack.endpoint('s3').bucket;
  const original = globalThis.fetch;
  globalThis.fetch = async (input, init) => {
    const url = new URL(String(input instanceof Request ? input.url : input));
    if (!url.hostname.startsWith(`${bucket}.`) && url.protocol !== 's3:') return original(input, init);
    const location = `s3://${bucket}${decodeURIComponent(url.pathname)}`;
    assert.ok(location.startsWith(`${store.root}/`), location);
    const bytes = await store.get(location.slice(store.root.length + 1));
    const headers = new Headers(init?.headers);
    if (init?.method === 'HEAD') return new Response(null, { headers: { 'content-length': String(bytes.length) } });
    const range = /^bytes=(\d+)-(\d+)?$/.exec(headers.get('range') ?? '');
    if (!range) return new Response(Uint8Array.from(bytes), { headers: { 'content-length': String(bytes.length) } });
    const [from, to] = [Number(range[1]), range[2] === undefined ? bytes.length : Number(range[2]) + 1];
    return new Response(Uint8Array.from(bytes.subarray(from, to)), { status: 206 });
  };
  try {
    // Through JSON, as a reader would get it.
    return await icebergRead({ tableUrl: metadata.location, metadata: JSON.parse(stringifyJson(metadata)) });
  } finally {
    globalThis.fetch = original;
  }
}
