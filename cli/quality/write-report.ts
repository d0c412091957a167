// A report into a file that somebody named.

import { writeFile } from 'node:fs/promises';
import { LakeError } from '../../runtime/errors.ts';

/** ARGUMENT_INVALID where it cannot be written. */
export async function writeReport(file: string, text: string): Promise<void> {
  await writeFile(file, `${text.trimEnd()}\n`).catch((cause: unknown) => {
    throw new LakeError('ARGUMENT_INVALID', `cannot write ${file}`, {
      cause,
      context: { expected: 'a file in a folder that is there', found: cause instanceof Error ? cause.message : String(cause) },
    });
  });
}
