// What is served as the catalog: `catalog:` of foz.yaml, or its defaults where there is no such file, with the flags of
// `foz catalog serve` over them.

import { resolve } from 'node:path';
import { storeAddress } from '../../catalog/store/store-address.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { LoadedConfig } from '../config.ts';
import { embeddedCatalogOptions, type EmbeddedCatalogConfig } from '../options/catalog.ts';
import { addressOf } from '../settings.ts';

export interface CatalogSettings extends EmbeddedCatalogConfig {
  /** Relative paths are meant from it. */
  readonly directory: string;
  /** foz.yaml, which says how the lake's object store is reached; null: there is none, and then there is a warehouse. */
  readonly lake: LoadedConfig | null;
}

export function catalogSettings(lake: LoadedConfig): CatalogSettings {
  const { catalog } = lake.config;
  if (catalog.kind === 'embedded') return { ...catalog, directory: lake.directory, lake };
  throw new LakeError('CONFIG_INVALID', 'catalog.kind is rest: another process serves the catalog.', {
    context: { expected: 'catalog.kind: embedded', found: 'rest' },
  });
}

export interface CatalogFlags {
  readonly host?: string;
  readonly port?: number;
  readonly warehouse?: string;
  readonly store?: string;
  readonly allowLocations?: readonly string[];
}

/** `lake` null: there is no foz.yaml. */
export function flaggedCatalogSettings(lake: LoadedConfig | null, flags: CatalogFlags): CatalogSettings {
  if (lake === null && flags.warehouse === undefined) {
    throw new LakeError('CONFIG_INVALID', 'There is no configuration, and no --warehouse.', {
      context: {
        expected: 'a foz.yaml, or where tables are to lie',
        found: 'neither',
        next: 'foz catalog serve --warehouse file:lake   (or foz init)',
      },
    });
  }
  const base = lake === null ? { ...embeddedCatalogOptions.read(undefined), directory: resolve('.'), lake } : catalogSettings(lake);
  const address = addressOf(base.listen);
  const { host = address.host, port = address.port } = flags;
  return {
    ...base,
    listen: `${host.includes(':') ? `[${host}]` : host}:${port}`,
    ...(flags.store === undefined ? {} : { store: storeAddress(flags.store) }),
    ...(flags.warehouse === undefined ? {} : { warehouse: flags.warehouse }),
    allowLocations: [...base.allowLocations, ...(flags.allowLocations ?? [])],
  };
}

/** As metadata carries it: `file:lake` becomes `file:///…/lake`; without a slash at its end. */
export function absoluteLocation(location: string, directory: string): string {
  const trimmed = location.replace(/\/+$/, '');
  if (/^s3:\/\/[^/]+/.test(trimmed)) return trimmed;
  const [, path] = /^file:(?:\/\/(?=\/))?([^/].*|\/[^/].*)$/.exec(trimmed) ?? [];
  if (path !== undefined) return `file://${resolve(directory, path)}`;
  throw new LakeError('CONFIG_INVALID', `${location} is no place for tables.`, {
    context: { expected: 'file:PATH or s3://BUCKET/PREFIX', found: location },
  });
}
