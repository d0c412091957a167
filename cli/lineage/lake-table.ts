// The table of the lake that a person means, and columns as they write them.

import { LakeError } from '../../runtime/errors.ts';
import type { TableTarget } from '../../sync/table.ts';
import type { Config } from '../config.ts';
import { targetNamed } from '../settings.ts';

export interface LakeTable {
  readonly target: TableTarget;
  /** What is asked for: `users` is its raw and its current table, `raw.users` the one. */
  readonly asked: string;
  /** The one dataset of it that is read by who does not say which. */
  readonly read: string;
}

/** CONFIG_INVALID where foz.yaml has no such table. */
export function lakeTable(config: Config, name: string): LakeTable {
  const isCurrent = name.startsWith('current.');
  const target = targetNamed(config, isCurrent ? name.slice('current.'.length) : name);
  return { target, asked: name, read: name.includes('.') ? name : `current.${name}` };
}

/** `email,city`; null where nothing is given. */
export function columnList(given: unknown): readonly string[] | null {
  if (typeof given !== 'string') return null;
  const names = given.split(',').map((name) => name.trim());
  if (names.every((name) => name !== '')) return [...new Set(names)];
  throw new LakeError('ARGUMENT_INVALID', '--columns has an empty name', {
    context: { expected: 'email,city', found: given.slice(0, 200) },
  });
}
