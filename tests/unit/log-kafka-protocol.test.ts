// What is said to Kafka and understood from it, without a broker.

import assert from 'node:assert/strict';
import test from 'node:test';
import { LakeError } from '../../runtime/errors.ts';
import {
  dealPartitions,
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from '../../sync/log/kafka-assignment.ts';
import { kafkaError, kafkaType } from '../../sync/log/kafka-error.ts';
import { kafkaAddress, tlsOptions } from '../../sync/log/kafka-options.ts';
import { wireReader, wireWriter } from '../../sync/log/kafka-wire.ts';

test('partitions are dealt evenly and the same way whoever leads, only to members that asked for the topic', () => {
  const members = [
    { memberId: 'b', topics: ['users', 'rides'] },
    { memberId: 'a', topics: ['rides'] },
  ];
  const partitions = new Map([
    ['users', [1, 0]],
    ['rides', [0, 1, 2, 3]],
    ['other', [0]],
  ]);
  const shares = dealPartitions(members, partitions);
  const text = (memberId: string) => (shares.get(memberId) ?? []).map((at) => `${at.topic}/${at.partition}`);
  assert.deepEqual(text('a'), ['rides/0', 'rides/2']);
  assert.deepEqual(text('b'), ['rides/1', 'rides/3', 'users/0', 'users/1']);
  assert.deepEqual(dealPartitions(members.toReversed(), partitions), shares);
  assert.deepEqual(dealPartitions([], partitions), new Map());
});

test('subscriptions and assignments come back as they were told', () => {
  assert.deepEqual(decodeSubscription(encodeSubscription(['users', 'é'])), ['users', 'é']);
  const partitions = [
    { topic: 'users', partition: 3 },
    { topic: 'users', partition: 0 },
    { topic: 'é', partition: 12 },
  ];
  assert.deepEqual(decodeAssignment(encodeAssignment(partitions)), partitions);
  assert.deepEqual(decodeAssignment(null), []);
  assert.deepEqual(decodeAssignment(Buffer.alloc(0)), []);
});

test('the flexible encoding reads what it writes and skips tagged fields it does not know', () => {
  const long = 'x'.repeat(300);
  const writer = wireWriter();
  writer
    .int8(-1)
    .int16(-2)
    .int32(-3)
    .int64(-4n)
    .bool(true)
    .string('é')
    .string(null)
    .string(long)
    .bytes(Buffer.from([1]));
  writer.array([1, 2], (item) => writer.int32(item)).tags();
  const tagged = Buffer.concat([Buffer.from([1, 9, 2, 7, 7]), writer.finish()]);
  const read = wireReader(tagged);
  read.tags();
  assert.deepEqual([read.int8(), read.int16(), read.int32(), read.int64(), read.bool()], [-1, -2, -3, -4n, true]);
  assert.deepEqual([read.string(), read.string(), read.string(), read.bytes()], ['é', null, long, Buffer.from([1])]);
  assert.deepEqual(
    read.array(() => read.int32()),
    [1, 2],
  );
  read.tags();
  assert.throws(() => read.int8(), RangeError);
});

test('addresses and certificates are checked when read, with what is wrong', () => {
  assert.deepEqual(kafkaAddress('kafka-1.example:9092'), { host: 'kafka-1.example', port: 9092 });
  assert.deepEqual(kafkaAddress('[::1]:9092'), { host: '::1', port: 9092 });
  for (const bad of ['kafka', 'kafka:', ':9092', 'kafka:0', 'kafka:99999', 'kafka:9092x']) {
    assert.throws(
      () => kafkaAddress(bad),
      (error) => error instanceof LakeError && error.code === 'CONFIG_INVALID' && error.message.includes(bad),
    );
  }
  assert.equal(tlsOptions(false), undefined);
  assert.deepEqual(tlsOptions(true), {});
  const ca = '-----BEGIN CERTIFICATE-----\nx';
  assert.deepEqual(tlsOptions({ ca }), { ca: [ca], rejectUnauthorized: true });
  assert.throws(() => tlsOptions({ key: '/no/such/key.pem' }), /TLS key from \/no\/such\/key.pem/);
});

test('an error of Kafka is away when waiting helps, refused when a person must act, a bug when it is ours', () => {
  assert.equal(codeOf(named('KafkaJSConnectionError', { code: 'ECONNREFUSED' })), 'LOG_UNREACHABLE');
  assert.equal(codeOf(named('KafkaJSRequestTimeoutError')), 'LOG_UNREACHABLE');
  assert.equal(codeOf(named('KafkaJSProtocolError', { type: 'NOT_COORDINATOR_FOR_GROUP' })), 'LOG_UNREACHABLE');
  assert.equal(codeOf(named('KafkaJSProtocolError', { type: 'GROUP_AUTHORIZATION_FAILED' })), 'LOG_REFUSED');
  assert.equal(codeOf(named('KafkaJSSASLAuthenticationError')), 'LOG_REFUSED');
  assert.equal(codeOf(named('KafkaJSConnectionError', { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })), 'LOG_REFUSED');
  assert.equal(codeOf(new TypeError('x is not a function')), 'INTERNAL');
  const known = kafkaError('read', named('KafkaJSProtocolError', { type: 'UNKNOWN_MEMBER_ID' }));
  assert.equal(kafkaType(known), 'UNKNOWN_MEMBER_ID');
  assert.equal(kafkaError('again', known), known);
  assert.equal(known.message, 'read: told');
});

function named(name: string, fields: object = {}): Error {
  return Object.assign(new Error('told'), { name, ...fields });
}

function codeOf(error: Error): string {
  return kafkaError('read', error).code;
}
