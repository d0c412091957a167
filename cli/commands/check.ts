// `foz check`: every problem at once, each with its mend. The file first; what it points to follows (probes.ts).

import { existsSync } from 'node:fs';
import { problemText } from '../../runtime/config-file.ts';
import type { Command } from '../command.ts';
import { findConfig, loadConfig, readConfig } from '../config.ts';

export const check: Command = {
  description:
    'Check foz.yaml and everything it points to, and report every problem at once: exit 2 for the file, 3 for what is away or refuses.',
  examples: [
    ['foz check', 'the configuration in this directory'],
    ['foz check -c prod/foz.yaml --json', 'another one, as a JSON document'],
  ],
  run: async ({ configPath, stackDirectory, print }) => {
    const file = findConfig(configPath, stackDirectory);
    if (file === null || !existsSync(file)) loadConfig(configPath, stackDirectory);
    const outcome = readConfig(file ?? '');
    const problems = outcome.kind === 'invalid' ? outcome.problems : [];
    print({ file, problems }, () => (problems.length === 0 ? `${file}: no problem found` : problems.map(problemText).join('\n')));
    return problems.length === 0 ? 0 : 2;
  },
};
