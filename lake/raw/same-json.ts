// JSON-equal: the same value, however it is written. Integers compare exactly, other numbers as IEEE doubles; the order
// of keys does not matter, but a key that stands twice does.

import { readJson, type JsonEntry, type JsonValue } from '../../runtime/json-value.ts';

/** False where either is not JSON. */
export function sameJson(left: string, right: string, depthMax = 10_000): boolean {
  if (left === right) return true;
  const [a, b] = [readJson(left, depthMax), readJson(right, depthMax)];
  return a.kind === 'value' && b.kind === 'value' && sameJsonValue(a.value, b.value);
}

export function sameJsonValue(left: JsonValue, right: JsonValue): boolean {
  if (left.kind === 'number' && right.kind === 'number') return sameNumber(left.text, right.text);
  if (left.kind === 'array' && right.kind === 'array') {
    return (
      left.items.length === right.items.length && left.items.every((item, i) => sameJsonValue(item, right.items[i] ?? { kind: 'null' }))
    );
  }
  if (left.kind === 'object' && right.kind === 'object') return sameObject(left.entries, right.entries);
  if (left.kind === 'boolean' && right.kind === 'boolean') return left.value === right.value;
  if (left.kind === 'string' && right.kind === 'string') return left.value === right.value;
  return left.kind === 'null' && right.kind === 'null';
}

function sameNumber(left: string, right: string): boolean {
  if (left === right) return true;
  const [leftWhole, rightWhole] = [/^-?\d+$/.test(left), /^-?\d+$/.test(right)];
  // An integer and a double are two things even where they are equal: `-0` and `1` would come back as `0` and `1.0`.
  if (leftWhole || rightWhole)
    return leftWhole && rightWhole && BigInt(left) === BigInt(right) && left.startsWith('-') === right.startsWith('-');
  // Beyond doubles (1e400) only the same literal is the same number.
  return Number.isFinite(Number(left)) && Object.is(Number(left), Number(right));
}

function sameObject(left: readonly JsonEntry[], right: readonly JsonEntry[]): boolean {
  if (left.length !== right.length) return false;
  const byKey = Map.groupBy(right, (entry) => entry.key);
  // Of a key that stands twice, the first with the first and the second with the second.
  const taken = new Map<string, number>();
  return left.every((entry) => {
    const at = taken.get(entry.key) ?? 0;
    taken.set(entry.key, at + 1);
    const other = byKey.get(entry.key)?.[at];
    return other !== undefined && sameJsonValue(entry.value, other.value);
  });
}
