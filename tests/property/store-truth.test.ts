// Writers race for a few keys through a server that fails at random, before or after the work, on any request. Whatever
// the schedule, what the store told each writer must be true at the end:
//   I4  of the writers of a key at most one was told `stored`, and the object holds its bytes, whole;
//   I5  a writer told `exists` did not write what is there, and one told that nothing happened did not either;
//       `unknown` may be said of anything, but every key somebody was told exists, exists.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import * as fc from 'fast-check';
import { LakeError } from '../../runtime/errors.ts';
import type { PutOutcome } from '../../lake/store/object-store.ts';
import { s3Store } from '../../lake/store/s3-store.ts';
import { faultyServer, type Fault, type ScriptedFault } from '../conformance/faulty-http.ts';
import { tinyS3 } from '../conformance/tiny-s3.ts';

const anyFault: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({ kind: fc.constant('cut' as const), when: fc.constantFrom('before' as const, 'after' as const) }),
  fc.record({
    kind: fc.constant('error' as const),
    when: fc.constantFrom('before' as const, 'after' as const),
    status: fc.constantFrom(500, 502, 504),
    code: fc.constant('InternalError'),
  }),
  fc.constant({ kind: 'error' as const, when: 'before' as const, status: 503, code: 'SlowDown' }),
  fc.constant({ kind: 'error' as const, when: 'before' as const, status: 409, code: 'ConditionalRequestConflict' }),
  fc.constant({ kind: 'silence' as const, work: 'first' as const, ms: 60 }),
  fc.constant({ kind: 'silence' as const, work: 'last' as const, ms: 60 }),
);

const anyScript: fc.Arbitrary<ScriptedFault> = fc.record({
  on: fc.constantFrom(
    'PutObject',
    'PutObject',
    'HeadObject',
    'CreateMultipartUpload',
    'UploadPart',
    'CompleteMultipartUpload',
    'CompleteMultipartUpload',
  ),
  skip: fc.nat(4),
  times: fc.integer({ min: 1, max: 3 }),
  fault: anyFault,
});

/** Writer `id` writes a body that names it to key `k{key}`, by put or as a file in parts. */
const anyWriter = fc.record({ key: fc.nat(1), isFile: fc.boolean() });

type Told = PutOutcome['kind'] | 'nothing happened' | 'unknown';

test('I4, I5: under any schedule of faults, what racing writers are told is true', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'foz-store-truth-'));
  const seen = new Map<Told, number>();
  try {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyScript, { maxLength: 12 }),
        fc.array(anyWriter, { minLength: 1, maxLength: 6 }),
        async (faults, writers) => {
          const s3 = tinyS3();
          await using server = await faultyServer(s3.handle);
          server.script(...faults);
          await using store = s3Store({
            bucket: 'lake',
            region: 'us-east-1',
            endpoint: server.endpoint,
            credentials: { kind: 'static', accessKeyId: 'test', secretAccessKey: 'test' },
            multipartThresholdBytes: 1,
            partBytes: 20,
            requestTimeoutMs: 30,
            attemptsMax: 3,
            retryDelayMinMs: 1,
            retryDelayMaxMs: 3,
          });
          const bodies = writers.map((_, id) => `writer ${id} `.repeat(4));
          const told = await Promise.all(
            writers.map(async (writer, id): Promise<Told> => {
              const body = Buffer.from(bodies[id] ?? '');
              const path = join(folder, `writer-${id}`);
              if (writer.isFile) await writeFile(path, body);
              const write = writer.isFile
                ? store.putFile(`k${writer.key}`, path, { ifAbsent: true })
                : store.put(`k${writer.key}`, body, { ifAbsent: true });
              return write.then((outcome) => outcome.kind, toldBy);
            }),
          );
          for (const outcome of told) seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
          // Late work of silent requests has landed by then.
          await new Promise((resolve) => setTimeout(resolve, 70));
          checkKey(0, writers, bodies, told, s3.objects.get('k0')?.body.toString());
          checkKey(1, writers, bodies, told, s3.objects.get('k1')?.body.toString());
        },
      ),
      { numRuns: 40, seed: 20261121 },
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  for (const outcome of ['stored', 'exists', 'unknown'] as const)
    assert.ok((seen.get(outcome) ?? 0) > 0, `no schedule ended in "${outcome}"`);
});

function toldBy(error: unknown): Told {
  assert.ok(error instanceof LakeError, String(error));
  assert.ok(error.code === 'STORE_OUTCOME_UNKNOWN' || error.code === 'STORE_UNREACHABLE', error.message);
  return error.code === 'STORE_OUTCOME_UNKNOWN' ? 'unknown' : 'nothing happened';
}

function checkKey(
  key: number,
  writers: readonly { key: number }[],
  bodies: readonly string[],
  told: readonly Told[],
  found: string | undefined,
): void {
  const ids = writers.flatMap((writer, id) => (writer.key === key ? [id] : []));
  const winners = ids.filter((id) => told[id] === 'stored');
  assert.ok(winners.length <= 1, `told stored: ${winners.join()}`);
  for (const id of winners) assert.equal(found, bodies[id], `writer ${id} was told stored`);
  for (const id of ids.filter((each) => told[each] === 'exists')) {
    assert.notEqual(found, undefined, `writer ${id} was told exists`);
    assert.notEqual(found, bodies[id], `writer ${id} was told exists, and its own bytes are there`);
  }
  for (const id of ids.filter((each) => told[each] === 'nothing happened'))
    assert.notEqual(found, bodies[id], `writer ${id} was told nothing happened`);
  if (found !== undefined)
    assert.ok(
      ids.some((id) => bodies[id] === found),
      'what is there is whole and somebody wrote it',
    );
}
