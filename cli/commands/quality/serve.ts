// `foz quality serve`: the schedule alone, in this process. `foz run` starts it beside the worker, and hears its status.

import type { Command } from '../../command.ts';

export const serve: Command = {
  description:
    'Run checks as they are due: by their schedules (cron, in UTC) and after commits. What was missed is run once; of several processes one leads. SIGINT or SIGTERM stops. `foz run` does this by itself unless quality.enabled is false.',
  examples: [
    ['foz quality serve', 'beside a worker that runs with `foz run --only sync`'],
    ['foz status', 'when the next check is due, and what fails now'],
  ],
  run: async (call) => {
    const loaded = call.loadConfig();
    const { serveQuality } = await import('../../quality/serve-quality.ts');
    const left = new AbortController();
    // Started by `foz run`: it ends with it, however that ends.
    const leave = (): void => left.abort();
    process.once('disconnect', leave);
    const signal = AbortSignal.any([call.signal, left.signal]);
    const tell = process.send?.bind(process);
    if (tell === undefined) call.note('quality: checks run as they are due; foz quality list shows them');
    try {
      const onStatus = (status: unknown): void => {
        if (process.connected) tell?.({ kind: 'quality', status });
      };
      await serveQuality({ loaded, reload: () => call.loadConfig(), logger: call.logger(loaded), onStatus }, signal);
    } finally {
      process.off('disconnect', leave);
      if (process.connected) process.disconnect();
    }
    return 0;
  },
};
