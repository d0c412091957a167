// From where on a version judges rows, in its three forms: as the store and the wire have it, as the worker compares it,
// and as a person writes it: `now`, a time, or `topic:0=1234,1=987`.

import type { EpochMs } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { Effective } from '../contracts.ts';
import type { StoredEffective } from '../store/contract-store.ts';

/** Topic names as Kafka allows them. */
export const topicPattern = /^[A-Za-z0-9._-]{1,249}$/;
export const offsetPattern = /^(0|[1-9]\d{0,18})$/;
export const timePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/;
/** Partitions of one topic that can be named. */
export const partitionsMax = 10_000;

/** As it goes over the wire: times in ISO 8601, UTC. */
export type EffectiveBody =
  | { readonly kind: 'now' }
  | { readonly kind: 'time'; readonly time: string }
  | { readonly kind: 'offset'; readonly topic: string; readonly offsets: Readonly<Record<string, string>> };

export function effectiveOf(stored: StoredEffective): Effective {
  if (stored.kind !== 'offset') return stored;
  const offsets = new Map(Object.entries(stored.offsets).map(([partition, offset]) => [Number(partition), BigInt(offset)]));
  return { kind: 'offset', topic: stored.topic, offsets };
}

export function effectiveBody(stored: StoredEffective): EffectiveBody {
  return stored.kind === 'time' ? { kind: 'time', time: new Date(stored.time).toISOString() } : stored;
}

/** Throws SyntaxError where the time is none; the rest is checked by the route's schema. */
export function storedEffective(body: EffectiveBody): StoredEffective {
  return body.kind === 'time' ? { kind: 'time', time: readTime(body.time) } : body;
}

/** As written on a command line. Throws a RangeError that says what was expected. */
export function parseEffective(text: string): EffectiveBody {
  if (text === 'now') return { kind: 'now' };
  if (timePattern.test(text) && !Number.isNaN(Date.parse(text))) return { kind: 'time', time: new Date(text).toISOString() };
  const colon = text.lastIndexOf(':');
  const [topic, list] = [text.slice(0, Math.max(0, colon)), text.slice(colon + 1)];
  const pairs = list.split(',').map((pair) => pair.split('='));
  const isList = pairs.every(
    ([partition = '', offset = '', ...rest]) => rest.length === 0 && /^\d{1,6}$/.test(partition) && isOffset(offset),
  );
  if (!topicPattern.test(topic) || !isList)
    throw new RangeError(`expected now, a time as 2026-11-21T12:00:00Z, or offsets as topic:0=1234,1=987; not ${text}`);
  return {
    kind: 'offset',
    topic,
    offsets: Object.fromEntries(pairs.map(([partition = '', offset = '']) => [String(Number(partition)), offset])),
  };
}

export function effectiveText(body: EffectiveBody): string {
  if (body.kind === 'now') return 'at once';
  if (body.kind === 'time') return body.time;
  const offsets = Object.entries(body.offsets).map(([partition, offset]) => `${partition}=${offset}`);
  return `${body.topic}:${offsets.join(',')}`;
}

/** For programs of ours that were answered by the registry. */
export function effectiveFromBody(body: EffectiveBody): Effective {
  if (body.kind === 'time' && Number.isNaN(Date.parse(body.time)))
    throw new LakeError('CATALOG_REFUSED', `the catalog answered with ${body.time} for a time`);
  return effectiveOf(body.kind === 'time' ? { kind: 'time', time: Date.parse(body.time) } : body);
}

/** Offsets are 64-bit. */
export function isOffset(text: string): boolean {
  return offsetPattern.test(text) && BigInt(text) <= 9_223_372_036_854_775_807n;
}

/** Throws SyntaxError where it is none. */
export function readTime(text: string): EpochMs {
  const time = timePattern.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw new SyntaxError(`time must be as 2026-11-21T12:00:00Z, not ${text}`);
  return time;
}
