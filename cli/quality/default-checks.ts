// The checks that come with the project, written where a configuration begins: a file that is there is somebody's.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { packageFile } from '../package-file.ts';

const names = ['users.yaml', 'rides.yaml'];

/** Into `quality/` of a folder; returns the files written. */
export function writeDefaultChecks(directory: string): readonly string[] {
  const folder = join(directory, 'quality');
  const missing = names.filter((name) => !existsSync(join(folder, name)));
  if (missing.length > 0) mkdirSync(folder, { recursive: true });
  const schema = relative(folder, packageFile('cli/quality.schema.json')).replaceAll('\\', '/');
  return missing.map((name) => {
    const file = join(folder, name);
    const text = readFileSync(packageFile(`quality/${name}`), 'utf8').replace(
      /\$schema=\S+/,
      `$schema=${schema.startsWith('.') ? schema : `./${schema}`}`,
    );
    writeFileSync(file, text, { flag: 'wx' });
    return file;
  });
}
