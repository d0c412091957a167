// `catalog:` where the pointers to the tables' metadata are kept and who serves them.

import { storeAddress, storeAddressPattern, type StoreAddress } from '../../catalog/store/store-address.ts';
import { duration, group, list, optional, secretText, text, variants, type Option, type ValueOf } from '../../runtime/options.ts';
import { catalogAuthOptions, catalogPolicyOptions, oauthLoginOptions } from './catalog-auth.ts';
import { catalogMaintenanceOptions } from './catalog-maintenance.ts';
import { listen } from './listen.ts';

const storeText = text({
  doc: 'Database of the pointers, the registry and the results: sqlite:PATH for one machine, postgres://USER:PASSWORD@HOST/DATABASE for several',
  pattern: storeAddressPattern,
  title: 'sqlite:PATH or postgres://…',
  default: 'sqlite:.foz/catalog.sqlite',
});

const store: Option<StoreAddress> = { ...storeText, read: (value) => storeAddress(storeText.read(value)) };

const location = (doc: string) => text({ doc, pattern: '^(file:|s3://).+', title: 'file:PATH or s3://BUCKET/PREFIX' });

export const embeddedCatalogOptions = group(
  {
    listen: listen('127.0.0.1:8181'),
    store,
    warehouse: optional(location('Where tables lie that are created without a location: lake.store or a folder of it; absent: lake.store')),
    auth: catalogAuthOptions,
    policy: catalogPolicyOptions,
    token: optional(
      secretText({ doc: 'Bearer token of Foz’s own commands where they reach it over HTTP: its database is on another machine' }),
    ),
    oauth: optional(oauthLoginOptions),
    allowLocations: list(location('A prefix'), { doc: 'Where tables may lie besides the warehouse', default: [] }),
    namespaceSeparator: text({
      doc: 'Between the levels of a namespace in a path, percent-encoded; another one where a proxy refuses %1F (which is understood in any case)',
      pattern: '^%[0-7][0-9A-Fa-f]$',
      title: 'one character as %1F or %2E',
      default: '%1F',
    }),
    maintenance: catalogMaintenanceOptions,
    audit: group(
      { keepCommits: duration({ doc: 'How long entries of plain data commits are kept; all others stay', default: '7d' }) },
      { doc: 'The audit log (`foz audit`)' },
    ),
  },
  { doc: 'Foz’s own Iceberg REST catalog, in this process or by `foz catalog serve`' },
);

export type EmbeddedCatalogConfig = ValueOf<typeof embeddedCatalogOptions>;

const restCatalog = group(
  {
    url: text({ doc: 'Base URL of the catalog', pattern: '^https?://', title: 'a URL' }),
    warehouse: optional(text({ doc: 'Warehouse asked for in the config request' })),
    token: optional(secretText({ doc: 'Bearer token' })),
    oauth: optional(oauthLoginOptions),
    requestTimeout: duration({ doc: 'Longest wait for one answer', default: '30s' }),
    maintenance: catalogMaintenanceOptions,
  },
  { doc: 'Any Iceberg REST catalog' },
);

export const catalogOptions = variants(
  { embedded: embeddedCatalogOptions, rest: restCatalog },
  { doc: 'The catalog', default: { kind: 'embedded' } },
);
