// A small S3 server with scripted faults, a store on it and a folder, for the tests of what the store says under faults.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ObjectStore } from '../../lake/store/object-store.ts';
import { s3Store, type S3StoreOptions } from '../../lake/store/s3-store.ts';
import { faultyServer, type Fault, type FaultyServer, type Handle } from '../conformance/faulty-http.ts';
import { tinyS3, type TinyS3, type TinyS3Options } from '../conformance/tiny-s3.ts';

export const credentials = {
  kind: 'static',
  accessKeyId: 'test',
  secretAccessKey: 'very-secret-key',
  sessionToken: 'very-secret-token',
} as const;

export interface Lab {
  readonly store: ObjectStore;
  readonly server: FaultyServer;
  readonly s3: TinyS3;
  readonly folder: string;
}

export interface LabOptions {
  readonly s3?: TinyS3Options;
  readonly store?: Partial<S3StoreOptions>;
  readonly around?: (handle: Handle) => Handle;
}

export async function lab(run: (lab: Lab) => Promise<void>, options: LabOptions = {}): Promise<void> {
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

export const passingFaults: readonly Fault[] = [
  { kind: 'cut', when: 'before' },
  { kind: 'cut', when: 'after' },
  { kind: 'error', when: 'before', status: 500, code: 'InternalError' },
  { kind: 'error', when: 'after', status: 500, code: 'InternalError' },
  { kind: 'error', when: 'before', status: 503, code: 'SlowDown' },
  { kind: 'error', when: 'after', status: 502, code: 'BadGateway' },
  { kind: 'error', when: 'before', status: 400, code: 'RequestTimeout' },
];

/** Silences outlast the time-outs by much, and those outlast an answer on a busy machine by much. */
export const silences: readonly Fault[] = [
  { kind: 'silence', work: 'first', ms: 4_000 },
  { kind: 'silence', work: 'last', ms: 2_500 },
];
export const timeoutMs = 1_500;

/** Faults of the one request whose good answer may hide a failure. */
export const completionFaults: readonly Fault[] = [
  { kind: 'error', when: 'before', status: 200, code: 'InternalError' },
  { kind: 'error', when: 'after', status: 200, code: 'InternalError' },
  { kind: 'empty', when: 'before' },
  { kind: 'empty', when: 'after' },
  { kind: 'truncate', bytes: 40 },
];
