// What every log promises, as one suite: the memory and the Kafka adapter both run it.

import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import test from 'node:test';
import { LakeError } from '../../runtime/errors.ts';
import type { LogHandler } from '../../sync/log/log.ts';
import type { NewRecord } from '../../sync/log/memory-partition.ts';
import { logReader, until } from './log-reader.ts';
import { ending, losing, sharing } from './log-suite-changes.ts';
import { quiet, texts, type It } from './log-suite-world.ts';
import type { LogWorld } from './log-world.ts';

export function logSuite(name: string, open: () => Promise<LogWorld>): void {
  const it: It = (sentence, run) =>
    test(`${name}: ${sentence}`, { timeout: 60_000 }, async () => {
      await using world = await open();
      await using ends = new AsyncDisposableStack();
      const groupId = `group-${randomUUID()}`;
      const failures: unknown[] = [];
      const join = async (reader: LogHandler, topics: readonly string[], group = groupId) => {
        const subscription = ends.use(await world.log.subscribe({ groupId: group, topics }, reader));
        subscription.done.catch((error: unknown) => failures.push(error));
        return subscription;
      };
      await run({ ...world, groupId, join });
      // What a reader found wrong ends its subscription: it must not go unseen.
      assert.deepEqual(failures, []);
    });
  describing(it);
  reading(it);
  pacing(it);
  losing(it);
  sharing(it);
  ending(it);
}

function describing(it: It): void {
  it('describes the topics that exist, each incarnation under its own id (I6)', async (world) => {
    const topic = await world.createTopic(3);
    const [before, ...others] = await world.log.describe([topic, 'no-such-topic']);
    assert.deepEqual(others, []);
    assert.equal(before?.topic, topic);
    assert.equal(before?.partitionCount, 3);
    assert.equal(before?.timestampType, 'append');
    assert.ok(before.clusterId.length > 0 && before.topicId.length > 0);
    await world.recreateTopic(topic);
    const [after] = await world.log.describe([topic]);
    assert.equal(after?.clusterId, before.clusterId);
    assert.notEqual(after?.topicId, before.topicId);
    assert.deepEqual(await world.log.describe(['no-such-topic']), []);
    assert.deepEqual(await world.log.describe([]), []);
  });

  it('knows where each partition starts and ends', async (world) => {
    const topic = await world.createTopic(2);
    await world.produce(topic, 1, texts('a', 'b', 'c'));
    await world.deleteRecords(topic, 1, 2n);
    assert.deepEqual(
      await world.log.offsets(topic),
      new Map([
        [0, { logStart: 0n, highWatermark: 0n }],
        [1, { logStart: 2n, highWatermark: 3n }],
      ]),
    );
    await assert.rejects(world.log.offsets('no-such-topic'), (error) => error instanceof LakeError && error.code === 'LOG_REFUSED');
  });
}

function reading(it: It): void {
  it('hands out nothing before it was told where to start, then every record once and in order', async (world) => {
    const topic = await world.createTopic(2);
    await world.produce(topic, 0, texts('a0', 'a1', 'a2', 'a3', 'a4'));
    await world.produce(topic, 1, texts('b0', 'b1'));
    const reader = logReader({ start: (at) => (at.partition === 0 ? 2n : 0n) });
    await world.join(reader, [topic]);
    await until(
      () => reader.seen.length >= 5,
      'five records',
      () => reader.values(),
    );
    await world.produce(topic, 1, texts('b2'));
    await until(
      () => reader.seen.length >= 6,
      'six records',
      () => reader.values(),
    );
    assert.deepEqual(reader.values(0), ['a2', 'a3', 'a4']);
    assert.deepEqual(reader.values(1), ['b0', 'b1', 'b2']);
    assert.deepEqual(
      reader.calls.filter((call) => call.startsWith('assigned')),
      ['assigned 0,1'],
    );
    assert.ok(reader.seen.every((one) => Math.abs(one.logTimeMs - Date.now()) < 60_000));
  });

  it('keeps keys, values and headers to the byte: null, empty, binary, order, duplicates, odd names', async (world) => {
    const topic = await world.createTopic(1);
    const every = Buffer.from(Uint8Array.from({ length: 256 }, (_, i) => i));
    const odd = ['2', '1', '__proto__', '', 'a', 'constructor', 'a', 'é😀'].map((key, i) => ({ key, value: Buffer.from([i]) }));
    const records: NewRecord[] = [
      { key: null, value: null },
      { key: Buffer.alloc(0), value: Buffer.alloc(0) },
      { key: every, value: Buffer.concat([every, every]), headers: odd },
      {
        key: Buffer.from('k'),
        value: null,
        headers: [
          { key: 'none', value: null },
          { key: 'empty', value: Buffer.alloc(0) },
          { key: 'bytes', value: every },
        ],
      },
      { key: Buffer.from('k'), value: Buffer.from('plain') },
      { key: Buffer.from('k'), value: Buffer.from('again'), headers: odd },
    ];
    await world.produce(topic, 0, records);
    const reader = logReader();
    await world.join(reader, [topic]);
    await until(() => reader.seen.length >= records.length, 'all records');
    for (const [i, record] of records.entries()) {
      assert.deepEqual(reader.seen[i]?.key, record.key && Buffer.from(record.key));
      assert.deepEqual(reader.seen[i]?.value, record.value && Buffer.from(record.value));
      const headers = reader.seen[i]?.headers.map((header) => ({ key: header.key, value: header.value && Buffer.from(header.value) }));
      assert.deepEqual(headers, record.headers ?? []);
    }
  });

  it('carries a value of 10 MB between small ones', async (world) => {
    const topic = await world.createTopic(1);
    const large = randomBytes(10_000_000);
    for (const value of [Buffer.from('before'), large, Buffer.from('after')]) await world.produce(topic, 0, [{ key: null, value }]);
    const reader = logReader();
    await world.join(reader, [topic]);
    await until(() => reader.seen.length >= 3, 'three records');
    assert.ok(reader.seen[1]?.value?.equals(large));
    assert.equal(String(reader.seen[2]?.value), 'after');
  });

  it('I2: moves past markers and aborted records, and reaches the end of a log that ends with them', async (world) => {
    const topic = await world.createTopic(1);
    await world.produce(topic, 0, texts('p0'));
    await world.commitTransaction(topic, 0, texts('c0', 'c1'));
    await world.abortTransaction(topic, 0, texts('x0', 'x1'));
    await world.commitTransaction(topic, 0, texts('c2'));
    await world.abortTransaction(topic, 0, texts('x2'));
    const reader = logReader();
    await world.join(reader, [topic]);
    const end = (await world.log.offsets(topic)).get(0)?.highWatermark;
    await until(
      () => reader.next.get(0) === end,
      'the end of the log',
      () => `${reader.next.get(0)} of ${end}`,
    );
    assert.deepEqual(reader.values(), ['p0', 'c0', 'c1', 'c2']);
    assert.ok(end !== undefined && end > 4n);
    await world.produce(topic, 0, texts('p1'));
    await until(() => reader.seen.length >= 5, 'one more');
    assert.equal(reader.seen[4]?.offset, end);
  });

  it('leaves a partition without a start alone until a seek, and a seek moves any', async (world) => {
    const topic = await world.createTopic(2);
    await world.produce(topic, 0, texts('a0', 'a1', 'a2'));
    await world.produce(topic, 1, texts('b0', 'b1', 'b2'));
    const reader = logReader({ start: (at) => (at.partition === 0 ? 0n : undefined) });
    const subscription = await world.join(reader, [topic]);
    await until(() => reader.seen.length >= 3, 'the first partition');
    await quiet();
    assert.deepEqual(reader.values(1), []);
    reader.next.set(1, 1n);
    subscription.seek({ topic, partition: 1 }, 1n);
    await until(() => reader.values(1).length >= 2, 'the second partition');
    reader.next.set(0, 2n);
    subscription.seek({ topic, partition: 0 }, 2n);
    await until(() => reader.values(0).length >= 4, 'the tail again');
    assert.deepEqual(reader.values(1), ['b1', 'b2']);
    assert.deepEqual(reader.values(0), ['a0', 'a1', 'a2', 'a2']);
  });

  it('keeps a seek and a pause that come while it is being told where to start', async (world) => {
    const topic = await world.createTopic(3);
    for (const partition of [0, 1, 2]) await world.produce(topic, partition, texts('a', 'b', 'c'));
    const told = Promise.withResolvers<void>();
    const reader = logReader({ start: (at) => (at.partition === 0 ? undefined : 0n) });
    const subscription = await world.join(
      {
        ...reader,
        async assigned(partitions) {
          const starts = await reader.assigned(partitions);
          await told.promise;
          return starts;
        },
      },
      [topic],
    );
    await until(() => reader.calls.length > 0, 'the assignment');
    reader.next.set(0, 1n);
    subscription.seek({ topic, partition: 0 }, 1n);
    subscription.pause([{ topic, partition: 1 }]);
    await quiet();
    told.resolve();
    await until(() => reader.values(0).length === 2 && reader.values(2).length === 3, 'what was sought, and what was not');
    await quiet();
    assert.deepEqual(
      [0, 1, 2].map((partition) => reader.values(partition)),
      [['b', 'c'], [], ['a', 'b', 'c']],
    );
    subscription.resume([{ topic, partition: 1 }]);
    await until(() => reader.values(1).length === 3, 'after resume');
  });
}

function pacing(it: It): void {
  it('waits for a batch to be taken before it gives the next of that partition, and lets the others go on', async (world) => {
    const topic = await world.createTopic(2);
    const gate = Promise.withResolvers<void>();
    const reader = logReader({ onBatch: async (batch) => (batch.partition === 0 ? gate.promise : undefined) });
    await world.join(reader, [topic]);
    await world.produce(topic, 0, texts('a0'));
    await until(() => reader.values(0).length === 1, 'the first of partition 0');
    for (let i = 1; i <= 5; i++) {
      await world.produce(topic, 0, texts(`a${i}`));
      await world.produce(topic, 1, texts(`b${i}`));
    }
    await until(() => reader.values(1).length === 5, 'partition 1 goes on');
    await quiet();
    assert.deepEqual(reader.values(0), ['a0']);
    gate.resolve();
    await until(() => reader.values(0).length === 6, 'partition 0 goes on');
    assert.deepEqual(reader.values(0), ['a0', 'a1', 'a2', 'a3', 'a4', 'a5']);
  });

  it('gives nothing of a paused partition and everything after resume', async (world) => {
    const topic = await world.createTopic(1);
    const reader = logReader();
    const subscription = await world.join(reader, [topic]);
    await world.produce(topic, 0, texts('a'));
    await until(() => reader.seen.length === 1, 'the first');
    subscription.pause([{ topic, partition: 0 }]);
    await quiet();
    await world.produce(topic, 0, texts('b', 'c'));
    await quiet();
    assert.deepEqual(reader.values(), ['a']);
    subscription.resume([{ topic, partition: 0 }]);
    await until(() => reader.seen.length === 3, 'the rest');
    assert.deepEqual(reader.offsets(0), [0, 1, 2]);
  });
}
