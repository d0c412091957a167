// How to reach Kafka: what `foz.yaml` says under `kafka`, and the defaults. Certificates may be PEM text or file paths.

import { readFileSync } from 'node:fs';
import type { Clock } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/log.ts';

export interface KafkaTls {
  /** PEM text, or a path to it. Without `ca` the system's authorities are used. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly passphrase?: string;
  /** The name the certificate must carry, where it is not the host's. */
  readonly serverName?: string;
  /** False accepts any certificate: only for trying things out. */
  readonly isVerified?: boolean;
}

export type KafkaSasl =
  | { readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'; readonly username: string; readonly password: string }
  | { readonly mechanism: 'oauthbearer'; readonly token: () => Promise<string> };

export interface KafkaLogOptions {
  /** `host:port`, any of the cluster; the others are found through them. */
  readonly brokers: readonly string[];
  readonly clientId?: string;
  /** `true`: TLS with the system's authorities. */
  readonly ssl?: KafkaTls | boolean;
  readonly sasl?: KafkaSasl;
  readonly connectionTimeoutMs?: number;
  readonly requestTimeoutMs?: number;
  /** One fetch response; below this waits undelivered, and one response of each broker. A larger single record batch still arrives. */
  readonly fetchBytesMax?: number;
  readonly partitionFetchBytesMax?: number;
  /** How long the broker may hold a fetch when there is nothing new. */
  readonly fetchWaitMaxMs?: number;
  /** A record batch that would decompress to more is refused (I9). */
  readonly decompressedBytesMax?: number;
  readonly sessionTimeoutMs?: number;
  readonly rebalanceTimeoutMs?: number;
  readonly heartbeatIntervalMs?: number;
  /** How often topics are looked at again for new partitions, new leaders and other incarnations. */
  readonly metadataMaxAgeMs?: number;
  readonly reconnectDelayMaxMs?: number;
  readonly logger?: Logger;
  readonly clock?: Clock;
}

export const kafkaDefaults = {
  clientId: 'foz',
  connectionTimeoutMs: 10_000,
  requestTimeoutMs: 15_000,
  fetchBytesMax: 4_194_304,
  partitionFetchBytesMax: 1_048_576,
  fetchWaitMaxMs: 100,
  decompressedBytesMax: 268_435_456,
  sessionTimeoutMs: 10_000,
  rebalanceTimeoutMs: 60_000,
  heartbeatIntervalMs: 1_000,
  metadataMaxAgeMs: 10_000,
  reconnectDelayMinMs: 100,
  reconnectDelayMaxMs: 2_000,
} as const;

/** The option with its default. */
export function kafkaNumbers(options: KafkaLogOptions) {
  return {
    connectionTimeoutMs: options.connectionTimeoutMs ?? kafkaDefaults.connectionTimeoutMs,
    requestTimeoutMs: options.requestTimeoutMs ?? kafkaDefaults.requestTimeoutMs,
    fetchBytesMax: options.fetchBytesMax ?? kafkaDefaults.fetchBytesMax,
    partitionFetchBytesMax: options.partitionFetchBytesMax ?? kafkaDefaults.partitionFetchBytesMax,
    fetchWaitMaxMs: options.fetchWaitMaxMs ?? kafkaDefaults.fetchWaitMaxMs,
    decompressedBytesMax: options.decompressedBytesMax ?? kafkaDefaults.decompressedBytesMax,
    sessionTimeoutMs: options.sessionTimeoutMs ?? kafkaDefaults.sessionTimeoutMs,
    rebalanceTimeoutMs: options.rebalanceTimeoutMs ?? kafkaDefaults.rebalanceTimeoutMs,
    heartbeatIntervalMs: options.heartbeatIntervalMs ?? kafkaDefaults.heartbeatIntervalMs,
    metadataMaxAgeMs: options.metadataMaxAgeMs ?? kafkaDefaults.metadataMaxAgeMs,
    reconnectDelayMinMs: kafkaDefaults.reconnectDelayMinMs,
    reconnectDelayMaxMs: options.reconnectDelayMaxMs ?? kafkaDefaults.reconnectDelayMaxMs,
  };
}

export type KafkaNumbers = ReturnType<typeof kafkaNumbers>;

/** What node:tls wants. */
export function tlsOptions(ssl: KafkaTls | boolean | undefined): Record<string, unknown> | undefined {
  if (ssl === undefined || ssl === false) return undefined;
  if (ssl === true) return {};
  return {
    ...(ssl.ca === undefined ? {} : { ca: [pem(ssl.ca, 'ca')] }),
    ...(ssl.cert === undefined ? {} : { cert: pem(ssl.cert, 'cert') }),
    ...(ssl.key === undefined ? {} : { key: pem(ssl.key, 'key') }),
    ...(ssl.passphrase === undefined ? {} : { passphrase: ssl.passphrase }),
    ...(ssl.serverName === undefined ? {} : { servername: ssl.serverName }),
    rejectUnauthorized: ssl.isVerified ?? true,
  };
}

export interface KafkaAddress {
  readonly host: string;
  readonly port: number;
}

/** `host:port` or `[v6]:port`. */
export function kafkaAddress(text: string): KafkaAddress {
  const colon = text.lastIndexOf(':');
  const host = text.slice(0, colon).replace(/^\[|\]$/g, '');
  const port = Number(text.slice(colon + 1));
  if (colon < 1 || host === '' || !Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new LakeError('CONFIG_INVALID', `Kafka broker address "${text}": expected host:port`);
  }
  return { host, port };
}

function pem(textOrPath: string, what: string): string {
  if (textOrPath.includes('-----BEGIN')) return textOrPath;
  try {
    return readFileSync(textOrPath, 'utf8');
  } catch (cause) {
    throw new LakeError('CONFIG_INVALID', `read the Kafka TLS ${what} from ${textOrPath}: not readable`, { cause });
  }
}
