// A restore over what is configured: places, database, plan, and the plan applied.

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { metadataHeads, type MetadataHeads } from '../../catalog/restore/metadata-heads.ts';
import { isEmptyStore, planRestore, restorePointers, type RestoreEntry } from '../../catalog/restore/restore-pointers.ts';
import { storePlaces } from '../../catalog/service/object-stores.ts';
import { storeAddressText } from '../../catalog/store/store-address.ts';
import { systemClock } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/log.ts';
import { openPlaces, openStoreAt } from '../wire.ts';
import type { CatalogSettings } from './catalog-settings.ts';

export interface Restored extends Pick<MetadataHeads, 'ignored'> {
  readonly entries: readonly RestoreEntry[];
}

export async function restoreCatalog(
  settings: CatalogSettings,
  { isDryRun, isForced }: { readonly isDryRun: boolean; readonly isForced: boolean },
  logger: Logger,
  signal: AbortSignal,
): Promise<Restored> {
  await using parts = new AsyncDisposableStack();
  const places = openPlaces(settings, null, parts, logger);
  // A dry run makes no file.
  const isThere = settings.store.kind === 'postgres' || existsSync(resolve(settings.directory, settings.store.path));
  const store = isDryRun && !isThere ? null : parts.use(await openStoreAt(settings.store, settings));
  if (store && !isForced && !isDryRun && !(await isEmptyStore(store))) {
    throw new LakeError('ARGUMENT_INVALID', `The catalog’s database ${storeAddressText(settings.store)} is not empty.`, {
      context: { expected: 'a database without namespaces', next: 'foz catalog restore --dry-run, then --force' },
    });
  }
  const [all, { warehouse }] = [storePlaces(places), places];
  const { heads, ignored } = await metadataHeads(all, signal);
  const prefixes = all.map(({ prefix }) => prefix);
  const plan = await planRestore(heads, store, prefixes);
  const entries = isDryRun || store === null ? plan : await restorePointers(plan, store, { warehouse, clock: systemClock });
  return { entries, ignored };
}
