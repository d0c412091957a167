// `catalog.maintenance`: the upkeep of the tables, beside the catalog or the worker and on command.

import { duration, flag, group, integer, size, type ValueOf } from '../../runtime/options.ts';

export const catalogMaintenanceOptions = group(
  {
    enabled: flag({ doc: 'Keep the tables up from `foz run` and `foz catalog serve`; off: only `foz table maintain`', default: true }),
    every: duration({ doc: 'How often each table is looked at: snapshots, manifests, small files', default: '10m' }),
    compact: group(
      {
        fileSize: size({ doc: 'Size of a data file that compaction aims at', default: '128MiB' }),
        minFiles: integer({
          doc: 'As many small files of about one size are merged; also the ratio between the sizes',
          min: 2,
          max: 1_000,
          default: 16,
        }),
        settle: duration({ doc: 'How long files stay as they are after their commit, and partitions after their end', default: '1h' }),
      },
      { doc: 'Small data files into few sorted ones' },
    ),
    orphans: group(
      {
        every: duration({ doc: 'How often objects that nothing names are looked for', default: '1d' }),
        olderThan: duration({
          doc: 'Younger objects are left alone, and those of the last hour whatever this says: no commit of any writer takes so long',
          default: '3d',
        }),
      },
      { doc: 'Objects that nobody refers to any more, swept by proof' },
    ),
    dropGrace: duration({
      doc: 'How long a table that was dropped with its files can be taken back (`foz table undrop`); 0s: its files go at once',
      default: '7d',
    }),
    memory: size({ doc: 'Memory of a compaction; what does not fit is spilled to disk', default: '256MiB' }),
    threads: integer({ doc: 'Threads of a compaction', min: 1, max: 64, default: 1 }),
  },
  { doc: 'Upkeep of the tables, safe beside their writers' },
);

export type CatalogMaintenanceConfig = ValueOf<typeof catalogMaintenanceOptions>;
