// A canonical value of Cassandra as the JSON that the agent would write into a cell's `value`: the way back from
// canonicalCassandraEvent, for events that Foz sends itself to repair a table. The canonical text of a decimal keeps its
// value, not its zeros: where the lake's column has a scale, the value is written with it.

import { isUnexpected } from './canonical.ts';
import { parseExactJson } from './exact-json.ts';
import type { SourceType, SourceValue } from './source.ts';
import { epochUs, parseDateTime, parseTime } from './temporal.ts';

/** Digits after the point of a decimal; of composites by part: field, or anything for the elements of a list or map. */
export type DecimalScales = number | null | { readonly of: (part: string) => DecimalScales };

/** JSON text. A canonical text that names something unexpected becomes null: it is no value of the type. A text may say anything. */
export function cassandraEventJson(type: SourceType, canonical: SourceValue, scales: DecimalScales = null): string {
  if (canonical === null || (!isText(type) && isUnexpected(canonical))) return 'null';
  switch (type.name) {
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'bigint':
    case 'counter':
    case 'duration':
    case 'boolean':
      return canonical;
    case 'float':
    case 'double':
      return doubleJson(canonical);
    case 'decimal':
      return JSON.stringify(typeof scales === 'number' ? withScale(canonical, scales) : canonical);
    case 'timestamp':
      return String(instantUs(canonical) / 1000n);
    case 'date':
      return String(parseDateTime(canonical)?.days ?? 'null');
    case 'time':
      return nanoTime(canonical);
    case 'inet':
      return JSON.stringify(`/${canonical}`);
    case 'list':
    case 'vector':
    case 'set':
    case 'tuple':
    case 'map':
    case 'udt':
      return compositeJson(type, parseExactJson(canonical), scales);
    default:
      // uuid, varint and text as they are, blob in base64.
      return JSON.stringify(canonical);
  }
}

function compositeJson(type: SourceType, value: unknown, scales: DecimalScales): string {
  const within = (name: string) => (typeof scales === 'object' && scales !== null ? scales.of(name) : null);
  const [first, second] = type.arguments;
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => (typeof item === 'string' ? item : null));
    if (type.name === 'tuple') {
      const fields = type.arguments.map(
        (argument, i) => `"field${i + 1}":${cassandraEventJson(argument, items[i] ?? null, within(`field${i + 1}`))}`,
      );
      return `{${fields.join(',')}}`;
    }
    return `[${items.map((item) => (first ? cassandraEventJson(first, item, within('element')) : 'null')).join(',')}]`;
  }
  const entries = new Map(typeof value === 'object' && value !== null ? Object.entries(value) : []);
  const text = (name: string): string | null => {
    const item: unknown = entries.get(name);
    return typeof item === 'string' ? item : null;
  };
  if (type.name === 'udt')
    return `{${type.fields.map((field) => `${JSON.stringify(field.name)}:${cassandraEventJson(field.type, text(field.name), within(field.name))}`).join(',')}}`;
  if (!first || !second) return 'null';
  const pairs = [...entries.keys()].map((key) => [key, cassandraEventJson(second, text(key), within('value'))] as const);
  // The converter writes a map whose keys are not text as a list of pairs.
  if (!isText(first)) return `[${pairs.map(([key, item]) => `[${cassandraEventJson(first, key)},${item}]`).join(',')}]`;
  return `{${pairs.map(([key, item]) => `${JSON.stringify(key)}:${item}`).join(',')}}`;
}

function isText(type: SourceType): boolean {
  return ['text', 'ascii', 'varchar'].includes(type.name);
}

/** With a point, as Java writes doubles; what JSON has no number for as text. */
function doubleJson(canonical: string): string {
  if (!Number.isFinite(Number(canonical))) return JSON.stringify(canonical);
  return /^-?\d+$/.test(canonical) ? `${canonical}.0` : canonical;
}

/** A value with more digits than that is left as it is: the lake rescues it, as it would the source's own event. */
function withScale(canonical: string, scale: number): string {
  const [whole = '', fraction = ''] = canonical.split('.');
  if (!/^-?\d+$/.test(whole) || fraction.length > scale) return canonical;
  return scale === 0 ? whole : `${whole}.${fraction.padEnd(scale, '0')}`;
}

function instantUs(canonical: string): bigint {
  const parts = parseDateTime(canonical);
  return parts === null ? 0n : epochUs(parts);
}

function nanoTime(canonical: string): string {
  const us = parseTime(canonical)?.timeUs;
  // Canonical times have nine digits after the point, and are read with six.
  return us === undefined ? 'null' : String(us * 1000n + BigInt(canonical.slice(-3)));
}
