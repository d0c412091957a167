// `lineage:` where else Foz tells its own part of the lineage.

import { group, optional, secretText, text, type ValueOf } from '../../runtime/options.ts';

export const lineageOptions = group(
  {
    url: text({ doc: 'Base address of a backend that takes OpenLineage events at /api/v1/lineage', pattern: '^https?://', title: 'a URL' }),
    token: optional(secretText({ doc: 'Bearer token for it' })),
  },
  { doc: 'Another OpenLineage backend that is told what the catalog is told of Foz’s own jobs' },
);

export type LineageConfig = ValueOf<typeof lineageOptions>;
