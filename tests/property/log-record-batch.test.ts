// Record batches against an encoder written apart from the decoder: whatever is encoded comes back to the byte, from
// any position, with any codec; and damaged bytes are an operating error, never a crash or a wrong record.

import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { LakeError } from '../../runtime/errors.ts';
import type { AbortedTransaction } from '../../sync/log/kafka-fetch.ts';
import { decodeRecords, recordsEnd } from '../../sync/log/record-batch.ts';
import { keyAt, valueAt, type RecordHeader } from '../../sync/log/record-block.ts';
import { encodeBatch, encodeMarker, type BatchToEncode, type RecordToEncode } from '../conformance/record-batch-encoder.ts';

interface Plain {
  readonly offset: bigint;
  readonly recordTimeMs: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly string[];
}

const bytes = fc.option(fc.uint8Array({ maxLength: 300 }), { nil: null });
const header: fc.Arbitrary<RecordHeader> = fc.record({
  key: fc.oneof(fc.string({ unit: 'grapheme' }), fc.constant('__proto__')),
  value: bytes,
});
const codec = fc.constantFrom('none', 'gzip', 'snappy', 'snappy-framed', 'lz4', 'zstd');
const record = fc.record({
  gap: fc.oneof(fc.constant(0), fc.nat(200)),
  timeDelta: fc.oneof(fc.integer(), fc.integer({ min: -(2 ** 40), max: 2 ** 40 })),
  key: bytes,
  value: bytes,
  headers: fc.oneof(
    fc.constant([]),
    fc.constant([{ key: 'same', value: Buffer.from('on every record') }]),
    fc.array(header, { maxLength: 4 }),
  ),
});
const batch = fc.record({
  records: fc.array(record, { maxLength: 8 }),
  tail: fc.nat(5),
  codec,
  isAppendTime: fc.boolean(),
  baseTimeMs: fc.nat(2 ** 41),
});
const log = fc.record({ base: fc.oneof(fc.bigInt(0n, 1000n), fc.bigInt(0n, 2n ** 52n)), batches: fc.array(batch, { maxLength: 6 }) });

test('any records come back to the byte, from any position, with any codec', () => {
  fc.assert(
    fc.property(log, fc.nat(60), fc.integer({ min: 1, max: 2000 }), ({ base, batches }, skipped, blockBytesMax) => {
      const encoded = layOut(base, batches);
      const wire = Buffer.concat(encoded.map(encodeBatch));
      const from = base + BigInt(skipped);
      const expected = encoded.flatMap(plainOf).filter((one) => one.offset >= from);
      const end = encoded.at(-1);
      const endOffset = end ? end.baseOffset + BigInt(end.lastOffsetDelta ?? 0) + 1n : null;
      assert.equal(recordsEnd(wire), endOffset);
      const { records, nextOffset } = decodeAll(wire, from, [], blockBytesMax);
      assert.deepEqual(records, expected);
      assert.equal(nextOffset, endOffset !== null && endOffset > from ? endOffset : from);
    }),
    { numRuns: 500 },
  );
});

test('a response cut short gives the whole batches before the cut', () => {
  fc.assert(
    fc.property(log, fc.nat(), ({ base, batches }, cut) => {
      const encoded = layOut(base, batches);
      const parts = encoded.map(encodeBatch);
      const wire = Buffer.concat(parts);
      const shorter = wire.subarray(0, wire.length === 0 ? 0 : cut % wire.length);
      let size = 0;
      const whole = parts.filter((part) => (size += part.length) <= shorter.length).length;
      assert.deepEqual(decodeAll(shorter, base, []).records, encoded.slice(0, whole).flatMap(plainOf));
    }),
    { numRuns: 200 },
  );
});

test('I2: committed transactions are read, aborted ones and markers are not, and the position passes them all', () => {
  const transaction = fc.record({ producerId: fc.bigInt(1n, 3n), records: fc.nat(3), isOpenEnd: fc.boolean() });
  fc.assert(
    fc.property(fc.array(transaction, { maxLength: 20 }), fc.infiniteStream(fc.boolean()), (steps, ends) => {
      const { wire, aborted, expected, end } = transactions(steps, ends);
      const { records, nextOffset } = decodeAll(wire, 0n, aborted, 50);
      assert.deepEqual(
        records.map((one) => one.offset),
        expected,
      );
      assert.equal(nextOffset, end);
    }),
    { numRuns: 300 },
  );
});

test('damaged bytes are refused with the offset, or still decode: nothing else happens', () => {
  fc.assert(
    fc.property(log, fc.nat(), fc.integer({ min: 1, max: 255 }), ({ base, batches }, at, flip) => {
      const wire = Buffer.concat(layOut(base, batches).map(encodeBatch));
      if (wire.length === 0) return;
      wire[at % wire.length] = (wire[at % wire.length] ?? 0) ^ flip;
      try {
        decodeAll(wire, base, []);
      } catch (error) {
        assert.ok(error instanceof LakeError && error.code === 'LOG_REFUSED', String(error));
      }
    }),
    { numRuns: 1000 },
  );
});

function controlBatch(count: number, body: readonly number[]): Buffer {
  const wire = Buffer.concat([encodeBatch({ baseOffset: 5n, records: [] }), Buffer.from(body)]);
  wire.writeInt32BE(wire.length - 12, 8);
  wire.writeInt16BE(wire.readInt16BE(21) | 0x20, 21);
  wire.writeInt32BE(count, 57);
  return wire;
}

test('a marker that log compaction has taken is passed over, one that cannot be read is refused with its offset', () => {
  assert.deepEqual(decodeAll(controlBatch(0, []), 0n, []).records, []);
  const cut = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
  assert.throws(() => decodeAll(Buffer.concat([controlBatch(1, cut), Buffer.alloc(100, 0xff)]), 0n, []), {
    code: 'LOG_REFUSED',
    message: /offset 5: a transaction marker that cannot be read/,
  });
});

test('neighbours with equal headers share one array, across blocks too', () => {
  const headers = [{ key: 'connector', value: Buffer.from('pg') }];
  const records = [0, 1, 2].map((offsetDelta) => ({ offsetDelta, timeDelta: 0, key: null, value: Buffer.from('v'), headers }));
  const wire = Buffer.concat([0n, 3n].map((baseOffset) => encodeBatch({ baseOffset, records })));
  const blocks = [...decodeRecords({ ...source(wire, 0n, []), blockBytesMax: 1 })].map(({ block }) => block);
  const all = blocks.flatMap((block) => block.headers ?? []);
  assert.equal(blocks.length, 2);
  assert.equal(all.length, 6);
  assert.ok(all.every((one) => one === all[0]));
});

test('a batch that would decompress past the limit is refused (I9)', () => {
  const value = Buffer.alloc(1_000_000);
  for (const name of ['gzip', 'snappy', 'snappy-framed', 'lz4', 'zstd'] as const) {
    const wire = encodeBatch({ baseOffset: 7n, codec: name, records: [{ offsetDelta: 0, timeDelta: 0, key: null, value }] });
    const decode = () => [...decodeRecords({ ...source(wire, 7n, []), decompressedBytesMax: 500_000 })];
    assert.throws(decode, (error) => error instanceof LakeError && error.context['baseOffset'] === 7, name);
  }
});

function layOut(base: bigint, batches: readonly (typeof batch extends fc.Arbitrary<infer T> ? T : never)[]): BatchToEncode[] {
  let next = base;
  return batches.map(({ records, tail, ...rest }) => {
    let delta = -1;
    const placed = records.map(({ gap, ...one }): RecordToEncode => ({ ...one, offsetDelta: (delta += gap + 1) }));
    const encoded = {
      ...rest,
      baseOffset: next,
      records: placed,
      lastOffsetDelta: Math.max(0, delta) + tail,
      maxTimeMs: rest.baseTimeMs + 5,
    };
    next += BigInt(encoded.lastOffsetDelta) + 1n;
    return encoded;
  });
}

function plainOf(one: BatchToEncode): Plain[] {
  return one.records.map((each) => ({
    offset: one.baseOffset + BigInt(each.offsetDelta),
    recordTimeMs: one.isAppendTime ? Number.NaN : (one.baseTimeMs ?? 0) + each.timeDelta,
    key: each.key && Buffer.from(each.key).toString('hex'),
    value: each.value && Buffer.from(each.value).toString('hex'),
    headers: (each.headers ?? []).map(textOf),
  }));
}

function textOf({ key, value }: RecordHeader): string {
  return `${key}=${value ? Buffer.from(value).toString('hex') : 'null'}`;
}

function source(records: Buffer, from: bigint, aborted: readonly AbortedTransaction[]) {
  return { name: 't/0', records, from, aborted, receivedAtMs: 1, blockBytesMax: 1_000_000, decompressedBytesMax: 10_000_000 };
}

function decodeAll(wire: Buffer, from: bigint, aborted: readonly AbortedTransaction[], blockBytesMax = 1_000_000) {
  let next = from;
  const records: Plain[] = [];
  for (const { block, nextOffset } of decodeRecords({ ...source(wire, from, aborted), blockBytesMax })) {
    assert.ok(nextOffset > next);
    next = nextOffset;
    for (let i = 0; i < block.count; i++) {
      const [key, value] = [keyAt(block, i), valueAt(block, i)];
      records.push({
        offset: block.offsets[i] ?? -1n,
        recordTimeMs: block.recordTimesMs[i] ?? 0,
        key: key && Buffer.from(key).toString('hex'),
        value: value && Buffer.from(value).toString('hex'),
        headers: (block.headers?.[i] ?? []).map(textOf),
      });
    }
  }
  return { records, nextOffset: next };
}

/** Interleaved transactions of three producers, each ended by a marker or left open at the end. */
function transactions(steps: readonly { producerId: bigint; records: number; isOpenEnd: boolean }[], ends: Iterator<boolean>) {
  const parts: Buffer[] = [];
  const aborted: AbortedTransaction[] = [];
  const open = new Map<bigint, { firstOffset: bigint; offsets: bigint[] }>();
  const expected: bigint[] = [];
  let next = 0n;
  const finish = (producerId: bigint, isCommit: boolean) => {
    const found = open.get(producerId);
    if (!found) return;
    open.delete(producerId);
    if (isCommit) expected.push(...found.offsets);
    else aborted.push({ producerId, firstOffset: found.firstOffset });
    parts.push(encodeMarker(next, producerId, isCommit ? 'commit' : 'abort'));
    next += 1n;
  };
  for (const { producerId, records: count, isOpenEnd } of steps) {
    const started = open.get(producerId) ?? { firstOffset: next, offsets: [] };
    open.set(producerId, started);
    const records = Array.from({ length: count + 1 }, (_, offsetDelta) => ({
      offsetDelta,
      timeDelta: 0,
      key: null,
      value: Buffer.from('v'),
    }));
    parts.push(encodeBatch({ baseOffset: next, records, isTransactional: true, producerId }));
    for (const one of records) started.offsets.push(next + BigInt(one.offsetDelta));
    next += BigInt(records.length);
    if (!isOpenEnd) finish(producerId, ends.next().value === true);
  }
  for (const producerId of [1n, 2n, 3n]) finish(producerId, ends.next().value === true);
  return { wire: Buffer.concat(parts), aborted, expected: expected.toSorted((a, b) => Number(a - b)), end: next };
}
