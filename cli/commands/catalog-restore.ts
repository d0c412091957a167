// `foz catalog restore`: the catalog's pointers, made again from the metadata files in the warehouse.

import type { RestoreEntry } from '../../catalog/restore/restore-pointers.ts';
import type { Command } from '../command.ts';
import { findConfig } from '../config.ts';

export const restore: Command = {
  description:
    'Make the catalog’s pointers again from the metadata files in the warehouse alone: the newest file of each table and view, under the name its place says. For a database that is lost, or a copy that is older than the tables (--force). Contracts, tokens, the audit log and results of checks are not in the files; a table that was dropped without its files comes back. Exit 1: something was left out or needs a look.',
  options: [
    { flags: '--dry-run', doc: 'say what would be done, and change nothing' },
    { flags: '--force', doc: 'also into a database that holds tables: what is missing is added, pointers go forward, never back' },
    { flags: '--warehouse <location>', doc: 'where tables lie: file:PATH or s3://BUCKET/PREFIX (default: lake.store)' },
    { flags: '--store <address>', doc: 'database: sqlite:PATH or postgres://… (default: catalog.store)' },
    { flags: '--allow-location <prefixes...>', doc: 'where tables lie besides; repeatable' },
  ],
  examples: [
    ['foz catalog restore --dry-run', 'what the files say'],
    ['foz catalog restore', 'into the new, empty database of foz.yaml'],
    ['foz catalog restore --force --store postgres://foz@db/catalog', 'bring a copy of last night forward'],
  ],
  run: async (call) => {
    const [{ flaggedCatalogSettings }, { restoreCatalog }, { tableText }] = await Promise.all([
      import('../catalog/catalog-settings.ts'),
      import('../catalog/restore-catalog.ts'),
      import('../output.ts'),
    ]);
    const lake = findConfig(call.configPath, call.stackDirectory) === null && call.configPath === undefined ? null : call.loadConfig();
    const { warehouse, store, allowLocation } = call.options;
    const settings = flaggedCatalogSettings(lake, {
      ...(typeof warehouse === 'string' ? { warehouse } : {}),
      ...(typeof store === 'string' ? { store } : {}),
      ...(Array.isArray(allowLocation) ? { allowLocations: allowLocation.map(String) } : {}),
    });
    const isDryRun = call.options['dryRun'] === true;
    const asked = { isDryRun, isForced: call.options['force'] === true };
    const { entries, ignored } = await restoreCatalog(settings, asked, call.logger(lake ?? undefined), call.signal);
    call.print({ dryRun: isDryRun, relations: entries.map(told), ignored }, () =>
      tableText(
        ['', 'kind', 'name', 'last commit', 'metadata file'],
        entries.map((entry) => {
          const { step, kind, name, updatedAt, metadataLocation } = told(entry);
          return [step, kind, name ?? '?', updatedAt, metadataLocation];
        }),
      ),
    );
    for (const entry of entries)
      if (entry.step === 'kept' && entry.current) call.note(`foz: ${nameOf(entry)} stays at ${entry.current.metadataLocation}`);
    for (const entry of entries)
      for (const rival of entry.head.rivals) call.note(`foz: ${nameOf(entry)} may be ${rival} as well: look at both`);
    for (const { metadataLocation, reason } of ignored) call.note(`foz: left out ${metadataLocation}: ${reason}`);
    const isClean = entries.every(({ step, head }) => ['add', 'forward', 'same', 'dropped'].includes(step) && head.rivals.length === 0);
    return isClean && ignored.length === 0 ? 0 : 1;
  },
};

function told(entry: RestoreEntry) {
  const { step, kind, head } = entry;
  const { uuid, location, metadataLocation, rivals } = head;
  const updatedAt = new Date(head.updatedAt).toISOString();
  return { step, kind, name: entry.ident === null ? null : nameOf(entry), uuid, location, metadataLocation, updatedAt, rivals };
}

function nameOf({ ident, head }: RestoreEntry): string {
  return ident === null ? head.location : [...ident.namespace, ident.name].join('.');
}
