// The schedule over a SQLite file, with measurers that only take time: to be killed. Says `begun` when a run begins.

import { sqliteCatalogStore } from '../../catalog/store/sqlite-catalog-store.ts';
import { systemClock } from '../../runtime/clock.ts';
import { silentLogger } from '../../runtime/log.ts';
import { exactly, type Measurer } from '../../quality/measurer.ts';
import { runChecks } from '../../quality/run/run-checks.ts';
import { startScheduler } from '../../quality/schedule/scheduler.ts';
import { partsOf, tablesOf } from '../unit/quality-fixture.ts';
import { columnsMeasured, killChecks } from './quality-kill-checks.ts';

const [path = '', roundsText = '0'] = process.argv.slice(2);
const rounds = Number(roundsText);
const { catalog } = await tablesOf(['users', 'rides']);
await using store = await sqliteCatalogStore({ path });
const slow = (column: string): Measurer => ({
  name: column,
  answers: (measure) =>
    (measure.kind === 'nulls' && measure.column === column) || (measure.kind === 'aggregate' && measure.column === column),
  measure: async (checks) => {
    await systemClock.sleep(15);
    return new Map(checks.map(({ id }) => [id, exactly(0, 'scan')]));
  },
});
const parts = partsOf(catalog, columnsMeasured.map(slow), { store: store.quality });
const stop = new AbortController();
process.once('disconnect', () => stop.abort());
let [ended, active] = [0, 0];
const scheduler = startScheduler(
  {
    store: store.quality,
    clock: systemClock,
    logger: silentLogger,
    holder: String(process.pid),
    declared: async () => killChecks,
    namespace: 'raw',
    head: async (table) => (table === 'users' ? '1001' : '1002'),
    run: async (checks, run, beforeEnd, signal) => {
      process.send?.('begun');
      active++;
      const report = await runChecks(checks, run, { ...parts, beforeEnd }, signal);
      active--;
      // The other lane may be in the middle of a run.
      if (++ended >= rounds && rounds > 0 && active === 0) stop.abort();
      return report;
    },
    rhythm: { watchMs: 50, reloadMs: 60_000, leaseMs: 300, resultsKeptMs: 86_400_000, historyKeptMs: 86_400_000 },
  },
  stop.signal,
);
await scheduler.done;
if (process.connected) process.disconnect();
