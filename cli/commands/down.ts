// `foz down`: ends the local stack. Data stays unless it is asked for.

import { rm } from 'node:fs/promises';
import type { Command } from '../command.ts';

export const down: Command = {
  description: 'Stop the local stack, in order. Data stays for the next foz up, unless --delete-data.',
  options: [{ flags: '--delete-data', doc: 'also delete the stack’s folder: databases, topics, lake, catalog' }],
  examples: [
    ['foz down', 'stop; the next foz up goes on where it stopped'],
    ['foz down --delete-data', 'and begin from nothing next time'],
  ],
  run: async (call) => {
    const { removeStack, stopStack } = await import('../../stack/stack.ts');
    const step = call.progress.start('stopping');
    const wasRunning = await stopStack(call.stackDirectory);
    step.done();
    const isDeleted = call.options['deleteData'] === true;
    if (isDeleted) {
      await removeStack(call.stackDirectory);
      await rm(call.stackDirectory, { recursive: true, force: true });
    }
    call.print(
      { directory: call.stackDirectory, wasRunning, dataDeleted: isDeleted },
      () => `${wasRunning ? 'the stack is stopped' : 'no stack was running'}${isDeleted ? '; its data is deleted' : ''}`,
    );
    return 0;
  },
};
