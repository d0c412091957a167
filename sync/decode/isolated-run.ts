// Rows written in a child process of their own: the same code with its own DuckDB, which may die without harm. The child
// is forked for one write and ends with it; its files lie in a folder of its own until it has said that they are whole.

import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { errorTable, LakeError, type ErrorCode } from '../../runtime/errors.ts';
import { isRecord } from '../../runtime/options.ts';
import type { RecordBlock } from '../log/record-block.ts';
import type { DecodePlan, EvolveFirst, WrittenBatch } from './decoder.ts';
import type { IsolatedRun } from './isolate.ts';

export interface RowGroup {
  readonly partition: number;
  readonly block: RecordBlock;
}

/** What the child is asked; structured clone carries it. */
export interface IsolatedRequest {
  readonly groups: readonly RowGroup[];
  /** Row numbers, from 0, over all groups. */
  readonly poison: ReadonlySet<number>;
  readonly plan: DecodePlan;
  /** Of the JSON decoder: plain values. */
  readonly options: object;
  readonly tempDir: string;
}

export type IsolatedReply =
  | { readonly kind: 'done'; readonly outcome: WrittenBatch | EvolveFirst }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

export async function runIsolated(
  module: URL,
  request: Omit<IsolatedRequest, 'tempDir'>,
  tempDir: string,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<IsolatedRun> {
  signal?.throwIfAborted();
  const folder = join(tempDir, `isolated-${randomUUID()}`);
  await mkdir(folder, { recursive: true });
  try {
    const { reply, how } = await askChild(module, { ...request, tempDir: folder }, timeoutMs, signal);
    signal?.throwIfAborted();
    if (!reply) return { kind: 'died', how };
    if (reply.kind === 'failed') throw new LakeError(isErrorCode(reply.code) ? reply.code : 'INTERNAL', reply.message);
    const { outcome } = reply;
    return { kind: 'lived', outcome: outcome.kind === 'evolve' ? outcome : await moved(outcome, tempDir) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function askChild(
  module: URL,
  request: IsolatedRequest,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<{ readonly reply: IsolatedReply | null; readonly how: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ reply: IsolatedReply | null; how: string }>();
  const child = fork(module, { serialization: 'advanced', execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  let reply: IsolatedReply | null = null;
  const stop = (): void => void child.kill('SIGKILL');
  const timer = setTimeout(stop, timeoutMs);
  signal?.addEventListener('abort', stop, { once: true });
  child.on('message', (message) => {
    if (isReply(message)) reply = message;
  });
  child.on('error', () => stop());
  child.on('exit', (code, died) => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
    if (reply === null && died === null)
      reject(new LakeError('INTERNAL', `the isolated decoder ended with exit code ${String(code)} and no answer`));
    else resolve({ reply, how: died ?? 'exit' });
  });
  child.send(request, (error) => {
    if (error) stop();
  });
  return promise;
}

/** The files, where the batch's files are looked for. */
async function moved(written: WrittenBatch, tempDir: string): Promise<WrittenBatch> {
  const files = written.files.map((file) => ({ ...file, path: join(tempDir, basename(file.path)) }));
  for (const [i, file] of written.files.entries()) await rename(file.path, files[i]?.path ?? file.path);
  return { ...written, files };
}

function isReply(message: unknown): message is IsolatedReply {
  return isRecord(message) && (message['kind'] === 'done' || message['kind'] === 'failed');
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorTable, code);
}
