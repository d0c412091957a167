// Differences between two schemas by kind and path: does `update` accept what `original` accepted, keyword by keyword?
// The words are those of Confluent's registry (difference-kinds.ts). Under its profiles they are the verdict; under the
// sound profile they tell people where to look, and the verdict stands on proof or witness.
//
// Schemas that contain themselves: a pair met again while it is being compared adds nothing.

import { isDecimalMultiple } from '../decimal-multiple.ts';
import type { JsonObject, JsonSchema, JsonValue } from '../json-schema.ts';
import { BudgetSpent, type Budget } from './budget.ts';
import type { CompatibilityProfile } from './difference.ts';
import { isAllowed, isTold } from './difference-kinds.ts';
import { arrayDifferences } from './array-differences.ts';
import { choiceDifferences, intoChoice, outOfChoice } from './choice-differences.ts';
import { jsonEqual, jsonKey } from './json-equal.ts';
import { keyword, numberKeyword, textKeyword } from './keywords.ts';
import { objectDifferences } from './object-differences.ts';
import type { SchemaDocument } from './schema-document.ts';
import { shapeOf, type Part, type Shape } from './schema-shape.ts';

export interface FoundDifference {
  readonly kind: string;
  /** As `#/properties/email`. */
  readonly path: string;
}

/** Where the comparison stands. */
export interface Walk {
  readonly profile: CompatibilityProfile;
  readonly budget: Budget;
  readonly path: string;
  readonly found: FoundDifference[];
  /** Pairs being compared, from the root down. */
  readonly underway: ReadonlySet<string>;
}

export interface Differences {
  readonly differences: readonly FoundDifference[];
  /** Why there may be more; null when these are all. */
  readonly givenUp: string | null;
}

/** Pairs within pairs. */
const depthMax = 100;

export function findDifferences(
  original: SchemaDocument,
  update: SchemaDocument,
  profile: CompatibilityProfile,
  budget: Budget,
): Differences {
  const found: FoundDifference[] = [];
  const walk: Walk = { profile, budget, path: '', found, underway: new Set() };
  let givenUp: string | null = null;
  try {
    compareParts(walk, { document: original, schema: original.root }, { document: update, schema: update.root });
  } catch (error) {
    if (!(error instanceof BudgetSpent)) throw error;
    givenUp = error.message;
  }
  return { differences: found.filter(({ kind }) => isTold(kind, profile)), givenUp };
}

export function at(walk: Walk, step: string): Walk {
  return { ...walk, path: `${walk.path}/${step}` };
}

export function add(walk: Walk, kind: string, step?: string): void {
  const path = step === undefined ? walk.path : `${walk.path}/${step}`;
  const difference = { kind, path: path === '' ? '#/' : `#${path}` };
  if (!walk.found.some((other) => other.kind === kind && other.path === difference.path)) walk.found.push(difference);
}

/** A comparison apart: its differences count only when the caller takes them over. */
export function apart(
  walk: Walk,
  original: Part,
  update: Part,
): { readonly isCompatible: boolean; readonly found: readonly FoundDifference[] } {
  const found: FoundDifference[] = [];
  compareParts({ ...walk, found }, original, update);
  // What the sound profile doubts is for its proof to decide; here it would only hide which part goes with which.
  const judge = walk.profile === 'sound' ? 'confluent-strict' : walk.profile;
  return { isCompatible: found.every(({ kind }) => !isTold(kind, judge) || isAllowed(kind, judge)), found };
}

export function takeOver(walk: Walk, found: readonly FoundDifference[]): void {
  walk.found.push(...found);
}

export function compareOptional(walk: Walk, original: Part | undefined, update: Part | undefined): void {
  if (original === undefined && update === undefined) return;
  if (original === undefined) add(walk, 'SCHEMA_ADDED');
  else if (update === undefined) add(walk, 'SCHEMA_REMOVED');
  else compareParts(walk, original, update);
}

export function compareParts(walk: Walk, original: Part, update: Part): void {
  walk.budget.spend(1);
  const pair =
    'schema' in original && 'schema' in update
      ? `${original.document.numberOf(original.schema)} ${update.document.numberOf(update.schema)}`
      : null;
  if (pair !== null && walk.underway.has(pair)) return;
  if (walk.underway.size >= depthMax) throw new BudgetSpent(`schemas nested more than ${depthMax} deep`);
  const inner = pair === null ? walk : { ...walk, underway: new Set([...walk.underway, pair]) };
  compareShapes(inner, original, update);
}

function compareShapes(walk: Walk, originalPart: Part, updatePart: Part): void {
  const [original, update] = [shapeOf(originalPart), shapeOf(updatePart)];
  if (original.kind !== 'combined' && update.kind === 'combined' && intoChoice(walk, originalPart, update)) return;
  if (original.kind === 'combined' && update.kind !== 'combined' && outOfChoice(walk, original, updatePart)) return;
  if (original.kind !== update.kind) {
    if (original.kind === 'any' && update.kind !== 'never') annotations(walk, originalPart, updatePart);
    if (original.kind !== 'never' && update.kind !== 'any') add(walk, 'TYPE_CHANGED');
    return;
  }
  annotations(walk, originalPart, updatePart);
  compareSameKind(walk, original, update, originalPart.document, updatePart.document);
}

function compareSameKind(walk: Walk, original: Shape, update: Shape, from: SchemaDocument, to: SchemaDocument): void {
  if (original.kind === 'combined' && update.kind === 'combined') choiceDifferences(walk, original, update);
  else if (original.kind === 'string' && update.kind === 'string') textDifferences(walk, original.node, update.node);
  else if (original.kind === 'number' && update.kind === 'number') numberDifferences(walk, original.node, update.node);
  else if (original.kind === 'object' && update.kind === 'object') objectDifferences(walk, original.node, update.node, from, to);
  else if (original.kind === 'array' && update.kind === 'array') arrayDifferences(walk, original.node, update.node, from, to);
  else if (original.kind === 'enum' && update.kind === 'enum') enumDifferences(walk, original.values, update.values);
  else if (original.kind === 'const' && update.kind === 'const' && !jsonEqual(original.value, update.value))
    add(walk, 'ENUM_ARRAY_CHANGED', 'const');
  else if (original.kind === 'condition' && update.kind === 'condition') {
    changed(walk, original.node, update.node, ['if', 'then', 'else'], 'CONDITION_CHANGED');
  } else if (original.kind === 'not' && update.kind === 'not') {
    // What the inner schema gains, the outer loses.
    const swapped = apart(walk, update.inner, original.inner);
    if (swapped.found.length > 0) add(walk, swapped.isCompatible ? 'NOT_TYPE_NARROWED' : 'NOT_TYPE_EXTENDED', 'not');
  }
}

function annotations(walk: Walk, original: Part, update: Part): void {
  const [before, after] = [nodeOf(original), nodeOf(update)];
  for (const [name, kind] of [
    ['title', 'TITLE_CHANGED'],
    ['description', 'DESCRIPTION_CHANGED'],
    ['default', 'DEFAULT_CHANGED'],
  ] as const) {
    changed(walk, before, after, [name], kind, false);
  }
}

function nodeOf(part: Part): JsonObject {
  return 'schema' in part && typeof part.schema === 'object' ? part.schema : {};
}

/** One difference when any of the keywords is not the same on both sides. */
export function changed(
  walk: Walk,
  original: JsonObject,
  update: JsonObject,
  names: readonly string[],
  kind: string,
  isAtKeyword = true,
): void {
  const same = names.every((name) => {
    const [a, b] = [keyword(original, name), keyword(update, name)];
    return a === undefined || b === undefined ? a === b : jsonEqual(a, b);
  });
  if (!same) add(walk, kind, isAtKeyword ? names[0] : undefined);
}

function enumDifferences(walk: Walk, original: readonly JsonValue[], update: readonly JsonValue[]): void {
  const [before, after] = [new Set(original.map(jsonKey)), new Set(update.map(jsonKey))];
  const [kept, known] = [[...before].every((key) => after.has(key)), [...after].every((key) => before.has(key))];
  if (kept && known) return;
  add(walk, kept ? 'ENUM_ARRAY_EXTENDED' : known ? 'ENUM_ARRAY_NARROWED' : 'ENUM_ARRAY_CHANGED', 'enum');
}

/** ADDED, REMOVED, INCREASED, DECREASED. */
export function limitDifferences(walk: Walk, original: JsonObject, update: JsonObject, names: readonly string[]): void {
  for (const name of names) {
    const [a, b] = [numberKeyword(original, name), numberKeyword(update, name)];
    if (a === b) continue;
    const change = a === undefined ? 'ADDED' : b === undefined ? 'REMOVED' : a < b ? 'INCREASED' : 'DECREASED';
    add(walk, `${screaming(name)}_${change}`, name);
  }
}

function textDifferences(walk: Walk, original: JsonObject, update: JsonObject): void {
  limitDifferences(walk, original, update, ['maxLength', 'minLength']);
  for (const name of ['pattern', 'format']) {
    const [a, b] = [textKeyword(original, name), textKeyword(update, name)];
    if (a !== b) add(walk, `${screaming(name)}_${a === undefined ? 'ADDED' : b === undefined ? 'REMOVED' : 'CHANGED'}`, name);
  }
}

function numberDifferences(walk: Walk, original: JsonObject, update: JsonObject): void {
  limitDifferences(walk, original, update, ['maximum', 'minimum', 'exclusiveMaximum', 'exclusiveMinimum']);
  const [a, b] = [numberKeyword(original, 'multipleOf'), numberKeyword(update, 'multipleOf')];
  if (a !== b) {
    const change =
      a === undefined
        ? 'ADDED'
        : b === undefined
          ? 'REMOVED'
          : isDecimalMultiple(b, a)
            ? 'EXPANDED'
            : isDecimalMultiple(a, b)
              ? 'REDUCED'
              : 'CHANGED';
    add(walk, `MULTIPLE_OF_${change}`, 'multipleOf');
  }
  const [from, to] = [original['type'] === 'integer', update['type'] === 'integer'];
  if (from !== to) add(walk, from ? 'TYPE_EXTENDED' : 'TYPE_NARROWED');
}

function screaming(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

export function partOf(document: SchemaDocument, schema: JsonSchema | undefined): Part | undefined {
  return schema === undefined ? undefined : { document, schema };
}
