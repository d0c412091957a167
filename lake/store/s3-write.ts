// One write to S3, seen through to a known end. A reply can be lost after the store has done what it was asked (I5), so
// a failed attempt is not tried again before HEAD was asked what is there. Every write carries an id in the object's
// metadata: the id found is ours or it is not, and "taken" (412) after a lost reply is told from a real rival. A store
// that drops metadata is compared by size and MD5 instead, and only after an earlier attempt of ours could have landed.

import { LakeError } from '../../runtime/errors.ts';
import { retry, type RetryContext, type RetryPolicy } from '../../runtime/retry.ts';
import type { PutOutcome } from './object-store.ts';
import { S3Failure } from './s3-failure.ts';
import type { S3Head, S3Requests } from './s3-requests.ts';

export interface S3Write {
  readonly key: string;
  readonly bytes: number;
  readonly writeId: string;
  /** The ETag the object will have where ETags are MD5s. */
  readonly etag: string;
  readonly ifAbsent: boolean;
}

export interface S3Settling {
  readonly requests: Pick<S3Requests, 'head'>;
  readonly policy: RetryPolicy;
  readonly retryContext: RetryContext;
}

/** What is under the key now. */
type Found = 'ours' | 'other' | 'absent';

/**
 * Runs `attempt` until the write is `stored` or the key is taken (`exists`, only under `ifAbsent`). Throws
 * STORE_OUTCOME_UNKNOWN when an attempt was left without an answer and looking did not find it: it may still land.
 */
export async function settleWrite(settling: S3Settling, write: S3Write, attempt: () => Promise<void>): Promise<PutOutcome> {
  const stored: PutOutcome = { kind: 'stored', bytes: write.bytes };
  let isInDoubt = false;
  try {
    return await retry(
      settling.policy,
      async (number) => {
        try {
          await attempt();
          return stored;
        } catch (error) {
          if (!(error instanceof S3Failure)) throw error;
          if (error.kind === 'hung') isInDoubt = true;
          if (!needsLook(error)) throw error;
          const found = await look(settling, write, number > 1 || error.kind !== 'condition');
          if (found === 'ours') return stored;
          if (write.ifAbsent && found === 'other') return { kind: 'exists' };
          // A completion that found its upload gone and no object: it cannot land any more.
          if (error.kind === 'upload-gone') isInDoubt = false;
          // Taken a moment ago and gone now, or a failed overwrite: the next attempt decides.
          throw error.kind === 'condition' ? error.as('conflict') : error;
        }
      },
      settling.retryContext,
    );
  } catch (error) {
    if (!isInDoubt || !(error instanceof LakeError) || error.retry === 'reconcile') throw error;
    throw new LakeError('STORE_OUTCOME_UNKNOWN', `${error.message}; an attempt got no answer and may still take effect`, {
      context: { ...error.context, writeId: write.writeId },
      cause: error,
    });
  }
}

function needsLook(failure: S3Failure): boolean {
  return failure.kind === 'answered' || failure.kind === 'hung' || failure.kind === 'condition' || failure.kind === 'upload-gone';
}

/** Looking comes inside every attempt, so its own tries multiply: fewer of them. */
function lookPolicy(policy: RetryPolicy): RetryPolicy {
  return { ...policy, attemptsMax: Math.min(3, policy.attemptsMax) };
}

async function look(settling: S3Settling, write: S3Write, mayBeOurs: boolean): Promise<Found> {
  let head: S3Head | null;
  try {
    head = await retry(
      lookPolicy(settling.policy),
      () => settling.requests.head(write.key, settling.retryContext.signal),
      settling.retryContext,
    );
  } catch (cause) {
    if (!(cause instanceof LakeError)) throw cause;
    throw new LakeError('STORE_OUTCOME_UNKNOWN', `a write got no answer, and looking for it failed too: ${cause.message}`, {
      context: { ...cause.context, writeId: write.writeId },
      cause,
    });
  }
  if (head === null) return 'absent';
  if (head.writeId !== null) return head.writeId === write.writeId ? 'ours' : 'other';
  return mayBeOurs && head.bytes === write.bytes && head.etag === write.etag ? 'ours' : 'other';
}
