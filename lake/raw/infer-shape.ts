// From one JSON value to the shape that holds it, or to the reason why none does. A draft until a contract says more:
// integers within 64 bits are long, other numbers double, nested objects and arrays their exact text. Three places are
// opened one level further, since they are the same in every record: the envelope of a Debezium event, its source,
// transaction and message, and the cells of a Cassandra row ({value, deletion_ts, set}).

import type { JsonEntry, JsonValue } from '../../runtime/json-value.ts';
import type { Shape, ShapeField, ShapeType } from './shape.ts';

export interface InferLimits {
  /** Keys of one typed object. */
  readonly keysMax: number;
}

const inferDefaults: InferLimits = { keysMax: 2000 };

export type Inferred = { readonly kind: 'shape'; readonly root: ShapeType } | { readonly kind: 'none'; readonly reason: string };

export function inferShape(value: JsonValue, limits: InferLimits = inferDefaults): Inferred {
  if (value.kind !== 'object') return none(`top-level ${value.kind}`);
  const place: Place = { path: '', limits };
  try {
    return { kind: 'shape', root: isEnvelope(value.entries) ? envelopeOf(value.entries, place) : rowOf(value.entries, place) };
  } catch (error) {
    if (error instanceof Unshapeable) return none(error.message);
    throw error;
  }
}

/** The keys a Debezium envelope may have; with any other key the record is held whole, in `value`. */
const envelopeKeys: ReadonlySet<string> = new Set(['before', 'after', 'source', 'transaction', 'message', 'op', 'ts_ms', 'ts_us', 'ts_ns']);

/** A shape is an envelope's when its keys say so: what the record was judged by is then read from the shape alone. */
export function isEnvelopeShape(root: ShapeType): root is Extract<ShapeType, { kind: 'struct' }> {
  if (root.kind !== 'struct') return false;
  const kinds = new Map(root.fields.map((field) => [field.name, field.type.kind]));
  return kinds.get('op') === 'string' && kinds.get('source') === 'struct' && [...kinds.keys()].every((key) => envelopeKeys.has(key));
}

export function isEnvelopeTimeKey(key: string): boolean {
  return key === 'ts_ms' || key === 'ts_us' || key === 'ts_ns';
}

/** Next shape number of a table. */
export function nextShapeNumber(shapes: readonly Shape[]): number {
  return shapes.reduce((max, shape) => Math.max(max, shape.number), 0) + 1;
}

interface Place {
  readonly path: string;
  readonly limits: InferLimits;
}

class Unshapeable extends Error {}

function none(reason: string): Inferred {
  return { kind: 'none', reason };
}

function under(place: Place, key: string): Place {
  return { ...place, path: place.path === '' ? key : `${place.path}.${key}` };
}

function isEnvelope(entries: readonly JsonEntry[]): boolean {
  const kinds = new Map(entries.map((entry) => [entry.key, entry.value]));
  const source = kinds.get('source');
  if (kinds.get('op')?.kind !== 'string' || source?.kind !== 'object' || source.entries.length === 0) return false;
  return entries.every((entry) => envelopeKeys.has(entry.key) && fitsEnvelope(entry));
}

function fitsEnvelope({ key, value }: JsonEntry): boolean {
  if (key === 'op') return value.kind === 'string';
  if (isEnvelopeTimeKey(key)) return value.kind === 'null' || value.kind === 'number';
  return value.kind === 'null' || value.kind === 'object';
}

function envelopeOf(entries: readonly JsonEntry[], place: Place): ShapeType {
  return structOf(entries, place, (entry, at) =>
    entry.value.kind === 'object' ? rowOf(entry.value.entries, at) : leafOf(entry.value, at),
  );
}

function rowOf(entries: readonly JsonEntry[], place: Place): ShapeType {
  const row = structOf(entries, place, (entry, at) => {
    const { value } = entry;
    return value.kind === 'object' && isCell(value.entries)
      ? structOf(value.entries, at, (part, inner) => leafOf(part.value, inner))
      : leafOf(value, at);
  });
  return row;
}

function isCell(entries: readonly JsonEntry[]): boolean {
  return entries.length === 3 && entries[0]?.key === 'value' && entries[1]?.key === 'deletion_ts' && entries[2]?.key === 'set';
}

function structOf(entries: readonly JsonEntry[], place: Place, typeOf: (entry: JsonEntry, place: Place) => ShapeType): ShapeType {
  const where = place.path === '' ? 'the record' : place.path;
  if (entries.length === 0) throw new Unshapeable(`empty object: ${where}`);
  if (entries.length > place.limits.keysMax) throw new Unshapeable(`more than ${place.limits.keysMax} keys: ${where}`);
  const folded = new Set<string>();
  const fields = entries.map((entry): ShapeField => {
    const { key } = entry;
    // `__proto__` would vanish in readers that build plain JavaScript objects.
    if (key === '' || key === '__proto__' || key.includes('\0') || !key.isWellFormed())
      throw new Unshapeable(`a key that no column can bear: ${where}`);
    if (folded.has(key.toLowerCase())) throw new Unshapeable(`two keys equal but for case: ${under(place, key).path}`);
    folded.add(key.toLowerCase());
    return { name: key, type: typeOf(entry, under(place, key)) };
  });
  return { kind: 'struct', fields };
}

function leafOf(value: JsonValue, place: Place): ShapeType {
  switch (value.kind) {
    case 'null':
      return { kind: 'null' };
    case 'boolean':
      return { kind: 'boolean' };
    case 'number':
      return numberOf(value.text, place);
    case 'string':
      if (!value.value.isWellFormed()) throw new Unshapeable(`lone surrogate: ${place.path}`);
      return { kind: 'string' };
    default:
      return { kind: 'json' };
  }
}

function numberOf(text: string, place: Place): ShapeType {
  if (Object.is(Number(text), -0)) throw new Unshapeable(`negative zero: ${place.path}`);
  if (/^-?\d+$/.test(text)) return BigInt.asIntN(64, BigInt(text)) === BigInt(text) ? { kind: 'long' } : { kind: 'json' };
  if (!Number.isFinite(Number(text))) throw new Unshapeable(`number beyond a double: ${place.path}`);
  return { kind: 'double' };
}
