// A table's rows by a reader that is not ours, from the metadata down.

import assert from 'node:assert/strict';
import { icebergRead } from 'icebird';
import { stringifyJson } from '../../lake/iceberg/json.ts';
import type { TableMetadata } from '../../lake/iceberg/metadata.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';

/** icebird fetches absolute locations; here they lead into the store. */
export async function readWithIcebird(store: ObjectStore, metadata: TableMetadata): Promise<readonly Record<string, unknown>[]> {
  const original = globalThis.fetch;
  globalThis.fetch = async (input, init) => {
    const url = String(input);
    assert.ok(url.startsWith(`${store.root}/`), `${url} is read from elsewhere`);
    const bytes = await store.get(url.slice(store.root.length + 1));
    const range = /^bytes=(\d+)-(\d+)?$/.exec(new Headers(init?.headers).get('range') ?? '');
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
