// `verify:` how tables are compared with their sources, and how much is repaired at once.

import { group, integer } from '../../runtime/options.ts';

export const verifyOptions = group(
  {
    ranges: integer({
      doc: 'Ranges of keys a table is compared in, at most: more find a difference with less reading, and take more memory',
      min: 2,
      max: 1_000_000,
      default: 4096,
    }),
    repair: group(
      {
        maxKeys: integer({ doc: 'Keys repaired at once; what is left is reported', min: 1, max: 100_000, default: 5000 }),
        keysPerSignal: integer({
          doc: 'Keys that one signal asks the PostgreSQL connector for: they stand in its offsets until it is done',
          min: 1,
          max: 5000,
          default: 500,
        }),
      },
      { doc: '`foz verify --repair`' },
    ),
  },
  { doc: '`foz verify`' },
);
