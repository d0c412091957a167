// One schema document under comparison: bounded, self-contained, its references resolved and its nodes numbered (the
// number is what a proof remembers a node by). What the comparison could misread is refused here, with its reason.

import { isJsonObject, isJsonSchema, type JsonObject, type JsonSchema, type JsonValue } from '../json-schema.ts';
import { malformedKeyword } from './malformed-keyword.ts';
import { checkLimits } from '../rules/check-limits.ts';
import { schemaLists, schemaMaps, singleSchemas } from '../schema-applicators.ts';
import { keyword, schemaKeyword, schemaListKeyword, schemaMapKeyword, textKeyword } from './keywords.ts';

export interface SchemaDocument {
  readonly kind: 'document';
  readonly root: JsonSchema;
  /** The schema a `$ref` names; undefined when it leads nowhere within the document. */
  resolve(reference: string): JsonSchema | undefined;
  /** Unique over all documents of one numbering. */
  numberOf(node: JsonSchema): number;
}

export type SchemaOpening = SchemaDocument | { readonly kind: 'refused'; readonly reason: string };

export interface Numbering {
  of(node: JsonSchema): number;
}

export const schemaDepthMax = 64;
export const schemaNodesMax = 20_000;

export function createNumbering(): Numbering {
  const numbers = new Map<JsonSchema, number>();
  return {
    of(node) {
      const known = numbers.get(node);
      if (known !== undefined) return known;
      numbers.set(node, numbers.size);
      return numbers.size - 1;
    },
  };
}

export function openSchema(root: JsonSchema, numbering: Numbering): SchemaOpening {
  const [beyond] = checkLimits(root);
  if (beyond !== undefined) return { kind: 'refused', reason: `${shortened(beyond.pointer)}: ${beyond.reason}` };
  const anchors = new Map<string, JsonSchema>();
  const references: string[] = [];
  const reason = walk(root, (node, isRoot) => {
    const unsupported = unsupportedKeyword(node, isRoot);
    if (unsupported !== null) return unsupported;
    const anchor = textKeyword(node, '$anchor');
    if (anchor !== undefined) anchors.set(anchor, node);
    const reference = textKeyword(node, '$ref');
    if (reference !== undefined) references.push(reference);
    return null;
  });
  if (reason !== null) return { kind: 'refused', reason };
  const ownId = isJsonObject(root) ? (textKeyword(root, '$id') ?? '').replace(/#$/, '') : '';
  const resolved = new Map<string, JsonSchema | undefined>();
  const resolve = (reference: string): JsonSchema | undefined => {
    if (!resolved.has(reference)) resolved.set(reference, lookUp(root, anchors, reference, ownId));
    return resolved.get(reference);
  };
  const lost = references.find((reference) => resolve(reference) === undefined);
  if (lost !== undefined) return { kind: 'refused', reason: `$ref ${JSON.stringify(lost)} leads nowhere within the document` };
  const outside = references
    .map(resolve)
    .find((target) => target !== undefined && walk(target, (node, isRoot) => unsupportedKeyword(node, isRoot && target === root)) !== null);
  if (outside !== undefined) return { kind: 'refused', reason: 'a $ref leads to a schema that cannot be compared' };
  const loop = referenceLoop(references, resolve);
  if (loop !== null) return { kind: 'refused', reason: `$ref ${JSON.stringify(loop)} comes back to itself without describing anything` };
  return { kind: 'document', root, resolve, numberOf: (node) => numbering.of(node) };
}

function shortened(pointer: string): string {
  return pointer.length <= 80 ? pointer : `${pointer.slice(0, 40)}…${pointer.slice(-39)}`;
}

/** Sub-schemas of a node, at whatever place. */
export function subschemasOf(node: JsonObject): readonly JsonSchema[] {
  const found: JsonSchema[] = [];
  for (const name of singleSchemas) {
    const schema = schemaKeyword(node, name);
    if (schema !== undefined) found.push(schema);
  }
  for (const name of schemaLists) found.push(...schemaListKeyword(node, name));
  for (const name of schemaMaps) for (const schema of Object.values(schemaMapKeyword(node, name))) found.push(schema);
  return found;
}

/** Sub-schemas that speak of the same value as the node itself, `not` left out. */
export function inPlaceOf(resolve: SchemaDocument['resolve'], node: JsonObject): readonly JsonSchema[] {
  const found: JsonSchema[] = [];
  const reference = textKeyword(node, '$ref');
  const target = reference === undefined ? undefined : resolve(reference);
  if (target !== undefined) found.push(target);
  for (const name of ['allOf', 'anyOf', 'oneOf']) found.push(...schemaListKeyword(node, name));
  for (const name of ['if', 'then', 'else']) {
    const schema = schemaKeyword(node, name);
    if (schema !== undefined) found.push(schema);
  }
  found.push(...Object.values(schemaMapKeyword(node, 'dependentSchemas')));
  return found;
}

/** Validators give these a meaning of their own, or none: a proof would be about another language. */
function unsupportedKeyword(node: JsonObject, isRoot: boolean): string | null {
  for (const name of ['$dynamicRef', '$recursiveRef', '$dynamicAnchor', 'nullable', 'dependencies', '$async', '$data']) {
    if (Object.hasOwn(node, name)) return `keyword ${name} is not compared`;
  }
  if (!isRoot && Object.hasOwn(node, '$id')) return '$id below the root is not compared';
  const malformed = malformedKeyword(node);
  if (malformed !== null) return malformed;
  for (const [name, value] of Object.entries(node)) {
    if (!schemaMaps.includes(name) && isJsonObject(value) && Object.hasOwn(value, '$data')) return `$data under ${name} is not JSON Schema`;
  }
  return null;
}

/** Breadth first without recursion: depth is found before it can hurt. */
function walk(root: JsonSchema, visit: (node: JsonObject, isRoot: boolean) => string | null): string | null {
  let level: readonly JsonSchema[] = [root];
  let count = 0;
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > schemaDepthMax) return `schemas nested more than ${schemaDepthMax} deep`;
    const next: JsonSchema[] = [];
    for (const node of level) {
      count += 1;
      if (count > schemaNodesMax) return `more than ${schemaNodesMax} schemas in the document`;
      if (!isJsonObject(node)) continue;
      const reason = visit(node, depth === 0);
      if (reason !== null) return reason;
      for (const schema of subschemasOf(node)) next.push(schema);
    }
    level = next;
  }
  return null;
}

function lookUp(root: JsonSchema, anchors: ReadonlyMap<string, JsonSchema>, reference: string, ownId: string): JsonSchema | undefined {
  const local = ownId !== '' && reference.startsWith(`${ownId}#`) ? reference.slice(ownId.length) : reference;
  if (local === '#' || (ownId !== '' && reference === ownId)) return root;
  if (!local.startsWith('#')) return undefined;
  if (!local.startsWith('#/')) return anchors.get(local.slice(1));
  let at: JsonValue | undefined = root;
  for (const part of local.slice(2).split('/')) at = step(at, part);
  return isJsonSchema(at) ? at : undefined;
}

function step(at: JsonValue | undefined, part: string): JsonValue | undefined {
  let name: string;
  try {
    name = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
  } catch {
    return undefined;
  }
  if (Array.isArray(at)) return /^(0|[1-9][0-9]*)$/.test(name) ? at[Number(name)] : undefined;
  return isJsonObject(at) ? keyword(at, name) : undefined;
}

/** A reference that reaches itself through in-place keywords alone describes nothing and would never end. */
function referenceLoop(references: readonly string[], resolve: (reference: string) => JsonSchema | undefined): string | null {
  const done = new Set<JsonSchema>();
  for (const reference of references) {
    const start = resolve(reference);
    if (start !== undefined && !done.has(start) && reaches(start, resolve, done)) return reference;
  }
  return null;
}

function reaches(start: JsonSchema, resolve: (reference: string) => JsonSchema | undefined, done: Set<JsonSchema>): boolean {
  const onPath = new Set<JsonSchema>();
  const stack = [{ node: start, isLeaving: false }];
  for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
    const { node, isLeaving } = entry;
    if (isLeaving) {
      onPath.delete(node);
      done.add(node);
      continue;
    }
    if (!isJsonObject(node) || done.has(node)) continue;
    if (onPath.has(node)) return true;
    onPath.add(node);
    stack.push({ node, isLeaving: true });
    for (const next of [...inPlaceOf(resolve, node), ...notOf(node)]) stack.push({ node: next, isLeaving: false });
  }
  return false;
}

function notOf(node: JsonObject): readonly JsonSchema[] {
  const schema = schemaKeyword(node, 'not');
  return schema === undefined ? [] : [schema];
}
