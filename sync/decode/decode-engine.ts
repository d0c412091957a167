// What the decoders of one process share: a DuckDB instance with its one memory limit, the pool of row buffers, and the
// turns in which batches are written, so that memory does not grow with the number of tables. A write that runs out of
// memory beside others is tried again alone.

import { LakeError } from '../../runtime/errors.ts';
import { openDuckdb, type Duckdb, type DuckdbOptions } from './duckdb.ts';
import { pagePool, type PagePool } from './row-pages.ts';

export interface DecodeEngineOptions extends DuckdbOptions {
  /** Batches written at the same time, over all tables. */
  readonly writesMax: number;
  /** Row buffers kept for the next batch, over all tables. */
  readonly idleBytesMax: number;
}

export interface DecodeEngine {
  readonly options: DecodeEngineOptions;
  /** The instance is opened by the first lease and closed with the last. */
  lease(): Promise<EngineLease>;
}

export interface EngineLease extends AsyncDisposable {
  readonly duckdb: Duckdb;
  readonly pool: PagePool;
  /** Runs `write` when a turn is free; once more, alone, when it meets a limit. `write` must leave nothing behind when it fails. */
  inTurn<T>(write: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}

export const decodeEngineDefaults: Omit<DecodeEngineOptions, 'tempDir'> = {
  memoryLimitBytes: 160_000_000,
  threads: 1,
  writesMax: 2,
  idleBytesMax: 64 * 1024 * 1024,
};

const arenaBytes = 4 * 1024 * 1024;

export function decodeEngine(options: Partial<DecodeEngineOptions> & Pick<DecodeEngineOptions, 'tempDir'>): DecodeEngine {
  const all: DecodeEngineOptions = { ...decodeEngineDefaults, ...options };
  const pool = pagePool(arenaBytes, all.idleBytesMax);
  const turns = new Turns(all.writesMax);
  let opened: Promise<Duckdb> | null = null;
  let leases = 0;
  return {
    options: all,
    lease: async () => {
      leases++;
      const duckdb = await (opened ??= openDuckdb(all)).catch((error: unknown) => {
        leases--;
        opened = null;
        throw error;
      });
      return {
        duckdb,
        pool,
        inTurn: (write, signal) => inTurn(turns, write, signal),
        [Symbol.asyncDispose]: async () => {
          if (--leases > 0) return;
          opened = null;
          await duckdb[Symbol.asyncDispose]();
        },
      };
    },
  };
}

async function inTurn<T>(turns: Turns, write: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  await turns.take(1, signal);
  try {
    return await write();
  } catch (error) {
    if (turns.max === 1 || !(error instanceof LakeError) || error.code !== 'LIMIT_EXCEEDED') throw error;
  } finally {
    turns.give(1);
  }
  await turns.take(turns.max, signal);
  try {
    return await write();
  } finally {
    turns.give(turns.max);
  }
}

/** First come, first served; whoever takes all turns is alone. */
class Turns {
  readonly max: number;
  #taken = 0;
  readonly #queue: { readonly count: number; readonly go: () => void }[] = [];

  constructor(max: number) {
    this.max = max;
  }

  async take(count: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#queue.length === 0 && this.#taken + count <= this.max) {
      this.#taken += count;
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting = { count, go: resolve };
    const leave = (): void => {
      const at = this.#queue.indexOf(waiting);
      if (at < 0) return;
      this.#queue.splice(at, 1);
      reject(signal?.reason);
      this.#next();
    };
    this.#queue.push(waiting);
    signal?.addEventListener('abort', leave, { once: true });
    try {
      await promise;
    } finally {
      signal?.removeEventListener('abort', leave);
    }
  }

  give(count: number): void {
    this.#taken -= count;
    this.#next();
  }

  #next(): void {
    for (let first = this.#queue[0]; first && this.#taken + first.count <= this.max; first = this.#queue[0]) {
      this.#queue.shift();
      this.#taken += first.count;
      first.go();
    }
  }
}
