// `foz up`: the local stack, detached: it lives on until `foz down`. Data stays in its folder between the two.

import { relative } from 'node:path';
import type { Command } from '../command.ts';
import { tableText } from '../output.ts';

export const up: Command = {
  description:
    'Start the local stack (Kafka, Kafka Connect with Debezium, PostgreSQL, Cassandra with its agent, an S3 server) as processes on 127.0.0.1, load the schemas of users and rides, register the connectors and write a foz.yaml for it. It lives on until foz down; data stays.',
  options: [{ flags: '--freshness <duration>', doc: 'sync.freshness of the foz.yaml that is written, e.g. 1s', parse: durationText }],
  examples: [
    ['foz up && foz run', 'the stack, then the worker on it'],
    ['foz up --freshness 1s', 'the worker will commit every second'],
  ],
  run: async (call) => {
    const { upLocalStack } = await import('../local-stack.ts');
    const freshness = call.options['freshness'];
    const local = await upLocalStack(
      {
        directory: call.stackDirectory,
        isDetached: true,
        progress: call.progress,
        ...(typeof freshness === 'string' ? { freshness } : {}),
      },
      call.signal,
    );
    const { stack, configFile } = local;
    const endpoints = stack.endpoints();
    const rows = [
      ['Kafka', endpoints.kafka?.bootstrap],
      ['Kafka Connect', endpoints.connect?.url],
      ['PostgreSQL', endpoints.postgres && `${endpoints.postgres.host}:${endpoints.postgres.port}/${endpoints.postgres.database}`],
      ['Cassandra', endpoints.cassandra && `${endpoints.cassandra.contactPoint}:${endpoints.cassandra.port}`],
      ['S3', endpoints.s3 && `${endpoints.s3.endpoint}/${endpoints.s3.bucket}`],
      ['configuration', relative('.', configFile)],
      ['logs', relative('.', `${stack.dir}/logs`)],
    ];
    call.print(
      { directory: stack.dir, config: configFile, components: await stack.status() },
      () => `${tableText(['what', 'where'], rows)}\n\nnext: foz run`,
    );
    await local[Symbol.asyncDispose]();
    return 0;
  },
};

function durationText(text: string): string {
  if (!/^[0-9]{1,9}(ms|s|m|h|d)$/.test(text)) throw new RangeError('expected a duration such as 500ms, 5s or 1m');
  return text;
}
