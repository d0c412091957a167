// The part of the log suite where something changes under a reader: the log loses records, the group its members, the
// subscription its life.

import assert from 'node:assert/strict';
import { logReader, until } from './log-reader.ts';
import { quiet, texts, type It } from './log-suite-world.ts';

export function losing(it: It): void {
  it('I7: an offset before the log start is reported with the range and never reset', async (world) => {
    const topic = await world.createTopic(1);
    await world.produce(topic, 0, texts('a', 'b', 'c', 'd'));
    await world.deleteRecords(topic, 0, 2n);
    const reader = logReader({ start: () => 1n });
    const subscription = await world.join(reader, [topic]);
    await until(() => reader.outside.length > 0, 'the report');
    await world.produce(topic, 0, texts('e'));
    await quiet();
    const [first] = reader.outside;
    assert.deepEqual({ ...first, range: first?.range.logStart }, { partition: 0, asked: 1n, range: 2n });
    assert.equal(reader.outside.length, 1);
    assert.deepEqual(reader.values(), []);
    reader.next.set(0, 2n);
    subscription.seek({ topic, partition: 0 }, 2n);
    await until(() => reader.seen.length === 3, 'what is left');
    assert.deepEqual(reader.values(), ['c', 'd', 'e']);
  });

  it('I7: an offset past the end of the log is reported with the range and never reset', async (world) => {
    const topic = await world.createTopic(1);
    await world.produce(topic, 0, texts('a', 'b'));
    const reader = logReader({ start: () => 9n });
    await world.join(reader, [topic]);
    await until(() => reader.outside.length > 0, 'the report');
    await world.produce(topic, 0, texts('c'));
    await quiet();
    assert.deepEqual(reader.outside, [{ partition: 0, asked: 9n, range: { logStart: 0n, highWatermark: 2n } }]);
    assert.deepEqual(reader.values(), []);
  });

  it('I7: retention that overtakes a reader in mid-stream is reported', async (world) => {
    const topic = await world.createTopic(1);
    const reader = logReader();
    const subscription = await world.join(reader, [topic]);
    await world.produce(topic, 0, texts('a'));
    await until(() => reader.seen.length === 1, 'the first');
    subscription.pause([{ topic, partition: 0 }]);
    await quiet();
    await world.produce(topic, 0, texts('b', 'c', 'd'));
    await world.deleteRecords(topic, 0, 3n);
    subscription.resume([{ topic, partition: 0 }]);
    await until(() => reader.outside.length > 0, 'the report');
    assert.equal(reader.outside[0]?.asked, 1n);
    assert.equal(reader.outside[0]?.range.logStart, 3n);
    assert.deepEqual(reader.values(), ['a']);
  });

  it('I6: a re-created topic is taken away and given again, its records under another topic id', async (world) => {
    const topic = await world.createTopic(1);
    await world.produce(topic, 0, texts('old0', 'old1'));
    const reader = logReader({ start: () => 0n });
    await world.join(reader, [topic]);
    await until(() => reader.seen.length === 2, 'the old records');
    await world.recreateTopic(topic);
    await world.produce(topic, 0, texts('new0', 'new1', 'new2'));
    await until(
      () => reader.seen.length === 5,
      'the new records',
      () => reader.calls,
    );
    const [described] = await world.log.describe([topic]);
    assert.deepEqual(reader.values(), ['old0', 'old1', 'new0', 'new1', 'new2']);
    assert.ok(reader.seen.slice(0, 2).every((one) => one.topicId !== described?.topicId));
    assert.ok(reader.seen.slice(2).every((one) => one.topicId === described?.topicId));
    assert.ok(reader.calls.includes('revoked 0'));
  });
}

export function sharing(it: It): void {
  it('shares partitions among the members of a group, and gives all to the one that stays', async (world) => {
    const topic = await world.createTopic(4);
    const next = new Map<number, bigint>();
    const start = ({ partition }: { partition: number }) => next.get(partition) ?? 0n;
    const [one, two] = [logReader({ start }), logReader({ start })];
    const first = await world.join(one, [topic]);
    await world.join(two, [topic]);
    await until(
      () => one.mine.size === 2 && two.mine.size === 2,
      'two each',
      () => [one.calls, two.calls],
    );
    assert.deepEqual([...one.mine, ...two.mine].toSorted(), [0, 1, 2, 3]);
    for (let partition = 0; partition < 4; partition++) await world.produce(topic, partition, texts(`p${partition}`));
    await until(() => one.seen.length + two.seen.length === 4, 'four records');
    for (let partition = 0; partition < 4; partition++) next.set(partition, 1n);
    await first.close();
    one.mine.clear();
    await until(
      () => two.mine.size === 4,
      'all four',
      () => two.calls,
    );
    for (let partition = 0; partition < 4; partition++) await world.produce(topic, partition, texts(`q${partition}`));
    await until(
      () => two.values().filter((value) => value.startsWith('q')).length === 4,
      'four more',
      () => two.values(),
    );
    assert.deepEqual([...one.values(), ...two.values()].toSorted(), ['p0', 'p1', 'p2', 'p3', 'q0', 'q1', 'q2', 'q3']);
  });

  it('gives nothing after revoked, nor two batches at once, when the group changes while a batch is held', async (world) => {
    const topic = await world.createTopic(2);
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const one = logReader({ start: () => 0n, onBatch: (batch) => gates[batch.partition]?.promise ?? Promise.resolve() });
    await world.join(one, [topic]);
    await until(
      () => one.mine.size === 2,
      'both partitions',
      () => one.calls,
    );
    for (let i = 0; i < 8; i++) for (const partition of [0, 1]) await world.produce(topic, partition, texts(`${partition}-${i}`));
    await until(
      () => one.seen.length >= 2 && one.batches.length === 2,
      'a batch of each held',
      () => one.values(),
    );
    const two = logReader({ start: () => 0n });
    const second = await world.join(two, [topic]);
    await until(
      () => one.mine.size === 1 && two.mine.size === 1,
      'one each',
      () => [one.calls, two.calls],
    );
    const heldBefore = one.batches.length;
    await quiet();
    assert.equal(one.batches.length, heldBefore, 'what is given again waits for the batch still held');
    await second.close();
    two.mine.clear();
    await until(
      () => one.mine.size === 2,
      'both again',
      () => one.calls,
    );
    await quiet();
    assert.equal(one.batches.length, heldBefore);
    for (const gate of gates) gate.resolve();
    await until(
      () => [0, 1].every((partition) => one.next.get(partition) === 8n),
      'everything, from the start',
      () => one.values(),
    );
    for (const partition of [0, 1]) assert.deepEqual(one.offsets(partition).slice(-8), [0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('takes up a topic that appears after the subscription', async (world) => {
    const topic = await world.createTopic(1);
    const later = `${topic}-later`;
    const reader = logReader();
    await world.join(reader, [topic, later]);
    await until(() => reader.mine.size === 1, 'the topic that exists');
    await world.createTopic(2, later);
    await until(
      () => reader.mine.size === 2,
      'the partitions of the topic that came later',
      () => reader.calls,
    );
  });

  it('writes group offsets as a hint that nothing reads', async (world) => {
    const topic = await world.createTopic(1);
    await world.produce(topic, 0, texts('a', 'b', 'c'));
    const reader = logReader({ start: () => 0n });
    const subscription = await world.log.subscribe({ groupId: world.groupId, topics: [topic] }, reader);
    await until(() => reader.seen.length === 3, 'three records');
    await subscription.acknowledge([{ topic, partition: 0, nextOffset: 3n }]);
    assert.equal(await world.groupOffset(world.groupId, topic, 0), 3n);
    await subscription.close();
    const again = logReader({ start: () => 0n });
    await world.join(again, [topic]);
    await until(() => again.seen.length === 3, 'the same three');
    assert.deepEqual(again.values(), ['a', 'b', 'c']);
  });
}

export function ending(it: It): void {
  it('fails the subscription with what a handler threw', async (world) => {
    const topic = await world.createTopic(1);
    const reader = logReader();
    reader.assigned = () => Promise.reject(new Error('no start known'));
    await using subscription = await world.log.subscribe({ groupId: world.groupId, topics: [topic] }, reader);
    await assert.rejects(subscription.done, /no start known/);
    const other = logReader({ onBatch: () => Promise.reject(new Error('batch refused')) });
    await using second = await world.log.subscribe({ groupId: `${world.groupId}-2`, topics: [topic] }, other);
    await world.produce(topic, 0, texts('a'));
    await assert.rejects(second.done, /batch refused/);
    await world.produce(topic, 0, texts('b'));
    await quiet();
    assert.deepEqual(other.values(), ['a']);
  });

  it('closes from within a handler and gives nothing more', async (world) => {
    const topic = await world.createTopic(1);
    const reader = logReader({ onBatch: () => subscription.close() });
    const subscription = await world.log.subscribe({ groupId: world.groupId, topics: [topic] }, reader);
    await world.produce(topic, 0, texts('a'));
    await subscription.done;
    await world.produce(topic, 0, texts('b'));
    await quiet();
    assert.deepEqual(reader.values(), ['a']);
  });

  it('closes when its signal is aborted', async (world) => {
    const topic = await world.createTopic(1);
    const abort = new AbortController();
    const reader = logReader();
    const subscription = await world.log.subscribe({ groupId: world.groupId, topics: [topic] }, reader, abort.signal);
    await until(() => reader.mine.size === 1, 'the assignment');
    abort.abort();
    await subscription.done;
    await assert.rejects(world.log.describe([topic], abort.signal));
  });
}
