// Fetch, version 13: by topic id, so that a re-created topic is an error and never the records of another incarnation
// (I6); read_committed, without fetch sessions. The records come back as they lie in the response.

import { uuidBytes, wireReader, wireWriter, type WireRequest } from './kafka-wire.ts';

export interface FetchPartition {
  readonly topicId: string;
  readonly partition: number;
  readonly nextOffset: bigint;
}

export interface FetchLimits {
  readonly waitMaxMs: number;
  readonly bytesMax: number;
  readonly partitionBytesMax: number;
}

export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: bigint;
}

export interface FetchedPartition {
  readonly topicId: string;
  readonly partition: number;
  readonly error: number;
  /** The last stable offset: what a read_committed reader may see up to. */
  readonly highWatermark: bigint;
  readonly logStart: bigint;
  readonly aborted: readonly AbortedTransaction[];
  /** Record batches, the last one maybe cut short. */
  readonly records: Buffer;
}

export interface FetchResponse {
  readonly error: number;
  /** What the records lie in. */
  readonly bytes: Buffer;
  readonly partitions: readonly FetchedPartition[];
}

const empty = Buffer.alloc(0);

export function fetchRequest(partitions: readonly FetchPartition[], limits: FetchLimits): WireRequest<FetchResponse> {
  const byTopic = Map.groupBy(partitions, (partition) => partition.topicId);
  const body = wireWriter();
  body
    .tags() // request header v2
    .int32(-1) // a consumer, not a replica
    .int32(limits.waitMaxMs)
    .int32(1) // answer as soon as there is anything
    .int32(limits.bytesMax)
    .int8(1) // read_committed
    .int32(0) // no fetch session
    .int32(-1)
    .array([...byTopic], ([topicId, wanted]) =>
      body.uuid(uuidBytes(topicId)).array(wanted, (partition) =>
        body
          .int32(partition.partition)
          .int32(-1) // leader epoch: not known
          .int64(partition.nextOffset)
          .int32(-1) // last fetched epoch: not known
          .int64(-1n) // log start: of replicas only
          .int32(limits.partitionBytesMax),
      ),
    )
    .array([], () => undefined) // forgotten topics: sessions only
    .string('') // rack
    .tags();
  return { apiKey: 1, apiVersion: 13, apiName: 'Fetch', body: body.finish(), decode: decodeFetch };
}

function decodeFetch(bytes: Buffer): FetchResponse {
  const read = wireReader(bytes);
  read.tags(); // response header v1
  read.int32(); // throttle time
  const error = read.int16();
  read.int32(); // session
  const topics = read.array(() => {
    const topicId = read.uuid();
    return read.array((): FetchedPartition => {
      const partition = read.int32();
      const partitionError = read.int16();
      read.int64(); // high watermark proper
      const highWatermark = read.int64();
      const logStart = read.int64();
      const aborted = read.array(() => ({ producerId: read.int64(), firstOffset: read.int64() }));
      read.int32(); // preferred replica
      return { topicId, partition, error: partitionError, highWatermark, logStart, aborted, records: read.bytes() ?? empty };
    });
  });
  return { error, bytes, partitions: topics.flat() };
}
