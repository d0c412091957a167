// Free ports, tried by binding them. Drawn below the range from which systems take the ports of outgoing connections
// (32768 and up): a port from there can be gone again before the component binds it, and surely while it is stopped.

import { createServer } from 'node:net';
import { LakeError } from '../../runtime/errors.ts';

const lowest = 20_000;
const highest = 31_999;
const drawsMax = 200;

export interface PortPool {
  /** A free port that this pool has not given out; `preferred` when that one is free. */
  draw(preferred?: number): Promise<number>;
}

export function portPool(random: () => number = Math.random): PortPool {
  const given = new Set<number>();
  const take = async (port: number) => {
    if (given.has(port)) return false;
    given.add(port);
    return isFree(port);
  };
  return {
    draw: async (preferred) => {
      if (preferred !== undefined && (await take(preferred))) return preferred;
      for (let draw = 0; draw < drawsMax; draw++) {
        const port = lowest + Math.floor(random() * (highest - lowest + 1));
        if (await take(port)) return port;
      }
      throw new LakeError('LIMIT_EXCEEDED', `no free port on 127.0.0.1 between ${lowest} and ${highest} in ${drawsMax} draws`);
    },
  };
}

export function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
