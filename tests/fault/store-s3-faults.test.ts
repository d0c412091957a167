// What the S3 adapter tells its caller when the wire or the store fails. The rule under test: a fault may cost time, and
// at worst end in "unknown", but `stored`, `exists` and "nothing happened" are only ever said when they are true (I5).
// The server is a small one in this process; every fault strikes before or after it has done the work.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { inspect } from 'node:util';
import { LakeError } from '../../runtime/errors.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';
import { s3Store, type S3StoreOptions } from '../../lake/store/s3-store.ts';
import { faultyServer, type Fault, type FaultyServer, type Handle } from '../conformance/faulty-http.ts';
import { eachOf, listed, refused, text, textAt } from '../conformance/object-store.ts';
import { operationOf, tinyS3, type TinyS3, type TinyS3Options } from '../conformance/tiny-s3.ts';

const credentials = { kind: 'static', accessKeyId: 'test', secretAccessKey: 'very-secret-key', sessionToken: 'very-secret-token' } as const;

interface Lab {
  readonly store: ObjectStore;
  readonly server: FaultyServer;
  readonly s3: TinyS3;
  readonly folder: string;
}

interface LabOptions {
  readonly s3?: TinyS3Options;
  readonly store?: Partial<S3StoreOptions>;
  readonly around?: (handle: Handle) => Handle;
}

async function lab(run: (lab: Lab) => Promise<void>, options: LabOptions = {}): Promise<void> {
  const s3 = tinyS3(options.s3);
  const folder = await mkdtemp(join(tmpdir(), 'foz-s3-faults-'));
  try {
    await using server = await faultyServer((options.around ?? ((handle) => handle))(s3.handle));
    await using store = s3Store({
      bucket: 'lake',
      region: 'us-east-1',
      endpoint: server.endpoint,
      credentials,
      multipartThresholdBytes: 1_000,
      partBytes: 400,
      requestTimeoutMs: 10_000,
      idleTimeoutMs: 10_000,
      attemptsMax: 4,
      retryDelayMinMs: 1,
      retryDelayMaxMs: 5,
      ...options.store,
    });
    await run({ store, server, s3, folder });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const passingFaults: readonly Fault[] = [
  { kind: 'cut', when: 'before' },
  { kind: 'cut', when: 'after' },
  { kind: 'error', when: 'before', status: 500, code: 'InternalError' },
  { kind: 'error', when: 'after', status: 500, code: 'InternalError' },
  { kind: 'error', when: 'before', status: 503, code: 'SlowDown' },
  { kind: 'error', when: 'after', status: 502, code: 'BadGateway' },
  { kind: 'error', when: 'before', status: 400, code: 'RequestTimeout' },
];

/** Silences outlast the time-outs by much, and those outlast an answer on a busy machine by much. */
const silences: readonly Fault[] = [
  { kind: 'silence', work: 'first', ms: 4_000 },
  { kind: 'silence', work: 'last', ms: 2_500 },
];
const timeoutMs = 1_500;

/** Faults of the one request whose good answer may hide a failure. */
const completionFaults: readonly Fault[] = [
  { kind: 'error', when: 'before', status: 200, code: 'InternalError' },
  { kind: 'error', when: 'after', status: 200, code: 'InternalError' },
  { kind: 'empty', when: 'before' },
  { kind: 'empty', when: 'after' },
  { kind: 'truncate', bytes: 40 },
];

for (const keepsMetadata of [true, false]) {
  const server = keepsMetadata ? '' : ', on a server that drops metadata';
  for (const ifAbsent of [true, false]) {
    const mode = `${ifAbsent ? 'with' : 'without'} ifAbsent${server}`;
    test(`I5: a put that loses a request or its reply is stored all the same, ${mode}`, () =>
      lab(
        async ({ store, server: faulty, s3 }) => {
          for (const [index, fault] of passingFaults.entries()) {
            faulty.script({ on: 'PutObject', fault });
            const key = `k${index}`;
            assert.deepEqual(
              await store.put(key, text(`body ${index}`), { ifAbsent }),
              { kind: 'stored', bytes: 6 },
              JSON.stringify(fault),
            );
            assert.equal(s3.objects.get(key)?.body.toString(), `body ${index}`);
          }
        },
        { s3: { keepsMetadata } },
      ));

    test(`I5: a file in parts that loses any request or reply is stored whole and leaves no upload open, ${mode}`, () =>
      lab(
        async ({ store, server: faulty, s3, folder }) => {
          const body = randomBytes(1_777);
          await writeFile(join(folder, 'file'), body);
          const cases = [
            ...passingFaults.flatMap((fault) =>
              ['UploadPart', 'CompleteMultipartUpload'].map((on) => ({ on, fault, skip: on === 'UploadPart' ? 2 : 0 })),
            ),
            ...completionFaults.map((fault) => ({ on: 'CompleteMultipartUpload', fault })),
          ];
          for (const [index, scripted] of cases.entries()) {
            faulty.script(scripted);
            assert.deepEqual(
              await store.putFile(`k${index}`, join(folder, 'file'), { ifAbsent }),
              { kind: 'stored', bytes: 1_777 },
              JSON.stringify(scripted),
            );
            assert.ok(body.equals(s3.objects.get(`k${index}`)?.body ?? Buffer.of()), JSON.stringify(scripted));
            assert.equal(s3.uploads.size, 0, JSON.stringify(scripted));
          }
        },
        { s3: { keepsMetadata } },
      ));
  }
}

test('I5: a write that lands only after HEAD looked is still known as our own', () => {
  const blind = new Set<string>();
  const around =
    (handle: Handle): Handle =>
    async (request) => {
      // The first look at each key comes too early.
      if (request.method !== 'HEAD' || blind.has(request.url)) return handle(request);
      blind.add(request.url);
      return { status: 404 };
    };
  return lab(
    async ({ store, server, s3, folder }) => {
      const body = randomBytes(1_777);
      await writeFile(join(folder, 'file'), body);
      server.script(
        { on: 'PutObject', fault: { kind: 'cut', when: 'after' } },
        { on: 'CompleteMultipartUpload', fault: { kind: 'cut', when: 'after' } },
      );
      assert.deepEqual(await store.put('k', body, { ifAbsent: true }), { kind: 'stored', bytes: 1_777 });
      assert.deepEqual(await store.putFile('f', join(folder, 'file'), { ifAbsent: true }), { kind: 'stored', bytes: 1_777 });
      assert.equal(blind.size, 2);
      for (const key of ['k', 'f']) assert.ok(body.equals(s3.objects.get(key)?.body ?? Buffer.of()));
    },
    { around },
  );
});

test('I5: replacing an object through a lost request ends with the new bytes, not with "exists"', () =>
  lab(async ({ store, server, s3, folder }) => {
    const body = randomBytes(1_777);
    await writeFile(join(folder, 'file'), body);
    for (const [index, fault] of passingFaults.entries()) {
      server.script();
      await store.put(`p${index}`, text('old'));
      await store.put(`f${index}`, text('old'));
      server.script({ on: 'PutObject', fault }, { on: 'CompleteMultipartUpload', fault });
      assert.deepEqual(await store.put(`p${index}`, body), { kind: 'stored', bytes: 1_777 }, JSON.stringify(fault));
      assert.deepEqual(await store.putFile(`f${index}`, join(folder, 'file')), { kind: 'stored', bytes: 1_777 }, JSON.stringify(fault));
      for (const key of [`p${index}`, `f${index}`]) assert.ok(body.equals(s3.objects.get(key)?.body ?? Buffer.of()), JSON.stringify(fault));
    }
  }));

test('I5: also the last attempt is looked for before anything is said of it', () =>
  lab(
    async ({ store, server, s3, folder }) => {
      const body = randomBytes(1_777);
      await writeFile(join(folder, 'file'), body);
      const faults = passingFaults.filter((fault) => 'when' in fault && fault.when === 'after');
      for (const [index, fault] of faults.entries()) {
        server.script({ on: 'PutObject', fault }, { on: 'CompleteMultipartUpload', fault });
        for (const ifAbsent of [true, false]) {
          const key = `${index}-${ifAbsent}`;
          assert.equal((await store.put(`put-${key}`, body, { ifAbsent })).kind, 'stored', JSON.stringify(fault));
          assert.equal((await store.putFile(`file-${key}`, join(folder, 'file'), { ifAbsent })).kind, 'stored', JSON.stringify(fault));
        }
      }
      for (const [key, object] of s3.objects) assert.ok(body.equals(object.body), key);
      assert.equal(s3.objects.size, faults.length * 4);
    },
    { store: { attemptsMax: 1 } },
  ));

test('I5: a write that gets no answer in time is stored all the same, put or file, first or last request', async () => {
  const on = ['PutObject', 'UploadPart', 'CompleteMultipartUpload'];
  const cases = silences.flatMap((fault) =>
    [true, false].flatMap((keepsMetadata) => on.map((each) => ({ on: each, fault, keepsMetadata }))),
  );
  // Waiting costs no work, so all wait together.
  await Promise.all(
    cases.map(({ on: operation, fault, keepsMetadata }) =>
      lab(
        async ({ store, server, s3, folder }) => {
          const body = randomBytes(1_777);
          await writeFile(join(folder, 'file'), body);
          server.script({ on: operation, fault });
          const write =
            operation === 'PutObject'
              ? store.put('k', body, { ifAbsent: true })
              : store.putFile('k', join(folder, 'file'), { ifAbsent: true });
          const says = `${operation} ${JSON.stringify(fault)} ${keepsMetadata}`;
          assert.deepEqual(await write, { kind: 'stored', bytes: 1_777 }, says);
          assert.equal(
            server.operations.filter((each) => each === operation).length > 1 || server.operations.includes('HeadObject'),
            true,
            says,
          );
          assert.ok(body.equals(s3.objects.get('k')?.body ?? Buffer.of()), says);
          assert.equal(s3.uploads.size, 0, says);
        },
        { s3: { keepsMetadata }, store: { requestTimeoutMs: timeoutMs } },
      ),
    ),
  );
});

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

test('I5: a rival that took the key while our request was lost is told from our own write, even with the same bytes', () =>
  lab(async ({ store, server, s3 }) => {
    server.script({ on: 'PutObject', fault: { kind: 'cut', when: 'before' } });
    // The rival's write is the second PutObject and passes; ours is tried again after it.
    const rival = s3Store({ bucket: 'lake', region: 'us-east-1', endpoint: server.endpoint, credentials });
    const [ours, theirs] = await Promise.all([
      store.put('k', text('same'), { ifAbsent: true }),
      rival.put('k', text('same'), { ifAbsent: true }),
    ]);
    assert.deepEqual([ours.kind, theirs.kind].toSorted(), ['exists', 'stored']);
    assert.equal(s3.objects.get('k')?.body.toString(), 'same');
    await rival[Symbol.asyncDispose]();
  }));

test('I5: when every reply is lost and looking fails too the outcome is unknown, and it says so', () =>
  lab(async ({ store, server, folder }) => {
    const forever = { times: 1_000, fault: { kind: 'cut', when: 'after' } } as const;
    server.script({ on: 'PutObject', ...forever }, { on: 'HeadObject', ...forever }, { on: 'CompleteMultipartUpload', ...forever });
    await refused('STORE_OUTCOME_UNKNOWN', () => store.put('k', text('x'), { ifAbsent: true }));
    await writeFile(join(folder, 'file'), randomBytes(1_500));
    await refused('STORE_OUTCOME_UNKNOWN', () => store.putFile('f', join(folder, 'file'), { ifAbsent: true }));
  }));

test('I5: a request without an answer stays unknown although HEAD finds nothing: it may still land', () =>
  lab(async ({ store, server }) => {
    server.script({ on: 'PutObject', times: 1_000, fault: { kind: 'cut', when: 'before' } });
    await refused('STORE_OUTCOME_UNKNOWN', () => store.put('k', text('x'), { ifAbsent: true }));
  }));

test('a store that says it failed, and where HEAD finds nothing, did nothing: unreachable, to be tried again later', () =>
  lab(async ({ store, server }) => {
    for (const code of ['SlowDown', 'InternalError']) {
      server.operations.length = 0;
      server.script({
        on: 'PutObject',
        times: 1_000,
        fault: { kind: 'error', when: 'before', status: code === 'SlowDown' ? 503 : 500, code },
      });
      await refused('STORE_UNREACHABLE', () => store.put('k', text('x'), { ifAbsent: true }));
      assert.equal(server.operations.filter((operation) => operation === 'PutObject').length, 4, 'attemptsMax');
    }
  }));

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

test('409 ConditionalRequestConflict: a put is sent again, an upload starts over', () =>
  lab(async ({ store, server, s3, folder }) => {
    const fault = { kind: 'error', when: 'before', status: 409, code: 'ConditionalRequestConflict' } as const;
    server.script({ on: 'PutObject', fault }, { on: 'CompleteMultipartUpload', fault });
    assert.equal((await store.put('k', text('x'), { ifAbsent: true })).kind, 'stored');
    const body = randomBytes(1_500);
    await writeFile(join(folder, 'file'), body);
    server.operations.length = 0;
    assert.equal((await store.putFile('f', join(folder, 'file'), { ifAbsent: true })).kind, 'stored');
    assert.equal(server.operations.filter((operation) => operation === 'CreateMultipartUpload').length, 2);
    assert.ok(body.equals(s3.objects.get('f')?.body ?? Buffer.of()));
    assert.equal(s3.uploads.size, 0);
  }));

test('an upload in conflict again and again is given up as unreachable: a later try may pass', () =>
  lab(async ({ store, server, s3, folder }) => {
    server.script({
      on: 'CompleteMultipartUpload',
      times: 1_000,
      fault: { kind: 'error', when: 'before', status: 409, code: 'ConditionalRequestConflict' },
    });
    await writeFile(join(folder, 'file'), randomBytes(1_500));
    await refused('STORE_UNREACHABLE', () => store.putFile('f', join(folder, 'file'), { ifAbsent: true }));
    assert.equal(s3.uploads.size, 0);
  }));

test('an upload that the store has lost starts over', () =>
  lab(async ({ store, server, s3, folder }) => {
    server.script({ on: 'CompleteMultipartUpload', fault: { kind: 'error', when: 'before', status: 404, code: 'NoSuchUpload' } });
    const body = randomBytes(1_500);
    await writeFile(join(folder, 'file'), body);
    assert.equal((await store.putFile('f', join(folder, 'file'))).kind, 'stored');
    assert.ok(body.equals(s3.objects.get('f')?.body ?? Buffer.of()));
    assert.equal(s3.uploads.size, 0);
  }));

test('an upload that fails for good, or finds the key taken, is aborted', () =>
  lab(async ({ store, server, s3, folder }) => {
    await writeFile(join(folder, 'file'), randomBytes(1_500));
    server.script({ on: 'UploadPart', skip: 1, fault: { kind: 'error', when: 'before', status: 403, code: 'AccessDenied' } });
    await refused('STORE_REFUSED', () => store.putFile('f', join(folder, 'file')));
    assert.equal(s3.uploads.size, 0);
    await store.put('f', text('taken'));
    assert.deepEqual(await store.putFile('f', join(folder, 'file'), { ifAbsent: true }), { kind: 'exists' });
    assert.equal(s3.uploads.size, 0);
    assert.equal(await textAt(store, 'f'), 'taken');
  }));

test('bytes damaged on the way in are refused by the store and sent again', () => {
  let isDamaged = false;
  const around =
    (handle: Handle): Handle =>
    async (request) => {
      if (request.method !== 'PUT' || isDamaged) return handle(request);
      isDamaged = true;
      return handle({ ...request, body: Buffer.from(request.body.map((byte) => byte ^ 1)) });
    };
  return lab(
    async ({ store, s3 }) => {
      assert.equal((await store.put('k', text('exact'))).kind, 'stored');
      assert.equal(isDamaged, true);
      assert.equal(s3.objects.get('k')?.body.toString(), 'exact');
    },
    { around },
  );
});

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
