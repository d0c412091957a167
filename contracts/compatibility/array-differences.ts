// Differences between arrays. Items of a tuple follow the logic of properties: open, partially open, closed.

import type { JsonObject, JsonSchema } from '../json-schema.ts';
import {
  add,
  apart,
  at,
  changed,
  compareOptional,
  compareParts,
  limitDifferences,
  partOf,
  takeOver,
  type Walk,
} from './find-differences.ts';
import { keyword, schemaKeyword, schemaListKeyword } from './keywords.ts';
import { restDifferences } from './object-differences.ts';
import type { SchemaDocument } from './schema-document.ts';
import { shapeOf } from './schema-shape.ts';

export function arrayDifferences(walk: Walk, original: JsonObject, update: JsonObject, from: SchemaDocument, to: SchemaDocument): void {
  const [before, after] = [schemaListKeyword(original, 'prefixItems'), schemaListKeyword(update, 'prefixItems')];
  const [restBefore, restAfter] = [schemaKeyword(original, 'items'), schemaKeyword(update, 'items')];
  if (before.length === 0 && after.length === 0) compareOptional(at(walk, 'items'), partOf(from, restBefore), partOf(to, restAfter));
  else {
    tupleDifferences(walk, before, after, restOf(original), restOf(update), from, to);
    restDifferences(at(walk, 'additionalItems'), restBefore, restAfter, 'ADDITIONAL_ITEMS', from, to);
  }
  const [loose, looseNow] = [schemaKeyword(original, 'unevaluatedItems'), schemaKeyword(update, 'unevaluatedItems')];
  if (loose !== undefined || looseNow !== undefined)
    restDifferences(at(walk, 'unevaluatedItems'), loose, looseNow, 'UNEVALUATED_ITEMS', from, to);
  limitDifferences(walk, original, update, ['maxItems', 'minItems']);
  const [unique, uniqueNow] = [keyword(original, 'uniqueItems') === true, keyword(update, 'uniqueItems') === true];
  if (unique !== uniqueNow) add(walk, unique ? 'UNIQUE_ITEMS_REMOVED' : 'UNIQUE_ITEMS_ADDED', 'uniqueItems');
  limitDifferences(walk, original, update, ['maxContains', 'minContains']);
  changed(walk, original, update, ['contains'], 'CONTAINS_CHANGED');
}

/** What governs items after the tuple. */
function restOf(node: JsonObject): JsonSchema {
  return schemaKeyword(node, 'items') ?? schemaKeyword(node, 'unevaluatedItems') ?? true;
}

function tupleDifferences(
  walk: Walk,
  before: readonly JsonSchema[],
  after: readonly JsonSchema[],
  restBefore: JsonSchema,
  restAfter: JsonSchema,
  from: SchemaDocument,
  to: SchemaDocument,
): void {
  for (let index = 0; index < Math.max(before.length, after.length); index += 1) {
    const inner = at(walk, `items/${index}`);
    const [old, now] = [before[index], after[index]];
    if (old !== undefined && now !== undefined) compareParts(inner, { document: from, schema: old }, { document: to, schema: now });
    else if (old !== undefined) itemRemoved(inner, old, restAfter, from, to);
    else if (now !== undefined) itemAdded(inner, now, restBefore, from, to);
  }
}

function itemRemoved(walk: Walk, old: JsonSchema, rest: JsonSchema, from: SchemaDocument, to: SchemaDocument): void {
  if (rest === true) return add(walk, 'ITEM_REMOVED_FROM_OPEN_CONTENT_MODEL');
  if (rest === false)
    return add(walk, old === false ? 'ITEM_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL' : 'ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL');
  const tried = apart(walk, { document: from, schema: old }, { document: to, schema: rest });
  takeOver(walk, tried.found);
  return add(walk, `ITEM_REMOVED_${tried.isCompatible ? 'IS' : 'NOT'}_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL`);
}

function itemAdded(walk: Walk, now: JsonSchema, rest: JsonSchema, from: SchemaDocument, to: SchemaDocument): void {
  if (rest === true) {
    const isEmpty = shapeOf({ document: to, schema: now }).kind === 'any';
    return add(walk, isEmpty ? 'ITEM_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL' : 'ITEM_ADDED_TO_OPEN_CONTENT_MODEL');
  }
  if (rest === false) return add(walk, 'ITEM_ADDED_TO_CLOSED_CONTENT_MODEL');
  const tried = apart(walk, { document: from, schema: rest }, { document: to, schema: now });
  takeOver(walk, tried.found);
  return add(walk, `ITEM_ADDED_${tried.isCompatible ? 'IS' : 'NOT'}_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL`);
}
