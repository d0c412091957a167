// Which of a contract's versions judge rows. Activated ones, newest activation first; an older one still counts for rows
// that the newer one's effect has not reached. When the newest that was activated is retired, none is in force: what
// came before it does not come back by itself.

import type { StoredVersion } from '../store/contract-store.ts';

/** A worker that lags behind more changes than this judges its oldest rows by the oldest of them. */
export const inForceMax = 16;

/** Ever activated, newest activation first, retired ones among them. */
export function activated(versions: readonly StoredVersion[]): readonly StoredVersion[] {
  return versions.filter(({ activation }) => activation !== null).sort((a, b) => (b.activation ?? 0) - (a.activation ?? 0));
}

/** Newest first; empty when the newest is retired. */
export function inForce(versions: readonly StoredVersion[]): readonly StoredVersion[] {
  const ranked = activated(versions);
  if (ranked[0]?.state === 'retired') return [];
  return ranked.filter(({ state }) => state !== 'retired');
}

/** Those that can judge a row of the table, oldest first: back to the one that took effect at once. */
export function inForceFor(table: string, versions: readonly StoredVersion[]): readonly StoredVersion[] {
  const found: StoredVersion[] = [];
  for (const version of inForce(versions)) {
    const hasTable = version.tables.includes(table);
    if (hasTable) found.push(version);
    if (version.effective?.kind === 'now' || found.length >= inForceMax) break;
  }
  return found.toReversed();
}

/** The tables that a contract holds against others. */
export function tablesHeld(versions: readonly StoredVersion[]): readonly string[] {
  const named = new Set(inForce(versions).flatMap(({ tables }) => tables));
  return [...named].filter((table) => inForceFor(table, versions).length > 0).sort();
}

export function newestInForce(versions: readonly StoredVersion[]): string | null {
  return inForce(versions)[0]?.version ?? null;
}
