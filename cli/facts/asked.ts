// One question to the registry of the lake, opened and closed around it. A refusal of what was named is a mistake in the
// command line; any other is the catalog's.

import type { LakeFacts } from '../../catalog/lake-facts.ts';
import type { Answer } from '../../catalog/service/answer.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { CommandCall } from '../command.ts';

/** `next`: the command that helps where what was named is not there. */
export async function asked<T>(call: CommandCall, next: string, ask: (facts: LakeFacts) => Promise<Answer<T>>): Promise<T> {
  const loaded = call.loadConfig();
  const { openLakeFacts } = await import('../wire-facts.ts');
  await using facts = await openLakeFacts(loaded, call.logger(loaded));
  const answer = await ask(facts);
  if (answer.kind === 'ok') return answer.value;
  const code = answer.reason === 'conflict' ? 'CATALOG_REFUSED' : 'ARGUMENT_INVALID';
  throw new LakeError(code, answer.message, { context: { next } });
}

export function textOption(call: CommandCall, name: string): string | null {
  const value = call.options[name];
  return typeof value === 'string' ? value : null;
}

/** Of an option that may be given several times. */
export function listOption(call: CommandCall, name: string): readonly string[] {
  const value = call.options[name];
  return Array.isArray(value) ? value.map(String) : typeof value === 'string' ? [value] : [];
}

export function countOption(max: number): (text: string) => number {
  return (text) => {
    const count = Number(text);
    if (/^\d{1,9}$/.test(text) && count >= 1 && count <= max) return count;
    throw new RangeError(`a number from 1 to ${max}`);
  };
}
