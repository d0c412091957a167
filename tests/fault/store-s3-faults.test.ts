// Reads, lists, deletes, limits, refusals and aborts of the S3 adapter under faults, and what its self-test sees.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { inspect } from 'node:util';
import { LakeError } from '../../runtime/errors.ts';
import { s3Store } from '../../lake/store/s3-store.ts';
import type { Fault, Handle } from '../conformance/faulty-http.ts';
import { eachOf, listed, refused, text, textAt } from '../conformance/object-store.ts';
import { operationOf } from '../conformance/tiny-s3.ts';
import { credentials, lab, passingFaults, silences, timeoutMs } from './s3-lab.ts';

test('a read that gets no answer in time, or stalls half-way, is tried again and gives the whole object', async () => {
  const faults: readonly Fault[] = [...silences, { kind: 'slow', ms: 4_000 }];
  await Promise.all(
    faults.map((fault) =>
      lab(
        async ({ store, server, folder }) => {
          const body = randomBytes(300_000);
          await store.put('k', body);
          server.script({ on: 'GetObject', times: 2, fault });
          const [got] = await Promise.all([store.get('k'), store.getFile('k', join(folder, 'out'))]);
          assert.ok(body.equals(got), JSON.stringify(fault));
          assert.ok(body.equals(await readFile(join(folder, 'out'))), JSON.stringify(fault));
          assert.equal(server.operations.filter((each) => each === 'GetObject').length, 4, JSON.stringify(fault));
        },
        { store: { idleTimeoutMs: timeoutMs } },
      ),
    ),
  );
});

test('a server that is not there is unreachable, in every method', () =>
  lab(async ({ folder }) => {
    const store = s3Store({
      bucket: 'lake',
      region: 'us-east-1',
      endpoint: 'http://127.0.0.1:1',
      credentials,
      attemptsMax: 2,
      retryDelayMinMs: 1,
    });
    await writeFile(join(folder, 'file'), 'x');
    await refused('STORE_UNREACHABLE', () => store.put('k', text('x')));
    await refused('STORE_UNREACHABLE', () => store.putFile('k', join(folder, 'file')));
    await refused('STORE_UNREACHABLE', () => store.get('k'));
    await refused('STORE_UNREACHABLE', () => store.head('k'));
    await refused('STORE_UNREACHABLE', () => store.delete(['k']));
    await refused('STORE_UNREACHABLE', () => listed(store, ''));
    await refused('STORE_UNREACHABLE', () => store.selfTest());
  }));

test('a read that is cut, truncated or refused for a moment is tried again and gives the whole object', () =>
  lab(async ({ store, server, folder }) => {
    const body = randomBytes(300_000);
    await store.put('k', body);
    const faults: readonly Fault[] = [
      ...passingFaults,
      { kind: 'truncate', bytes: 100_000 },
      { kind: 'slow', ms: 250 },
      { kind: 'slow', ms: 20 },
    ];
    for (const fault of faults) {
      server.script({ on: 'GetObject', fault });
      assert.ok(body.equals(await store.get('k')), JSON.stringify(fault));
      server.script({ on: 'GetObject', fault });
      assert.ok(body.subarray(7, 200_000).equals(await store.get('k', { start: 7, end: 200_000 })), JSON.stringify(fault));
      server.script({ on: 'GetObject', fault });
      assert.equal(await store.getFile('k', join(folder, 'out')), 300_000, JSON.stringify(fault));
      assert.ok(body.equals(await readFile(join(folder, 'out'))), JSON.stringify(fault));
      // An answer to HEAD has no body, so a 400 there cannot say that it will pass.
      if (fault.kind === 'error' && fault.status === 400) continue;
      server.script({ on: 'HeadObject', fault });
      assert.equal((await store.head('k'))?.bytes, 300_000, JSON.stringify(fault));
    }
  }));

test('a read that never comes whole is unreachable and leaves the local file as it was', () =>
  lab(async ({ store, server, folder }) => {
    await store.put('k', randomBytes(10_000));
    await writeFile(join(folder, 'out'), 'kept');
    server.script({ on: 'GetObject', times: 1_000, fault: { kind: 'truncate', bytes: 9_999 } });
    await refused('STORE_UNREACHABLE', () => store.getFile('k', join(folder, 'out')));
    assert.equal(await readFile(join(folder, 'out'), 'utf8'), 'kept');
    assert.deepEqual(await readdir(folder), ['out']);
  }));

test('lists and deletes go on after a fault, each object once', () =>
  lab(
    async ({ store, server }) => {
      const all = Array.from({ length: 25 }, (_, i) => `k/${String(i).padStart(2, '0')}`);
      await eachOf(all, 8, async (key) => void (await store.put(key, text('x'))));
      for (const fault of [...passingFaults, { kind: 'truncate', bytes: 100 } as const]) {
        server.script({ on: 'ListObjectsV2', skip: 1, fault });
        assert.deepEqual(await listed(store, 'k/'), all, JSON.stringify(fault));
      }
      for (const [index, fault] of passingFaults.entries()) {
        server.script({ on: 'DeleteObjects', fault });
        await store.delete(all.slice(index * 2, index * 2 + 2));
      }
      assert.deepEqual(await listed(store, ''), all.slice(passingFaults.length * 2));
    },
    { s3: { pageMax: 10 } },
  ));

const refusing = (): Handle => async () => ({
  status: 403,
  headers: { 'content-type': 'application/xml' },
  body: `<Error><Code>SignatureDoesNotMatch</Code><Message>the token ${credentials.sessionToken} is wrong</Message><CanonicalRequest>x-amz-security-token:${credentials.sessionToken} ${credentials.secretAccessKey}</CanonicalRequest></Error>`,
});

test('a refusal is said at once with bucket, key, code and status, and never with a secret', () =>
  lab(
    async ({ store, server }) => {
      for (const attempt of [
        () => store.put('a/key', text('x'), { ifAbsent: true }),
        () => store.get('a/key'),
        () => store.head('a/key'),
      ]) {
        server.operations.length = 0;
        await assert.rejects(attempt, (error) => {
          assert.ok(error instanceof LakeError);
          assert.equal(error.code, 'STORE_REFUSED');
          assert.match(error.message, /s3:\/\/lake\/a\/key/);
          assert.match(error.message, /403/);
          assert.equal(error.context['status'], 403);
          const everything = inspect(error, { depth: 10, showHidden: true }) + JSON.stringify(error.context);
          assert.doesNotMatch(everything, /very-secret/);
          return true;
        });
        assert.equal(server.operations.length, 1);
      }
    },
    { around: refusing },
  ));

/** Every request takes a moment, and the most under way at once are counted by operation. */

function counting(most: Map<string, number>): (handle: Handle) => Handle {
  const underway = new Map<string, number>();
  return (handle) => async (request) => {
    for (const name of [operationOf(request), 'any']) {
      const now = (underway.get(name) ?? 0) + 1;
      underway.set(name, now);
      most.set(name, Math.max(now, most.get(name) ?? 0));
    }
    await pause(30);
    for (const name of [operationOf(request), 'any']) underway.set(name, (underway.get(name) ?? 0) - 1);
    return handle(request);
  };
}

test('I9: as many requests are under way as sockets are allowed, and no more', () => {
  const most = new Map<string, number>();
  return lab(
    async ({ store, s3 }) => {
      await eachOf(
        Array.from({ length: 60 }, (_, i) => `k${i}`),
        60,
        async (key) => void (await store.put(key, text(key))),
      );
      const found = most.get('any') ?? 0;
      assert.ok(found <= 6 && found >= 4, `${found} at once`);
      assert.equal(s3.objects.size, 60);
    },
    { store: { socketsMax: 6 }, around: counting(most) },
  );
});

test('I9: parts in memory are bounded over all uploads of a store', () => {
  const most = new Map<string, number>();
  return lab(
    async ({ store, s3, folder }) => {
      const body = randomBytes(4_000);
      await writeFile(join(folder, 'file'), body);
      await eachOf(
        Array.from({ length: 6 }, (_, i) => `f${i}`),
        6,
        async (key) => void (await store.putFile(key, join(folder, 'file'))),
      );
      assert.equal(most.get('UploadPart'), 2);
      for (let i = 0; i < 6; i++) assert.ok(body.equals(s3.objects.get(`f${i}`)?.body ?? Buffer.of()));
    },
    { store: { concurrency: 2 }, around: counting(most) },
  );
});

test('an abort ends a silent request at once with its reason, and aborts the upload', () =>
  lab(async ({ store, server, s3, folder }) => {
    await writeFile(join(folder, 'file'), randomBytes(1_500));
    const attempts = [
      { on: 'PutObject', run: (signal: AbortSignal) => store.put('k', text('x'), {}, signal) },
      { on: 'GetObject', run: (signal: AbortSignal) => store.get('k', undefined, signal) },
      { on: 'UploadPart', run: (signal: AbortSignal) => store.putFile('f', join(folder, 'file'), {}, signal) },
    ];
    for (const { on, run } of attempts) {
      server.script({ on, times: 100, fault: { kind: 'silence', work: 'last', ms: 9_000 } });
      const stop = new AbortController();
      const reason = new Error('stop');
      setTimeout(() => stop.abort(reason), 50);
      const start = Date.now();
      await assert.rejects(
        () => run(stop.signal),
        (error) => error === reason,
      );
      assert.ok(Date.now() - start < 5_000, `${on} took ${Date.now() - start} ms to stop`);
    }
    assert.equal(s3.uploads.size, 0);
  }));

test('the self-test sees a store that ignores the condition, one that refuses it, and one that is not atomic', async () => {
  for (const conditions of ['ignored', 'refused', 'racy'] as const) {
    await lab(
      async ({ store, s3 }) => {
        const report = await store.selfTest();
        assert.equal(report.conditionalPut, false, conditions);
        assert.equal(report.conditionalComplete, false, conditions);
        assert.equal(report.raceFailures > 0, conditions === 'racy', conditions);
        assert.deepEqual([...s3.objects.keys()], []);
        assert.equal(s3.uploads.size, 0);
      },
      { s3: { conditions } },
    );
  }
});

test('with conditionalWrites off the header is never sent and a taken key is still seen when nobody races', () =>
  lab(
    async ({ store, folder }) => {
      await writeFile(join(folder, 'file'), randomBytes(1_500));
      assert.equal((await store.put('k', text('one'), { ifAbsent: true })).kind, 'stored');
      assert.equal((await store.put('k', text('two'), { ifAbsent: true })).kind, 'exists');
      assert.equal((await store.putFile('k', join(folder, 'file'), { ifAbsent: true })).kind, 'exists');
      assert.equal((await store.putFile('f', join(folder, 'file'), { ifAbsent: true })).kind, 'stored');
      assert.equal(await textAt(store, 'k'), 'one');
    },
    { s3: { conditions: 'refused' }, store: { conditionalWrites: 'off' } },
  ));
