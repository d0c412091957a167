// One statement within a time: what a slow one ends with is an operating error that names the limit.

import { LakeError } from '../../runtime/errors.ts';

export async function withinTime<T>(
  limitMs: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = AbortSignal.timeout(limitMs);
  try {
    return await work(signal === undefined ? late : AbortSignal.any([signal, late]));
  } catch (cause) {
    if (!late.aborted || signal?.aborted === true) throw cause;
    throw new LakeError('LIMIT_EXCEEDED', `the statement took longer than ${limitMs / 1000} s, the limit of one statement of a check`, {
      cause,
    });
  }
}
