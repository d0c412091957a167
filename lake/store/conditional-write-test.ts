// Does "only if absent" hold here? Stores that ignore the condition answer 200 like any other, and some that honour it
// one after the other let two racing writers through, so both are tried: twice in sequence, then rounds of racing
// writers with different bytes, of which exactly one may be told `stored` and its bytes must be the ones that stay.

import { LakeError } from '../../runtime/errors.ts';
import type { PutOutcome } from './object-store.ts';

/** One way of writing under a condition (put, multipart complete). */
export interface ConditionalWrite {
  write(key: string, body: Uint8Array): Promise<PutOutcome>;
  read(key: string): Promise<Uint8Array>;
}

export interface ConditionalWriteTest {
  readonly rounds: number;
  readonly writers: number;
}

export interface ConditionalWriteReport {
  /** True when the sequence and every round went as they must. */
  readonly holds: boolean;
  readonly raceRounds: number;
  readonly raceFailures: number;
  /** Every key that may exist now: the caller deletes them. */
  readonly keys: readonly string[];
}

const conditionalWriteTestDefault: ConditionalWriteTest = { rounds: 8, writers: 8 };

/** Errors of the store that say it does not know the condition count as "does not hold"; being unreachable is thrown. */
export async function testConditionalWrite(
  way: ConditionalWrite,
  keyPrefix: string,
  test: ConditionalWriteTest = conditionalWriteTestDefault,
  signal?: AbortSignal,
): Promise<ConditionalWriteReport> {
  const sequenceKey = `${keyPrefix}/sequence`;
  const keys = [sequenceKey];
  if (!(await holdsInSequence(way, sequenceKey))) return { holds: false, raceRounds: 0, raceFailures: 0, keys };
  let raceFailures = 0;
  for (let round = 0; round < test.rounds; round++) {
    signal?.throwIfAborted();
    const key = `${keyPrefix}/race-${round}`;
    keys.push(key);
    if (!(await holdsInRace(way, key, test.writers))) raceFailures++;
  }
  return { holds: raceFailures === 0, raceRounds: test.rounds, raceFailures, keys };
}

async function holdsInSequence(way: ConditionalWrite, key: string): Promise<boolean> {
  try {
    const first = await way.write(key, Buffer.from('first'));
    const second = await way.write(key, Buffer.from('second'));
    return first.kind === 'stored' && second.kind === 'exists' && Buffer.from(await way.read(key)).toString() === 'first';
  } catch (error) {
    if (error instanceof LakeError && error.code === 'STORE_REFUSED' && isUnknownCondition(error)) return false;
    throw error;
  }
}

/** 501 NotImplemented and 400 InvalidArgument are how stores refuse a header they do not know; 403 is a matter of rights. */
function isUnknownCondition(error: LakeError): boolean {
  return error.context['status'] === 501 || error.context['status'] === 400;
}

async function holdsInRace(way: ConditionalWrite, key: string, writers: number): Promise<boolean> {
  const bodies = Array.from({ length: writers }, (_, writer) => Buffer.from(`writer ${writer}`));
  const outcomes = await Promise.all(bodies.map((body) => way.write(key, body)));
  const winners = bodies.filter((_, writer) => outcomes[writer]?.kind === 'stored');
  const [winner] = winners;
  return winner !== undefined && winners.length === 1 && winner.equals(await way.read(key));
}
