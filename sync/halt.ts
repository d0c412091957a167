// HALT: the table stops at a question only a person can answer (I1, I6, I7). Nothing is skipped and nothing is read
// twice; the message carries the exact range and the command that decides. Other tables go on.

import type { EpochMs } from '../runtime/clock.ts';
import { LakeError, type ErrorCode } from '../runtime/errors.ts';
import type { HaltingRow, PinnedContract } from './contract/pinned-contract.ts';

export type HaltCode = Extract<
  ErrorCode,
  | 'SOURCE_REPLACED'
  | 'RETENTION_GAP'
  | 'LOG_TRUNCATED'
  | 'TABLE_ROLLED_BACK'
  | 'BATCH_POISONED'
  | 'CONTRACT_VIOLATED'
  | 'CONTRACT_UNENFORCEABLE'
>;

export interface Halt {
  readonly code: HaltCode;
  /** What was found, with the exact range or ids. */
  readonly reason: string;
  /** The commands that decide, ready to type. */
  readonly decide: readonly string[];
  /** Where a contract version stopped the table: another version for that row is a decision too. */
  readonly contract?: { readonly digest: string; readonly partition: number; readonly offset: bigint; readonly logTime: EpochMs };
}

export function rolledBack(table: string, reason: string): Halt {
  return { code: 'TABLE_ROLLED_BACK', reason, decide: [`foz resume ${table} --reread`, `foz resume ${table} --accept-gap`] };
}

export function sourceReplaced(table: string, reason: string): Halt {
  return { code: 'SOURCE_REPLACED', reason, decide: [`foz resume ${table} --adopt-source`] };
}

export function retentionGap(table: string, where: string, from: bigint, to: bigint): Halt {
  return {
    code: 'RETENTION_GAP',
    reason: `${where}: offsets [${from}, ${to}) were deleted from the log before they were read`,
    decide: [`foz resume ${table} --accept-gap`],
  };
}

export function logTruncated(table: string, where: string, next: bigint, end: bigint): Halt {
  return {
    code: 'LOG_TRUNCATED',
    reason: `${where}: the log ends at ${end}, but the table has already read up to ${next}: offsets [${end}, ${next}) are gone from the log`,
    decide: [`foz resume ${table} --adopt-source`],
  };
}

export function contractViolated(table: string, topic: string, contract: PinnedContract, row: HaltingRow): Halt {
  const { partition, offset, property, rule, message, logTime } = row;
  const what = property === '' ? message : `${property} ${message}`;
  return {
    code: 'CONTRACT_VIOLATED',
    reason: `topic ${topic} partition ${partition} offset ${offset} breaks rule ${rule} of contract ${contract.id} ${contract.version}, whose policy is halt: ${what}`,
    decide: [`foz resume ${table} --accept-violations`, 'foz contract register FILE'],
    contract: { digest: contract.digest, partition, offset, logTime },
  };
}

export function contractUnenforceable(
  contract: PinnedContract,
  reason: string,
  at: { readonly partition: number; readonly offset: bigint; readonly logTime: EpochMs },
): Halt {
  return {
    code: 'CONTRACT_UNENFORCEABLE',
    reason,
    decide: ['foz contract register FILE', 'foz run'],
    contract: { digest: contract.digest, ...at },
  };
}

/** Not looked at again by itself: trying it over and over is what must not happen. */
export function batchPoisoned(reason: string): Halt {
  return { code: 'BATCH_POISONED', reason: `${reason}. A restart tries once more`, decide: ['foz run'] };
}

export class HaltError extends LakeError {
  readonly halt: Halt;

  constructor(table: string, halt: Halt) {
    super(halt.code, `${table}: ${halt.reason}. Decide with: ${halt.decide.join(' or ')}`, { context: { table } });
    this.halt = halt;
  }
}
