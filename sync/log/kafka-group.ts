// Membership of a consumer group: join, sync, heartbeat, again. Rebalances are eager: everything is given back before
// joining again. An unreachable coordinator takes nothing away: safety is in the table's offset chain, so reading goes
// on until the coordinator says otherwise.

import type { Clock } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/log.ts';
import { systemRandom } from '../../runtime/random.ts';
import { retryDelayMs } from '../../runtime/retry.ts';
import { dealPartitions, decodeAssignment, decodeSubscription, encodeAssignment, encodeSubscription } from './kafka-assignment.ts';
import type { KafkaBroker, KafkaClient } from './kafka-client.ts';
import { kafkaError, kafkaType } from './kafka-error.ts';
import type { KafkaNumbers } from './kafka-options.ts';
import type { LogPartition } from './log.ts';

export interface KafkaGroupOptions {
  readonly client: KafkaClient;
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly numbers: KafkaNumbers;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Partitions of the topics as they are now: asked of the leader, for those of every member. */
  partitions(topics: readonly string[]): Promise<ReadonlyMap<string, readonly number[]>>;
  /** Runs beside the heartbeats. Does not reject. */
  assigned(partitions: readonly LogPartition[]): Promise<void>;
  /** The assignment is over: stops reading at once. Called before `assigned` has returned, maybe. */
  stopped(): void;
  /** After `assigned` has returned. Does not reject. */
  revoked(): Promise<void>;
  health(problem: LakeError | null): void;
  fail(error: LakeError): void;
}

export interface KafkaGroup {
  /** Gives everything back and joins again. */
  rejoin(): void;
  acknowledge(offsets: readonly (LogPartition & { readonly nextOffset: bigint })[]): Promise<void>;
  leave(): Promise<void>;
}

interface Membership {
  memberId: string;
  generationId: number;
  coordinator: KafkaBroker | null;
}

const memberLost = new Set(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID']);
const leaveTimeoutMs = 1_000;

export function kafkaGroup(options: KafkaGroupOptions): KafkaGroup {
  const { client, groupId, numbers, clock, logger } = options;
  const me: Membership = { memberId: '', generationId: -1, coordinator: null };
  const closing = new AbortController();
  let waking = new AbortController();
  let isRejoinWanted = false;
  let attempt = 0;

  const find = async (): Promise<KafkaBroker> => {
    if (me.coordinator?.isConnected()) return me.coordinator;
    const any = await client.any();
    const { coordinator } = await client.call(any, `find the coordinator of group ${groupId}`, (broker) =>
      broker.findGroupCoordinator({ groupId, coordinatorType: 0 }),
    );
    me.coordinator = await client.at(coordinator);
    return me.coordinator;
  };
  /** Waits before another try; false when it cannot help. */
  const survives = async (problem: LakeError): Promise<boolean> => {
    if (problem.retry !== 'backoff') return false;
    me.coordinator = null;
    options.health(problem);
    attempt += 1;
    const policy = { attemptsMax: Infinity, delayMinMs: numbers.reconnectDelayMinMs, delayMaxMs: numbers.reconnectDelayMaxMs };
    await clock.sleep(retryDelayMs(policy, Math.min(attempt, 20), systemRandom), closing.signal).catch(() => undefined);
    return true;
  };
  const healthy = (): void => {
    attempt = 0;
    options.health(null);
  };

  const deal = async (found: readonly { readonly memberId: string; readonly memberMetadata: Buffer }[]) => {
    const members = found.map(({ memberId, memberMetadata }) => ({ memberId, topics: decodeSubscription(memberMetadata) }));
    return dealPartitions(members, await options.partitions([...new Set(members.flatMap(({ topics }) => topics))]));
  };
  const join = async (): Promise<readonly LogPartition[]> => {
    isRejoinWanted = false;
    const coordinator = await find();
    const joined = await client.call(coordinator, `join group ${groupId}`, (broker) =>
      broker.joinGroup({
        groupId,
        sessionTimeout: numbers.sessionTimeoutMs,
        rebalanceTimeout: numbers.rebalanceTimeoutMs,
        memberId: me.memberId,
        groupProtocols: [{ name: 'roundrobin', metadata: encodeSubscription(options.topics) }],
      }),
    );
    me.memberId = joined.memberId;
    me.generationId = joined.generationId;
    const shares = joined.leaderId === joined.memberId ? await deal(joined.members) : new Map<string, LogPartition[]>();
    const synced = await client.call(coordinator, `sync group ${groupId}`, (broker) =>
      broker.syncGroup({
        groupId,
        generationId: me.generationId,
        memberId: me.memberId,
        groupAssignment: [...shares].map(([memberId, partitions]) => ({ memberId, memberAssignment: encodeAssignment(partitions) })),
      }),
    );
    healthy();
    return decodeAssignment(synced.memberAssignment);
  };

  /** Until the coordinator asks to join again, or the membership is lost. */
  const heartbeats = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(numbers.heartbeatIntervalMs, waking.signal).catch(() => undefined);
      if (closing.signal.aborted || isRejoinWanted) return;
      try {
        const coordinator = await find();
        const { memberId, generationId: groupGenerationId } = me;
        await client.call(coordinator, `heartbeat to group ${groupId}`, (broker) =>
          broker.heartbeat({ groupId, groupGenerationId, memberId }),
        );
        healthy();
      } catch (error) {
        const known = kafkaError('heartbeat', error);
        if (kafkaType(known) === 'REBALANCE_IN_PROGRESS' || memberLost.has(kafkaType(known))) throw known;
        if (!(await survives(known))) throw known;
      }
    }
  };

  const once = async (): Promise<void> => {
    waking = new AbortController();
    const partitions = await join();
    logger.info(
      { groupId, generationId: me.generationId, partitions: partitions.map((at) => `${at.topic}/${at.partition}`) },
      'joined the group',
    );
    const assigning = options.assigned(partitions);
    try {
      await heartbeats();
    } finally {
      options.stopped();
      if (!closing.signal.aborted) {
        await assigning;
        // Who has left meanwhile has told so: the same partitions may be given to this process anew by now.
        if (!closing.signal.aborted) await options.revoked();
      }
    }
  };
  const run = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      try {
        await once();
      } catch (error) {
        if (closing.signal.aborted) return;
        const known = kafkaError(`take part in group ${groupId}`, error);
        if (memberLost.has(kafkaType(known))) me.memberId = '';
        else if (kafkaType(known) !== 'REBALANCE_IN_PROGRESS' && !(await survives(known))) return options.fail(known);
      }
    }
  };
  void run();

  return {
    rejoin() {
      isRejoinWanted = true;
      waking.abort();
    },
    async acknowledge(offsets) {
      if (offsets.length === 0 || me.memberId === '') return;
      try {
        const coordinator = await find();
        const topics = [...Map.groupBy(offsets, (at) => at.topic)].map(([topic, partitions]) => ({
          topic,
          partitions: partitions.map(({ partition, nextOffset }) => ({ partition, offset: nextOffset.toString() })),
        }));
        await client.call(coordinator, `acknowledge offsets of group ${groupId}`, (broker) =>
          broker.offsetCommit({ groupId, groupGenerationId: me.generationId, memberId: me.memberId, topics }),
        );
      } catch (error) {
        logger.warn({ groupId, error }, 'group offsets not written; they are a hint only');
      }
    },
    async leave() {
      closing.abort();
      waking.abort();
      const { coordinator, memberId } = me;
      if (!coordinator?.isConnected() || memberId === '') return;
      me.memberId = '';
      const left = client.call(coordinator, `leave group ${groupId}`, (broker) => broker.leaveGroup({ groupId, memberId }));
      const timeout = new AbortController();
      await Promise.race([left.catch(() => undefined), clock.sleep(leaveTimeoutMs, timeout.signal).catch(() => undefined)]);
      timeout.abort();
    },
  };
}
