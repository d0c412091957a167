// Writes one row after the other, whatever is altered meanwhile: a statement that fails is made and sent again, as by an
// application that is rolled out while its database migrates.

import { setTimeout as sleep } from 'node:timers/promises';
import { until } from './stack-processes.ts';

export interface SteadyWriter extends AsyncDisposable {
  readonly written: number;
  pause(): Promise<void>;
  resume(): void;
  stop(): Promise<void>;
}

const triesMax = 200;

export function steadyWriter(write: (n: number) => Promise<void>, everyMs: number): SteadyWriter {
  const stopped = new AbortController();
  let [written, isPaused] = [0, false];
  let turn = Promise.resolve();
  const loop = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      if (!isPaused) {
        turn = untilWritten(write, written, stopped.signal);
        await turn;
        written++;
      }
      await sleep(everyMs);
    }
  };
  const running = loop();
  running.catch(() => undefined);
  const stop = async (): Promise<void> => {
    stopped.abort();
    await running;
  };
  return {
    get written() {
      return written;
    },
    pause: async () => {
      isPaused = true;
      await turn;
    },
    resume: () => {
      isPaused = false;
    },
    stop,
    [Symbol.asyncDispose]: () => stop().catch(() => undefined),
  };
}

async function untilWritten(write: (n: number) => Promise<void>, n: number, stopped: AbortSignal): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await write(n);
    } catch (error) {
      if (stopped.aborted) return;
      if (tries >= triesMax) throw error;
      await sleep(50);
    }
  }
}

/** Some rows later. */
export async function further(writer: SteadyWriter): Promise<void> {
  const enough = writer.written + 5;
  await until('more rows', 60_000, async () => (writer.written >= enough ? true : null));
}
