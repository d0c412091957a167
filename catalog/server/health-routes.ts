// For probes and Prometheus. Alive: this process answers. Ready: its database and its object store do, too.

import type { FastifyInstance } from 'fastify';
import type { Logger } from '../../runtime/log.ts';
import type { PromMetrics } from '../../runtime/prom-metrics.ts';
import { may } from './guard.ts';
import { sendJson } from './reply.ts';

export interface HealthOptions {
  /** Rejects when the catalog cannot serve. */
  readonly checkReady: () => Promise<void>;
  /** Absent: nothing is counted, and /metrics is not there. */
  readonly metrics?: PromMetrics;
  readonly logger: Logger;
}

export function healthRoutes(app: FastifyInstance, { checkReady, metrics, logger }: HealthOptions): void {
  app.get('/livez', may('public'), async (_request, reply) => sendJson(reply, 200, '{"status":"ok"}'));
  app.get('/readyz', may('public'), async (_request, reply) => {
    try {
      await checkReady();
      return sendJson(reply, 200, '{"status":"ok"}');
    } catch (error) {
      // Whoever asks need not say who they are: the reason is for the log.
      logger.warn({ error }, 'the catalog is not ready: a store does not answer');
      return sendJson(reply, 503, '{"status":"unavailable","reason":"a store does not answer"}');
    }
  });
  if (metrics === undefined) return;
  app.addHook('onResponse', async (request, reply) => {
    // The template, not the path: names of tables would make a series each.
    const route = `${request.method} ${request.routeOptions.url ?? 'unmatched'}`;
    metrics.count('foz_http_requests_total', { route, code: reply.statusCode });
    metrics.observe('foz_http_request_duration_seconds', { route }, reply.elapsedTime / 1000);
  });
  // Tables are named in it.
  app.get('/metrics', may('reader'), async (_request, reply) => reply.type(metrics.contentType).send(await metrics.render()));
}
