// The `foz contract` family: one file a sub-command, one line each here.

import type { CommandGroup } from '../../command.ts';
import { lint } from './lint.ts';

export const contract: CommandGroup = {
  description: 'Data contracts: written once, enforced everywhere, changed with proof.',
  commands: {
    lint,
  },
};
