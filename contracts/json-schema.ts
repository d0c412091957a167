// JSON Schema as data: what a contract's body is made of. Documents come from people and are read as they are; nothing
// here fetches, resolves or follows anything.
// Spec: JSON Schema 2020-12.

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** `true` accepts everything, `false` nothing. */
export type JsonSchema = boolean | JsonObject;

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isJsonSchema(value: JsonValue | undefined): value is JsonSchema {
  return typeof value === 'boolean' || isJsonObject(value);
}
