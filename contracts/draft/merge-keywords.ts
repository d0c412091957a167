// Rules of several constraints on one column as one set of keywords: bounds and lengths take the tighter, lists what is in
// both, and what cannot be one keyword stands in `allOf`.

import type { JsonObject, JsonValue } from '../json-schema.ts';

const takeGreater: ReadonlySet<string> = new Set(['minimum', 'exclusiveMinimum', 'minLength']);
const takeLess: ReadonlySet<string> = new Set(['maximum', 'exclusiveMaximum', 'maxLength']);

export function mergeKeywords(left: JsonObject, right: JsonObject): JsonObject {
  const merged: Record<string, JsonValue> = { ...left };
  const apart: Record<string, JsonValue> = {};
  for (const [keyword, value] of Object.entries(right)) {
    const known = merged[keyword];
    if (known === undefined || JSON.stringify(known) === JSON.stringify(value)) merged[keyword] = value;
    else if (typeof known === 'number' && typeof value === 'number' && takeGreater.has(keyword)) merged[keyword] = Math.max(known, value);
    else if (typeof known === 'number' && typeof value === 'number' && takeLess.has(keyword)) merged[keyword] = Math.min(known, value);
    else if (keyword === 'enum' && Array.isArray(known) && Array.isArray(value)) merged[keyword] = common(known, value);
    else apart[keyword] = value;
  }
  if (Object.keys(apart).length === 0) return merged;
  const more = merged['allOf'];
  return { ...merged, allOf: [...(Array.isArray(more) ? more : []), apart] };
}

function common(left: readonly JsonValue[], right: readonly JsonValue[]): readonly JsonValue[] {
  const texts = new Set(right.map((value) => JSON.stringify(value)));
  return left.filter((value) => texts.has(JSON.stringify(value)));
}
