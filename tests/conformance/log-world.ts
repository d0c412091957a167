// What the log suite needs of the world around an adapter: a log, and hands to put things into it.

import type { Log } from '../../sync/log/log.ts';
import type { NewRecord } from '../../sync/log/memory-partition.ts';
import { memoryLog } from '../../sync/log/memory-log.ts';

export interface LogWorld extends AsyncDisposable {
  readonly log: Log;
  /** Returns its name. */
  createTopic(partitions: number, name?: string): Promise<string>;
  /** Deletes and creates: the same name, another incarnation. */
  recreateTopic(topic: string): Promise<void>;
  produce(topic: string, partition: number, records: readonly NewRecord[]): Promise<void>;
  /** Readable records followed by an offset that no record has. */
  commitTransaction(topic: string, partition: number, records: readonly NewRecord[]): Promise<void>;
  /** Offsets taken by nothing that may be read: at least as many as the records, and one more. */
  abortTransaction(topic: string, partition: number, records: readonly NewRecord[]): Promise<void>;
  deleteRecords(topic: string, partition: number, before: bigint): Promise<void>;
  groupOffset(groupId: string, topic: string, partition: number): Promise<bigint | null>;
}

export async function memoryLogWorld(): Promise<LogWorld> {
  const log = memoryLog({ clusterId: 'memory', batchRecordsMax: 3 });
  let topics = 0;
  return {
    log,
    async createTopic(partitions, topic = `topic-${++topics}`) {
      log.createTopic(topic, { partitions });
      return topic;
    },
    async recreateTopic(topic) {
      log.recreateTopic(topic);
    },
    async produce(topic, partition, records) {
      log.produce(topic, partition, records);
    },
    async commitTransaction(topic, partition, records) {
      log.produce(topic, partition, records);
      log.skip(topic, partition, 1n);
    },
    async abortTransaction(topic, partition, records) {
      log.skip(topic, partition, BigInt(records.length + 1));
    },
    async deleteRecords(topic, partition, before) {
      log.deleteRecords(topic, partition, before);
    },
    groupOffset: async (groupId, topic, partition) => log.acknowledged(groupId).get(`${topic}/${partition}`) ?? null,
    [Symbol.asyncDispose]: () => log[Symbol.asyncDispose](),
  };
}
