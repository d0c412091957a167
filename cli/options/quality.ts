// `quality:` what is checked, and with how much of the machine.

import { duration, flag, group, integer, list, optional, secretText, size, text } from '../../runtime/options.ts';
import { alertsOptions } from './alerts.ts';

const trino = group(
  {
    url: text({ doc: 'Where Trino answers', pattern: '^https?://', title: 'a URL' }),
    catalog: text({ doc: 'What Trino calls this lake’s catalog', default: 'foz' }),
    user: text({ doc: 'User', default: 'foz' }),
    password: optional(secretText({ doc: 'Password of that user' })),
    token: optional(secretText({ doc: 'Bearer token' })),
  },
  { doc: 'For checks with `engine: trino`: tables beyond one machine' },
);

const keep = group(
  {
    results: duration({ doc: 'How long results and runs are kept', default: '30d' }),
    history: duration({ doc: 'How long the figures are kept that anomalies are told from', default: '400d' }),
  },
  { doc: 'How long things are kept' },
);

const publish = group(
  {
    enabled: flag({ doc: 'Append results to the tables foz.quality_results and foz.freshness of the lake', default: true }),
    every: duration({ doc: 'How long results wait for others, to be one file', default: '5m' }),
    rows: integer({ doc: 'As many results wait no longer, and are at most one commit', min: 1, max: 10_000, default: 1000 }),
  },
  { doc: 'Results as Iceberg tables, for Trino and `foz query`' },
);

export const qualityOptions = group(
  {
    enabled: flag({ doc: 'Run checks beside the worker, in `foz run`', default: true }),
    files: list(text({ doc: 'A file of checks, or a pattern such as quality/*.yaml' }), {
      doc: 'Files of checks, beside the quality rules of contracts',
      default: ['quality/*.yaml'],
    }),
    memory: size({
      doc: 'Memory of the engine that checks (DuckDB), for each of two runs at a time: by the clock, and after commits; it spills beyond',
      default: '384MB',
    }),
    threads: integer({ doc: 'Threads of that engine', min: 1, max: 256, default: 1 }),
    parallel: integer({ doc: 'Tables checked at a time', min: 1, max: 64, default: 2 }),
    timeout: group(
      {
        check: duration({ doc: 'Longest time for one pass over a table, and for one check', default: '5m' }),
        run: duration({ doc: 'Longest time for one run of checks', default: '1h' }),
      },
      { doc: 'What takes longer is an error, not a pass' },
    ),
    watch: duration({ doc: 'How often commits are looked for, for checks that run after them', default: '1s' }),
    reload: duration({ doc: 'How often foz.yaml, files of checks and contracts are read again', default: '10s' }),
    lease: duration({ doc: 'How long a leader that died keeps others from running the schedule', default: '15s' }),
    keep,
    publish,
    cacheDir: text({ doc: 'Where data files are kept between runs', default: '.foz/quality' }),
    cacheMax: size({ doc: 'Size of that cache', default: '4GB' }),
    database: text({
      doc: 'SQLite file for results and schedules where the catalog’s own file is not on this machine',
      default: '.foz/quality.sqlite',
    }),
    trino: optional(trino),
    alerts: alertsOptions,
  },
  { doc: 'Quality checks: `foz run`, `foz quality`' },
);
