import assert from 'node:assert/strict';
import { test } from 'node:test';
import { framePool, pooledBytesMin } from '../../sync/log/frame-pool.ts';
import { frameReader } from '../../sync/log/framed-socket.ts';

function answer(size: number, fill: number): Buffer {
  const frame = Buffer.alloc(4 + size, fill);
  frame.writeInt32BE(size);
  return frame;
}

const limits = { pool: framePool(1_000_000), frameBytesMax: 1_000_000 };

test('answers come out whole however the bytes are cut', () => {
  const answers = [answer(0, 1), answer(5, 2), answer(200_000, 3), answer(1, 4)];
  const stream = Buffer.concat(answers);
  for (const step of [1, 3, 4, 7, 65_536, stream.length]) {
    const whole: Buffer[] = [];
    const read = frameReader(limits, (frame) => whole.push(Buffer.from(frame)));
    for (let at = 0; at < stream.length; at += step) read(stream.subarray(at, at + step));
    assert.deepEqual(whole, answers, `in steps of ${step}`);
  }
});

test('an answer that says it is too large, or negative, ends the connection', () => {
  for (const size of [limits.frameBytesMax + 1, -1, 0x48545450]) {
    const prefix = Buffer.alloc(4);
    prefix.writeInt32BE(size);
    assert.throws(() => frameReader(limits, () => assert.fail('delivered'))(prefix), /is this a Kafka broker/);
  }
});

test('memory that was given back is used again; memory that was not never is', () => {
  const pool = framePool(10 * pooledBytesMin * 4);
  const kept = pool.take(pooledBytesMin);
  const given = pool.take(pooledBytesMin);
  pool.give(given.subarray(100, 200));
  const next = pool.take(pooledBytesMin);
  assert.equal(next.buffer, given.buffer);
  assert.notEqual(pool.take(pooledBytesMin).buffer, kept.buffer);
});

test('memory given back twice is lent once', () => {
  const pool = framePool(10_000_000);
  const frame = pool.take(300_000);
  pool.give(frame);
  pool.give(frame);
  assert.notEqual(pool.take(300_000).buffer, pool.take(300_000).buffer);
  pool.give(Buffer.alloc(300_000));
  assert.equal(pool.take(100).length, 100);
});

test('no more than the limit is kept', () => {
  const pool = framePool(600_000);
  const frames = [pool.take(500_000), pool.take(500_000)];
  for (const frame of frames) pool.give(frame);
  const again = [pool.take(500_000), pool.take(500_000)];
  assert.equal(again.filter((frame) => frames.some((one) => one.buffer === frame.buffer)).length, 1);
});
