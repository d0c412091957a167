// One at a time per key, in arrival order. The swap alone keeps commits right; the queue spares the losers of a race
// from writing metadata files that nobody will point to.

export interface KeyedQueue {
  run<T>(key: string, work: () => Promise<T>): Promise<T>;
}

export function keyedQueue(): KeyedQueue {
  const tails = new Map<string, Promise<unknown>>();
  return {
    async run(key, work) {
      const before = tails.get(key);
      const turn = (async () => {
        await before?.catch(() => undefined);
        return work();
      })();
      tails.set(key, turn);
      try {
        return await turn;
      } finally {
        if (tails.get(key) === turn) tails.delete(key);
      }
    },
  };
}
