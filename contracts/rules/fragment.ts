// A part of a body as a document of its own: its references are into the body, which comes along when there are any.

import { isJsonObject, type JsonObject, type JsonSchema, type JsonValue } from '../json-schema.ts';

/** Where the body stands in such a document. */
const bodyName = 'foz-body';

export function selfContained(part: JsonSchema, body: JsonSchema): JsonSchema {
  if (typeof part === 'boolean' || part === body) return part;
  const found = { references: false };
  const rewritten = withReferences(part, found, false);
  if (!found.references || !isJsonObject(rewritten)) return part;
  return { ...rewritten, $defs: { ...asObject(rewritten['$defs']), [bodyName]: withReferences(body, found, true) } };
}

/** Keywords whose values are data, not schemas. */
const data: ReadonlySet<string> = new Set(['const', 'enum', 'default', 'examples']);

function withReferences(value: JsonValue, found: { references: boolean }, keepsAnchors: boolean): JsonValue {
  if (Array.isArray(value)) return value.map((part: JsonValue) => withReferences(part, found, keepsAnchors));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, part]): [string, JsonValue][] => {
      if (key === '$ref' && typeof part === 'string') {
        found.references = true;
        const isPointer = part === '#' || part.startsWith('#/');
        return [[key, isPointer ? `#/$defs/${bodyName}${part.slice(1)}` : part]];
      }
      // A name defined twice in one document would be refused, and a base of its own would move the references.
      if (key === '$id' || (key === '$anchor' && !keepsAnchors)) return [];
      return [[key, data.has(key) ? part : withReferences(part, found, keepsAnchors)]];
    }),
  );
}

function asObject(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}
