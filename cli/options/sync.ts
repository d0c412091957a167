// `sync:` which topics become which tables, how often they are committed, and every limit of the worker (I9).

import { duration, group, integer, list, optional, size, text } from '../../runtime/options.ts';

const table = group(
  {
    topic: text({ doc: 'Topic name' }),
    table: optional(
      text({
        doc: 'Table in lake.namespace; absent: the last part of the topic’s name',
        pattern: '^[a-z][a-z0-9_]*$',
        title: 'a lower-case name',
      }),
    ),
  },
  { doc: 'One topic and its table' },
);

export const syncOptions = group(
  {
    tables: list(table, { doc: 'Topics and the tables they become', min: 1 }),
    freshness: duration({ doc: 'Commit at least this often while there is something to commit', default: '5s' }),
    commit: group(
      {
        maxBytes: size({ doc: 'Commit when this much is buffered for a table', default: '64MiB' }),
        maxRows: integer({ doc: 'Commit when this many rows are buffered for a table', min: 1, max: 10_000_000, default: 500_000 }),
      },
      { doc: 'Whichever comes first, with freshness' },
    ),
    memory: group(
      {
        bufferMax: size({
          doc: 'Key and value bytes buffered or being written, all tables together: reading waits above it',
          default: '36MiB',
        }),
        chunk: size({ doc: 'Key and value bytes decoded and written at a time: one Parquet file a partition day', default: '12MiB' }),
        chunkRows: integer({ doc: 'Rows decoded and written at a time', min: 1, max: 10_000_000, default: 100_000 }),
        decoderMax: size({ doc: 'Memory for decoding (DuckDB), all tables together; it spills to lake.workDir beyond', default: '160MB' }),
        sealedChunks: integer({ doc: 'Chunks of one table that may wait for the writer', min: 1, max: 16, default: 1 }),
      },
      { doc: 'Memory ceiling, kept by back-pressure' },
    ),
    limits: group(
      {
        uploads: integer({ doc: 'Files of one table going up at a time', min: 1, max: 64, default: 4 }),
        jsonDepth: integer({ doc: 'Values nested deeper are kept as text in _rescued', min: 8, max: 10_000, default: 1000 }),
        threads: integer({
          doc: 'Threads of the decoder, all tables together: more than one where there are cores to spare',
          min: 1,
          max: 64,
          default: 1,
        }),
        manifests: integer({ doc: 'Manifests of one table that trigger a merge, off the commit path', min: 2, max: 10_000, default: 30 }),
        revokeDrain: duration({
          doc: 'How long a partition that goes to another worker may wait for its last commit here',
          default: '10s',
        }),
      },
      { doc: 'Limits' },
    ),
    wait: group(
      {
        min: duration({ doc: 'First wait for a dependency that is away', default: '200ms' }),
        max: duration({ doc: 'Longest wait between two tries; the worker never gives up by itself', default: '5s' }),
        haltRecheck: duration({ doc: 'How often a halted table is looked at again', default: '10s' }),
        discover: duration({ doc: 'How often topics that do not exist yet are looked for', default: '5s' }),
      },
      { doc: 'Waiting' },
    ),
  },
  { doc: 'The worker: log to lake' },
);

export const queryOptions = group(
  {
    cacheDir: text({ doc: 'Where data files are kept between queries', default: '.foz/cache' }),
    cacheMax: size({ doc: 'Size of that cache', default: '10GB' }),
    memory: size({ doc: 'Memory of a query', default: '1GiB' }),
    threads: integer({ doc: 'Threads of a query', min: 1, max: 256, default: 2 }),
  },
  { doc: '`foz query` and `foz verify`' },
);
