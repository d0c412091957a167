// A process that starts a stack and then waits to be killed: node stack-parent.ts DIR COMPONENTS [detached]
// It prints a line for each thing that happens, as JSON.

import { isComponentName, type ComponentName } from '../../stack/components/component.ts';
import { startStack } from '../../stack/stack.ts';

const [, , dir = '', list = '', mode = ''] = process.argv;
const components = list.split(',').filter((name): name is Exclude<ComponentName, 'trino'> => isComponentName(name) && name !== 'trino');
const say = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);
const stack = await startStack({ dir, components, detached: mode === 'detached', onProgress: say });
say({ guardian: stack.guardianPid, pids: (await stack.status()).map((member) => member.pid) });
setInterval(() => undefined, 1000);
