// Metadata, version 12: the one request beside kafkajs, because its own stop before topics had ids, and an id is what
// tells a re-created topic from the old one (I6).

import { uuidBytes, wireReader, wireWriter, type WireRequest } from './kafka-wire.ts';

export interface KafkaTopic {
  readonly name: string;
  readonly topicId: string;
  readonly error: number;
  /** By partition number; leader -1 while there is none. */
  readonly leaders: ReadonlyMap<number, number>;
}

export interface KafkaMetadata {
  readonly clusterId: string;
  readonly brokers: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[];
  readonly topics: readonly KafkaTopic[];
}

const noId = uuidBytes('AAAAAAAAAAAAAAAAAAAAAA');

export function metadataRequest(topics: readonly string[]): WireRequest<KafkaMetadata> {
  const body = wireWriter();
  body
    .tags() // request header v2
    .array(topics, (topic) => body.uuid(noId).string(topic))
    .bool(false) // never creates a topic
    .bool(false)
    .tags();
  return { apiKey: 3, apiVersion: 12, apiName: 'Metadata', body: body.finish(), decode: decodeMetadata };
}

function decodeMetadata(bytes: Buffer): KafkaMetadata {
  const read = wireReader(bytes);
  read.tags(); // response header v1
  read.int32(); // throttle time
  const brokers = read.array(() => {
    const broker = { nodeId: read.int32(), host: read.string() ?? '', port: read.int32() };
    read.string(); // rack
    return broker;
  });
  const clusterId = read.string() ?? '';
  read.int32(); // controller
  const topics = read.array(() => {
    const error = read.int16();
    const name = read.string() ?? '';
    const topicId = read.uuid();
    read.bool(); // internal
    const leaders = new Map(
      read.array((): [number, number] => {
        read.int16(); // a leader of -1 says as much
        const partition = read.int32();
        const leader = read.int32();
        read.int32(); // leader epoch
        read.int32s(); // replicas
        read.int32s(); // in sync
        read.int32s(); // offline
        return [partition, leader];
      }),
    );
    read.int32(); // authorized operations
    return { name, topicId, error, leaders };
  });
  return { clusterId, brokers, topics };
}
