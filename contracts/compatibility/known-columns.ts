// Which properties a schema knows, place by place. The columns of a change stream are those of its source: a property
// that no keyword names is drift, told apart from broken rules. So a document that a contract speaks of has the columns
// that contract names and no others ("evaluated closed"), while a reader does not mind columns it does not know.
//
// A place knows the names of every `properties` and `patternProperties` that could apply there, whichever alternative is
// chosen. It is open when nothing there names a property (free-form JSON), or when the schema says itself what other
// properties hold.

import { isJsonObject, type JsonObject, type JsonSchema, type JsonValue } from '../json-schema.ts';
import { linearPattern, type LinearPattern } from '../linear-pattern.ts';
import { additionalItems, keyword, schemaKeyword, schemaListKeyword, schemaMapKeyword } from './keywords.ts';
import { inPlaceOf, type SchemaDocument } from './schema-document.ts';

export interface Columns {
  /** The same text for the same place: what a proof remembers it by. */
  readonly key: string;
  readonly isClosed: boolean;
  readonly names: ReadonlySet<string>;
  readonly patterns: readonly string[];
  knows(name: string): boolean;
  property(name: string): Columns;
  item(index: number): Columns;
}

/** Columns of a schema's root; every place is worked out once. */
export function columnsOf(document: SchemaDocument): Columns {
  const places = new Map<string, Columns>();
  const place = (schemas: readonly JsonSchema[]): Columns => {
    const nodes = inPlaceClosure(document, schemas);
    const key = nodes.map((node) => document.numberOf(node)).join(',');
    const known = places.get(key);
    if (known !== undefined) return known;
    const columns = describe(key, nodes, place);
    places.set(key, columns);
    return columns;
  };
  return place([document.root]);
}

/** Everything is known: for comparing schemas as they stand. */
export const openColumns: Columns = {
  key: '*',
  isClosed: false,
  names: new Set(),
  patterns: [],
  knows: () => true,
  property: () => openColumns,
  item: () => openColumns,
};

/** True when a document has a property, at any depth, that its place does not know. */
export function hasUnknownColumn(columns: Columns, value: JsonValue): boolean {
  if (Array.isArray(value)) return value.some((item, index) => hasUnknownColumn(columns.item(index), item));
  if (!isJsonObject(value)) return false;
  return Object.entries(value).some(([name, member]) => !columns.knows(name) || hasUnknownColumn(columns.property(name), member));
}

function describe(key: string, nodes: readonly JsonObject[], place: (schemas: readonly JsonSchema[]) => Columns): Columns {
  const names = new Set<string>();
  const patterns = new Set<string>();
  let isClosed = false;
  let isOpen = false;
  for (const node of nodes) {
    for (const name of Object.keys(schemaMapKeyword(node, 'properties'))) names.add(name);
    for (const pattern of Object.keys(schemaMapKeyword(node, 'patternProperties'))) patterns.add(pattern);
    if (Object.hasOwn(node, 'properties')) isClosed = true;
    for (const rest of ['additionalProperties', 'unevaluatedProperties']) {
      if ((schemaKeyword(node, rest) ?? false) !== false) isOpen = true;
    }
  }
  const compiled = new Map([...patterns].map((pattern) => [pattern, linearPattern(pattern)]));
  const closed = isClosed && !isOpen;
  const members = new Map<string, Columns>();
  return {
    key,
    isClosed: closed,
    names,
    patterns: [...patterns],
    knows: (name) => !closed || names.has(name) || [...compiled.values()].some((pattern) => mayMatch(pattern, name)),
    property(name) {
      const known = members.get(name);
      if (known !== undefined) return known;
      const member = place(nodes.flatMap((node) => propertySchemas(node, name, compiled)));
      members.set(name, member);
      return member;
    },
    item: (index) => place(nodes.flatMap((node) => itemSchemas(node, index))),
  };
}

function propertySchemas(node: JsonObject, name: string, compiled: ReadonlyMap<string, LinearPattern>): readonly JsonSchema[] {
  const found: JsonSchema[] = [];
  const properties = schemaMapKeyword(node, 'properties');
  const named = Object.hasOwn(properties, name) ? properties[name] : undefined;
  if (named !== undefined) found.push(named);
  for (const [pattern, schema] of Object.entries(schemaMapKeyword(node, 'patternProperties'))) {
    const engine = compiled.get(pattern);
    if (engine !== undefined && mayMatch(engine, name)) found.push(schema);
  }
  for (const rest of ['additionalProperties', 'unevaluatedProperties']) {
    const schema = schemaKeyword(node, rest);
    if (schema !== undefined) found.push(schema);
  }
  return found;
}

function itemSchemas(node: JsonObject, index: number): readonly JsonSchema[] {
  const prefix = schemaListKeyword(node, 'prefixItems');
  const own = prefix[index] ?? additionalItems(node) ?? schemaKeyword(node, 'unevaluatedItems');
  const contained = keyword(node, 'contains') === undefined ? undefined : schemaKeyword(node, 'contains');
  return [own, contained].filter((schema) => schema !== undefined);
}

function mayMatch(pattern: LinearPattern, name: string): boolean {
  return pattern.kind === 'refused' || pattern.test(name);
}

/** Booleans name nothing. */
function inPlaceClosure(document: SchemaDocument, schemas: readonly JsonSchema[]): readonly JsonObject[] {
  const found = new Set<JsonObject>();
  const pending = [...schemas];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (!isJsonObject(node) || found.has(node)) continue;
    found.add(node);
    pending.push(...inPlaceOf((reference) => document.resolve(reference), node));
  }
  // A bare reference says nothing itself: without it, the same place has the same key whichever reference led to it.
  const telling = [...found].filter((node) => !Object.hasOwn(node, '$ref') || Object.keys(node).length > 1);
  return telling.toSorted((a, b) => document.numberOf(a) - document.numberOf(b));
}
