// A part of a body as a document of its own: its references are into the body, which comes along when there are any.

import { isJsonObject, type JsonObject, type JsonSchema, type JsonValue } from '../json-schema.ts';

const bodyId = 'foz:body';

export function selfContained(part: JsonSchema, body: JsonSchema): JsonSchema {
  if (typeof part === 'boolean' || part === body) return part;
  const found = { references: false };
  const rewritten = withReferences(part, found);
  if (!found.references || !isJsonObject(rewritten)) return part;
  const whole: JsonObject = isJsonObject(body) ? { ...body, $id: bodyId } : { $id: bodyId, allOf: [body] };
  return { ...rewritten, $defs: { ...asObject(rewritten['$defs']), [bodyId]: whole } };
}

/** Keywords whose values are data, not schemas. */
const data: ReadonlySet<string> = new Set(['const', 'enum', 'default', 'examples']);

function withReferences(value: JsonValue, found: { references: boolean }): JsonValue {
  if (Array.isArray(value)) return value.map((part: JsonValue) => withReferences(part, found));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, part]): [string, JsonValue][] => {
      if (key === '$ref' && typeof part === 'string') {
        found.references = true;
        return [[key, `${bodyId}${part}`]];
      }
      // A name defined twice in one document would be refused.
      if (key === '$anchor' || key === '$id') return [];
      return [[key, data.has(key) ? part : withReferences(part, found)]];
    }),
  );
}

function asObject(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}
