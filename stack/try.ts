// node stack/try.ts --dir DIR --components kafka,s3 [--partitions N] | --dir DIR --status | --dir DIR --stop
// A running stack for experiments: starts detached, prints the endpoints.

import { parseArgs } from 'node:util';
import { isComponentName, type ComponentName } from './components/component.ts';
import { readStack, startStack, stopStack } from './stack.ts';

const { values } = parseArgs({
  options: {
    dir: { type: 'string' },
    components: { type: 'string', default: 'kafka,connect,postgres,cassandra,cassandra-cdc,s3' },
    partitions: { type: 'string', default: '1' },
    stop: { type: 'boolean', default: false },
    status: { type: 'boolean', default: false },
  },
});
const { dir } = values;
if (dir === undefined) throw new Error('--dir is missing');
if (values.stop) {
  console.error((await stopStack(dir)) ? 'stopped' : 'nothing was running');
} else if (values.status) {
  await using stack = await readStack(dir);
  console.log(stack === null ? 'not running' : JSON.stringify({ status: await stack.status(), rss: await stack.rssBytes() }, null, 2));
} else {
  const names = values.components
    .split(',')
    .filter((name): name is Exclude<ComponentName, 'trino'> => isComponentName(name) && name !== 'trino');
  const settings = { kafkaPartitions: Number(values.partitions) };
  const onProgress = (event: { component: string; state: string; elapsedMs: number; detail?: string }) =>
    console.error(
      `${(event.elapsedMs / 1000).toFixed(1).padStart(6)} s  ${event.component.padEnd(14)} ${event.state} ${event.detail ?? ''}`,
    );
  await using stack = await startStack({ dir, components: names, detached: true, settings, onProgress });
  console.log(JSON.stringify(stack.endpoints(), null, 2));
}
