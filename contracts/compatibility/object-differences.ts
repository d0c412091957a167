// Differences between objects. A content model is open when any other property may be there, closed when none may, and
// partially open when other properties must satisfy a schema.

import { isJsonObject, type JsonObject, type JsonSchema } from '../json-schema.ts';
import { linearPattern } from '../linear-pattern.ts';
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
import { keyword, schemaKeyword, schemaMapKeyword, textList, textListKeyword } from './keywords.ts';
import type { SchemaDocument } from './schema-document.ts';
import { shapeOf } from './schema-shape.ts';

export function objectDifferences(walk: Walk, original: JsonObject, update: JsonObject, from: SchemaDocument, to: SchemaDocument): void {
  requiredDifferences(walk, original, update);
  propertyDifferences(walk, original, update, from, to);
  dependencyDifferences(at(walk, 'dependencies'), original, update, from, to);
  for (const [name, kind] of [
    ['additionalProperties', 'ADDITIONAL_PROPERTIES'],
    ['unevaluatedProperties', 'UNEVALUATED_PROPERTIES'],
  ] as const) {
    restDifferences(at(walk, name), schemaKeyword(original, name), schemaKeyword(update, name), kind, from, to);
  }
  limitDifferences(walk, original, update, ['maxProperties', 'minProperties']);
  changed(walk, original, update, ['patternProperties'], 'PATTERN_PROPERTIES_CHANGED');
  changed(walk, original, update, ['propertyNames'], 'PROPERTY_NAMES_CHANGED');
}

function requiredDifferences(walk: Walk, original: JsonObject, update: JsonObject): void {
  const [before, after] = [new Set(textListKeyword(original, 'required')), new Set(textListKeyword(update, 'required'))];
  const [known, kept] = [schemaMapKeyword(original, 'properties'), schemaMapKeyword(update, 'properties')];
  for (const name of Object.keys(known)) {
    const schema = Object.hasOwn(kept, name) ? kept[name] : undefined;
    if (schema === undefined || before.has(name) === after.has(name)) continue;
    const change = before.has(name)
      ? 'REQUIRED_ATTRIBUTE_REMOVED'
      : hasDefault(schema)
        ? 'REQUIRED_ATTRIBUTE_WITH_DEFAULT_ADDED'
        : 'REQUIRED_ATTRIBUTE_ADDED';
    add(walk, change, `required/${name}`);
  }
}

function propertyDifferences(walk: Walk, original: JsonObject, update: JsonObject, from: SchemaDocument, to: SchemaDocument): void {
  const [before, after] = [schemaMapKeyword(original, 'properties'), schemaMapKeyword(update, 'properties')];
  const [closedBefore, closedAfter] = [contentModel(original), contentModel(update)];
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const inner = at(walk, `properties/${name}`);
    const [old, now] = [Object.hasOwn(before, name) ? before[name] : undefined, Object.hasOwn(after, name) ? after[name] : undefined];
    if (old !== undefined && now !== undefined) compareParts(inner, { document: from, schema: old }, { document: to, schema: now });
    else if (old !== undefined) propertyRemoved(inner, name, old, from, closedAfter, to);
    else if (now !== undefined) propertyAdded(inner, name, now, to, closedBefore, from, textListKeyword(update, 'required').includes(name));
  }
}

interface ContentModel {
  readonly isOpen: boolean;
  /** What governs a property that is not named, when something does. */
  coverOf(name: string): JsonSchema | undefined;
}

function contentModel(node: JsonObject): ContentModel {
  const patterns = Object.entries(schemaMapKeyword(node, 'patternProperties')).map(([source, schema]) => ({
    pattern: linearPattern(source),
    schema,
  }));
  const rest = schemaKeyword(node, 'additionalProperties') ?? schemaKeyword(node, 'unevaluatedProperties');
  return {
    isOpen: patterns.length === 0 && (rest === undefined || rest === true),
    coverOf(name) {
      const matched = patterns.find(({ pattern }) => pattern.kind === 'pattern' && pattern.test(name));
      return matched?.schema ?? (rest === false || rest === true ? undefined : rest);
    },
  };
}

function propertyRemoved(walk: Walk, name: string, old: JsonSchema, from: SchemaDocument, model: ContentModel, to: SchemaDocument): void {
  if (model.isOpen) return add(walk, 'PROPERTY_REMOVED_FROM_OPEN_CONTENT_MODEL');
  const cover = model.coverOf(name);
  if (cover === undefined)
    return add(
      walk,
      old === false ? 'PROPERTY_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL' : 'PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL',
    );
  const tried = apart(walk, { document: from, schema: old }, { document: to, schema: cover });
  takeOver(walk, tried.found);
  return add(walk, `PROPERTY_REMOVED_${tried.isCompatible ? 'IS' : 'NOT'}_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL`);
}

function propertyAdded(
  walk: Walk,
  name: string,
  now: JsonSchema,
  to: SchemaDocument,
  model: ContentModel,
  from: SchemaDocument,
  isRequired: boolean,
): void {
  const need = isRequired ? (hasDefault(now) ? 'REQUIRED_PROPERTY_WITH_DEFAULT' : 'REQUIRED_PROPERTY') : 'OPTIONAL_PROPERTY';
  if (model.isOpen) {
    const isEmpty = !isRequired && shapeOf({ document: to, schema: now }).kind === 'any';
    return add(walk, `${isEmpty ? 'PROPERTY_WITH_EMPTY_SCHEMA' : need}_ADDED_TO_OPEN_CONTENT_MODEL`);
  }
  const cover = model.coverOf(name);
  if (cover !== undefined) {
    const tried = apart(walk, { document: from, schema: cover }, { document: to, schema: now });
    takeOver(walk, tried.found);
    add(walk, `PROPERTY_ADDED_${tried.isCompatible ? 'IS' : 'NOT'}_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL`);
  }
  return add(walk, `${need}_ADDED_TO_UNOPEN_CONTENT_MODEL`);
}

function hasDefault(schema: JsonSchema): boolean {
  return isJsonObject(schema) && Object.hasOwn(schema, 'default');
}

/** `additionalProperties`, `unevaluatedProperties`, and the same of items: absent is true. */
export function restDifferences(
  walk: Walk,
  before: JsonSchema | undefined,
  after: JsonSchema | undefined,
  kind: string,
  from: SchemaDocument,
  to: SchemaDocument,
): void {
  const [old, now] = [before ?? true, after ?? true];
  if ((old === false) !== (now === false)) return add(walk, `${kind}_${old === false ? 'ADDED' : 'REMOVED'}`);
  if (old === true && now !== true) return add(walk, `${kind}_NARROWED`);
  if (now === true && old !== true) return add(walk, `${kind}_EXTENDED`);
  return typeof old === 'object' && typeof now === 'object' ? compareOptional(walk, partOf(from, old), partOf(to, now)) : undefined;
}

function dependencyDifferences(walk: Walk, original: JsonObject, update: JsonObject, from: SchemaDocument, to: SchemaDocument): void {
  const [before, after] = [dependents(original), dependents(update)];
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const [old, now] = [before.get(name), after.get(name)];
    if (now === undefined) add(walk, 'DEPENDENCY_ARRAY_REMOVED', name);
    else if (old === undefined) add(walk, 'DEPENDENCY_ARRAY_ADDED', name);
    else {
      const [kept, known] = [[...old].every((need) => now.has(need)), [...now].every((need) => old.has(need))];
      if (!kept || !known) add(walk, `DEPENDENCY_ARRAY_${kept ? 'EXTENDED' : known ? 'NARROWED' : 'CHANGED'}`, name);
    }
  }
  const [schemasBefore, schemasAfter] = [schemaMapKeyword(original, 'dependentSchemas'), schemaMapKeyword(update, 'dependentSchemas')];
  for (const name of new Set([...Object.keys(schemasBefore), ...Object.keys(schemasAfter)])) {
    const [old, now] = [schemasBefore[name], schemasAfter[name]];
    if (now === undefined) add(walk, 'DEPENDENCY_SCHEMA_REMOVED', name);
    else if (old === undefined) add(walk, 'DEPENDENCY_SCHEMA_ADDED', name);
    else compareParts(at(walk, name), { document: from, schema: old }, { document: to, schema: now });
  }
}

function dependents(node: JsonObject): ReadonlyMap<string, ReadonlySet<string>> {
  const value = keyword(node, 'dependentRequired');
  return new Map(isJsonObject(value) ? Object.entries(value).map(([name, needs]) => [name, new Set(textList(needs))]) : []);
}
