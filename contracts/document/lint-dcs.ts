// What is wrong with a document of the older specification. It is judged as what it converts to; findings there are told
// where the field stands here.

import { isJsonObject, type JsonObject, type JsonValue } from '../json-schema.ts';
import { odcsOfDcs } from './dcs-odcs.ts';
import { lintOdcs } from './lint-odcs.ts';
import type { Report } from './lint-schema.ts';
import { listAt } from './property-schema.ts';
import type { DocumentPath } from './source-text.ts';

export function lintDcs(document: JsonObject, report: Report): void {
  lintReferences(document, report);
  const odcs = odcsOfDcs(document);
  lintOdcs(odcs, (finding) => report({ ...finding, path: dcsPath(odcs, finding.path), at: 'key' }));
}

function lintReferences(document: JsonObject, report: Report): void {
  const definitions = document['definitions'];
  const known = isJsonObject(definitions) ? Object.keys(definitions) : [];
  const visit = (value: JsonValue, path: DocumentPath): void => {
    if (Array.isArray(value)) return value.forEach((item: JsonValue, index) => visit(item, [...path, index]));
    if (!isJsonObject(value)) return;
    const reference = value['$ref'];
    if (typeof reference === 'string') {
      const name = reference.startsWith('#/definitions/') ? reference.slice('#/definitions/'.length) : null;
      if (name === null) {
        const mend = 'Copy it into definitions: nothing is ever fetched.';
        report({
          rule: 'ref-remote',
          path: [...path, '$ref'],
          at: 'value',
          message: `$ref leaves the contract: ${reference.slice(0, 100)}`,
          mend,
        });
      } else if (!known.includes(name)) {
        const mend = 'Correct the name, or add it under definitions.';
        report({ rule: 'definition-unknown', path: [...path, '$ref'], at: 'value', message: `there is no definition ${name}`, mend });
      }
    }
    for (const [key, inner] of Object.entries(value)) visit(inner, [...path, key]);
  };
  visit(document['models'] ?? {}, ['models']);
}

/** `schema[0].properties[1]…` → `models.orders.fields.id…`. */
function dcsPath(odcs: JsonObject, path: DocumentPath): DocumentPath {
  const [first, index, ...steps] = path;
  if (first === 'version') return ['info', 'version'];
  if (first !== 'schema' || typeof index !== 'number') return path;
  let element = listAt(odcs, 'schema')[index];
  const found: (string | number)[] = ['models', nameOf(element)];
  for (let at = 0; at < steps.length; at++) {
    const step = steps[at] ?? '';
    const place = steps[at + 1];
    if (step === 'properties' && typeof place === 'number' && isJsonObject(element)) {
      element = listAt(element, 'properties')[place];
      found.push('fields', nameOf(element));
      at++;
    } else if (step === 'logicalTypeOptions') continue;
    else if (step === 'logicalType' || step === 'physicalType') found.push('type');
    else {
      found.push(step);
      element = isJsonObject(element) ? element[step] : undefined;
    }
  }
  return found;
}

function nameOf(element: JsonValue | undefined): string {
  const name = isJsonObject(element) ? element['name'] : undefined;
  return typeof name === 'string' ? name : '';
}
