// Which contract version judges which row of one table. The registry is asked now and then, off the hot path, and before
// the first row; between two answers the last one holds, also while the registry is away. Two workers that know different
// versions for a moment do no harm: a row lands once, judged by the one that its commit names.

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

export class TableContracts {
  readonly #ident: TableIdent;
  readonly #deps: TableContractsDeps;
  #inForce: readonly ContractInForce[] = [];
  #askedAt: EpochMs = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | null = null;
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

  /** Asks beside the ingest when the last answer is old. */
  refresh(signal?: AbortSignal): void {
    const { clock, refreshMs, failed } = this.#deps;
    if (this.#asking || clock.now() - this.#askedAt < refreshMs) return;
    this.#askedAt = clock.now();
    this.#asking = this.load(signal)
      .catch(failed)
      .finally(() => (this.#asking = null));
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
