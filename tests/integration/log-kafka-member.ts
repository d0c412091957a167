// A member of a consumer group as a process of its own, to be stopped and woken: says what happens to it, line by line.

import { kafkaLog } from '../../sync/log/kafka-log.ts';

const [bootstrap = '', topic = '', groupId = ''] = process.argv.slice(2);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const log = kafkaLog({ brokers: [bootstrap], sessionTimeoutMs: 6_000, heartbeatIntervalMs: 200 });
const subscription = await log.subscribe(
  { groupId, topics: [topic] },
  {
    async assigned(partitions) {
      say(`assigned ${partitions.map((at) => at.partition).join(',')}`);
      return partitions.map((at) => ({ ...at, nextOffset: 0n }));
    },
    async revoked(partitions) {
      say(`revoked ${partitions.map((at) => at.partition).join(',')}`);
    },
    async batch({ partition, nextOffset }) {
      say(`batch ${partition} ${nextOffset}`);
    },
    outOfRange: async () => undefined,
    availability: () => undefined,
  },
);
await subscription.done;
