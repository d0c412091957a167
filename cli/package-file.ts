// Files that the package carries beside the code, found from a checkout and from dist/ alike.

import { dirname, join } from 'node:path';
import { existsSync } from 'node:fs';
import { assert } from '../runtime/errors.ts';

/** Absolute path of a file given relative to the package's root, e.g. `cli/foz.schema.json`. */
export function packageFile(path: string): string {
  for (let directory = import.meta.dirname; directory !== dirname(directory); directory = dirname(directory)) {
    const candidate = join(directory, path);
    if (existsSync(candidate)) return candidate;
  }
  assert(false, `the package lacks ${path}`);
}
