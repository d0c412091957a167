// The `foz quality` family: one file a sub-command, one line each here.

import type { CommandGroup } from '../../command.ts';
import { list } from './list.ts';

export const quality: CommandGroup = {
  description: 'Quality checks: declared beside the data, run on schedule and after commits, never passed by skipping.',
  commands: { list },
};
