// The worker's face to operators: /livez touches no dependency (a probe that did would restart the fleet in an outage),
// /readyz says whether data flows and why not, /metrics for Prometheus, /status for `foz status` and people.

import { fastify } from 'fastify';
import { LakeError } from '../runtime/errors.ts';
import type { Metrics } from '../runtime/metrics.ts';
import { jsonText } from './output.ts';
import type { Address } from './settings.ts';

export interface ReadinessCheck {
  readonly name: string;
  readonly isReady: boolean;
  /** Why not; null when ready. */
  readonly reason: string | null;
}

export interface OperatorEndpoints {
  readonly readiness: () => readonly ReadinessCheck[];
  readonly status: () => unknown;
  /** Called before each exposition of the metrics. */
  readonly refresh: () => void;
  readonly metrics: Metrics & { readonly contentType: string; render(): Promise<string> };
}

export interface OperatorServer extends AsyncDisposable {
  readonly url: string;
}

export async function serveOperators(listen: Address, endpoints: OperatorEndpoints): Promise<OperatorServer> {
  const app = fastify({ logger: false, forceCloseConnections: true, bodyLimit: 1024, requestTimeout: 10_000 });
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unmatched';
    endpoints.metrics.count('foz_http_requests_total', { route, code: reply.statusCode });
    endpoints.metrics.observe('foz_http_request_duration_seconds', { route }, reply.elapsedTime / 1000);
  });
  app.get('/livez', async () => ({ live: true }));
  app.get('/readyz', async (_request, reply) => {
    const checks = endpoints.readiness();
    const isReady = checks.every((check) => check.isReady);
    return reply.code(isReady ? 200 : 503).send({ ready: isReady, checks });
  });
  app.get('/metrics', async (_request, reply) => {
    endpoints.refresh();
    return reply.type(endpoints.metrics.contentType).send(await endpoints.metrics.render());
  });
  app.get('/status', async (_request, reply) => reply.type('application/json').send(jsonText(endpoints.status())));
  try {
    const url = await app.listen(listen);
    return { url, [Symbol.asyncDispose]: () => app.close() };
  } catch (cause) {
    await app.close();
    const isTaken = cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE';
    throw new LakeError('CONFIG_INVALID', `http.listen ${listen.host}:${listen.port} cannot be listened on`, {
      cause,
      context: {
        expected: 'a free port',
        found: isTaken ? 'the port is in use' : 'an error of the system',
        next: 'set http.listen to another port in foz.yaml',
      },
    });
  }
}
