// `sync:` which topics become which tables, how often they are committed, and every limit of the worker (I9).

import { duration, group, integer, list, optional, size, text } from '../../runtime/options.ts';

const table = group(
  {
    topic: text({ doc: 'Topic name; `*` stands for any characters' }),
    table: optional(
      text({
        doc: 'Table in lake.namespace; absent: the last part of the topic’s name',
        pattern: '^[a-z][a-z0-9_]*$',
        title: 'a lower-case name',
      }),
    ),
  },
  { doc: 'One topic, or all that match' },
);

export const syncOptions = group(
  {
    tables: list(table, { doc: 'Topics and the tables they become', min: 1 }),
    freshness: duration({ doc: 'Commit at least this often while there is something to commit', default: '5s' }),
    commit: group(
      {
        maxBytes: size({ doc: 'Commit when this much is buffered for a table', default: '64MB' }),
        maxRows: integer({ doc: 'Commit when this many rows are buffered for a table', min: 1, max: 10_000_000, default: 500_000 }),
      },
      { doc: 'Whichever comes first, with freshness' },
    ),
    memory: group(
      {
        bufferMax: size({ doc: 'Buffered bytes at which fetching waits', default: '192MiB' }),
        decoderMax: size({ doc: 'Memory of the decoder (DuckDB)', default: '256MiB' }),
        chunk: size({ doc: 'Bytes decoded at a time', default: '16MiB' }),
      },
      { doc: 'Memory ceiling, kept by back-pressure' },
    ),
    limits: group(
      {
        valueBytes: size({ doc: 'Larger values are kept as text in _rescued', default: '16MiB' }),
        jsonDepth: integer({ doc: 'Deeper values are kept as text in _rescued', min: 8, max: 1000, default: 128 }),
        shapes: integer({ doc: 'Shapes of one table', min: 1, max: 64, default: 64 }),
        openFiles: integer({ doc: 'Parquet files open at a time', min: 1, max: 1000, default: 64 }),
        uploadsInFlight: integer({ doc: 'Objects going up at a time', min: 1, max: 64, default: 4 }),
        threads: integer({ doc: 'Threads of the decoder', min: 1, max: 64, default: 1 }),
      },
      { doc: 'Limits' },
    ),
    retry: group(
      {
        attempts: integer({ doc: 'Tries of one operation, before the worker waits and says so', min: 1, max: 100, default: 8 }),
        delayMin: duration({ doc: 'First wait', default: '200ms' }),
        delayMax: duration({ doc: 'Longest wait', default: '10s' }),
      },
      { doc: 'Retries' },
    ),
    snapshots: group(
      {
        keep: duration({ doc: 'Age at which snapshots expire', default: '1h' }),
        keepMax: integer({ doc: 'Snapshots kept at most', min: 1, max: 100_000, default: 720 }),
      },
      { doc: 'Expiry of snapshots' },
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
