// The S3 adapter over a small S3 server in this process; the integration lane runs the same suite over a real one.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { s3Store } from '../../lake/store/s3-store.ts';
import { faultyServer, type FaultyServer } from './faulty-http.ts';
import { objectStoreSuite, text } from './object-store.ts';
import { tinyS3, type TinyS3Options } from './tiny-s3.ts';

const servers: FaultyServer[] = [];
after(async () => {
  for (const server of servers) await server[Symbol.asyncDispose]();
});

const variants: Readonly<Record<string, TinyS3Options>> = {
  's3 store': { pageMax: 100 },
  's3 store without metadata and batch delete': { keepsMetadata: false, hasBatchDelete: false },
};

for (const [name, options] of Object.entries(variants)) {
  objectStoreSuite(
    name,
    async () => {
      const server = await faultyServer(tinyS3(options).handle);
      servers.push(server);
      return s3Store({
        bucket: 'lake',
        prefix: 'warehouse/one',
        region: 'us-east-1',
        endpoint: server.endpoint,
        credentials: { kind: 'static', accessKeyId: 'test', secretAccessKey: 'testsecret' },
        multipartThresholdBytes: 50_000,
        partBytes: 20_000,
      });
    },
    { fileSizes: [0, 1, 49_999, 50_000, 60_000, 60_001], listCount: options.hasBatchDelete === false ? 50 : 1_050 },
  );
}

test('the session token of temporary credentials travels with every request, the prefix with every key', async () => {
  const [tokens, paths]: [unknown[], string[]] = [[], []];
  const { handle } = tinyS3();
  await using server = await faultyServer((request) => {
    tokens.push(request.headers['x-amz-security-token']);
    paths.push(new URL(request.url, 'http://localhost').pathname);
    return handle(request);
  });
  await using store = s3Store({
    bucket: 'lake',
    prefix: 'a/b',
    region: 'us-east-1',
    endpoint: server.endpoint,
    credentials: { kind: 'static', accessKeyId: 'test', secretAccessKey: 'testsecret', sessionToken: 'temporary' },
  });
  await store.put('k', text('x'));
  await store.get('k');
  await store.head('k');
  assert.deepEqual(tokens, ['temporary', 'temporary', 'temporary']);
  assert.deepEqual(paths, ['/lake/a/b/k', '/lake/a/b/k', '/lake/a/b/k']);
  assert.equal(store.root, 's3://lake/a/b');
});
