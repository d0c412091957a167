// What requests with an Idempotency-Key were answered, until the key's lifetime is over. A reply is written once, in the
// transaction of the change it answers for (`ChangeRecord`), or by `addReply` where nothing was changed: whoever comes
// first decides, so that a key has one effect and one answer however often and wherever its request arrives.

import type { EpochMs } from '../../runtime/clock.ts';
import type { IdempotentReply } from './change-record.ts';

export interface ReplyStore {
  findReply(key: string): Promise<IdempotentReply | null>;
  /** `taken`: the key has one already, which stays. */
  addReply(reply: IdempotentReply): Promise<'added' | 'taken'>;
  /** Forgets those whose time is over, the oldest first, at most so many; how many. */
  forgetReplies(now: EpochMs, limit: number): Promise<number>;
}
