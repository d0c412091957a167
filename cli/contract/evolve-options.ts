// Options of `foz contract plan` and `foz contract apply`.

import type { CommandOption } from '../command.ts';

export const evolveOptions: readonly CommandOption[] = [
  { flags: '--table <table>', doc: 'raw.users or users; default: the table that the contract names' },
  {
    flags: '--decide <decision...>',
    doc: 'COLUMN=replace or COLUMN=keep, where a type changes beyond a promotion; *=… for every other column',
  },
];
