// Foz over a catalog that is not ours: the REST server that Iceberg tests its own clients with. The worker writes its tables
// there, goes on while another client works on them, and the proof is the same as on ours.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { readChain } from '../../lake/raw/offset-chain.ts';
import { referenceCatalogMissing, startReferenceCatalog } from '../reference-catalog/reference-catalog.ts';
import { orSkipped } from './client-test.ts';
import { clientSuite } from './client-suite.ts';
import { openClientLake, type Serve } from './client-lake.ts';
import { openPyiceberg } from './open-clients.ts';

const timeout = 10 * 60_000;

test('sync writes through the REST catalog of others as through ours', { timeout }, async (t) => {
  const missing = referenceCatalogMissing();
  if (missing !== null) {
    console.error(`NOT RUN: sync on the reference catalog: ${missing}`);
    return t.skip(`NOT RUN: ${missing}`);
  }
  await using lake = await openClientLake(serveReference);
  await t.test('every record is a row, once, and the current rows are the source', async () => {
    await lake.land(20);
    await lake.verify();
  });
  await t.test('the offset chain stands in the tables of the other catalog', async () => {
    for (const name of ['users', 'rides']) {
      const table = await lake.catalog.loadTable({ namespace: ['raw'], name });
      assert.ok(table);
      const { metadata } = table;
      const state = readChain(metadata);
      assert.equal(state.kind, 'valid');
      const next = state.kind === 'valid' ? [...state.chain.next.values()].flatMap((partitions) => [...partitions.values()]) : [];
      assert.equal(
        next.reduce((sum, offset) => sum + offset, 0n),
        140n,
        'the offsets of two partitions say what came',
      );
      assert.ok(metadata.snapshots.length >= 4);
    }
  });
  await t.test('another client works beside the worker there', async (inner) => {
    await orSkipped(inner, 'PyIceberg on the reference catalog', async () => {
      await using client = await openPyiceberg(lake);
      await clientSuite(inner, lake, client);
    });
    await lake.land(20);
    await lake.verify();
  });
});

const serveReference: Serve = async (stack, { root: warehouse }, directory) => {
  const { endpoint, region, accessKey, secretKey } = stack.endpoint('s3');
  const served = await startReferenceCatalog({
    warehouse,
    database: join(directory, 'reference.sqlite'),
    properties: {
      'io-impl': 'org.apache.iceberg.aws.s3.S3FileIO',
      's3.endpoint': endpoint,
      's3.path-style-access': 'true',
      's3.access-key-id': accessKey,
      's3.secret-access-key': secretKey,
      'client.region': region,
    },
    onProgress: (line) => console.error(`clients: ${line}`),
  });
  return { url: served.url, warehouse, [Symbol.asyncDispose]: () => served[Symbol.asyncDispose]() };
};
