// The catalog beside the reference implementation: the same requests to both, and the answers compared, status by status and
// metadata member by member. Where they differ on purpose, the request says so.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { serveCatalog } from '../../catalog/serve.ts';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import { parseJson, stringifyJson } from '../../lake/iceberg/json.ts';
import { isRecord } from '../../lake/iceberg/read-metadata.ts';
import { filesystemStore } from '../../lake/store/filesystem-store.ts';
import { referenceCatalogMissing, startReferenceCatalog } from '../reference-catalog/reference-catalog.ts';
import { referenceRequests, type ReferenceRequest } from './reference-requests.ts';

interface Side {
  readonly url: string;
  /** Its warehouse. */
  readonly root: string;
}

interface Answered {
  readonly status: number;
  readonly body: unknown;
}

/** Chosen by each catalog for itself. */
const ownMembers = new Set(['metadata-location', 'metadata-file', 'table-uuid', 'last-updated-ms', 'timestamp-ms', 'created-at']);
/** Beside the protocol: settings for clients, and a property that the reference gives to new tables. */
const leftOut = new Set(['config', 'write.parquet.compression-codec', 'created-at']);

async function ask(side: Side, { method, path, body }: ReferenceRequest): Promise<Answered> {
  const text = body === undefined ? null : stringifyJson(body).replaceAll('$ROOT', side.root);
  const response = await fetch(`${side.url}/v1/${path}`, { method, headers: { 'content-type': 'application/json' }, body: text });
  const answer = (await response.text()).replaceAll(side.root, '$ROOT');
  // The reference's own failures are a page.
  return { status: response.status, body: answer.startsWith('{') ? comparable(parseJson(answer)) : null };
}

function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable);
  if (!isRecord(value)) return value;
  const isFormat1 = value['format-version'] === 1;
  return Object.fromEntries(
    Object.entries(value)
      // What format v1 does not have may be said as 0, or not.
      .filter(
        ([name, member]) =>
          !leftOut.has(name) && !(isFormat1 && name === 'last-sequence-number') && !(name === 'sequence-number' && member === 0),
      )
      .map(([name, member]) => [name, ownMembers.has(name) ? 'its own' : comparable(member)]),
  );
}

/** Texts of errors are each catalog's own (the kit asserts those that programs know); of malformed requests, types as well. */
function errorless({ status, body }: Answered): unknown {
  const error = isRecord(body) ? body['error'] : undefined;
  if (status < 400) return { status, body };
  return { status, type: status === 400 || !isRecord(error) ? 'its own' : error['type'] };
}

const absent = referenceCatalogMissing();

test('every request is answered as the reference does', { skip: absent ?? false }, async (context) => {
  const scratch = await mkdtemp(join(tmpdir(), 'foz-reference-'));
  context.after(() => rm(scratch, { recursive: true, force: true }));
  const warehouse = `file://${join(scratch, 'reference')}`;
  await using reference = await startReferenceCatalog({ warehouse, database: join(scratch, 'reference.sqlite') });
  const objectStore = filesystemStore({ root: join(scratch, 'ours'), fsync: false });
  const served = await serveCatalog({ port: 0, store: memoryCatalogStore(), objectStore });
  const sides = { theirs: { url: reference.url, root: warehouse }, ours: { url: served.url, root: objectStore.root } };
  try {
    for (const request of referenceRequests()) {
      const [theirs, ours] = [await ask(sides.theirs, request), await ask(sides.ours, request)];
      if (request.differs)
        assert.deepEqual([theirs.status, ours.status], request.differs.statuses, `${request.name}: ${request.differs.why}`);
      else assert.deepEqual(errorless(ours), errorless(theirs), request.name);
    }
  } finally {
    await served.close();
  }
});
