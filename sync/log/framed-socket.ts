// Sockets for kafkajs that hand over one whole answer at a time, in memory that is used again. Its own way gathers
// 64 KB pieces, each a new buffer, and joins them for every answer.
// Spec: Kafka protocol guide, "Preliminaries": each answer is preceded by its size, a signed 32-bit integer.

import { connect, isIP, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import type { FramePool } from './frame-pool.ts';

/** What kafkajs asks of a socket factory. */
export interface SocketRequest {
  readonly host: string;
  readonly port: number;
  readonly ssl: Readonly<Record<string, unknown>> | null | undefined;
  readonly onConnect: () => void;
}

export interface FramedSocketOptions {
  readonly pool: FramePool;
  /** An answer that says it is larger ends the connection: a broker's would not be. */
  readonly frameBytesMax: number;
}

const readBytes = 262_144;
const keepAliveDelayMs = 60_000;
const prefixBytes = 4;

export function framedSockets(options: FramedSocketOptions): (request: SocketRequest) => Socket {
  return ({ host, port, ssl, onConnect }) => {
    const frames = frameReader(options, (frame) => socket.emit('data', frame));
    const onread: OnReadOpts = {
      buffer: Buffer.allocUnsafeSlow(readBytes),
      callback: (count, chunk) => {
        try {
          frames(chunk.subarray(0, count));
        } catch (error) {
          socket.destroy(error instanceof Error ? error : new Error(String(error)));
        }
        return !socket.destroyed;
      },
    };
    const tlsOptions: ConnectionOptions & { readonly onread: OnReadOpts } = {
      host,
      port,
      ...(isIP(host) ? {} : { servername: host }),
      ...ssl,
      onread,
    };
    const socket: Socket = ssl ? connectTls(tlsOptions, onConnect) : connect({ host, port, onread }, onConnect);
    socket.setKeepAlive(true, keepAliveDelayMs);
    return socket;
  };
}

/** Bytes as they come in; each whole answer, its size before it, goes to `deliver`. */
export function frameReader({ pool, frameBytesMax }: FramedSocketOptions, deliver: (frame: Buffer) => void): (chunk: Uint8Array) => void {
  const prefix = Buffer.alloc(prefixBytes);
  let prefixFilled = 0;
  let frame: Buffer | null = null;
  let filled = 0;
  return (chunk) => {
    for (let at = 0; at < chunk.length;) {
      if (frame === null) {
        prefix[prefixFilled++] = chunk[at++] ?? 0;
        if (prefixFilled < prefixBytes) continue;
        const size = prefix.readInt32BE();
        if (size < 0 || size > frameBytesMax) {
          throw new RangeError(
            `a Kafka answer of ${size} bytes, allowed are ${frameBytesMax}: is this a Kafka broker, spoken to as it expects?`,
          );
        }
        frame = pool.take(prefixBytes + size).subarray(0, prefixBytes + size);
        frame.set(prefix);
        filled = prefixBytes;
      }
      const taken = Math.min(chunk.length - at, frame.length - filled);
      frame.set(chunk.subarray(at, at + taken), filled);
      filled += taken;
      at += taken;
      if (filled < frame.length) continue;
      const whole = frame;
      frame = null;
      prefixFilled = 0;
      deliver(whole);
    }
  };
}
