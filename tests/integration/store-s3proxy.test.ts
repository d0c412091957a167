// The S3 adapter over a real S3 server: the conformance suite, and the faults that matter most with the server behind a
// proxy that fails after the work is done.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { s3Store, type S3StoreOptions } from '../../lake/store/s3-store.ts';
import { startStack, type Stack, type StackEndpoints } from '../../stack/stack.ts';
import { faultyServer, forwardTo, type ScriptedFault } from '../conformance/faulty-http.ts';
import { listed, objectStoreSuite, refused, text } from '../conformance/object-store.ts';

const mebibyte = 1024 * 1024;
const running: { stack?: Stack; endpoint?: StackEndpoints['s3']; folder?: string; lakes: number } = { lakes: 0 };

before(async () => {
  running.folder = await mkdtemp(join(tmpdir(), 'foz-s3proxy-'));
  running.stack = await startStack({ dir: running.folder, components: ['s3'] });
  running.endpoint = running.stack.endpoint('s3');
});

after(async () => {
  await running.stack?.[Symbol.asyncDispose]();
  if (running.folder !== undefined) await rm(running.folder, { recursive: true, force: true });
});

/** A fresh, empty prefix each time. */
function openStore(overrides: Partial<S3StoreOptions> = {}) {
  const s3 = running.endpoint;
  assert.ok(s3 !== undefined);
  return s3Store({
    bucket: s3.bucket,
    prefix: `lake-${++running.lakes}`,
    region: s3.region,
    endpoint: s3.endpoint,
    credentials: { kind: 'static', accessKeyId: s3.accessKey, secretAccessKey: s3.secretKey },
    multipartThresholdBytes: 65_536,
    partBytes: 5 * mebibyte,
    ...overrides,
  });
}

objectStoreSuite('s3 store on S3Proxy', async () => openStore(), {
  fileSizes: [0, 65_535, 65_536, 5 * mebibyte + 1],
  listCount: 1_010,
  known: { failsBelowObjects: true, ordersByUtf16: true },
});

test('I5: on a real server a lost reply ends in stored, never in "exists", and the object is whole', async () => {
  assert.ok(running.endpoint !== undefined && running.folder !== undefined);
  await using proxy = await faultyServer(forwardTo(running.endpoint.endpoint));
  await using store = openStore({ endpoint: proxy.endpoint, requestTimeoutMs: 5_000, retryDelayMinMs: 10 });
  const file = join(running.folder, 'file');
  const body = randomBytes(5 * mebibyte + 1_000);
  await writeFile(file, body);
  const faults: readonly ScriptedFault['fault'][] = [
    { kind: 'cut', when: 'after' },
    { kind: 'cut', when: 'before' },
    { kind: 'error', when: 'after', status: 500, code: 'InternalError' },
    { kind: 'error', when: 'after', status: 200, code: 'InternalError' },
    { kind: 'error', when: 'before', status: 503, code: 'SlowDown' },
    { kind: 'truncate', bytes: 60 },
  ];
  for (const [index, fault] of faults.entries()) {
    const says = JSON.stringify(fault);
    for (const on of ['CompleteMultipartUpload', 'UploadPart'].slice(0, says.includes('200') ? 1 : 2)) {
      proxy.script({ on, fault });
      const key = `file-${index}-${on}`;
      assert.deepEqual(await store.putFile(key, file, { ifAbsent: true }), { kind: 'stored', bytes: body.length }, `${on} ${says}`);
      assert.ok(body.equals(await store.get(key)), `${on} ${says}`);
    }
    // A put's answer has no body that could be cut or hold an error.
    if (fault.kind === 'truncate' || says.includes('200')) continue;
    proxy.script({ on: 'PutObject', fault });
    assert.deepEqual(await store.put(`k${index}`, text(`body ${index}`), { ifAbsent: true }), { kind: 'stored', bytes: 6 }, says);
    assert.deepEqual(await store.put(`k${index}`, text(`body ${index}`), { ifAbsent: true }), { kind: 'exists' }, says);
  }
  proxy.script({ on: 'GetObject', fault: { kind: 'truncate', bytes: 3 * mebibyte } });
  assert.ok(body.equals(await store.get('file-0-UploadPart')));
});

test("a wrong secret and a missing bucket are refused with the store's own code", async () => {
  assert.ok(running.endpoint !== undefined);
  const { accessKey } = running.endpoint;
  await using wrong = openStore({ credentials: { kind: 'static', accessKeyId: accessKey, secretAccessKey: 'wrong' } });
  await refused('STORE_REFUSED', () => wrong.put('k', text('x')));
  await refused('STORE_REFUSED', () => listed(wrong, ''));
  await refused('STORE_REFUSED', () => wrong.selfTest());
  await using missing = openStore({ bucket: 'no-such-bucket' });
  await refused('STORE_REFUSED', () => missing.put('k', text('x')));
  await refused('STORE_REFUSED', () => missing.get('k'));
});
