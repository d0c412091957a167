// The Metrics over prom-client, in a registry of its own so that two workers in one process do not meet.

import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { metricTable, type MetricEntry, type Metrics } from './metrics.ts';

export interface PromMetrics extends Metrics {
  readonly contentType: string;
  /** The exposition text of `/metrics`. */
  render(): Promise<string>;
}

export interface PromMetricsOptions {
  readonly version: string;
  /** Also process metrics (memory, CPU, event loop lag). Their collectors live as long as the process. */
  readonly process?: boolean;
}

export function createPromMetrics(options: PromMetricsOptions): PromMetrics {
  const registry = new Registry();
  const counters = new Map<string, Counter>();
  const gauges = new Map<string, Gauge>();
  const histograms = new Map<string, Histogram>();
  const entries: Readonly<Record<string, MetricEntry>> = metricTable;
  for (const [name, { kind, labels, help, buckets }] of Object.entries(entries)) {
    const shared = { name, help, labelNames: [...labels], registers: [registry] };
    if (kind === 'counter') counters.set(name, new Counter(shared));
    else if (kind === 'gauge') gauges.set(name, new Gauge(shared));
    else histograms.set(name, new Histogram({ ...shared, ...(buckets ? { buckets: [...buckets] } : {}) }));
  }
  if (options.process) collectDefaultMetrics({ register: registry });

  const metrics: Metrics = {
    count: (name, labels, by = 1) => counters.get(name)?.inc({ ...labels }, by),
    set: (name, labels, value) => gauges.get(name)?.set({ ...labels }, value),
    replace: (name, series) => {
      gauges.get(name)?.reset();
      for (const { labels, value } of series) gauges.get(name)?.set({ ...labels }, value);
    },
    observe: (name, labels, value) => histograms.get(name)?.observe({ ...labels }, value),
  };
  metrics.set('foz_build_info', { version: options.version }, 1);
  return { ...metrics, contentType: registry.contentType, render: () => registry.metrics() };
}
