// Where reading starts after an assignment, a rewind or a decision: where the table says (I1), checked against what the
// log still holds (I7), of the source that the table was written from (I6).

import { identText, type LoadedTable } from '../catalog/catalog.ts';
import { noSuchTopic, untilAvailable, type CommitDeps } from './commit.ts';
import { isDecided } from './contract/is-decided.ts';
import { openTable } from './contract/open-table.ts';
import type { TableContracts } from './contract/table-contracts.ts';
import { HaltError, type Halt } from './halt.ts';
import type { OffsetRange } from './log/log.ts';
import { checkedChain, startOffset, type TableTarget } from './table.ts';

export interface StartPositions {
  readonly table: LoadedTable;
  readonly topicId: string;
  /** Next offset to take, by log partition. */
  readonly offsets: ReadonlyMap<number, bigint>;
}

export interface StartDeps extends CommitDeps {
  /** Null: no contracts are known here. */
  readonly contracts: TableContracts | null;
  readonly offsets: (topic: string, signal: AbortSignal) => Promise<ReadonlyMap<number, OffsetRange>>;
}

/** Looks where a table's reading starts, one look at a time, and lets go when somebody else cannot wait for it. */
export class StartLook {
  readonly #target: TableTarget;
  readonly #deps: StartDeps;
  readonly #signal: AbortSignal;
  #current = new AbortController();
  #suspended = 0;

  constructor(target: TableTarget, deps: StartDeps, signal: AbortSignal) {
    this.#target = target;
    this.#deps = deps;
    this.#signal = signal;
  }

  /** Null: the topic is not there, or the look was suspended. */
  async positions(partitions: readonly number[], halt: Halt | null): Promise<StartPositions | null> {
    if (this.#suspended > 0) return null;
    const current = new AbortController();
    this.#current = current;
    const { signal } = current;
    const waiting = (reason: string | null): void => (signal.aborted ? undefined : this.#deps.waiting(reason));
    const deps = { ...this.#deps, waiting };
    const found = startPositions(this.#target, partitions, halt, deps, AbortSignal.any([this.#signal, signal])).catch((error: unknown) => {
      if (signal.aborted) return null;
      throw error;
    });
    // A request under way may take its time to end; nobody waits for it.
    const suspended = new Promise<null>((resolve) => signal.addEventListener('abort', () => resolve(null), { once: true }));
    const answer = await Promise.race([found, suspended]);
    waiting(answer ? null : noSuchTopic(this.#target.topic));
    return answer;
  }

  /** Ends the look that is under way, and every other one until `release`. */
  suspend(): void {
    this.#suspended++;
    this.#current.abort();
  }

  release(): void {
    this.#suspended--;
  }
}

const nowhere: OffsetRange = { logStart: 0n, highWatermark: 0n };

/**
 * Waits while a dependency is away, but not for a topic that is not there: then it is null. The log takes the partitions of
 * such a topic away, and whoever waited for it would hold up every table of the worker.
 * @param halt What holds the table now: thrown again until it is decided.
 */
async function startPositions(
  target: TableTarget,
  partitions: readonly number[],
  halt: Halt | null,
  deps: StartDeps,
  signal: AbortSignal,
): Promise<StartPositions | null> {
  const { topic } = target;
  const described = await untilAvailable(() => deps.describe(topic, signal), deps, signal);
  if (!described) return null;
  const table = await openTable(target, deps.contracts, deps, signal);
  if (halt && !isDecided(halt, topic, described.topicId, table, deps.contracts)) throw new HaltError(identText(target.ident), halt);
  // The log after the table: what another worker commits meanwhile does not lie behind the end that is read here.
  const found = await untilAvailable(
    async () => {
      const source = await deps.describe(topic, signal);
      return source && { source, ranges: await deps.offsets(topic, signal) };
    },
    deps,
    signal,
  );
  if (!found) return null;
  const { source, ranges } = found;
  const chain = checkedChain(table, target, source);
  const offsets = new Map(
    partitions.map((partition) => [partition, startOffset(target, chain, source, partition, ranges.get(partition) ?? nowhere)]),
  );
  return { table, topicId: source.topicId, offsets };
}
