// What a contract's body may at most be. Checked first, without recursion, and given up at the first bound reached: a body
// nested a million deep or with ten thousand properties costs as much as the part that is looked at.

import { documentDepthMax, documentNodesMax, propertiesMax } from '../document/limits.ts';
import type { JsonSchema, JsonValue } from '../json-schema.ts';

export interface Refusal {
  /** JSON pointer into the body. */
  readonly pointer: string;
  readonly keyword: string;
  /** What is wrong, and what is allowed. */
  readonly reason: string;
}

/** Values of one `enum`. */
export const enumMax = 10_000;
/** Alternatives of one anyOf, oneOf or allOf. */
export const alternativesMax = 1_000;
/** Characters of all keys and texts. */
export const textMax = 2 * 1024 * 1024;

interface Visit {
  readonly value: JsonValue;
  readonly keyword: string;
  readonly parent: Visit | null;
  readonly depth: number;
}

/** Empty when the body is within every limit. */
export function checkLimits(body: JsonSchema): readonly Refusal[] {
  const open: Visit[] = [{ value: body, keyword: '', parent: null, depth: 0 }];
  let nodes = 0;
  let characters = 0;
  for (let visit = open.pop(); visit !== undefined; visit = open.pop()) {
    const { value } = visit;
    nodes += 1;
    if (visit.depth > documentDepthMax) return refusal(visit, `nested deeper than ${documentDepthMax}`);
    if (nodes > documentNodesMax) return refusal(visit, `more than ${documentNodesMax} values`);
    if (typeof value === 'string') characters += value.length;
    if (typeof value === 'object' && value !== null) {
      const tooMany = sizeProblem(value, visit.keyword);
      if (tooMany !== null) return refusal(visit, tooMany);
      for (const [key, inner] of Object.entries(value)) {
        characters += key.length;
        open.push({ value: inner, keyword: key, parent: visit, depth: visit.depth + 1 });
      }
    }
    if (characters > textMax) return refusal(visit, `more than ${textMax} characters`);
  }
  return [];
}

function sizeProblem(value: object, keyword: string): string | null {
  const size = Array.isArray(value) ? value.length : Object.keys(value).length;
  if (!Array.isArray(value)) return size > propertiesMax ? `${size} entries in one object: at most ${propertiesMax}` : null;
  if (keyword === 'enum') return size > enumMax ? `${size} values: at most ${enumMax}` : null;
  const isChoice = keyword === 'anyOf' || keyword === 'oneOf' || keyword === 'allOf';
  if (isChoice && size > alternativesMax) return `${size} alternatives: at most ${alternativesMax}`;
  return size > documentNodesMax ? `${size} elements: at most ${documentNodesMax}` : null;
}

function refusal(visit: Visit, reason: string): readonly Refusal[] {
  return [{ pointer: pointerOf(visit), keyword: visit.keyword, reason }];
}

function pointerOf(visit: Visit): string {
  const keys: string[] = [];
  for (let at: Visit | null = visit; at?.parent != null; at = at.parent) keys.unshift(at.keyword);
  return keys.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
