// What an error means for the rest of a table's upkeep. One damaged file, or one step that trips over a bug, does not keep the
// table's other files, its other steps and the other tables from their turn for ever; it is told each time instead.

import { LakeError, type ErrorCode } from '../runtime/errors.ts';

const refusals: ReadonlySet<ErrorCode> = new Set(['TABLE_UNSUPPORTED', 'LIMIT_EXCEEDED']);
const damages: ReadonlySet<ErrorCode> = new Set(['OBJECT_CORRUPT', 'OBJECT_MISSING', 'STORE_REFUSED', 'INTERNAL']);

/**
 * `left`: a part of the format that Foz does not write, or too much of something. `failed`: damage, an object that the
 * store does not hand out (archived, say), or a bug: for a person to look at. Null: nothing else would go better, as where catalog or store are away.
 */
export function upkeepFailure(error: unknown): 'left' | 'failed' | null {
  if (!(error instanceof LakeError)) return null;
  if (refusals.has(error.code)) return 'left';
  return damages.has(error.code) ? 'failed' : null;
}
