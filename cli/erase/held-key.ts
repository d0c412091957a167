// A key that is to be forgotten, and every spelling in which a row may hold it: its columns' values as text, the same
// under every configured mask key, and the whole record key masked. Read from the command line, a record's key or header.

import { wholeKeyMember, maskText } from '../../sync/contract/mask-value.ts';
import { keyMembers, type KeyMembers } from '../../lake/raw/erased.ts';
import { LakeError } from '../../runtime/errors.ts';

export interface HeldKey {
  readonly members: KeyMembers;
  /** Texts that stand for the value, by column. */
  readonly accepted: ReadonlyMap<string, readonly string[]>;
  /** Record keys that could only be masked whole, as their text. */
  readonly whole: readonly string[];
}

/** `sample`: any record key of the table, for its columns, their order and how it spells dates; null when no record tells. */
export function parseHeldKey(text: string, sample: KeyMembers | null, maskKeys: readonly Uint8Array[]): HeldKey {
  const columns = sample && [...sample.keys()];
  const read = keyMembers(Buffer.from(text));
  const given = text.trimStart().startsWith('{') && read !== null && !read.has('') ? read : null;
  const [first] = columns ?? [];
  const members = given ?? (columns?.length === 1 && first !== undefined ? new Map([[first, text]]) : null);
  const isWhole = members !== null && (columns === null || (members.size === columns.length && columns.every((name) => members.has(name))));
  if (members && isWhole) return heldKey(asInRecords(members, sample), maskKeys);
  const names = columns ?? ['id'];
  throw new LakeError(
    'CONFIG_INVALID',
    `foz erase: ${given ? 'these are not the columns of the key' : 'the key needs its columns by name'}`,
    {
      context: {
        expected: `{${names.map((name) => `${JSON.stringify(name)}:…`).join(',')}}`,
        found: given ? [...given.keys()].join(', ') : 'one value without a column',
      },
    },
  );
}

export function heldKey(members: KeyMembers, maskKeys: readonly Uint8Array[]): HeldKey {
  const masked = (text: string) => maskKeys.map((key) => maskText({ kind: 'hmac', keyId: '', key }, text) ?? text);
  const wholes = keyTexts(members).flatMap(masked);
  return {
    members,
    accepted: new Map([...members].map(([name, text]) => [name, [text, ...masked(text)]] as const)),
    whole: wholes.map((hash) => JSON.stringify({ [wholeKeyMember]: hash })),
  };
}

/** As given on the command line, by names of today or of then, under the names of today and every other that records may have. */
export function heldKeys(
  text: string,
  sample: KeyMembers | null,
  maskKeys: readonly Uint8Array[],
  former: ReadonlyMap<string, string>,
): readonly HeldKey[] {
  const given = keyMembers(Buffer.from(text));
  const isObject = former.size > 0 && text.trimStart().startsWith('{') && given !== null && !given.has('');
  const today = isObject ? JSON.stringify(Object.fromEntries(underNames(given, former))) : text;
  return spellings(parseHeldKey(today, sample && underNames(sample, former), maskKeys), maskKeys, former);
}

/** The key first; then as records name its columns that were written before a column of it was renamed. */
export function spellings(key: HeldKey, maskKeys: readonly Uint8Array[], former: ReadonlyMap<string, string>): readonly HeldKey[] {
  let all: KeyMembers[] = [new Map()];
  for (const [name, text] of underNames(key.members, former)) {
    const names = [name, ...[...former].flatMap(([before, today]) => (today === name ? [before] : []))];
    all = names.flatMap((one) => all.map((head) => new Map([...head, [one, text]])));
    if (all.length > spellingsMax)
      throw new LakeError('LIMIT_EXCEEDED', `the columns of the key had more than ${spellingsMax} combinations of names over time`);
  }
  return [key, ...all.filter((members) => !sameKey(members, key.members)).map((members) => heldKey(members, maskKeys))];
}

const spellingsMax = 64;

function underNames(members: KeyMembers, former: ReadonlyMap<string, string>): KeyMembers {
  return new Map([...members].map(([name, text]) => [former.get(name) ?? name, text] as const));
}

/** Every way a record key of these members may be written, as the connector writes it: without spaces, each value a text or a literal. */
export function keyTexts(members: KeyMembers): readonly string[] {
  if (members.has('')) return [members.get('') ?? ''];
  let texts = [''];
  for (const [name, text] of members) {
    const forms = [JSON.stringify(text), ...(isLiteral(text) ? [text] : [])];
    texts = texts.flatMap((head) => forms.map((form) => `${head}${head === '' ? '' : ','}${JSON.stringify(name)}:${form}`));
  }
  return texts.map((body) => `{${body}}`);
}

export function sameKey(left: KeyMembers, right: KeyMembers): boolean {
  return left.size === right.size && [...left].every(([name, text]) => right.get(name) === text);
}

/** Whether these members are the key, in whatever spelling. */
export function isHeld(key: HeldKey, members: KeyMembers | null): boolean {
  if (members === null || members.size !== key.members.size) return false;
  return [...members].every(([name, text]) => key.accepted.get(name)?.includes(text) === true);
}

function isLiteral(text: string): boolean {
  return /^(true|false|-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?)$/.test(text);
}

/** In the order of the records' keys; a date as the connector writes it, in days since 1970-01-01. */
function asInRecords(members: KeyMembers, sample: KeyMembers | null): KeyMembers {
  if (sample === null) return members;
  return new Map(
    [...sample].map(([name, example]) => {
      const text = members.get(name) ?? '';
      const isDate = /^\d{4}-\d\d-\d\d$/.test(text) && /^-?\d+$/.test(example);
      return [name, isDate ? String(Date.parse(`${text}T00:00:00Z`) / 86_400_000) : text] as const;
    }),
  );
}
