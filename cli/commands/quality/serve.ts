// `foz quality serve`: the schedule alone, in this process. `foz run` starts it beside the worker, and hears its status.

import type { Metrics } from '../../../runtime/metrics.ts';
import type { QualityGauges } from '../../../quality/report/gauges.ts';
import type { Command, CommandCall } from '../../command.ts';

export const serve: Command = {
  description:
    'Run checks as they are due: by their schedules (cron, in UTC) and after commits. What was missed is run once; of several processes one leads. SIGINT or SIGTERM stops. `foz run` does this by itself unless quality.enabled is false.',
  options: [{ flags: '--listen <address>', doc: 'serve /metrics, /status and /livez there: 127.0.0.1:8586' }],
  examples: [
    ['foz quality serve', 'beside a worker that runs with `foz run --only sync`'],
    ['foz quality serve --listen 127.0.0.1:8586', 'with the gauges foz_quality_… for Prometheus'],
    ['foz status', 'when the next check is due, and what fails now'],
  ],
  run: async (call) => {
    const loaded = call.loadConfig();
    const [{ serveQuality }, { setQualityGauges }] = await Promise.all([
      import('../../quality/serve-quality.ts'),
      import('../../../quality/report/gauges.ts'),
    ]);
    const left = new AbortController();
    // Started by `foz run`: it ends with it, however that ends.
    const leave = (): void => left.abort();
    process.once('disconnect', leave);
    const signal = AbortSignal.any([call.signal, left.signal]);
    const tell = process.send?.bind(process);
    if (tell === undefined) call.note('quality: checks run as they are due; foz quality list shows them');
    await using operators = await operatorsOf(call);
    try {
      const onStatus = (status: unknown): void => {
        operators?.tell(status);
        if (process.connected) tell?.({ kind: 'quality', status });
      };
      const onGauges = (gauges: QualityGauges): void => {
        if (process.connected) tell?.({ kind: 'quality-gauges', gauges });
        if (operators) setQualityGauges(operators.metrics, gauges);
      };
      await serveQuality({ loaded, reload: () => call.loadConfig(), logger: call.logger(loaded), onStatus, onGauges }, signal);
    } finally {
      process.off('disconnect', leave);
      if (process.connected) process.disconnect();
    }
    return 0;
  },
};

interface Operators extends AsyncDisposable {
  readonly metrics: Metrics;
  tell(status: unknown): void;
}

/** Null where nobody asked for them: started by `foz run`, its worker has them. */
async function operatorsOf(call: CommandCall): Promise<Operators | null> {
  const listen = call.options['listen'];
  if (typeof listen !== 'string') return null;
  const [{ serveOperators }, { createPromMetrics }, { version }, { addressOf }] = await Promise.all([
    import('../../http.ts'),
    import('../../../runtime/prom-metrics.ts'),
    import('../../version.ts'),
    import('../../settings.ts'),
  ]);
  const metrics = createPromMetrics({ version: version(), process: true });
  let told: unknown = null;
  const readiness = () => [{ name: 'quality', isReady: told !== null, reason: told === null ? 'starting' : null }];
  const server = await serveOperators(addressOf(listen), { readiness, status: () => told, refresh: () => undefined, metrics });
  call.note(`quality: ${server.url}/metrics`);
  return {
    metrics,
    tell: (status) => {
      told = status;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
