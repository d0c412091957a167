// Which of the declared checks a command line means.

import { LakeError } from '../../runtime/errors.ts';
import type { Check } from '../../quality/check.ts';

/** `names`: ids (`users.email-present`) or names; none: all. CONFIG_INVALID for one that names nothing. */
export function chooseChecks(checks: readonly Check[], names: readonly string[], table: string | undefined): readonly Check[] {
  const ofTable = table === undefined ? checks : checks.filter((check) => check.table === bare(table));
  if (table !== undefined && ofTable.length === 0)
    throw unknown(`no check is declared for ${table}`, table, [...new Set(checks.map((check) => check.table))]);
  if (names.length === 0) return ofTable;
  const missing = names.find((name) => !ofTable.some((check) => isNamed(check, name)));
  if (missing !== undefined)
    throw unknown(
      `there is no check ${missing}`,
      missing,
      ofTable.map(({ id }) => id),
    );
  return ofTable.filter((check) => names.some((name) => isNamed(check, name)));
}

function isNamed({ id, name }: Check, given: string): boolean {
  return id === given || name === given;
}

/** `raw.users` is meant as `users`. */
function bare(table: string): string {
  return table.split('.').at(-1) ?? table;
}

const shownMax = 20;

function unknown(message: string, found: string, known: readonly string[]): LakeError {
  const shown = known.slice(0, shownMax).join(', ');
  const expected = known.length === 0 ? 'a declared check' : `one of ${shown}${known.length > shownMax ? ' …' : ''}`;
  return new LakeError('CONFIG_INVALID', message, { context: { expected, found, next: 'foz quality list' } });
}
