import assert from 'node:assert/strict';
import test from 'node:test';
import { seededRandom } from '../../runtime/random.ts';
import { listKeys, readBytes, type S3Reading } from '../../lake/store/s3-read.ts';
import type { S3Body, S3Requests } from '../../lake/store/s3-requests.ts';
import { refused } from '../conformance/object-store.ts';

function readingOf(requests: Partial<S3Requests>): S3Reading {
  const clock = { now: () => 0, sleep: async () => undefined };
  return {
    root: 's3://lake/p',
    before: 'p/',
    requests: requests as S3Requests,
    policy: { attemptsMax: 3, delayMinMs: 1, delayMaxMs: 1 },
    retryContext: (signal) => ({ clock, random: seededRandom(1), signal }),
  };
}

test('a body that ends early without an error is no object', async () => {
  const body: S3Body = {
    bytes: 10,
    chunks: (async function* () {
      yield Buffer.from('only 6');
    })(),
  };
  const reading = readingOf({ get: async (_key, _range, read) => read(body) });
  await assert.rejects(() => readBytes(reading, 'k', undefined), /expected 10 bytes, found 6/);
});

test('a list out of order is refused: what walks it side by side with another would miss objects', async () => {
  const heads = ['p/a', 'p/c', 'p/b'].map((key) => ({ key, bytes: 1, modifiedAt: 0 }));
  const reading = readingOf({ listPage: async () => ({ heads, next: undefined }) });
  const found: string[] = [];
  await refused('STORE_REFUSED', async () => {
    for await (const head of listKeys(reading, '')) found.push(head.key);
  });
  assert.deepEqual(found, ['a', 'c']);
});
