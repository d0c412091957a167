// The judge in a thread: commits go on while a document is read and compared. A question has a time and a memory limit;
// the thread is ended when one is reached, the question is answered with what is known then (nothing), and the next one
// gets a new thread. It is started by the first question. Time is the thread's own processor time, so that a busy machine
// refuses nothing that a quiet one takes; a multiple of it by the clock ends what does not even compute.

import { setTimeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { LakeError } from '../../runtime/errors.ts';
import type { ContractJudge } from './contract-judge.ts';
import type { JudgeQuestion } from './judge-worker.ts';
import { isComparison, isReading, isTexts } from './judge-guards.ts';
import type { VersionComparison } from './registry-ports.ts';

export interface ThreadJudgeOptions {
  /** Of the thread's processor time. */
  readonly questionMaxMs?: number;
  readonly memoryMaxMb?: number;
}

const questionMaxDefaultMs = 15_000;
const memoryMaxDefaultMb = 512;
/** By the clock, a question may take so many times its processor time. */
const patience = 10;
/** A thread that does not tell its processor time within this is stuck in one instruction of the engine. */
const tellingMaxMs = 2_000;

type Reply = { readonly kind: 'value'; readonly value: unknown } | { readonly kind: 'given-up'; readonly reason: string };

export function threadJudge({
  questionMaxMs = questionMaxDefaultMs,
  memoryMaxMb = memoryMaxDefaultMb,
}: ThreadJudgeOptions = {}): ContractJudge {
  let worker: Worker | null = null;
  let last: Promise<unknown> = Promise.resolve();
  const end = async (): Promise<void> => {
    const ended = worker;
    worker = null;
    await ended?.terminate();
  };
  const ask = (question: JudgeQuestion): Promise<Reply> => {
    const turn = last.then(async () => {
      worker ??= startWorker(memoryMaxMb);
      const reply = await replyOf(worker, question, questionMaxMs);
      if (reply.kind === 'given-up') await end();
      return reply;
    });
    last = turn.catch(() => undefined);
    return turn;
  };
  return {
    async read(text, file) {
      const reply = await ask({ kind: 'read', text, file });
      if (reply.kind === 'value') return checked(reply.value, isReading);
      const message = `reading the document was given up: ${reply.reason}`;
      const mend = 'Make it smaller: fewer columns, less nesting, simpler patterns.';
      return {
        kind: 'problems',
        problems: [{ rule: 'document-size', severity: 'error', file, line: 1, column: 1, path: '', message, mend }],
      };
    },
    async enforcementProblems(contract) {
      const reply = await ask({ kind: 'enforcement', contract });
      return reply.kind === 'value' ? checked(reply.value, isTexts) : [`its rules could not be compiled: ${reply.reason}`];
    },
    async compare(older, newer) {
      const reply = await ask({ kind: 'compare', older, newer });
      return reply.kind === 'value' ? checked(reply.value, isComparison) : unknownFor(older.version, reply.reason);
    },
    [Symbol.asyncDispose]: end,
  };
}

function startWorker(memoryMaxMb: number): Worker {
  // The extension is this file's own: the published package is compiled.
  const url = new URL(import.meta.url.endsWith('.ts') ? './judge-worker.ts' : './judge-worker.js', import.meta.url);
  const worker = new Worker(url, { execArgv: [], resourceLimits: { maxOldGenerationSizeMb: memoryMaxMb } });
  worker.unref();
  return worker;
}

async function replyOf(worker: Worker, question: JudgeQuestion, maxMs: number): Promise<Reply> {
  const stop = new AbortController();
  try {
    return await new Promise<Reply>((resolve, reject) => {
      const giveUp = (reason: string) => resolve({ kind: 'given-up', reason });
      void untilSpent(worker, maxMs, stop.signal).then((isSpent) => isSpent && giveUp(`it took longer than ${maxMs / 1000} s`));
      const onMessage = (message: unknown) => {
        if (typeof message === 'object' && message !== null && 'value' in message) resolve({ kind: 'value', value: message.value });
        else reject(new LakeError('INTERNAL', `judging a contract failed: ${failureOf(message)}`));
      };
      const onError = (error: Error) => giveUp(error.message);
      const onExit = () => giveUp('its thread ended');
      worker.once('message', onMessage).once('error', onError).once('exit', onExit);
      stop.signal.addEventListener('abort', () => {
        worker.off('message', onMessage).off('error', onError).off('exit', onExit);
      });
      worker.postMessage(question, []);
    });
  } finally {
    stop.abort();
  }
}

/** True once the thread has spent the time, or cannot be asked; false when the signal comes first. */
async function untilSpent(worker: Worker, maxMs: number, signal: AbortSignal): Promise<boolean> {
  const startedAt = performance.now();
  // A thread that is only starting does not answer: it has spent nothing.
  const before = (await processorMs(worker, signal)) ?? 0;
  for (let spent = 0; !signal.aborted;) {
    try {
      await setTimeout(Math.max(10, maxMs - spent), undefined, { signal, ref: false });
    } catch {
      return false;
    }
    const now = await processorMs(worker, signal);
    if (now === null || performance.now() - startedAt > maxMs * patience) return !signal.aborted;
    spent = now - before;
    if (spent >= maxMs) return true;
  }
  return false;
}

/** Null: it does not answer. */
async function processorMs(worker: Worker, signal: AbortSignal): Promise<number | null> {
  const silence = setTimeout(tellingMaxMs, null, { signal, ref: false }).catch(() => null);
  const told = await Promise.race([worker.cpuUsage().catch(() => null), silence]);
  return told === null ? null : (told.user + told.system) / 1000;
}

function failureOf(message: unknown): string {
  return typeof message === 'object' && message !== null && 'failure' in message ? String(message.failure) : 'no reason';
}

function checked<T>(value: unknown, isValue: (value: unknown) => value is T): T {
  if (isValue(value)) return value;
  throw new LakeError('INTERNAL', 'the judging thread answered something else than it was asked');
}

function unknownFor(version: string, reason: string): VersionComparison {
  const message = `the comparison with ${version} was given up: ${reason}`;
  const difference = { type: 'UNKNOWN', table: '', path: '', message, step: 'patch', breaks: ['backward', 'forward'] } as const;
  return { backward: 'unknown', forward: 'unknown', differences: [difference], witnesses: [] };
}
