// The controls of the memory log, which play what a cluster does to a reader: fault tests lean on them.

import assert from 'node:assert/strict';
import test from 'node:test';
import { LakeError } from '../../runtime/errors.ts';
import { memoryLog } from '../../sync/log/memory-log.ts';
import type { NewRecord } from '../../sync/log/memory-partition.ts';
import { logReader } from '../conformance/log-reader.ts';

const texts = (...values: readonly string[]): NewRecord[] => values.map((value) => ({ key: null, value: Buffer.from(value) }));
const groupId = 'group';
const topics = ['t'];
const fromStart = () => logReader({ start: () => 0n });

test('a hole is passed: the position after a batch is the next record, or the end of the log', async () => {
  await using log = memoryLog({ clusterId: 'c', batchRecordsMax: 2 });
  log.createTopic('t', { partitions: 1 });
  log.produce('t', 0, texts('a', 'b'));
  log.skip('t', 0, 3n);
  assert.equal(log.produce('t', 0, texts('c')), 5n);
  log.skip('t', 0, 4n);
  const reader = fromStart();
  await log.subscribe({ groupId, topics }, reader);
  await log.settled();
  assert.deepEqual(reader.offsets(0), [0, 1, 5]);
  assert.deepEqual(
    reader.batches.map((batch) => [batch.fromOffset, batch.nextOffset]),
    [
      [0n, 5n],
      [5n, 10n],
    ],
  );
});

test('batches are bounded by records and by bytes, yet one large record always passes', async () => {
  await using log = memoryLog({ clusterId: 'c', batchRecordsMax: 3, batchBytesMax: 10 });
  log.createTopic('t', { partitions: 1 });
  log.produce('t', 0, texts('1', '2', '3', '4', 'x'.repeat(100), '66666', '77777', '8'));
  const reader = fromStart();
  await log.subscribe({ groupId, topics }, reader);
  await log.settled();
  assert.deepEqual(
    reader.batches.map((batch) => Number(batch.nextOffset)),
    [3, 4, 5, 7, 8],
  );
});

test('I6: a topic re-created under an assignment is not read under it, not even for an instant', async () => {
  await using log = memoryLog({ clusterId: 'c' });
  log.createTopic('t', { partitions: 1 });
  log.produce('t', 0, texts('old0', 'old1'));
  const reader = fromStart();
  await log.subscribe({ groupId, topics }, reader);
  await log.settled();
  const topicId = log.recreateTopic('t');
  log.produce('t', 0, texts('new0', 'new1', 'new2'));
  await log.settled();
  assert.deepEqual(reader.values(), ['old0', 'old1', 'new0', 'new1', 'new2']);
  assert.deepEqual(
    reader.seen.map((one) => one.topicId === topicId),
    [false, false, true, true, true],
  );
  log.deleteTopic('t');
  await log.settled();
  assert.deepEqual(await log.describe(topics), []);
  assert.equal(reader.mine.size, 0);
});

test('I6: nor while the rebalance that takes it away waits for another member', async () => {
  await using log = memoryLog({ clusterId: 'c' });
  log.createTopic('t', { partitions: 2 });
  const [slow, quick] = [fromStart(), fromStart()];
  const revoke = slow.revoked;
  await log.subscribe({ groupId, topics }, slow);
  await log.subscribe({ groupId, topics }, quick);
  await log.settled();
  const gate = Promise.withResolvers<void>();
  slow.revoked = async (partitions) => {
    await gate.promise;
    await revoke(partitions);
  };
  const topicId = log.recreateTopic('t');
  for (const partition of [0, 1]) log.produce('t', partition, texts('new'));
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.deepEqual([slow.values(), quick.values()], [[], []]);
  gate.resolve();
  await log.settled();
  assert.deepEqual(
    [...slow.seen, ...quick.seen].map((one) => one.topicId),
    [topicId, topicId],
  );
});

test('an expelled member reads on beside the new owner until it is told', async () => {
  await using log = memoryLog({ clusterId: 'c' });
  log.createTopic('t', { partitions: 2 });
  const [one, two] = [fromStart(), fromStart()];
  const first = await log.subscribe({ groupId, topics }, one);
  await log.subscribe({ groupId, topics }, two);
  await log.settled();
  assert.deepEqual([one.mine.size, two.mine.size], [1, 1]);
  log.expel(first);
  await log.settled();
  assert.deepEqual([one.mine.size, two.mine.size], [1, 2]);
  for (const partition of [0, 1]) log.produce('t', partition, texts(`p${partition}`));
  await first.acknowledge([{ topic: 't', partition: 0, nextOffset: 1n }]);
  await log.settled();
  assert.deepEqual(one.values(), ['p0']);
  assert.deepEqual(two.values().toSorted(), ['p0', 'p1']);
  assert.equal(log.acknowledged(groupId).size, 0, 'its group offsets are refused');
  log.notice(first);
  await log.settled();
  assert.deepEqual([one.mine.size, two.mine.size], [1, 1]);
  assert.ok(one.calls.includes('revoked 0'));
});

test('an open transaction holds the readable end down, and a reader at that end is not out of range', async () => {
  await using log = memoryLog({ clusterId: 'c' });
  log.createTopic('t', { partitions: 1 });
  log.produce('t', 0, texts('a', 'b', 'c'));
  log.hold('t', 0, 1n);
  const reader = logReader({ start: () => 2n });
  const subscription = await log.subscribe({ groupId, topics }, reader);
  await log.settled();
  assert.deepEqual((await log.offsets('t')).get(0), { logStart: 0n, highWatermark: 1n });
  assert.deepEqual([reader.values(), reader.outside], [[], []]);
  reader.next.set(0, 0n);
  subscription.seek({ topic: 't', partition: 0 }, 0n);
  await log.settled();
  assert.deepEqual(reader.values(), ['a']);
  log.hold('t', 0, null);
  await log.settled();
  assert.deepEqual(reader.values(), ['a', 'b', 'c']);
});

test('I7: a truncated log is out of range for whoever read past its end, and stays so when it grows again', async () => {
  await using log = memoryLog({ clusterId: 'c' });
  log.createTopic('t', { partitions: 1 });
  log.produce('t', 0, texts('a', 'b', 'c'));
  const reader = fromStart();
  await log.subscribe({ groupId, topics }, reader);
  await log.settled();
  log.truncate('t', 0, 1n);
  await log.settled();
  log.produce('t', 0, texts('d', 'e', 'f'));
  await log.settled();
  assert.deepEqual(reader.outside, [{ partition: 0, asked: 3n, range: { logStart: 0n, highWatermark: 1n } }]);
  assert.deepEqual(reader.values(), ['a', 'b', 'c']);
});

test('while the log is away nothing arrives and calls fail with LOG_UNREACHABLE; then reading goes on by itself', async () => {
  await using log = memoryLog({ clusterId: 'c' });
  log.createTopic('t', { partitions: 1 });
  const reader = fromStart();
  const subscription = await log.subscribe({ groupId, topics }, reader);
  await log.settled();
  log.setAvailable(false, 'broker stopped');
  log.setAvailable(false, 'broker stopped');
  log.produce('t', 0, texts('a'));
  await subscription.acknowledge([{ topic: 't', partition: 0, nextOffset: 1n }]);
  await log.settled();
  await assert.rejects(log.describe(topics), isUnreachable);
  await assert.rejects(log.offsets('t'), isUnreachable);
  assert.deepEqual(reader.values(), []);
  assert.equal(log.acknowledged(groupId).size, 0);
  log.setAvailable(true);
  await log.settled();
  assert.deepEqual(reader.values(), ['a']);
  assert.deepEqual(reader.calls, ['assigned 0', 'away', 'available']);
});

test('the same calls give the same order of events', async () => {
  const events = await run();
  assert.ok(events.length > 20);
  assert.deepEqual(await run(), events);
});

async function run(): Promise<string[]> {
  const events: string[] = [];
  await using log = memoryLog({ clusterId: 'c', batchRecordsMax: 2, clock: { now: () => 7, sleep: () => Promise.resolve() } });
  log.createTopic('t', { partitions: 3 });
  const reader = (name: string) =>
    logReader({ start: () => 0n, onBatch: async (batch) => void events.push(`${name} ${batch.partition} ${batch.nextOffset}`) });
  const first = await log.subscribe({ groupId, topics }, reader('a'));
  for (let i = 0; i < 9; i++) log.produce('t', i % 3, texts('v', 'w'));
  await log.subscribe({ groupId, topics }, reader('b'));
  await log.settled();
  log.rebalance(groupId);
  await log.settled();
  await first.close();
  await log.settled();
  return events;
}

function isUnreachable(error: unknown): boolean {
  return error instanceof LakeError && error.code === 'LOG_UNREACHABLE';
}
