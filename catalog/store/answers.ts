// What is asked of a store and what it answered: both go through a thread or a database driver. And answers, narrowed.

import { LakeError, type ErrorCode } from '../../runtime/errors.ts';
import type { SqlValue } from './sql.ts';

export interface StoreRequest {
  readonly operation: string;
  readonly parameters: readonly SqlValue[];
}

export type StoreAnswer =
  | { readonly kind: 'done'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string };

/** `place`: what messages call the store. */
export function valueOf(answer: StoreAnswer, operation: string, place: string): unknown {
  if (answer.kind === 'done') return answer.value;
  throw new LakeError(answer.code, `${operation} on the catalog store ${place} failed: ${answer.message}`, { context: { store: place } });
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function rowsOf(value: unknown): readonly (readonly unknown[])[] {
  return listOf(value).map(listOf);
}

/** The first value of a row, where it is text. */
export function firstText(value: unknown): string | null {
  const [text] = listOf(value);
  return typeof text === 'string' ? text : null;
}

export function oneOf<T extends string>(value: unknown, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw new LakeError('INTERNAL', `the catalog store answered ${String(value)}`);
  return found;
}
