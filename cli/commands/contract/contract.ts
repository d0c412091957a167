// The `foz contract` family: one file a sub-command, one line each here.

import type { CommandGroup } from '../../command.ts';
import { apply } from './apply.ts';
import { deprecate } from './deprecate.ts';
import { diff } from './diff.ts';
import { draft } from './draft.ts';
import { exportCommand } from './export.ts';
import { history } from './history.ts';
import { lint } from './lint.ts';
import { list } from './list.ts';
import { plan } from './plan.ts';
import { register } from './register.ts';
import { sample } from './sample.ts';
import { show } from './show.ts';

export const contract: CommandGroup = {
  description: 'Data contracts: written once, enforced everywhere, changed with proof.',
  commands: {
    lint,
    diff,
    draft,
    export: exportCommand,
    sample,
    register,
    list,
    show,
    history,
    deprecate,
    plan,
    apply,
  },
};
