// Whether files of a table may be deleted. `gc.enabled=false` says that they may not: another table may name them too (a
// clone, files that were added from elsewhere). Snapshots are not forgotten then either, since nobody would find what only
// they named; but those of a table with an offset chain are, a commit every few seconds, or its metadata would grow for ever.
// Spec: table properties, as Iceberg's reference reads them: anything but `true` is no.

import { LakeError } from '../../runtime/errors.ts';
import type { TableMetadata } from './metadata.ts';

const gcProperty = 'gc.enabled';

export function isGcEnabled({ properties }: Pick<TableMetadata, 'properties'>): boolean {
  return (properties[gcProperty] ?? 'true').toLowerCase() === 'true';
}

/** Throws TABLE_UNSUPPORTED. `work`: what is not done, as the end of a sentence. */
export function checkGcEnabled(metadata: Pick<TableMetadata, 'properties' | 'location'>, work: string): void {
  if (isGcEnabled(metadata)) return;
  throw new LakeError(
    'TABLE_UNSUPPORTED',
    `the table has ${gcProperty}=${metadata.properties[gcProperty]}: other tables may share its files, so ${work}. Take the property away to allow it`,
    { context: { location: metadata.location } },
  );
}
