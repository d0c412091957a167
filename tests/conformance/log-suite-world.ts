// What each test of the log suite is given.

import type { LogHandler, LogSubscription } from '../../sync/log/log.ts';
import type { NewRecord } from '../../sync/log/memory-partition.ts';
import type { LogWorld } from './log-world.ts';

export interface SuiteWorld extends LogWorld {
  readonly groupId: string;
  /** A subscription that ends with the test. */
  join(reader: LogHandler, topics: readonly string[], group?: string): Promise<LogSubscription>;
}

export type It = (sentence: string, run: (world: SuiteWorld) => Promise<void>) => void;

export function texts(...values: readonly string[]): NewRecord[] {
  return values.map((value) => ({ key: Buffer.from(`key of ${value}`), value: Buffer.from(value) }));
}

/** Long enough for anything wrong to arrive. */
export function quiet(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 250));
}
