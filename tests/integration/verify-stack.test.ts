// Verify against the real databases: live changes of every kind in both, the worker as a process of its own, and the lake
// equal to the sources row by row; then a worker that is gone is told as a lake that is behind, not as a difference.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { loadConfig, type LoadedConfig } from '../../cli/config.ts';
import { makeChanges } from '../../cli/demo/changes.ts';
import { loadRides, loadUsers } from '../../cli/demo/load.ts';
import { startFoz } from '../../cli/demo/worker-process.ts';
import { upLocalStack } from '../../cli/local-stack.ts';
import { openLakeSession } from '../../cli/query/lake-session.ts';
import { targetNamed } from '../../cli/settings.ts';
import { compareWithLog, duplicateCounts } from '../../cli/verify/compare-with-log.ts';
import { verifyTable } from '../../cli/verify/verify-table.ts';
import { openLog } from '../../cli/wire.ts';
import { silentLogger } from '../../runtime/log.ts';
import type { TableTarget } from '../../sync/table.ts';
import { eraseSection } from './erase-section.ts';
import { connectCassandra, connectPostgres } from '../../cli/stack-databases.ts';

const count = 200;
const entry = join(import.meta.dirname, '../../cli/foz.ts');

test(
  'users and rides equal their sources after live changes, and every record its row; what is erased is gone from every object',
  { timeout: 420_000 },
  async () => {
    await using parts = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), 'foz-verify-'));
    parts.defer(() => rm(directory, { recursive: true, force: true }));
    const signal = AbortSignal.timeout(400_000);
    const { stack, configFile } = parts.use(await upLocalStack({ directory, isDetached: false, freshness: '1s' }, signal));
    const loaded = loadConfig(configFile, directory);
    const logFile = join(directory, 'worker.log');
    parts.use(startFoz({ entry, configFile, only: 'catalog', logFile }));
    const worker = parts.use(startFoz({ entry, configFile, only: 'sync', logFile }));
    const [pg, cql] = [stack.endpoint('postgres'), stack.endpoint('cassandra')];
    const postgres = parts.use(await connectPostgres(pg, signal));
    const cassandra = parts.use(await connectCassandra(cql, signal));
    await Promise.all([loadUsers(postgres.query, 1, count + 1, signal), loadRides(cassandra.query, 0, count, count, signal)]);
    const sources = { postgres: postgres.query, cassandra: cassandra.query };
    await makeChanges(sources, { users: count, rides: count }, { changesMin: 300, pauseMs: 0 }, { isStopping: true }, signal);

    await answering(loaded, signal);
    const session = parts.use(await openLakeSession(loaded, silentLogger));
    const log = parts.use(openLog(loaded, silentLogger));
    const settled = async (target: TableTarget): Promise<void> => {
      const { name } = target.ident;
      const verified = await verifyTable({ target, loaded, log, ...session, waitMs: 90_000 }, signal);
      assert.deepEqual(verified.samples, [], name);
      assert.equal(verified.lake, verified.source, name);
      if (name !== 'user_events') assert.ok(verified.source >= count / 2, `${name}: ${verified.source} rows`);
      const compared = await compareWithLog({ target, log, ...session, cacheDir: join(directory, 'proof') }, signal);
      assert.deepEqual(compared.samples, [], name);
      assert.equal(compared.checked, compared.rowsRaw + (compared.erased ?? 0));
      assert.equal((await duplicateCounts(session.lake, target, signal)).duplicates, 0);
    };
    for (const name of ['users', 'rides', 'user_events']) await settled(targetNamed(loaded.config, name));
    const [users, rides] = [targetNamed(loaded.config, 'users'), targetNamed(loaded.config, 'rides')];
    const section = { directory, configFile, ...session, postgres: postgres.query, cassandra: cassandra.query, users, rides, settled };
    await eraseSection(section);
    // The worker has gone on, and the proof knows what was erased.
    for (const target of [users, rides]) await settled(target);

    await worker.stop();
    await postgres.query('DELETE FROM public.users WHERE id = (SELECT min(id) FROM public.users)', [], signal);
    const target = targetNamed(loaded.config, 'users');
    await assert.rejects(verifyTable({ target, loaded, log, ...session, waitMs: 8_000 }, signal), { code: 'LAKE_BEHIND' });
  },
);

/** The catalog's process may still be starting. */
async function answering({ config }: LoadedConfig, signal: AbortSignal): Promise<void> {
  const url = `http://${config.catalog.kind === 'embedded' ? config.catalog.listen : ''}/v1/config`;
  for (;;) {
    signal.throwIfAborted();
    const answer = await fetch(url, { signal }).catch(() => null);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
