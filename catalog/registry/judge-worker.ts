// The thread that judges documents: one question, one answer, in order. When it takes too long it is ended from outside.

import { parentPort } from 'node:worker_threads';
import type { Contract } from '../../contracts/contract.ts';
import { judgeParts } from './judge-parts.ts';

export type JudgeQuestion =
  | { readonly kind: 'read'; readonly text: string; readonly file: string }
  | { readonly kind: 'enforcement'; readonly contract: Contract }
  | { readonly kind: 'compare'; readonly older: Contract; readonly newer: Contract };

function answer(question: JudgeQuestion): unknown {
  switch (question.kind) {
    case 'read':
      return judgeParts.read(question.text, question.file);
    case 'enforcement':
      return judgeParts.enforcementProblems(question.contract);
    case 'compare':
      return judgeParts.compare(question.older, question.newer);
  }
}

/** From our own thread-judge.ts only. */
function isQuestion(value: unknown): value is JudgeQuestion {
  return typeof value === 'object' && value !== null && 'kind' in value;
}

function serve(): void {
  const port = parentPort;
  port?.on('message', (question: unknown) => {
    if (!isQuestion(question)) return;
    try {
      port.postMessage({ value: answer(question) });
    } catch (error) {
      port.postMessage({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  });
}

serve();
