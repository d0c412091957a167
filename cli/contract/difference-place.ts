// Where in the new document a difference stands, for annotations of a pull request: the line of the property it is about, else
// of its table, else the first.

import { existsSync, readFileSync, statSync } from 'node:fs';
import { documentBytesMax } from '../../contracts/document/limits.ts';
import { odcsPath } from '../../contracts/document/odcs-path.ts';
import { listAt } from '../../contracts/document/property-schema.ts';
import { readSourceText, type DocumentPath } from '../../contracts/document/source-text.ts';
import { isJsonObject, type JsonValue } from '../../contracts/json-schema.ts';

/** `pointer` is of the table's schema, as `#/properties/email/maxLength`. 1 where `file` is no file, or does not have it. */
export function lineOfDifference(file: string, table: string, pointer: string): number {
  if (!existsSync(file) || statSync(file).size > documentBytesMax) return 1;
  const reading = readSourceText(readFileSync(file, 'utf8'), file);
  if (reading.kind === 'problems') return 1;
  const { source } = reading;
  return source.placeOf(pathIn(source.value, table, stepsOf(pointer))).line;
}

function pathIn(document: JsonValue, table: string, steps: readonly string[]): DocumentPath {
  if (!isJsonObject(document)) return [];
  if (document['kind'] !== 'DataContract') return steps;
  const tables = listAt(document, 'schema');
  const index = tables.findIndex((one) => isJsonObject(one) && one['name'] === table);
  const found = tables[index];
  return isJsonObject(found) ? odcsPath(found, ['schema', index], steps) : [];
}

function stepsOf(pointer: string): readonly string[] {
  const steps = pointer.replace(/^#?\//, '').split('/');
  return steps.filter((step) => step !== '').map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}
