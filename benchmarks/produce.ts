// Fills a topic with envelopes through kafkajs: uncompressed or lz4, keys spread over the partitions by hash.

import kafkajs from 'kafkajs';
import { compressFrameSync } from 'lz4-napi';
import { envelopes } from './envelopes.ts';

export interface Production {
  readonly bootstrap: string;
  readonly topic: string;
  readonly partitions: number;
  readonly events: number;
  readonly compression: 'none' | 'lz4';
}

const batchRecords = 2_000;

/** Returns the value bytes produced. */
export async function produceEnvelopes(production: Production): Promise<number> {
  const { CompressionTypes, CompressionCodecs, Kafka, logLevel, Partitioners } = kafkajs;
  CompressionCodecs[CompressionTypes.LZ4] = () => ({
    compress: async ({ buffer }: { buffer: Buffer }) => compressFrameSync(buffer),
    decompress: async () => Promise.reject(new Error('this client only produces')),
  });
  const kafka = new Kafka({ clientId: 'foz-bench', brokers: [production.bootstrap], logLevel: logLevel.ERROR });
  const admin = kafka.admin();
  await admin.connect();
  const configEntries = [{ name: 'message.timestamp.type', value: 'LogAppendTime' }];
  await admin.createTopics({
    topics: [{ topic: production.topic, numPartitions: production.partitions, replicationFactor: 1, configEntries }],
  });
  await admin.disconnect();
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  const compression = production.compression === 'lz4' ? CompressionTypes.LZ4 : CompressionTypes.None;
  let bytes = 0;
  let messages: { key: string; value: string; headers: Record<string, string> }[] = [];
  const send = async (): Promise<void> => {
    await producer.send({ topic: production.topic, messages, acks: 1, compression });
    messages = [];
  };
  for (const { key, value, headers } of envelopes(production.events)) {
    bytes += value.length;
    messages.push({ key, value, headers: { ...headers } });
    if (messages.length === batchRecords) await send();
  }
  if (messages.length > 0) await send();
  await producer.disconnect();
  return bytes;
}
