// Freshness: 5,000 changes a second into PostgreSQL for a minute, with `freshness: 1s`; for every live row, the time from
// the source's commit (changed_at) to the snapshot that made it visible. Worker, catalog, connectors and databases are
// the real ones of the local stack, all on this machine.

import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '../cli/config.ts';
import { loadUsers } from '../cli/demo/load.ts';
import { tableProgress } from '../cli/demo/progress-of-tables.ts';
import { catalogAnswers, startFoz } from '../cli/demo/worker-process.ts';
import { upLocalStack } from '../cli/local-stack.ts';
import { openLakeQuery } from '../query/lake-query.ts';
import { tableTargets } from '../cli/settings.ts';
import { openCatalog, openLog, openStore } from '../cli/wire.ts';
import { silentLogger } from '../runtime/log.ts';
import { connectPostgres } from '../cli/stack-databases.ts';

export interface Freshness {
  readonly p50: number;
  readonly p99: number;
  readonly changes: number;
  readonly changesPerSecond: number;
}

const changesPerSecond = 5_000;
const rowsPerStatement = 500;
const users = 50_000;

export async function measureFreshness(dir: string, entry: string, seconds: number, note: (text: string) => void): Promise<Freshness> {
  note(`freshness: ${changesPerSecond} changes/s for ${seconds} s`);
  const signal = AbortSignal.timeout((seconds + 600) * 1000);
  await using parts = new AsyncDisposableStack();
  const local = parts.use(await upLocalStack({ directory: dir, isDetached: false, freshness: '1s', anyPorts: true }, signal));
  const loaded = loadConfig(local.configFile, dir);
  const worker = {
    entry: entry || fileURLToPath(new URL('../cli/foz.ts', import.meta.url)),
    configFile: local.configFile,
    logFile: join(dir, 'worker.log'),
  };
  parts.use(startFoz({ ...worker, only: 'catalog', logFile: join(dir, 'catalog.log') }));
  if (loaded.config.catalog.kind === 'embedded') await catalogAnswers(loaded.config.catalog.listen, signal);
  parts.use(startFoz({ ...worker, only: 'sync' }));
  const store = parts.use(openStore(loaded, silentLogger));
  const { catalog } = parts.use(await openCatalog(loaded, store, silentLogger));
  const log = parts.use(openLog(loaded, silentLogger));
  const postgres = parts.use(await connectPostgres(local.stack.endpoint('postgres'), signal));
  await loadUsers(postgres.query, 1, users + 1, signal);
  const target = tableTargets(loaded.config).find(({ ident }) => ident.name === 'users');
  if (!target) throw new Error('the stack has no table users');
  const caughtUp = async (): Promise<void> => {
    for (let quiet = 0; quiet < 3; await sleep(300))
      quiet = (await tableProgress(target, { catalog, store, log }, signal)).remaining === 0 ? quiet + 1 : 0;
  };
  await caughtUp();
  const began = Date.now();
  const statements = (seconds * changesPerSecond) / rowsPerStatement;
  for (let i = 0; i < statements; i++) {
    await postgres.query(
      'UPDATE public.users SET balance = balance + 0.01, updated_at = now() WHERE id > $1::bigint AND id <= $1::bigint + $2::bigint',
      [String((i * rowsPerStatement) % users), String(rowsPerStatement)],
      signal,
    );
    const due = began + ((i + 1) * rowsPerStatement * 1000) / changesPerSecond;
    if (due > Date.now()) await sleep(due - Date.now());
  }
  const took = (Date.now() - began) / 1000;
  await caughtUp();
  await using lake = await openLakeQuery({ catalog, store, cacheDir: join(dir, 'cache') });
  const { rows } = await lake.query(`
    SELECT quantile_cont(ms, 0.5) / 1000, quantile_cont(ms, 0.99) / 1000, count(*)
    FROM (SELECT epoch_ms(_committed_at) - epoch_ms(changed_at) AS ms FROM raw.users WHERE op = 'u' AND epoch_ms(changed_at) >= ${began})`);
  const [p50, p99, changes] = rows[0] ?? [];
  if (Number(changes) !== statements * rowsPerStatement)
    throw new Error(`${String(changes)} changes landed of ${statements * rowsPerStatement}`);
  return { p50: Number(p50), p99: Number(p99), changes: Number(changes), changesPerSecond: Math.round(Number(changes) / took) };
}
