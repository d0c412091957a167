// The schedule on a simulated clock, in a process whose time zone its parent chose: prints every run, as JSON.
// Argument: a list of [from, length of runs in milliseconds], each over two days.

import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import { silentLogger } from '../../runtime/log.ts';
import type { RunReport } from '../../quality/run/run-checks.ts';
import { startScheduler } from '../../quality/schedule/scheduler.ts';
import { settle, SimulatedClock } from '../fault/simulation/simulated-clock.ts';
import { checkOf } from './quality-fixture.ts';

const crons = ['*/15 * * * *', '0 * * * *', '30 2 * * *', '30 1 * * 0', '0 0 1 * *', '59 23 31 12 *'];
const checks = crons.map((expression, at) => checkOf(`c${at}`, { when: { kind: 'cron', expression } }));
const dayMs = 86_400_000;

async function slotsFrom(from: number, takesMs: number): Promise<unknown> {
  const clock = new SimulatedClock(from);
  const slots: Record<string, string[]> = Object.fromEntries(crons.map((expression) => [expression, []]));
  const stop = new AbortController();
  const scheduler = startScheduler(
    {
      store: memoryCatalogStore().quality,
      clock,
      logger: silentLogger,
      holder: 'one',
      declared: async () => checks,
      namespace: 'raw',
      head: async () => null,
      run: async (due, run, beforeEnd): Promise<RunReport> => {
        const startedAt = clock.now();
        for (const { id, when } of due) {
          const slot = new Date(run.slots.get(id) ?? Number.NaN).toISOString();
          const lateMs = startedAt - (run.slots.get(id) ?? Number.NaN);
          if (when.kind === 'cron') slots[when.expression]?.push(lateMs > takesMs ? `${slot} late by ${lateMs}` : slot);
        }
        if (takesMs > 0) await clock.sleep(takesMs, stop.signal).catch(() => undefined);
        await beforeEnd([], new Map());
        return { id: run.id, startedAt, endedAt: clock.now(), results: [], pins: new Map(), reused: new Set() };
      },
      rhythm: { watchMs: 1000, reloadMs: 600_000, leaseMs: 1_800_000, resultsKeptMs: dayMs, historyKeptMs: dayMs },
    },
    stop.signal,
  );
  const until = from + 2 * dayMs;
  await settle(3);
  while (clock.now() < until && clock.advance()) await settle(3);
  stop.abort();
  await scheduler.done;
  return { slots, offsets: [from, until].map((at) => new Date(at).getTimezoneOffset()) };
}

const cases: readonly (readonly [from: string, takesMs: number])[] = JSON.parse(process.argv[2] ?? '[]');
const found: unknown[] = [];
for (const [from, takesMs] of cases) found.push(await slotsFrom(Date.parse(from), takesMs));
process.stdout.write(JSON.stringify(found));
