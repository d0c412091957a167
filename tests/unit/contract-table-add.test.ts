// One more table while everything runs: foz.yaml keeps its comments, a running worker takes the table up, and those it had
// lose nothing.

import assert from 'node:assert/strict';
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { memoryCatalog } from '../../catalog/memory-catalog.ts';
import type { Config } from '../../cli/config.ts';
import { openLakeQuery } from '../../query/lake-query.ts';
import { watchTables } from '../../cli/table/watch-tables.ts';
import { withListItem } from '../../cli/table/yaml-list.ts';
import { caughtUp } from '../../cli/verify/catch-up.ts';
import { filesystemStore } from '../../lake/store/filesystem-store.ts';
import { systemClock } from '../../runtime/clock.ts';
import { silentLogger } from '../../runtime/log.ts';
import { seededRandom } from '../../runtime/random.ts';
import { openJsonDecoder } from '../../sync/decode/json-decoder.ts';
import { memoryLog } from '../../sync/log/memory-log.ts';
import { syncDefaults } from '../../sync/options.ts';
import type { TableTarget } from '../../sync/table.ts';
import { Worker } from '../../sync/worker.ts';

const file = `sync:
  # What lands.
  tables:
    - { topic: pg.public.users, table: users } # people
    - topic: cass.rides.rides
      table: rides

  freshness: 5s
connectors:
  cassandra:
    tables: [rides]
  postgres:
    tables: [public.users] # more to come
`;

test('an item is added to a list of foz.yaml, and nothing else of it changes', () => {
  const one = withListItem(file, ['sync', 'tables'], '{ topic: pg.public.orders, table: orders }');
  assert.equal(one, file.replace('      table: rides\n', '      table: rides\n    - { topic: pg.public.orders, table: orders }\n'));
  const two = withListItem(file, ['connectors', 'postgres', 'tables'], 'public.orders');
  assert.equal(two, file.replace('[public.users] #', '[public.users, public.orders] #'));
  const empty = withListItem('a:\n  b: []\n', ['a', 'b'], 'x');
  assert.equal(empty, 'a:\n  b: [x]\n');
  const unindented = withListItem('sync:\n  tables:\n  - one\nlake: 1\n', ['sync', 'tables'], 'two');
  assert.equal(unindented, 'sync:\n  tables:\n  - one\n  - two\nlake: 1\n');
});

const add = (text: string) =>
  withListItem(text, ['connectors', 'postgres', 'tables'], 'public.orders', ['public.users', 'public.user_events']);

test('a list that the file leaves out is written with what it has by default', () => {
  const list = 'tables: [public.users, public.user_events, public.orders]';
  assert.equal(
    add('connectors:\n  postgres: {} # all as ever\n  cassandra: {}\n'),
    `connectors:\n  postgres: { ${list} } # all as ever\n  cassandra: {}\n`,
  );
  assert.equal(
    add('connectors:\n  postgres:\n    # the slot\n    slot: s\nhttp: 1\n'),
    `connectors:\n  postgres:\n    ${list}\n    # the slot\n    slot: s\nhttp: 1\n`,
  );
  for (const text of [
    'connectors: {}\n',
    'connectors:\n  postgres: { slot: s }\n',
    'connectors:\n  postgres:\n    slot: s\n    tables: &x\n      - a\n',
  ])
    assert.equal(add(text), null, text);
});

test('a file written in another way is left alone', () => {
  for (const text of [
    'sync: { tables: [a] }\n',
    'sync:\n  freshness: 5s\n',
    'sync:\n  other:\n    tables:\n      - a\n',
    'sync:\n  tables: &x\n    - a\n',
    '',
  ]) {
    assert.equal(withListItem(text, ['sync', 'tables'], 'b'), null, text);
  }
});

const target = (name: string): TableTarget => ({ topic: `pg.public.${name}`, ident: { namespace: ['raw'], name } });

const config = (...tables: readonly TableTarget[]) =>
  ({
    sync: { tables: tables.map(({ topic, ident }) => ({ topic, table: ident.name })), wait: { discover: 20 } },
    lake: { namespace: 'raw' },
  }) as unknown as Config;

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 1000 && !holds(); i++) await systemClock.sleep(10);
  assert.ok(holds(), String(holds));
}

test('a worker that runs takes up a table that foz.yaml names besides, and its others lose nothing', { timeout: 60_000 }, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'foz-add-'));
  const store = filesystemStore({ root: join(directory, 'lake') });
  const catalog = memoryCatalog({ objectStore: store });
  const log = memoryLog({ clusterId: 'c', batchRecordsMax: 10 });
  const [users, orders] = [target('users'), target('orders')];
  log.createTopic(users.topic, { partitions: 2 });
  const worker = new Worker(
    [users],
    { ...syncDefaults, commitMaxAgeMs: 20, waitMinMs: 5, discoverEveryMs: 20 },
    {
      log,
      catalog,
      store,
      openDecoder: ({ ident }) => decoders.get(ident.name) ?? openJsonDecoder({ tempDir: directory }),
      clock: systemClock,
      random: seededRandom(1),
      logger: silentLogger,
    },
  );
  const decoders = new Map([['users', await openJsonDecoder({ tempDir: directory })]]);
  const stop = new AbortController();
  await using after = new AsyncDisposableStack();
  after.defer(() => rm(directory, { recursive: true, force: true }));
  after.defer(() => worker[Symbol.asyncDispose]());
  after.defer(() => stop.abort());
  const path = join(directory, 'foz.yaml');
  await writeFile(path, '');
  let [current, readings] = [config(users), 0];
  const reload = () => {
    readings++;
    if (readings === 1) throw new Error('half written');
    return { config: current };
  };
  const watching = watchTables(
    { loaded: { file: path, config: current }, reload, add: (added) => worker.add(added), clock: systemClock, logger: silentLogger },
    stop.signal,
  );
  worker.start();
  let count = 0;
  const produce = (topic: string, partition: number) =>
    log.produce(topic, partition, [{ key: null, value: Buffer.from(`{"n":${count++}}`) }]);
  const landed = (one: TableTarget) => caughtUp({ target: one, catalog, log }, Date.now() + 20_000);
  for (let i = 0; i < 20; i++) produce(users.topic, i % 2);
  await landed(users);
  current = config(users, orders);
  for (const second of [1, 2, 3]) {
    await utimes(path, second, second);
    for (let i = 0; i < 10; i++) produce(users.topic, i % 2);
    await until(() => readings >= second);
  }
  assert.ok(readings >= 2, 'a file that cannot be read is read again when it changes');
  // Its topic comes later still.
  log.createTopic(orders.topic, { partitions: 1 });
  for (let i = 0; i < 5; i++) produce(orders.topic, 0);
  for (let i = 0; i < 10; i++) produce(users.topic, i % 2);
  await until(() => worker.status().tables.length === 2);
  await landed(users);
  await landed(orders);
  assert.equal(worker.add(orders), false, 'a table is added once');
  await using lake = await openLakeQuery({ catalog, store, cacheDir: join(directory, 'cache'), threads: 1 });
  const { rows } = await lake.query(
    'SELECT (SELECT count(*) FROM raw.users), (SELECT count(DISTINCT "value".n) FROM raw.users), (SELECT count(*) FROM raw.orders)',
  );
  assert.deepEqual(rows, [[60n, 60n, 5n]]);
  stop.abort();
  await watching;
  await worker.stop();
});
