// The `foz quality` family: one file a sub-command, one line each here.

import type { CommandGroup } from '../../command.ts';
import { alerts } from './alerts.ts';
import { board } from './board.ts';
import { history } from './history.ts';
import { list } from './list.ts';
import { run } from './run.ts';
import { serve } from './serve.ts';
import { show } from './show.ts';
import { silence } from './silence.ts';

export const quality: CommandGroup = {
  description: 'Quality checks: declared beside the data, run on schedule and after commits, never passed by skipping.',
  commands: { list, run, show, history, board, alerts, silence, serve },
};
