// I1, I6, I7: what only a person can decide halts the table with the exact range and the command, and the decision is
// a commit like any other. Nothing is skipped or doubled silently.

import assert from 'node:assert/strict';
import test from 'node:test';
import { lowestNext } from '../../lake/raw/lowest-next.ts';
import { mainSnapshot } from '../../lake/iceberg/metadata.ts';
import { LakeError } from '../../runtime/errors.ts';
import { systemRandom } from '../../runtime/random.ts';
import { resumeTable } from '../../sync/resume.ts';
import type { ResumeDecision } from '../../lake/raw/offset-chain.ts';
import { noFaults } from './simulation/faults.ts';
import { ident, topic, World } from './simulation/world.ts';

const target = { topic, ident };

async function landed(seed: number): Promise<World> {
  const world = new World(seed, 1);
  world.produce(0, 20);
  world.spawn();
  await world.drain();
  await world.assertExactlyOnce();
  return world;
}

function resume(world: World, decision: ResumeDecision) {
  return resumeTable(target, decision, {
    catalog: world.catalog,
    store: world.store,
    log: world.log,
    clock: world.clock,
    random: systemRandom,
  });
}

test('I7: records deleted before they were read halt the table with the exact range; --accept-gap goes on after it', async () => {
  const world = await landed(11);
  await world.workers[0]?.kill();
  world.produce(0, 10);
  world.log.deleteRecords(topic, 0, 25n);
  world.spawn();
  await world.pass(3_000);
  assert.equal(world.halts.length, 1);
  assert.equal(world.halts[0]?.code, 'RETENTION_GAP');
  assert.match(world.halts[0]?.reason ?? '', /\[20, 25\)/);
  assert.deepEqual(world.halts[0]?.decide, ['foz resume raw.users --accept-gap']);
  assert.equal((await world.tableRows()).length, 20, 'nothing lands while it waits');
  const plan = await resume(world, 'accept-gap');
  assert.deepEqual(
    plan.spans.map(({ from, to }) => [from, to]),
    [[20n, 25n]],
  );
  await world.pass(15_000);
  const offsets = (await world.tableRows()).map(({ offset }) => Number(offset)).sort((a, b) => a - b);
  assert.deepEqual(offsets, [...Array(20).keys(), 25, 26, 27, 28, 29]);
  await world.close();
});

test('I7: retention that passes a running reader halts it, without a restart', async () => {
  const world = await landed(12);
  world.log.setAvailable(false);
  world.produce(0, 6);
  world.log.deleteRecords(topic, 0, 23n);
  world.log.setAvailable(true);
  await world.pass(3_000);
  assert.deepEqual(
    world.halts.map(({ code }) => code),
    ['RETENTION_GAP'],
  );
  assert.match(world.halts[0]?.reason ?? '', /\[20, 23\)/);
  await world.close();
});

test('I6: a re-created topic halts; --adopt-source reads it from its start, under its own topic id', async () => {
  const world = await landed(13);
  world.log.recreateTopic(topic);
  world.produce(0, 7);
  await world.pass(3_000);
  assert.deepEqual(
    world.halts.map(({ code }) => code),
    ['SOURCE_REPLACED'],
  );
  assert.equal((await world.tableRows()).length, 20);
  await resume(world, 'adopt-source');
  await world.pass(15_000);
  assert.equal((await world.tableRows()).length, 27);
  await world.close();
});

test('a topic deleted while its table waits for a decision holds up no other table, and is read once it is decided and back', async () => {
  const world = await landed(19);
  const rides = { topic: 'rides', ident: { namespace: ['raw'], name: 'rides' } };
  world.log.createTopic(rides.topic, { partitions: 1 });
  const { worker } = world.workers[0] ?? assert.fail();
  assert.ok(worker.add(rides));
  world.log.recreateTopic(topic);
  await world.pass(3_000);
  assert.equal(world.halts.length, 1);
  // The table looks whether it was decided, and cannot: the topic goes while it looks.
  world.log.setAvailable(false);
  await world.pass(6_000);
  world.log.deleteTopic(topic);
  world.log.setAvailable(true);
  await world.pass(3_000);
  world.log.produce(rides.topic, 0, [{ key: null, value: Buffer.from('a-1') }]);
  await world.pass(5_000);
  const status = () => Object.fromEntries(worker.status().tables.map((table) => [table.table, table]));
  assert.deepEqual(status()['raw.rides']?.positions, { 0: '1' });
  assert.equal(status()['raw.rides']?.rowsCommitted, 1);
  assert.equal(status()['raw.users']?.state, 'halted');
  world.log.createTopic(topic, { partitions: 1 });
  world.produce(0, 7);
  await resume(world, 'adopt-source');
  await world.pass(15_000);
  assert.equal((await world.tableRows()).length, 27, 'the decision is taken up');
  await world.close();
});

test('a topic that is deleted while a table opens is let go, and other tables go on', async () => {
  const world = await landed(20);
  const rides = { topic: 'rides', ident: { namespace: ['raw'], name: 'rides' } };
  world.log.createTopic(rides.topic, { partitions: 1 });
  const { worker } = world.workers[0] ?? assert.fail();
  // The partitions are given, and the catalog is away: the topic goes before the table is looked at.
  world.faults = { next: (port) => (port === 'catalog' ? 'reject' : 'none') };
  assert.ok(worker.add(rides));
  await world.pass(3_000);
  world.log.deleteTopic(topic);
  world.faults = noFaults;
  world.log.produce(rides.topic, 0, [{ key: null, value: Buffer.from('a-1') }]);
  await world.pass(5_000);
  const status = () => Object.fromEntries(worker.status().tables.map((table) => [table.table, table]));
  assert.equal(status()['raw.rides']?.rowsCommitted, 1);
  assert.deepEqual([status()['raw.users']?.state, status()['raw.users']?.reason], ['idle', null], 'nobody has it');
  world.log.createTopic(topic, { partitions: 1 });
  world.produce(0, 1);
  await world.pass(8_000);
  assert.deepEqual(
    world.halts.map(({ code }) => code),
    ['SOURCE_REPLACED'],
  );
  await world.close();
});

test('a table that may not be looked at holds up neither another table nor the group, and is read once it may be', async () => {
  const world = await landed(21);
  const rides = { topic: 'rides', ident: { namespace: ['raw'], name: 'rides' } };
  world.log.createTopic(rides.topic, { partitions: 1 });
  world.log.produce(rides.topic, 0, [{ key: null, value: Buffer.from('a-1') }]);
  const { worker } = world.workers[0] ?? assert.fail();
  const loadTable = world.catalog.loadTable.bind(world.catalog);
  world.catalog.loadTable = async (wanted, signal) => {
    if (wanted.name === rides.ident.name) throw new LakeError('CATALOG_REFUSED', 'rides: not allowed');
    return loadTable(wanted, signal);
  };
  assert.ok(worker.add(rides));
  world.produce(0, 10);
  await world.pass(5_000);
  const status = () => Object.fromEntries(worker.status().tables.map((table) => [table.table, table]));
  assert.deepEqual(status()['raw.users']?.positions, { 0: '30' }, 'the other table goes on');
  assert.deepEqual([status()['raw.rides']?.state, status()['raw.rides']?.reason], ['waiting', 'CATALOG_REFUSED: rides: not allowed']);
  // A rebalance while it is looked for: the group has to wait for both members.
  const second = world.spawn();
  await world.pass(3_000);
  world.produce(0, 10);
  await world.pass(5_000);
  assert.equal((await world.tableRows()).length, 40);
  await second.kill();
  world.catalog.loadTable = loadTable;
  await world.pass(5_000);
  assert.deepEqual(status()['raw.rides']?.positions, { 0: '1' });
  assert.equal(status()['raw.rides']?.rowsCommitted, 1);
  assert.equal(status()['raw.rides']?.reason, null);
  await world.drain();
  await world.assertExactlyOnce();
  await world.close();
});

test('I9: a table whose commits are refused takes no more of the memory than its own chunks, and other tables go on', async () => {
  const world = new World(23, 24);
  const rides = { topic: 'rides', ident: { namespace: ['raw'], name: 'rides' } };
  world.log.createTopic(rides.topic, { partitions: 1 });
  const commitTable = world.catalog.commitTable.bind(world.catalog);
  // Two of its chunks and a little more.
  const { worker } = world.spawn({ bufferBytesMax: 300, commitRowsMax: 5 });
  assert.ok(worker.add(rides));
  await world.pass(2_000);
  world.catalog.commitTable = async (wanted, request, signal) => {
    if (wanted.name === ident.name) throw new LakeError('CATALOG_REFUSED', 'users: not allowed');
    return commitTable(wanted, request, signal);
  };
  for (let partition = 0; partition < 24; partition++) world.produce(partition, 60);
  await world.pass(10_000);
  const offsets = [...Array(40).keys()];
  for (const i of offsets) world.log.produce(rides.topic, 0, [{ key: null, value: Buffer.from(`a-${i}`) }]);
  await world.pass(20_000);
  const status = () => Object.fromEntries(worker.status().tables.map((table) => [table.table, table]));
  assert.equal(status()['raw.rides']?.rowsCommitted, offsets.length);
  assert.equal(status()['raw.users']?.reason, 'CATALOG_REFUSED: users: not allowed');
  world.catalog.commitTable = commitTable;
  await world.drain();
  await world.assertExactlyOnce();
  await world.close();
});

test('a topic that may not be described keeps no other table from starting, and is read once it may be', async () => {
  const world = new World(22, 1);
  const rides = { topic: 'rides', ident: { namespace: ['raw'], name: 'rides' } };
  world.log.createTopic(rides.topic, { partitions: 1 });
  world.log.produce(rides.topic, 0, [{ key: null, value: Buffer.from('a-1') }]);
  const describe = world.log.describe.bind(world.log);
  world.log.describe = async (topics, signal) => {
    if (topics.includes(rides.topic)) throw new LakeError('LOG_REFUSED', 'rides: not authorised');
    return describe(topics, signal);
  };
  const { worker } = world.spawn();
  assert.ok(worker.add(rides));
  world.produce(0, 10);
  await world.pass(5_000);
  assert.equal((await world.tableRows()).length, 10);
  assert.equal(worker.status().log.available, true);
  world.log.describe = describe;
  await world.pass(5_000);
  assert.equal(worker.status().tables.find(({ topic: name }) => name === rides.topic)?.rowsCommitted, 1);
  await world.close();
});

test('what an earlier subscription said of the log is over with it', async () => {
  const world = new World(24, 1);
  const subscribe = world.log.subscribe.bind(world.log);
  world.log.subscribe = async (wanted, handler, signal) => {
    const subscription = await subscribe(wanted, handler, signal);
    if (wanted.topics.length === 1) handler.availability(false, 'node 2 is away');
    return subscription;
  };
  const { worker } = world.spawn();
  await world.pass(2_000);
  assert.deepEqual(worker.status().log, { available: false, reason: 'node 2 is away' });
  world.log.createTopic('rides', { partitions: 1 });
  assert.ok(worker.add({ topic: 'rides', ident: { namespace: ['raw'], name: 'rides' } }));
  await world.pass(2_000);
  assert.deepEqual(worker.status().log, { available: true, reason: null });
  await world.close();
});

test('I7: a truncated log halts with the offsets that are gone', async () => {
  const world = await landed(14);
  await world.workers[0]?.kill();
  world.log.truncate(topic, 0, 15n);
  world.spawn();
  await world.pass(3_000);
  assert.equal(world.halts[0]?.code, 'LOG_TRUNCATED');
  assert.match(world.halts[0]?.reason ?? '', /\[15, 20\)/);
  await world.close();
});

test('I1: a table rolled back halts; --reread reads exactly what main has lost', async () => {
  const world = await landed(15);
  await world.workers[0]?.kill();
  const before = await world.catalog.loadTable(ident);
  assert.ok(before);
  const head = mainSnapshot(before.metadata);
  const older = before.metadata.snapshots.find((snapshot) => snapshot['snapshot-id'] === head?.['parent-snapshot-id']);
  assert.ok(older);
  await world.catalog.commitTable(ident, {
    requirements: [],
    updates: [{ action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': older['snapshot-id'] }],
  });
  world.produce(0, 3);
  world.spawn();
  await world.pass(3_000);
  assert.equal(world.halts[0]?.code, 'TABLE_ROLLED_BACK');
  const plan = await resume(world, 'reread');
  assert.ok(plan.spans.every(({ from, to }) => to < from));
  await world.pass(15_000);
  await world.assertExactlyOnce();
  await world.close();
});

test('I4: a commit that waited through a sweep, a roll-back and a re-reading is refused, though its offsets are next again', async () => {
  const world = await landed(18);
  world.produce(0, 10);
  await world.drain();
  world.faults = { next: (port, _, worker) => (port === 'catalog' && worker === 0 ? 'reject' : 'none') };
  const before = await keysOf(world);
  world.produce(0, 5);
  await world.pass(3_000);
  const waiting = (await keysOf(world)).filter((key) => key.includes('/data/') && !before.includes(key));
  assert.ok(waiting.length > 0, 'the first worker has uploaded, and its commit waits');
  await world.workers[0]?.subscription()?.close();
  world.spawn();
  await world.pass(10_000);
  assert.equal((await world.tableRows()).length, 35, 'the second one has read the same records');
  const { metadata } = (await world.catalog.loadTable(ident)) ?? assert.fail();
  assert.deepEqual([...lowestNext(metadata)], [[0, 35n]], 'so what the first one uploaded lies below, and is swept');
  await world.store.delete(waiting);
  const older = metadata.snapshots.find(({ summary }) => summary['total-records'] === '30') ?? assert.fail();
  await world.catalog.commitTable(ident, {
    requirements: [],
    updates: [{ action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': older['snapshot-id'] }],
  });
  const plan = await resume(world, 'reread');
  assert.deepEqual(
    plan.spans.map(({ from, to }) => [from, to]),
    [[35n, 30n]],
  );
  world.faults = { next: (_, method, worker) => (method === 'commitTable' && worker === 1 ? 'reject' : 'none') };
  await world.pass(3_000);
  assert.equal((await world.tableRows()).length, 30, 'the first one could commit now, and does not');
  world.faults = noFaults;
  world.produce(0, 3);
  await world.pass(20_000);
  await world.assertExactlyOnce();
  assert.ok(
    world.fences.some((reason) => /a decision has set the table’s offsets back/.test(reason)),
    world.fences.join('\n'),
  );
  await world.close();
});

async function keysOf({ store }: World): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list('')) keys.push(key);
  return keys;
}

test('I1: a table replaced by an empty one that kept uuid and property halts', async () => {
  const world = await landed(16);
  await world.workers[0]?.kill();
  const before = await world.catalog.loadTable(ident);
  const head = before && mainSnapshot(before.metadata);
  assert.ok(head);
  const { 'parent-snapshot-id': _, ...orphan } = {
    ...head,
    'snapshot-id': 77,
    'sequence-number': Number(before?.metadata['last-sequence-number']) + 1,
    summary: { operation: 'append' },
  };
  await world.catalog.commitTable(ident, {
    requirements: [],
    updates: [
      { action: 'add-snapshot', snapshot: orphan },
      { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': 77 },
    ],
  });
  world.spawn();
  await world.pass(3_000);
  assert.equal(world.halts[0]?.code, 'TABLE_ROLLED_BACK');
  assert.match(world.halts[0]?.reason ?? '', /no longer descends/);
  await world.close();
});

test('a decision nobody asked for is refused and writes nothing', async () => {
  const world = await landed(17);
  const before = await world.catalog.loadTable(ident);
  for (const decision of ['accept-gap', 'adopt-source', 'reread'] as const)
    await assert.rejects(resume(world, decision), /nothing to decide/);
  assert.equal((await world.catalog.loadTable(ident))?.metadataLocation, before?.metadataLocation);
  await world.close();
});
