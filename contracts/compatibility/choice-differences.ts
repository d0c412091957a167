// Differences between combined schemas: allOf, anyOf, oneOf, and the products of a schema's own aspects.

import { add, apart, at, takeOver, type FoundDifference, type Walk } from './find-differences.ts';
import type { Part, Shape } from './schema-shape.ts';

type Combined = Shape & { readonly kind: 'combined' };

/** A plain schema became a choice: fine when the choice holds it. True when that settles it. */
export function intoChoice(walk: Walk, original: Part, update: Combined): boolean {
  if (update.parts.length > 1 && update.criterion === 'allOf') return false;
  for (const part of update.parts) {
    const tried = apart(walk, original, part);
    if (!tried.isCompatible) continue;
    takeOver(walk, tried.found);
    if (update.parts.length > 1) add(walk, 'SUM_TYPE_EXTENDED');
    return true;
  }
  return false;
}

/** A combined schema became a plain one: fine when that is its only part, or one of a product's. */
export function outOfChoice(walk: Walk, original: Combined, update: Part): boolean {
  if (original.parts.length > 1 && original.criterion !== 'allOf') return false;
  for (const part of original.parts) {
    const tried = apart(walk, part, update);
    if (!tried.isCompatible) continue;
    takeOver(walk, tried.found);
    if (original.parts.length > 1) add(walk, 'PRODUCT_TYPE_NARROWED');
    return true;
  }
  return false;
}

export function choiceDifferences(walk: Walk, originalWhole: Combined, updateWhole: Combined): void {
  const [original, update] = [withoutDoubles(originalWhole), withoutDoubles(updateWhole)];
  const criterion = criterionChange(original, update);
  if (criterion !== null) add(walk, criterion);
  if (criterion === 'COMBINED_TYPE_CHANGED') return;
  const [before, after] = [original.parts.length, update.parts.length];
  const word = update.criterion === 'allOf' ? 'PRODUCT_TYPE' : 'SUM_TYPE';
  if (before !== after) add(walk, `${word}_${before < after ? 'EXTENDED' : 'NARROWED'}`);
  const edges = original.parts.map((part, index) => {
    const inner = at(walk, `${original.criterion}/${index}`);
    return update.parts.map((other) => apart(inner, part, other)).map((tried) => (tried.isCompatible ? tried.found : null));
  });
  const matching = maximumMatching(edges);
  for (const found of matching) takeOver(walk, found);
  if (matching.length < Math.min(before, after)) add(walk, 'COMBINED_TYPE_SUBSCHEMAS_CHANGED');
}

function withoutDoubles(combined: Combined): Combined {
  const parts = new Map(combined.parts.map((part, index) => ['schema' in part ? JSON.stringify(part.schema) : String(index), part]));
  return parts.size === combined.parts.length ? combined : { ...combined, parts: [...parts.values()] };
}

function criterionChange(original: Combined, update: Combined): string | null {
  if (original.criterion === update.criterion) return null;
  if (update.criterion === 'anyOf') return 'COMBINED_TYPE_EXTENDED';
  const areSingle = original.parts.length === 1 && (update.criterion === 'oneOf' || update.parts.length === 1);
  return areSingle ? 'COMBINED_TYPE_EXTENDED' : 'COMBINED_TYPE_CHANGED';
}

/** As many pairs as can be made, each part once (augmenting paths); an edge carries the differences of its pair. */
function maximumMatching(edges: readonly (readonly (readonly FoundDifference[] | null)[])[]): readonly (readonly FoundDifference[])[] {
  const partnerOf = new Map<number, number>();
  const augment = (from: number, seen: Set<number>): boolean => {
    for (const [to, edge] of (edges[from] ?? []).entries()) {
      if (edge === null || seen.has(to)) continue;
      seen.add(to);
      const partner = partnerOf.get(to);
      if (partner !== undefined && !augment(partner, seen)) continue;
      partnerOf.set(to, from);
      return true;
    }
    return false;
  };
  for (const from of edges.keys()) augment(from, new Set());
  return [...partnerOf].toSorted(([, a], [, b]) => a - b).map(([to, from]) => edges[from]?.[to] ?? []);
}
