// A schema as one thing: a string, an object, a choice … What a schema says at once (a type and an enum, a type and an
// anyOf) is a product of such things. Differences are found between shapes of the same kind.

import { isJsonObject, type JsonObject, type JsonSchema, type JsonValue } from '../json-schema.ts';
import { keyword, schemaKeyword, schemaListKeyword, textKeyword, typesOf } from './keywords.ts';
import type { SchemaDocument } from './schema-document.ts';

export interface Place {
  readonly document: SchemaDocument;
  readonly schema: JsonSchema;
}

export type Criterion = 'allOf' | 'anyOf' | 'oneOf';

export type Shape =
  | { readonly kind: 'any' | 'never' }
  | { readonly kind: 'string' | 'number' | 'boolean' | 'null' | 'object' | 'array' | 'condition'; readonly node: JsonObject }
  | { readonly kind: 'enum'; readonly node: JsonObject; readonly values: readonly JsonValue[] }
  | { readonly kind: 'const'; readonly node: JsonObject; readonly value: JsonValue }
  | { readonly kind: 'not'; readonly node: JsonObject; readonly inner: Place }
  | { readonly kind: 'combined'; readonly node: JsonObject; readonly criterion: Criterion; readonly parts: readonly Part[] };

/** A part is a schema of its own, or one aspect of the schema it is taken from. */
export type Part = Place | { readonly shape: Shape; readonly document: SchemaDocument };

const referencesMax = 100;

export function shapeOf(part: Part): Shape {
  if ('shape' in part) return part.shape;
  const { document } = part;
  let { schema } = part;
  for (let count = 0; isJsonObject(schema) && count < referencesMax; count += 1) {
    const reference = textKeyword(schema, '$ref');
    const target: JsonSchema | undefined = reference === undefined ? undefined : document.resolve(reference);
    if (target === undefined) break;
    schema = target;
  }
  if (!isJsonObject(schema)) return { kind: schema ? 'any' : 'never' };
  const aspects = aspectsOf(document, schema);
  const [first] = aspects;
  if (first === undefined) return { kind: 'any' };
  if (aspects.length === 1) return first;
  return { kind: 'combined', node: schema, criterion: 'allOf', parts: aspects.map((shape) => ({ shape, document })) };
}

function aspectsOf(document: SchemaDocument, node: JsonObject): readonly Shape[] {
  const aspects: Shape[] = [...typed(document, node)];
  const values = keyword(node, 'enum');
  if (Array.isArray(values)) aspects.push({ kind: 'enum', node, values });
  const value = keyword(node, 'const');
  if (value !== undefined) aspects.push({ kind: 'const', node, value });
  for (const criterion of ['allOf', 'anyOf', 'oneOf'] as const) {
    const parts = schemaListKeyword(node, criterion).map((schema) => ({ document, schema }));
    if (parts.length > 0) aspects.push({ kind: 'combined', node, criterion, parts });
  }
  const not = schemaKeyword(node, 'not');
  if (not !== undefined) aspects.push({ kind: 'not', node, inner: { document, schema: not } });
  if (Object.hasOwn(node, 'if')) aspects.push({ kind: 'condition', node });
  return aspects;
}

function typed(document: SchemaDocument, node: JsonObject): readonly Shape[] {
  const types = typesOf(node);
  if (types === undefined)
    return impliedKinds.filter(([, names]) => names.some((name) => Object.hasOwn(node, name))).map(([kind]) => ({ kind, node }));
  const [only] = types;
  if (types.length === 1 && only !== undefined) return [typeShape(only, node)];
  return [{ kind: 'combined', node, criterion: 'anyOf', parts: types.map((type) => ({ document, shape: typeShape(type, node) })) }];
}

function typeShape(type: string, node: JsonObject): Shape {
  if (type === 'integer') return { kind: 'number', node: { ...node, type: 'integer' } };
  if (type === 'number') return { kind: 'number', node: { ...node, type: 'number' } };
  if (type === 'string' || type === 'boolean' || type === 'null' || type === 'object' || type === 'array') return { kind: type, node };
  return { kind: 'never' };
}

/** Keywords of a kind imply it where no type is said. */
const impliedKinds: readonly (readonly ['object' | 'array' | 'string' | 'number', readonly string[]])[] = [
  [
    'object',
    [
      'properties',
      'required',
      'additionalProperties',
      'unevaluatedProperties',
      'patternProperties',
      'propertyNames',
      'minProperties',
      'maxProperties',
      'dependentRequired',
      'dependentSchemas',
    ],
  ],
  ['array', ['items', 'prefixItems', 'unevaluatedItems', 'contains', 'minItems', 'maxItems', 'uniqueItems']],
  ['string', ['minLength', 'maxLength', 'pattern', 'format']],
  ['number', ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf']],
];
