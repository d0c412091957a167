// `foz init`: a foz.yaml with every setting explained, an .env.example for its secrets, and checks of users and rides in
// quality/. Never overwrites.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { LakeError } from '../../runtime/errors.ts';
import type { Command } from '../command.ts';
import { packageFile } from '../package-file.ts';
import { writeDefaultChecks } from '../quality/default-checks.ts';

export const init: Command = {
  description:
    'Write foz.yaml (commented, with the schema line that gives editors completion), .env.example and quality/ with checks of users and rides. Never overwrites a file.',
  arguments: [{ name: '[directory]', doc: 'where to write (default: here)' }],
  examples: [
    ['foz init', 'foz.yaml, .env.example and quality/ in this directory'],
    ['foz init lake && foz check -c lake/foz.yaml', 'somewhere else, then say what is wrong'],
  ],
  run: async ({ args, print }) => {
    const directory = resolve(typeof args[0] === 'string' ? args[0] : '.');
    const files = ['foz.yaml', '.env.example'].map((name) => join(directory, name));
    const taken = files.filter((file) => existsSync(file));
    if (taken.length > 0) {
      throw new LakeError(
        'CONFIG_INVALID',
        `${taken.map((file) => relative('.', file) || file).join(' and ')} already there; nothing was written.`,
        {
          context: { expected: 'a directory without these files', found: taken.join(', '), next: 'foz check' },
        },
      );
    }
    mkdirSync(directory, { recursive: true });
    const schema = relative(directory, packageFile('cli/foz.schema.json')).replaceAll('\\', '/');
    const templates = [
      readFileSync(packageFile('cli/templates/foz.yaml'), 'utf8'),
      readFileSync(packageFile('cli/templates/env.example'), 'utf8'),
    ];
    files.forEach((file, index) => {
      const text = (templates[index] ?? '').replace('{{schema}}', schema.startsWith('.') ? schema : `./${schema}`);
      writeFileSync(file, text, { flag: 'wx', mode: 0o600 });
    });
    const written = [...files, ...writeDefaultChecks(directory)];
    print({ written }, () =>
      [
        ...written.map((file) => `wrote ${relative('.', file) || file}`),
        '',
        'next: fill in the blanks, copy .env.example to .env, then foz check',
      ].join('\n'),
    );
    return 0;
  },
};
