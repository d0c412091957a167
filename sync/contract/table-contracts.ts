// Which contract version judges which row of one table. The registry is asked before the first row, and before a batch when
// its answer is old; between two answers the last one holds, also while the registry is away. Two workers that know
// different versions for a moment do no harm: a row lands once, judged by the one that its commit names.

import { contractAt, type ContractInForce, type Contracts, type LogPlace } from '../../catalog/contracts.ts';
import type { TableIdent } from '../../catalog/catalog.ts';
import type { Clock, EpochMs } from '../../runtime/clock.ts';
import type { PinnedContract } from './pinned-contract.ts';

export interface TableContractsDeps {
  readonly contracts: Contracts;
  readonly maskKeys: ReadonlyMap<string, Uint8Array>;
  readonly clock: Clock;
  /** How old an answer may be when a chunk begins. */
  readonly refreshMs: number;
  /** An answer that did not come; the last one holds. */
  readonly failed: (error: unknown) => void;
}

const waitMaxMs = 2_000;

export class TableContracts {
  readonly #ident: TableIdent;
  readonly #deps: TableContractsDeps;
  #inForce: readonly ContractInForce[] = [];
  #askedAt: EpochMs = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | null = null;
  /** The same, for those who wait for it. */
  #waited: Promise<void> | null = null;
  readonly #pinned = new Map<string, PinnedContract>();

  constructor(ident: TableIdent, deps: TableContractsDeps) {
    this.#ident = ident;
    this.#deps = deps;
  }

  /** Asks now. */
  async load(signal?: AbortSignal): Promise<void> {
    this.#inForce = await this.#deps.contracts.contractsInForce(this.#ident, signal);
    this.#askedAt = this.#deps.clock.now();
    const digests = new Set(this.#inForce.map(({ digest }) => digest));
    for (const digest of this.#pinned.keys()) if (!digests.has(digest)) this.#pinned.delete(digest);
  }

  /**
   * Asks when the last answer is old, so that the first row after a quiet hour is judged by what is in force now. Waits for
   * the answer, but once and not long: a registry that hangs must not hold the ingest up.
   */
  async fresh(signal: AbortSignal): Promise<void> {
    const { clock, refreshMs } = this.#deps;
    if (!this.#waited && !this.#asking && clock.now() - this.#askedAt >= refreshMs) {
      this.#askedAt = clock.now();
      this.#waited = this.#ask(signal).finally(() => (this.#waited = null));
    }
    await this.#waited;
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const { clock, refreshMs, failed } = this.#deps;
    this.#asking = this.load(signal)
      .catch(failed)
      .finally(() => (this.#asking = null));
    const answered = new AbortController();
    const late = clock.sleep(Math.min(refreshMs, waitMaxMs), AbortSignal.any([signal, answered.signal])).catch(() => undefined);
    await Promise.race([this.#asking, late]);
    answered.abort();
  }

  /** The same object for the same version. */
  at(place: LogPlace): PinnedContract | null {
    const found = contractAt(this.#inForce, place);
    return found && this.#pin(found);
  }

  /** Whether or not its effect has begun. */
  get newest(): ContractInForce | null {
    return this.#inForce.at(-1) ?? null;
  }

  /** Whether every row, wherever it stands, has the same version. */
  get isUniform(): boolean {
    const newest = this.#inForce.at(-1);
    return newest === undefined || newest.effective.kind === 'now';
  }

  #pin({ contract, table, digest }: ContractInForce): PinnedContract {
    const known = this.#pinned.get(digest);
    if (known) return known;
    const { id, version, policy } = contract;
    const pinned: PinnedContract = { id, version, digest, policy, table, maskKeys: this.#deps.maskKeys };
    this.#pinned.set(digest, pinned);
    return pinned;
  }
}
