// The type that a column of any JSON is expected to have, from what the contract says of it: then DuckDB reads the text as
// that type once, proves that nothing was lost by writing it again, and rules are asked of the typed value. Texts that the
// type does not hold exactly (another kind inside, a key more or less) are left to the validator.

import { isJsonObject, isJsonSchema, type JsonObject, type JsonSchema } from '../json-schema.ts';
import { resolveReference } from './rule.ts';
import { sqlString } from './sql-text.ts';
import type { Wire } from './wire.ts';

/** Null where the contract does not say one type, or where most texts would not hold it. */
export function expectedWire(schema: JsonSchema, body: JsonSchema): Wire | null {
  const wire = wireOf(schema, body, 0);
  // The text itself: nothing would be known that is not known now.
  return wire.kind === 'json' || wire.kind === 'null' ? null : wire;
}

const depthMax = 8;

function wireOf(schema: JsonSchema | undefined, body: JsonSchema, depth: number): Wire {
  if (!isJsonObject(schema) || depth > depthMax) return { kind: 'json' };
  const { $ref, items, prefixItems } = schema;
  if (typeof $ref === 'string' && schema['type'] === undefined) return wireOf(resolveReference(body, $ref), body, depth + 1);
  switch (oneType(schema)) {
    case 'boolean':
      return { kind: 'boolean' };
    case 'integer':
      return { kind: 'long' };
    case 'number':
      return { kind: 'double' };
    case 'string':
      return { kind: 'string' };
    case 'array':
      return { kind: 'list', element: wireOf(isJsonSchema(items) && prefixItems === undefined ? items : undefined, body, depth + 1) };
    case 'object':
      return objectWire(schema, body, depth);
    default:
      return { kind: 'json' };
  }
}

function oneType({ type }: JsonObject): string | null {
  const types = (Array.isArray(type) ? type : [type]).filter((name) => name !== 'null');
  return types.length === 1 && typeof types[0] === 'string' ? types[0] : null;
}

/** Only where every key is always there: a missing one is not a null. */
function objectWire({ properties, required }: JsonObject, body: JsonSchema, depth: number): Wire {
  const named = isJsonObject(properties) ? Object.entries(properties) : [];
  const isWhole = Array.isArray(required) && named.every(([name]) => required.includes(name));
  const caseless = new Set(named.map(([name]) => name.toLowerCase()));
  if (named.length === 0 || !isWhole || caseless.size < named.length) return { kind: 'json' };
  const fields = named.map(([name, part]) => ({ name, wire: wireOf(isJsonSchema(part) ? part : undefined, body, depth + 1) }));
  return { kind: 'struct', fields };
}

/** PostgreSQL writes the keys of a jsonb by length, then by bytes; other texts have them as the contract lists them. */
export function inStoredOrder(wire: Wire): Wire {
  if (wire.kind === 'list') return { kind: 'list', element: inStoredOrder(wire.element) };
  if (wire.kind !== 'struct') return wire;
  const fields = wire.fields.map((field) => ({ ...field, wire: inStoredOrder(field.wire) }));
  return {
    kind: 'struct',
    fields: fields.sort((a, b) => byLengthThenBytes(Buffer.from(a.name), Buffer.from(b.name))),
  };
}

function byLengthThenBytes(a: Buffer, b: Buffer): number {
  return a.length - b.length || Buffer.compare(a, b);
}

export interface TypedJson {
  /** SQL of the typed value. */
  readonly sql: string;
  /** SQL of a term about `foz_json.v`, the typed value: read once, however often the term asks for it. */
  readonly bound: (term: string) => string;
  /** SQL over `foz_json`, never NULL: whether the typed value is all that the text says. */
  readonly isWhole: string;
}

/** `raw`: JSON or text of JSON; what is neither is left to the validator. */
export function typedJson(raw: string, wire: Wire): TypedJson {
  const text = `(${raw})::VARCHAR`;
  const sql = `TRY(from_json(${text}, ${sqlString(structure(wire))}))`;
  const again = 'to_json(foz_json.v)::VARCHAR';
  return {
    sql,
    // Text and value go in together: what a lambda takes from outside is copied with all that belongs to it, the row.
    bound: (term) => `coalesce(list_transform([{'t': ${text}, 'v': ${sql}}], lambda foz_json: ${term})[1], false)`,
    // Spelled as DuckDB spells it, mostly; if not, once more without spaces and escapes.
    isWhole: `CASE WHEN ${again} = foz_json.t THEN true WHEN foz_json.t IS NULL THEN true ELSE coalesce(${again} = TRY(json(foz_json.t))::VARCHAR, false) END`,
  };
}

const names: Readonly<Partial<Record<Wire['kind'], string>>> = {
  boolean: 'BOOLEAN',
  long: 'BIGINT',
  double: 'DOUBLE',
  string: 'VARCHAR',
  json: 'JSON',
};

function structure(wire: Wire): string {
  if (wire.kind === 'struct') return `{${wire.fields.map((field) => `${JSON.stringify(field.name)}:${structure(field.wire)}`).join(',')}}`;
  return wire.kind === 'list' ? `[${structure(wire.element)}]` : `"${names[wire.kind] ?? 'JSON'}"`;
}
