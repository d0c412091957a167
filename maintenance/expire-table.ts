// Snapshots that a table need not remember, forgotten in a commit of their own: for tables that nobody commits to any more,
// since expiry rides on every commit of Foz. What other writers' tables ask for in their properties counts there.

import type { LoadedTable, TableIdent } from '../catalog/catalog.ts';
import { defaultExpiryPolicy, planExpiry, type ExpiryPolicy } from '../lake/iceberg/expire.ts';
import type { Snapshot, TableMetadata } from '../lake/iceberg/metadata.ts';
import { chainProperty, summaryKeys } from '../lake/raw/offset-chain.ts';
import { commitBeside, type BesideDeps, type BesideOptions, type BesideOutcome } from './commit-beside.ts';

export type ExpiredSnapshots = BesideOutcome & { readonly snapshots: number };

export async function expireTable(
  ident: TableIdent,
  table: LoadedTable,
  deps: BesideDeps,
  options: BesideOptions = {},
  signal?: AbortSignal,
): Promise<ExpiredSnapshots> {
  let expired = 0;
  const outcome = await commitBeside(
    ident,
    table,
    async ({ metadata }) => {
      const plan = planExpiry(metadata, deps.clock.now(), expiryPolicyOf(metadata));
      expired = plan.expired.length;
      return plan.updates.length === 0 ? null : { commit: { requirements: plan.requirements, updates: plan.updates }, snapshotId: null };
    },
    deps,
    options,
    signal,
  );
  return { ...outcome, snapshots: outcome.kind === 'committed' ? expired : 0 };
}

/** Tables of Foz keep an hour and a tag an hour; others what they ask for, or what Iceberg keeps by default. */
export function expiryPolicyOf({ properties }: Pick<TableMetadata, 'properties'>): ExpiryPolicy {
  if (properties[chainProperty] !== undefined) return { ...defaultExpiryPolicy, isAnchor: isChainCommit };
  if (isFozTable(properties)) return defaultExpiryPolicy;
  return {
    snapshotAgeMaxMs: countIn(properties['history.expire.max-snapshot-age-ms']) ?? 5 * 86_400_000,
    snapshotsMin: countIn(properties['history.expire.min-snapshots-to-keep']) ?? 1,
    snapshotsMax: Number.POSITIVE_INFINITY,
    hourTagAgeMaxMs: null,
  };
}

/** The chain is read by walking along main (I1): with the commit that wrote it gone, rows that others added since would look like a roll-back. */
function isChainCommit({ summary }: Snapshot): boolean {
  return summary[summaryKeys.commitId] !== undefined;
}

/** Written by Foz: the offset chain, the position of results, … are properties of such a table. */
export function isFozTable(properties: Readonly<Record<string, string>>): boolean {
  return Object.keys(properties).some((name) => name.startsWith('foz.'));
}

function countIn(text: string | undefined): number | null {
  return text !== undefined && /^[1-9]\d{0,14}$/.test(text) ? Number(text) : null;
}
