// Where in a document of the Open Data Contract Standard a place of a table's schema stands: the schema is made from the
// document, findings are about the schema, and people mend the document.

import { isJsonObject, type JsonObject, type JsonValue } from '../json-schema.ts';
import { listAt } from './property-schema.ts';
import type { DocumentPath } from './source-text.ts';

const keysOfKeywords: Readonly<Record<string, readonly string[]>> = {
  type: ['logicalType'],
  format: ['logicalType'],
  title: ['businessName'],
  'x-physicalType': ['physicalType'],
  'x-primaryKey': ['primaryKeyPosition', 'primaryKey'],
  'x-id': ['id'],
  'x-classification': ['classification'],
  'x-tags': ['tags'],
  'x-unique': ['unique'],
};

/** `start` is the table's own path. A place that the document does not have becomes the nearest around it. */
export function odcsPath(table: JsonObject, start: DocumentPath, schemaPath: DocumentPath): DocumentPath {
  let element = table;
  let path = start;
  for (let index = 0; index < schemaPath.length; index++) {
    const step = String(schemaPath[index]);
    const custom = customIndex(element, `jsonSchema.${step}`);
    if (custom >= 0) return [...path, 'customProperties', custom, 'value', ...schemaPath.slice(index + 1)];
    const next = inside(element, step, schemaPath[index + 1]);
    if (next === null) return [...path, ...keywordPath(element, step, schemaPath[index + 1])];
    element = next.element;
    path = [...path, ...next.path];
    index += next.steps - 1;
  }
  return path;
}

interface Inside {
  readonly element: JsonObject;
  readonly path: DocumentPath;
  readonly steps: number;
}

function inside(element: JsonObject, step: string, following: string | number | undefined): Inside | null {
  if (step === 'properties') {
    const list = listAt(element, 'properties');
    const index = list.findLastIndex((property) => isJsonObject(property) && property['name'] === following);
    const property = list[index];
    return isJsonObject(property) ? { element: property, path: ['properties', index], steps: 2 } : null;
  }
  if (step === 'items') return found(element['items'], ['items']);
  if (step === 'additionalProperties') {
    const map = element['map'];
    return found(isJsonObject(map) ? map['value'] : undefined, ['map', 'value']);
  }
  return null;
}

function found(value: JsonValue | undefined, path: DocumentPath): Inside | null {
  return isJsonObject(value) ? { element: value, path, steps: 1 } : null;
}

function keywordPath(element: JsonObject, keyword: string, following: string | number | undefined): DocumentPath {
  const options = element['logicalTypeOptions'];
  if (isJsonObject(options) && Object.hasOwn(options, keyword)) {
    return ['logicalTypeOptions', keyword, ...(typeof following === 'number' ? [following] : [])];
  }
  const custom = keyword.startsWith('x-') ? customIndex(element, keyword.slice(2)) : -1;
  if (custom >= 0) return ['customProperties', custom, 'value'];
  if (keyword === 'enum' && typeof following === 'number' && listAt(element, 'enum')[following] !== undefined) return ['enum', following];
  const key = [...(keysOfKeywords[keyword] ?? []), keyword].find((candidate) => Object.hasOwn(element, candidate));
  return key === undefined ? [] : [key];
}

function customIndex(element: JsonObject, name: string): number {
  return listAt(element, 'customProperties').findIndex((entry) => isJsonObject(entry) && entry['property'] === name);
}
