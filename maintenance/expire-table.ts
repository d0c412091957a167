// Snapshots that a table need not remember, forgotten in a commit of their own: for tables that nobody commits to any more,
// since expiry rides on every commit of Foz. Of other writers' tables nothing is forgotten unless their properties ask for it.

import type { LoadedTable, TableIdent } from '../catalog/catalog.ts';
import { defaultExpiryPolicy, planExpiry, type ExpiryPlan, type ExpiryPolicy } from '../lake/iceberg/expire.ts';
import { checkGcEnabled } from '../lake/iceberg/gc-enabled.ts';
import type { Snapshot, TableMetadata } from '../lake/iceberg/metadata.ts';
import { chainProperty, summaryKeys } from '../lake/raw/offset-chain.ts';
import type { EpochMs } from '../runtime/clock.ts';
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
      const plan = expiryOf(metadata, deps.clock.now());
      expired = plan?.expired.length ?? 0;
      return plan === null || plan.updates.length === 0
        ? null
        : { commit: { requirements: plan.requirements, updates: plan.updates }, snapshotId: null };
    },
    deps,
    options,
    signal,
  );
  return { ...outcome, snapshots: outcome.kind === 'committed' ? expired : 0 };
}

/** Null where the table does not ask for it. TABLE_UNSUPPORTED where it forbids it and has no chain, which every commit adds a snapshot to. */
export function expiryOf(metadata: TableMetadata, now: EpochMs): ExpiryPlan | null {
  if (metadata.properties[chainProperty] === undefined) checkGcEnabled(metadata, 'no snapshot is forgotten');
  const policy = expiryPolicyOf(metadata);
  return policy && planExpiry(metadata, now, policy);
}

const expireProperties = 'history.expire.';

/** Tables of Foz keep an hour and a tag an hour; others what they ask for; null where they ask for nothing: the history is its owner's. */
export function expiryPolicyOf({ properties }: Pick<TableMetadata, 'properties'>): ExpiryPolicy | null {
  if (properties[chainProperty] !== undefined) return { ...defaultExpiryPolicy, isAnchor: isChainCommit };
  if (isFozTable(properties)) return defaultExpiryPolicy;
  if (!Object.keys(properties).some((name) => name.startsWith(expireProperties))) return null;
  return {
    snapshotAgeMaxMs: countIn(properties[`${expireProperties}max-snapshot-age-ms`]) ?? 5 * 86_400_000,
    snapshotsMin: countIn(properties[`${expireProperties}min-snapshots-to-keep`]) ?? 1,
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
