// What the shape of a document cannot say: names that clash, rules that compare with nothing, references that lead nowhere.

import { policyOf } from '../columns.ts';
import { contractIdPattern } from '../contract.ts';
import { declaredConsumer } from '../declared-consumers.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json-schema.ts';
import { lintColumns } from './lint-columns.ts';
import { lintEnforceable } from './lint-enforceable.ts';
import type { Report } from './lint-schema.ts';
import { bodyOfTable, compatibilityModes, contractIdOf, stateOf } from './odcs-contract.ts';
import { odcsPath } from './odcs-path.ts';
import { qualityOperators } from './odcs-shape.ts';
import { listAt, textAt } from './property-schema.ts';
import type { DocumentPath } from './source-text.ts';

export function lintOdcs(document: JsonObject, report: Report): void {
  lintIdentity({ id: document['id'], version: document['version'] }, { id: ['id'], version: ['version'] }, report);
  const status = textAt(document, 'status');
  if (status !== null && stateOf(status) === null) {
    const message = `status ${JSON.stringify(status)} stands for no state: the contract is a draft`;
    report({ rule: 'status-unknown', path: ['status'], at: 'value', message, mend: 'Write draft, active, deprecated or retired.' });
  }
  lintSettings(document, report);
  lintUnique(listAt(document, 'servers'), ['servers'], 'server', 'server-duplicate', 'servers', report);
  lintEverywhere(document, [], report);
  const tables = listAt(document, 'schema');
  if (tables.length === 0) {
    report({ rule: 'no-tables', path: [], at: 'key', message: 'the contract describes no table', mend: 'Add `schema:` with its tables.' });
  }
  lintUnique(tables, ['schema'], 'name', 'table-duplicate', 'tables', report);
  tables.forEach((table, index) => {
    if (isJsonObject(table)) lintTable(table, ['schema', index], report);
  });
  lintLevels(document, report);
  lintRelationships(document, report);
}

interface Identity {
  readonly id: JsonValue | undefined;
  readonly version: JsonValue | undefined;
}

export function lintIdentity({ id, version }: Identity, paths: { id: DocumentPath; version: DocumentPath }, report: Report): void {
  if (typeof id === 'string' && !contractIdPattern.test(id)) {
    const message = `the id ${JSON.stringify(id.slice(0, 80))} is registered as ${contractIdOf(id)}`;
    report({
      rule: 'contract-id',
      path: paths.id,
      at: 'value',
      message,
      mend: 'Use lower-case letters, digits, `.`, `_` and `-`, at most 128.',
    });
  }
  if (typeof version === 'string' && !semver.test(version)) {
    const message = `version ${JSON.stringify(version.slice(0, 40))} is not major.minor.patch`;
    report({ rule: 'version-semver', path: paths.version, at: 'value', message, mend: 'Write a version like 1.0.0.' });
  }
}

// Spec: https://semver.org
const semver = /^(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})(-[0-9A-Za-z.-]{1,60})?(\+[0-9A-Za-z.-]{1,60})?$/;

function lintSettings(document: JsonObject, report: Report): void {
  listAt(document, 'customProperties').forEach((entry, index) => {
    if (!isJsonObject(entry)) return;
    const value = entry['value'] ?? null;
    const path = ['customProperties', index, 'value'];
    if (entry['property'] === 'compatibility' && !compatibilityModes.some((mode) => mode === value)) {
      const mend = `Write one of: ${compatibilityModes.join(', ')}.`;
      report({ rule: 'compatibility-unknown', path, at: 'value', message: `${JSON.stringify(value)} is no compatibility mode`, mend });
    }
    if (entry['property'] === 'policy' && policyOf(value) === null) {
      const mend = 'Write flag, quarantine or halt.';
      report({ rule: 'policy-unknown', path, at: 'value', message: `${JSON.stringify(value)} is no policy`, mend });
    }
    if (entry['property'] === 'consumers') lintConsumers(value, path, report);
  });
}

function lintConsumers(value: JsonValue, path: DocumentPath, report: Report): void {
  const mend = 'Write a list of { name, owner, type, table, columns }; only the name is required, columns is a list.';
  const malformed = (at: DocumentPath): void =>
    report({ rule: 'consumer-malformed', path: at, at: 'value', message: 'this is no consumer', mend });
  if (!Array.isArray(value)) return malformed(path);
  value.forEach((item: JsonValue, index) => {
    if (declaredConsumer(item) === null) malformed([...path, index]);
  });
}

type UniqueRule = 'server-duplicate' | 'table-duplicate' | 'property-duplicate' | 'custom-duplicate';

function lintUnique(list: readonly JsonValue[], path: DocumentPath, key: string, rule: UniqueRule, noun: string, report: Report): void {
  const seen = new Set<string>();
  list.forEach((item, index) => {
    const name = isJsonObject(item) ? textAt(item, key) : null;
    if (name === null) return;
    if (seen.has(name)) {
      const message = `two ${noun} are called ${name}`;
      report({ rule, path: [...path, index, key], at: 'value', message, mend: 'Rename one of them, or remove it.' });
    }
    seen.add(name);
  });
}

/** Lists that may stand at any level. */
function lintEverywhere(value: JsonValue, path: DocumentPath, report: Report): void {
  if (Array.isArray(value)) return value.forEach((item: JsonValue, index) => lintEverywhere(item, [...path, index], report));
  if (!isJsonObject(value)) return;
  for (const [key, inner] of Object.entries(value)) {
    const here = [...path, key];
    // What a custom property holds is its owner's.
    if (key === 'value' && path.at(-2) === 'customProperties') continue;
    if (key === 'customProperties' && Array.isArray(inner))
      lintUnique(inner, here, 'property', 'custom-duplicate', 'custom properties', report);
    if (key === 'properties' && Array.isArray(inner)) lintUnique(inner, here, 'name', 'property-duplicate', 'properties', report);
    if (key === 'quality' && Array.isArray(inner)) inner.forEach((rule: JsonValue, index) => lintQuality(rule, [...here, index], report));
    lintEverywhere(inner, here, report);
  }
  lintTemporalBounds(value, path, report);
  const position = value['primaryKeyPosition'];
  if (typeof position === 'number' && position >= 1 && value['primaryKey'] !== true) {
    const message = `place ${position} in a key that the column is not part of`;
    report({
      rule: 'key-unused',
      path: [...path, 'primaryKeyPosition'],
      at: 'value',
      message,
      mend: 'Add `primaryKey: true`, or remove the position.',
    });
  }
}

/** JSON Schema has no bounds of texts: the document's are kept, and nobody may believe that rows are held to them. */
function lintTemporalBounds(property: JsonObject, path: DocumentPath, report: Report): void {
  const { logicalType: type, logicalTypeOptions: options } = property;
  if (!isJsonObject(options) || (type !== 'date' && type !== 'timestamp' && type !== 'time')) return;
  for (const bound of ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum']) {
    if (options[bound] === undefined) continue;
    const message = `${bound} of a ${type} is kept in the document, and rows are not judged by it`;
    const mend = 'Remove it, and say it as a quality rule of type sql or as a pattern.';
    report({ rule: 'bounds-unjudged', path: [...path, 'logicalTypeOptions', bound], at: 'key', message, mend });
  }
}

function lintQuality(rule: JsonValue, path: DocumentPath, report: Report): void {
  if (!isJsonObject(rule)) return;
  const used = qualityOperators.filter((operator) => rule[operator] !== undefined);
  const compares = rule['type'] === 'library' || rule['type'] === 'sql' || rule['metric'] !== undefined;
  if (used.length > 1 || (compares && used.length === 0)) {
    const found = used.length === 0 ? 'nothing to compare with' : `several operators: ${used.join(', ')}`;
    const mend = `Keep one of: ${qualityOperators.join(', ')}.`;
    report({ rule: 'quality-operator', path, at: 'key', message: `the quality rule has ${found}`, mend });
  }
  for (const operator of ['mustBeBetween', 'mustNotBeBetween']) {
    const [low, high, ...more] = listAt(rule, operator);
    if (typeof low !== 'number' || typeof high !== 'number' || (low < high && more.length === 0)) continue;
    const message = `${operator} is no range of two rising numbers`;
    report({ rule: 'quality-between', path: [...path, operator], at: 'value', message, mend: 'Write the lower number, then the higher.' });
  }
}

function lintTable(table: JsonObject, path: DocumentPath, report: Report): void {
  const name = textAt(table, 'name') ?? '';
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,126}$/.test(name)) {
    const message = `${JSON.stringify(name.slice(0, 80))} cannot name a table of the lake`;
    report({
      rule: 'table-name',
      path: [...path, 'name'],
      at: 'value',
      message,
      mend: 'Use letters, digits and _; the source’s own name is physicalName.',
    });
  }
  if (listAt(table, 'properties').length === 0) {
    report({ rule: 'table-empty', path, at: 'key', message: `${name} has no properties`, mend: 'Add `properties:`, one a column.' });
  }
  const body = bodyOfTable(table);
  const inDocument: Report = (finding) => report({ ...finding, path: odcsPath(table, path, finding.path) });
  lintEnforceable(body, inDocument);
  lintColumns(body, inDocument);
}

function columnsByTable(document: JsonObject): ReadonlyMap<string, ReadonlySet<string>> {
  const tables = listAt(document, 'schema').filter(isJsonObject);
  return new Map(
    tables.flatMap((table) => {
      const columns = new Set(
        listAt(table, 'properties')
          .filter(isJsonObject)
          .flatMap((property) => namesOf(property)),
      );
      return namesOf(table).map((name) => [name, columns] as const);
    }),
  );
}

function namesOf(element: JsonObject): readonly string[] {
  return ['name', 'physicalName', 'id'].flatMap((key) => textAt(element, key) ?? []);
}

function lintLevels(document: JsonObject, report: Report): void {
  const tables = columnsByTable(document);
  listAt(document, 'slaProperties').forEach((level, index) => {
    const element = isJsonObject(level) ? textAt(level, 'element') : null;
    if (element === null || tables.size === 0) return;
    const missing = element
      .split(',')
      .map((part) => part.trim())
      .find((part) => !isThere(part, tables));
    if (missing === undefined) return;
    const message = `the contract has no ${missing}`;
    report({
      rule: 'level-element',
      path: ['slaProperties', index, 'element'],
      at: 'value',
      message,
      mend: 'Write table or table.column.',
    });
  });
}

/** `table`, `table.column`, or a column of any table. */
function isThere(reference: string, tables: ReadonlyMap<string, ReadonlySet<string>>): boolean {
  const [table = '', column] = reference.split('.');
  const columns = tables.get(table);
  if (columns === undefined) return column === undefined && [...tables.values()].some((names) => names.has(table));
  return column === undefined || columns.has(column);
}

function lintRelationships(document: JsonObject, report: Report): void {
  const tables = columnsByTable(document);
  const visit = (value: JsonValue, path: DocumentPath): void => {
    if (Array.isArray(value)) return value.forEach((item: JsonValue, index) => visit(item, [...path, index]));
    if (!isJsonObject(value)) return;
    if (path.at(-2) === 'relationships') {
      for (const key of ['from', 'to']) lintReferenceTo(value[key], [...path, key], tables, report);
      return;
    }
    for (const [key, inner] of Object.entries(value)) if (key !== 'customProperties') visit(inner, [...path, key]);
  };
  visit(listAt(document, 'schema'), ['schema']);
}

function lintReferenceTo(
  given: JsonValue | undefined,
  path: DocumentPath,
  tables: ReadonlyMap<string, ReadonlySet<string>>,
  report: Report,
): void {
  const all: readonly JsonValue[] = Array.isArray(given) ? given : given === undefined ? [] : [given];
  for (const reference of all) {
    // With a slash it is a path, perhaps into another contract.
    if (typeof reference !== 'string' || reference.includes('/') || isThere(reference, tables)) continue;
    report({
      rule: 'reference-unknown',
      path,
      at: 'value',
      message: `the contract has no ${reference}`,
      mend: 'Write table.column of a table in this contract.',
    });
  }
}
