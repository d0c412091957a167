// node stack/try.ts --dir DIR --components kafka,s3 [--partitions N] | --dir DIR --status | --dir DIR --stop
// A running stack for experiments: starts detached, prints the endpoints.

import { parseArgs } from 'node:util';
import { isComponentName, type ComponentName } from './components/component.ts';
import { readStack, startStack, stopStack, type StackEvent } from './stack.ts';

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
const onProgress = ({ elapsedMs, component, state, detail }: StackEvent) =>
  console.error(`${(elapsedMs / 1000).toFixed(1).padStart(6)} s  ${component.padEnd(14)} ${detail ?? state}`);
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
  await using stack = await startStack({ dir, components: names, detached: true, settings, onProgress });
  console.log(JSON.stringify(stack.endpoints(), null, 2));
}
