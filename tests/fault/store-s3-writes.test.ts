// What the S3 adapter tells a writer when the wire or the store fails. The rule under test: a fault may cost time, and
// at worst end in "unknown", but `stored`, `exists` and "nothing happened" are only ever said when they are true (I5).
// The server is a small one in this process; every fault strikes before or after it has done the work.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { s3Store } from '../../lake/store/s3-store.ts';
import type { Handle } from '../conformance/faulty-http.ts';
import { refused, text, textAt } from '../conformance/object-store.ts';
import { completionFaults, credentials, lab, passingFaults, silences, timeoutMs } from './s3-lab.ts';

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
