// `npm run --silent bench -- sync --json`: from a full Kafka topic to committed snapshots on S3 and on a directory, the
// references in the same run, and freshness from PostgreSQL. Conditions and results: benchmarks/README.md.

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { portPool } from '../stack/process/ports.ts';
import { startStack, type Stack } from '../stack/stack.ts';
import { measureFreshness, type Freshness } from './freshness.ts';
import { runLane, type LaneResult, type LaneTarget } from './lane.ts';
import { produceEnvelopes } from './produce.ts';

export interface SyncBench {
  readonly lanes: readonly (LaneResult | ReferenceResult)[];
  readonly freshnessSeconds: Freshness | null;
}

interface ReferenceResult {
  readonly name: 'limit' | 'parquetjs-lite';
  readonly eventsPerSecond: number;
  readonly eventsPerCpuSecond: number;
  readonly rssBytesMax: number;
  readonly bytesOut: number;
}

export interface SyncBenchOptions {
  readonly events: number;
  /** Seconds of 5,000 changes a second; 0 leaves the freshness lane out. */
  readonly freshnessSeconds: number;
  readonly note: (text: string) => void;
}

const entry = fileURLToPath(new URL('../cli/foz.ts', import.meta.url));
const partitions = 4;
/** Events in the topic for each one measured: at its end the worker would wait for more before it commits. */
const backlog = 1.5;

export async function benchSync(options: SyncBenchOptions): Promise<SyncBench> {
  const dir = await mkdtemp(join(tmpdir(), 'foz-bench-'));
  try {
    const lanes = await throughput(options, dir);
    const freshness =
      options.freshnessSeconds > 0 ? await measureFreshness(join(dir, 'freshness'), entry, options.freshnessSeconds, options.note) : null;
    return { lanes: lanes, freshnessSeconds: freshness };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function throughput({ events, note }: SyncBenchOptions, dir: string): Promise<readonly (LaneResult | ReferenceResult)[]> {
  const results: (LaneResult | ReferenceResult)[] = [];
  const done = (result: LaneResult | ReferenceResult): void => {
    results.push(result);
    note(JSON.stringify(result));
  };
  await using stack = await startStack({ dir: join(dir, 'stack'), components: ['kafka', 's3'], settings: { kafkaPartitions: partitions } });
  const { bootstrap } = stack.endpoint('kafka');
  const ports = portPool();
  for (const compression of ['none', 'lz4'] as const) {
    const total = Math.ceil(events * backlog);
    note(`producing ${total} events, ${compression === 'none' ? 'uncompressed' : compression}`);
    await produceEnvelopes({ bootstrap, topic: `bench.${compression}`, partitions, events: total, compression });
    for (const target of targets(stack, compression, dir)) {
      note(`lane ${target.name}`);
      done(await runLane({ bootstrap, topic: `bench.${compression}`, events, total, dir, entry, target, freePort: () => ports.draw() }));
    }
  }
  await stack.shutdown();
  for (const name of ['limit', 'parquetjs-lite'] as const) {
    note(`lane ${name}`);
    done(await reference(name, events, join(dir, name)));
  }
  return results;
}

function targets(stack: Stack, compression: string, dir: string): readonly LaneTarget[] {
  const s3 = stack.endpoint('s3');
  const env = { BENCH_S3_KEY: s3.accessKey, BENCH_S3_SECRET: s3.secretKey };
  const credentials = `{ kind: static, accessKeyId: '\${env:BENCH_S3_KEY}', secretAccessKey: '\${env:BENCH_S3_SECRET}' }`;
  Object.assign(process.env, env);
  return [
    {
      name: `s3-${compression}`,
      store: `{ kind: s3, bucket: ${s3.bucket}, prefix: ${compression}, endpoint: '${s3.endpoint}', region: ${s3.region}, pathStyle: true, credentials: ${credentials} }`,
      env,
    },
    { name: `directory-${compression}`, store: `{ kind: filesystem, path: '${join(dir, `lake-${compression}`)}' }` },
  ];
}

async function reference(name: ReferenceResult['name'], events: number, dir: string): Promise<ReferenceResult> {
  // The JavaScript writer is some twenty times slower: a tenth of the events gives the same rate.
  const count = name === 'limit' ? events : Math.ceil(events / 10);
  const script = fileURLToPath(new URL('reference-lane.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [script, name, String(count), dir]);
  const { seconds, cpuSeconds, rssBytesMax, bytesOut } = JSON.parse(stdout);
  return {
    name,
    eventsPerSecond: Math.round(count / seconds),
    eventsPerCpuSecond: Math.round(count / cpuSeconds),
    rssBytesMax,
    bytesOut: Math.round(bytesOut * (events / count)),
  };
}
