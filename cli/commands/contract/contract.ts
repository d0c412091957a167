// The `foz contract` family: one file a sub-command, one line each here.

import type { CommandGroup } from '../../command.ts';
import { draft } from './draft.ts';
import { exportCommand } from './export.ts';
import { lint } from './lint.ts';
import { sample } from './sample.ts';

export const contract: CommandGroup = {
  description: 'Data contracts: written once, enforced everywhere, changed with proof.',
  commands: {
    lint,
    draft,
    export: exportCommand,
    sample,
  },
};
