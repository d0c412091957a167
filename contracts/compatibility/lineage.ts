// Who reads a table, as far as anyone told: what a breaking change is about to break.

export interface Lineage {
  /** Names of those who read the table, for people to read; empty when none is known. */
  consumersOf(table: string): Promise<readonly string[]>;
}

/** Before a catalog keeps lineage, nobody is known to read anything. */
export const noLineage: Lineage = { consumersOf: () => Promise.resolve([]) };
