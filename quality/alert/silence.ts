// Silences: nobody is told about checks of a pattern for a time. What fires meanwhile is seen by `foz quality alerts`; what
// still fires when the silence ends is told then.

import { randomBytes } from 'node:crypto';
import type { QualityStore } from '../../catalog/store/quality-store.ts';
import type { EpochMs } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import { isRecord } from '../../runtime/options.ts';

export interface Silence {
  readonly id: string;
  /** `rides.*`: over ids of checks; `*` stands for any text. */
  readonly pattern: string;
  readonly until: EpochMs;
  readonly reason: string | null;
  readonly createdAt: EpochMs;
}

const kind = 'silence';
export const silencesMax = 1_000;
export const patternLengthMax = 200;

export async function addSilence(store: QualityStore, silence: Omit<Silence, 'id'>): Promise<Silence> {
  if ((await listSilences(store, silence.createdAt)).length >= silencesMax)
    throw new LakeError('LIMIT_EXCEEDED', `there are ${silencesMax} silences`, { context: { next: 'foz quality silence --end ID' } });
  const made = { ...silence, id: randomBytes(4).toString('hex') };
  await store.putState({ kind, name: made.id, expectedRevision: null, record: JSON.stringify(made) });
  return made;
}

/** False where there is none of that id. */
export async function endSilence(store: QualityStore, id: string): Promise<boolean> {
  const state = await store.getState(kind, id);
  if (state === null) return false;
  return (await store.putState({ kind, name: id, expectedRevision: state.revision, record: null })) !== null;
}

/** Those that hold; the others are removed. */
export async function listSilences(store: QualityStore, now: EpochMs): Promise<readonly Silence[]> {
  const states = await store.listStates(kind);
  const held: Silence[] = [];
  for (const { name, revision, record } of states) {
    const silence: unknown = JSON.parse(record);
    if (isSilence(silence) && silence.until > now) held.push(silence);
    else await store.putState({ kind, name, expectedRevision: revision, record: null });
  }
  return held;
}

export function isSilencedBy(silences: readonly Silence[], now: EpochMs): (checkId: string) => boolean {
  const matchers = silences.filter(({ until }) => until > now).map(({ pattern }) => matcherOf(pattern));
  return (checkId) => matchers.some((matches) => matches(checkId));
}

/** `*` stands for any text. Linear in both: each part is looked for once, after the one before. */
export function matcherOf(pattern: string): (text: string) => boolean {
  const parts = pattern.split('*');
  const [first = ''] = parts;
  const last = parts.at(-1) ?? '';
  if (parts.length === 1) return (text) => text === pattern;
  return (text) => {
    if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
    let at = first.length;
    const end = text.length - last.length;
    for (const part of parts.slice(1, -1)) {
      const found = text.indexOf(part, at);
      if (found < 0 || found + part.length > end) return false;
      at = found + part.length;
    }
    return true;
  };
}

function isSilence(value: unknown): value is Silence {
  return isRecord(value) && typeof value['id'] === 'string' && typeof value['pattern'] === 'string' && typeof value['until'] === 'number';
}
