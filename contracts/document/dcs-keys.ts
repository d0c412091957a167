// Keys of the older specification: taken over, left out, or carried under `dcs.<name>`.

import { isJsonObject, type JsonObject, type JsonValue } from '../json-schema.ts';
import { listAt } from './property-schema.ts';

export function objectAt(value: JsonObject, key: string): JsonObject {
  const inner = value[key];
  return isJsonObject(inner) ? inner : {};
}

export function omit(value: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)));
}

/** Keys by their new names, where they are there. */
export function pick(value: JsonObject, names: Readonly<Record<string, string>>): JsonObject {
  return Object.fromEntries(
    Object.entries(names).flatMap(([key, name]): [string, JsonValue][] => (value[key] === undefined ? [] : [[name, value[key]]])),
  );
}

/** `pii` keeps its name; everything else is `dcs.<key>`. */
export function customised(element: JsonObject, left: JsonObject): JsonObject {
  const entries = Object.entries(left).flatMap(([key, value]): JsonValue[] => {
    if (key === 'pii' && value === true) return [{ property: 'pii', value: 'personal' }];
    return [{ property: `dcs.${key}`, value }];
  });
  if (entries.length === 0) return element;
  return { ...element, customProperties: [...listAt(element, 'customProperties'), ...entries] };
}
