// The membership of a Kafka group when topics change while it is being settled, on a broker that answers as the test says.

import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { systemClock } from '../../runtime/clock.ts';
import { silentLogger } from '../../runtime/log.ts';
import { decodeAssignment, encodeSubscription } from '../../sync/log/kafka-assignment.ts';
import type { KafkaBroker, KafkaClient } from '../../sync/log/kafka-client.ts';
import type { KafkaMetadata } from '../../sync/log/kafka-metadata.ts';
import { kafkaNumbers } from '../../sync/log/kafka-options.ts';
import { kafkaSubscription } from '../../sync/log/kafka-subscription.ts';
import type { LogPartition } from '../../sync/log/log.ts';
import { logReader, until } from '../conformance/log-reader.ts';

const numbers = kafkaNumbers({ brokers: ['kafka:9092'], metadataMaxAgeMs: 20, heartbeatIntervalMs: 10 });
const noTopic: KafkaMetadata = { clusterId: 'c', brokers: [{ nodeId: 1, host: 'kafka', port: 9092 }], topics: [] };

test('I6: a topic that comes back between dealing and reading is dealt again, not left unread', async (t) => {
  const { reader, joins } = await subscribed(t, ({ joins: joined, looks }) => {
    if (joined === 1) return looks <= 1 ? metadataOf('AAAAAAAAAAAAAAAAAAAAAQ') : noTopic;
    // Gone still while the partitions are dealt, there again at the look where to start.
    return joined === 2 && looks === 0 ? noTopic : metadataOf('AAAAAAAAAAAAAAAAAAAAAg');
  });
  await until(
    () => reader.calls.length === 3,
    'the topic made anew',
    () => reader.calls,
  );
  assert.deepEqual(reader.calls, ['assigned 0', 'revoked 0', 'assigned 0']);
  const settled = joins();
  assert.equal(settled, 3, 'at first, without the topic, and with it again');
  await systemClock.sleep(300);
  assert.equal(joins(), settled, 'and then it stays a member');
});

test('a partition added between dealing and reading is dealt', async (t) => {
  const { reader } = await subscribed(t, ({ joins, looks }) => metadataOf('AAAAAAAAAAAAAAAAAAAAAQ', joins === 1 && looks === 0 ? 1 : 2));
  await until(
    () => reader.mine.size === 2,
    'both partitions',
    () => reader.calls,
  );
  assert.deepEqual(reader.calls, ['assigned 0,1'], 'nothing is given out of what was dealt before');
});

test('the leader of a group deals the topics of every member, not its own alone', async (t) => {
  const { reader, dealt } = await subscribed(t, () => metadataOf('AAAAAAAAAAAAAAAAAAAAAQ'), { otherTopics: ['rides'] });
  await until(
    () => reader.mine.size === 1,
    'the leader’s own',
    () => reader.calls,
  );
  assert.deepEqual(dealt(), { me: [{ topic: 'users', partition: 0 }], other: [{ topic: 'rides', partition: 0 }] });
});

test('the leader of a group deals again when a topic grows that only another member reads', async (t) => {
  // The look of the other member, which made it join again, was newer than the one that was dealt from.
  const { dealt } = await subscribed(
    t,
    ({ joins, looks }, name) => metadataOf('AAAAAAAAAAAAAAAAAAAAAQ', name === 'rides' && (joins > 1 || looks > 2) ? 2 : 1),
    {
      otherTopics: ['rides'],
    },
  );
  await until(
    () => dealt()['other']?.length === 2,
    'the partition that came',
    () => JSON.stringify(dealt()),
    3_000,
  );
});

test('a member that leaves while it is told where to start takes nothing away afterwards', async (t) => {
  const told = Promise.withResolvers<void>();
  const { reader, subscription, rebalance } = await subscribed(t, () => metadataOf('AAAAAAAAAAAAAAAAAAAAAQ'), { told: told.promise });
  await until(() => reader.calls.length === 1, 'the assignment');
  // The membership ends, and while that waits for the handler the subscription is closed for another one.
  rebalance();
  await systemClock.sleep(50);
  await subscription.close();
  told.resolve();
  await systemClock.sleep(50);
  assert.deepEqual(reader.calls, ['assigned 0']);
});

interface Moment {
  /** How often the member has joined. */
  readonly joins: number;
  /** Metadata asked for since the partitions were dealt, this time included; 0 while they are being dealt. */
  readonly looks: number;
}

/** The leader of its group, alone or with a member that reads other topics; `told`: when the handler says where to start. */
async function subscribed(
  t: TestContext,
  metadata: (at: Moment, name: string) => KafkaMetadata,
  { otherTopics, told }: { readonly otherTopics?: readonly string[]; readonly told?: Promise<void> } = {},
) {
  const at = { joins: 0, looks: 0, isDealt: false, isRebalancing: false };
  const others = otherTopics ? [{ memberId: 'other', memberMetadata: encodeSubscription(otherTopics) }] : [];
  let dealt: Readonly<Record<string, readonly LogPartition[]>> = {};
  const broker: Partial<KafkaBroker> = {
    isConnected: () => true,
    findGroupCoordinator: async () => ({ coordinator: { nodeId: 1, host: 'kafka', port: 9092 } }),
    async joinGroup({ groupProtocols }) {
      at.joins += 1;
      at.isDealt = false;
      at.looks = 0;
      const memberMetadata = groupProtocols[0]?.metadata ?? Buffer.alloc(0);
      return { generationId: at.joins, leaderId: 'me', memberId: 'me', members: [{ memberId: 'me', memberMetadata }, ...others] };
    },
    async syncGroup({ groupAssignment }) {
      at.isDealt = true;
      dealt = Object.fromEntries(groupAssignment.map((one) => [one.memberId, decodeAssignment(one.memberAssignment)]));
      return { memberAssignment: groupAssignment.find(({ memberId }) => memberId === 'me')?.memberAssignment ?? null };
    },
    async heartbeat() {
      if (at.isRebalancing) throw Object.assign(new Error('rebalance'), { type: 'REBALANCE_IN_PROGRESS' });
    },
    leaveGroup: async () => undefined,
  };
  const member = broker as KafkaBroker;
  // Nothing is ever fetched: a fetch that does not end.
  const client: Partial<KafkaClient> = {
    any: async () => member,
    at: async () => member,
    node: () => new Promise(() => undefined),
    call: (_, __, act) => act(member),
    [Symbol.asyncDispose]: async () => undefined,
  };
  const reader = logReader({ start: () => 0n });
  const subscription = kafkaSubscription({
    groupId: 'g',
    topics: ['users'],
    handler: {
      ...reader,
      async assigned(partitions) {
        const starts = await reader.assigned(partitions);
        await told;
        return starts;
      },
    },
    groupClient: client as KafkaClient,
    fetchClient: client as KafkaClient,
    numbers,
    clock: systemClock,
    logger: silentLogger,
    async metadata(_, topics) {
      if (at.isDealt) at.looks += 1;
      return { ...noTopic, topics: topics.flatMap((name) => metadata(at, name).topics.map((topic) => ({ ...topic, name }))) };
    },
    range: async () => ({ logStart: 0n, highWatermark: 0n }),
  });
  t.after(() => subscription.close());
  return { reader, subscription, joins: () => at.joins, dealt: () => dealt, rebalance: () => (at.isRebalancing = true) };
}

function metadataOf(topicId: string, partitions = 1): KafkaMetadata {
  const leaders = new Map(Array.from({ length: partitions }, (_, partition) => [partition, 1] as const));
  return { ...noTopic, topics: [{ name: 'users', topicId, error: 0, leaders }] };
}
