// Quality as a new user meets it, on the real stack: `foz run` with its quality jobs, a rule written in YAML while it runs, a
// fault planted in PostgreSQL and one in Cassandra, the alerts over HTTP within seconds of the commit; the process of the
// jobs killed, which the worker does not notice; the faults mended, and the alerts resolved.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { history } from '../../cli/commands/quality/history.ts';
import { run } from '../../cli/commands/quality/run.ts';
import { show } from '../../cli/commands/quality/show.ts';
import { status } from '../../cli/commands/status.ts';
import { loadConfig } from '../../cli/config.ts';
import { demoRide } from '../../cli/demo/data.ts';
import { insertRide, loadRides, loadUsers } from '../../cli/demo/load.ts';
import { startFoz } from '../../cli/demo/worker-process.ts';
import { upLocalStack } from '../../cli/local-stack.ts';
import { isRecord } from '../../runtime/options.ts';
import { httpReceiver, type HttpReceiver } from '../unit/quality-alert-servers.ts';
import { fozCommand } from './foz-command.ts';
import { isGone, until } from './stack-processes.ts';
import { connectCassandra, connectPostgres } from '../../cli/stack-databases.ts';

const count = 300;
const entry = join(import.meta.dirname, '../../cli/foz.ts');
/** The jobs are started again, and the lease of those that died is over. */
const takenOverWithinMs = 60_000;
/** A commit every second, the look for commits every second, a pass over the table, the delivery; and a machine that is busy. */
const toldWithinMs = 30_000;

const ownChecks = {
  'own-users.yaml': 'table: users\nchecks:\n  - { name: rich-at-most, invalidValues: balance, range: ..10000, when: commit }\n',
  'own-rides.yaml':
    'table: rides\nchecks:\n  - windowLimit: 500\n    name: spent-in-a-day\n    of: sum of fare\n    per: user_id\n    time: requested_at\n    window: 1d\n',
};

test(
  'a rule in YAML, a fault, an alert, a mend, its end; and the worker goes on without its quality jobs',
  { timeout: 280_000 },
  async (t) => {
    await using parts = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), 'foz-quality-'));
    parts.defer(() => rm(directory, { recursive: true, force: true }));
    const signal = AbortSignal.timeout(270_000);
    const receiver = parts.use(await httpReceiver([{ status: 204 }]));
    const { stack, configFile } = parts.use(
      await upLocalStack({ directory, isDetached: false, freshness: '1s', anyPorts: true, alertsTo: receiver.url }, signal),
    );
    const beganMs = Date.now();
    const postgres = parts.use(await connectPostgres(stack.endpoint('postgres'), signal));
    const cql = stack.endpoint('cassandra');
    const cassandra = parts.use(await connectCassandra(cql, signal));
    await loadUsers(postgres.query, 1, count + 1, signal);
    const worker = parts.use(startFoz({ entry, configFile, logFile: join(directory, 'run.log') }));
    const foz = fozCommand(configFile, directory, signal);
    const statusUrl = `http://${loadConfig(configFile, directory).config.http.listen}/status`;
    const told = async () => recordIn(await (await fetch(statusUrl, { signal })).json());
    const rowsIn = async (table: string) => {
      const { tables } = await told().catch(() => ({ tables: [] }));
      const found = Array.isArray(tables) ? tables.filter(isRecord).find((one) => one['table'] === `raw.${table}`) : undefined;
      return Number(found?.['rowsCommitted'] ?? 0);
    };
    // Users first: rides without them would be told as such.
    await until('users are in the lake', 90_000, async () => (await rowsIn('users')) >= count || null);
    await loadRides(cassandra.query, 0, count, count, signal);
    await until('rides are in the lake', 90_000, async () => (await rowsIn('rides')) >= count || null);
    t.diagnostic(`loaded and committed: ${Date.now() - beganMs} ms`);

    // The checks that come with the project hold on the project's own tables.
    const first = await foz(run, [[]]);
    const bad = resultsOf(first.answer).filter(({ outcome }) => outcome !== 'passed' && outcome !== 'learning');
    assert.deepEqual(
      bad.map(({ check, outcome, reason }) => [recordIn(check)['id'], outcome, reason]),
      [],
    );
    assert.equal(first.code, 0);
    assert.ok(resultsOf(first.answer).length > 30, `${resultsOf(first.answer).length} checks`);
    t.diagnostic(`every default check: ${Date.now() - beganMs} ms`);

    for (const [name, text] of Object.entries(ownChecks)) await writeFile(join(directory, 'quality', name), text);
    const qualityIn = async () => recordIn((await told())['quality']);
    await until(
      'the schedule has the new checks',
      30_000,
      async () => Number((await qualityIn())['checks']) === resultsOf(first.answer).length + 2 || null,
    );
    await until(
      'one of them has a result',
      30_000,
      async () => (await resultOf(foz, 'users.rich-at-most'))?.['outcome'] === 'passed' || null,
    );

    const brokenAt = Date.now();
    await postgres.query('UPDATE public.users SET balance = 20000 WHERE id = 7', [], signal);
    const rides = [1, 2, 3].map((i) => ({ ...demoRide(10_000 + i, count), userId: 7, fare: '200.00', requestedAt: new Date() }));
    for (const ride of rides) await insertRide(cassandra.query, ride, signal);
    const fired = await changeOf(receiver, 'users.rich-at-most', 'firing');
    assert.equal(fired['found'], `1 of ${count} rows (0.33 %)`);
    t.diagnostic(`broken in PostgreSQL, told after ${Date.now() - brokenAt} ms`);
    const passed = await changeOf(receiver, 'rides.spent-in-a-day', 'firing');
    assert.equal(passed['found'], '1 key');
    t.diagnostic(`limit passed in Cassandra, told after ${Date.now() - brokenAt} ms`);

    const shown = await foz(show, ['users.rich-at-most']);
    assert.match(shown.text, /FAILED/);
    assert.match(shown.text, /all of them: foz query 'SELECT /);
    await until('foz status says so', 10_000, async () => /users\.rich-at-most: 1 of 300 rows/.test((await foz(status, [])).text) || null);
    const metrics = async () => await (await fetch(statusUrl.replace(/status$/, 'metrics'), { signal })).text();
    await until(
      'Prometheus too',
      10_000,
      async () => /^foz_quality_check_status\{.*table="users",check="rich-at-most".*\} 2$/m.test(await metrics()) || null,
    );

    // Its jobs die, and the worker does not notice.
    const { pid, starts } = await qualityIn();
    assert.ok(typeof pid === 'number' && pid !== worker.pid);
    process.kill(pid, 'SIGKILL');
    const rowsBefore = await rowsIn('users');
    await postgres.query('UPDATE public.users SET balance = 200 WHERE id = 7', [], signal);
    for (const { city, day, rideId } of rides)
      await cassandra.query('DELETE FROM rides.rides WHERE city = ? AND day = ? AND ride_id = ?', [city, day, rideId], signal);
    await until('the worker goes on', 30_000, async () => (await rowsIn('users')) > rowsBefore || null);
    for (const check of ['users.rich-at-most', 'rides.spent-in-a-day']) await changeOf(receiver, check, 'resolved', takenOverWithinMs);
    t.diagnostic(`mended, and told so by the next process: ${Date.now() - brokenAt} ms`);
    const after = await qualityIn();
    assert.equal(after['starts'], Number(starts) + 1);
    assert.ok(isGone(pid) && after['pid'] !== pid);

    const { results } = (await foz(history, ['users.rich-at-most'])).answer;
    const outcomes = Array.isArray(results) ? results.filter(isRecord).map(({ outcome }) => outcome) : [];
    assert.deepEqual([outcomes.at(0), outcomes.includes('failed'), outcomes.at(-1)], ['passed', true, 'passed']);
    assert.deepEqual(
      changesOf(receiver)
        .map(({ check, state }) => `${String(check)} ${String(state)}`)
        .toSorted(),
      ['rides.spent-in-a-day firing', 'rides.spent-in-a-day resolved', 'users.rich-at-most firing', 'users.rich-at-most resolved'],
      'nobody was told of anything else, and of nothing twice',
    );
    assert.equal(await worker.stop(), 0);
    assert.ok(isGone(Number(after['pid'])), 'the quality jobs end with the worker');
  },
);

type Fields = Readonly<Record<string, unknown>>;

function recordIn(value: unknown): Fields {
  return isRecord(value) ? value : {};
}

function resultsOf({ results }: Fields): readonly Fields[] {
  return Array.isArray(results) ? results.filter(isRecord) : [];
}

async function resultOf(foz: ReturnType<typeof fozCommand>, check: string): Promise<Fields | undefined> {
  return resultsOf((await foz(history, [check])).answer)[0];
}

function changesOf(receiver: HttpReceiver): readonly Fields[] {
  return receiver.calls.flatMap(({ body }) => {
    const { changes } = recordIn(JSON.parse(body));
    return Array.isArray(changes) ? changes.filter(isRecord) : [];
  });
}

function changeOf(receiver: HttpReceiver, check: string, state: 'firing' | 'resolved', withinMs = toldWithinMs): Promise<Fields> {
  const found = () => changesOf(receiver).find((change) => change['check'] === check && change['state'] === state);
  return until(`${check} is ${state}`, withinMs, async () => found());
}
