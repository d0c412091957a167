// A contract document, whatever it was written in, as a Contract; or every problem that keeps it from being one.
//
//   readContract(text, file) → { kind: 'contract', contract, format, warnings } | { kind: 'problems', problems }
//
// The format is recognised by what the document says of itself: `kind: DataContract` with `apiVersion` is the Open Data
// Contract Standard, `dataContractSpecification` is the Data Contract Specification, a JSON Schema with `x-contract` is a
// JSON Schema with metadata. Nothing is fetched and no file but this text is looked at.
//
// In three steps, each only when the one before found nothing: the text (source-text.ts), its shape (shape.ts), what it
// means (lint-odcs.ts, lint-schema.ts, lint-columns.ts).

import type { Contract } from '../contract.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json-schema.ts';
import type { ContractProblem } from './contract-problem.ts';
import { odcsOfDcs } from './dcs-odcs.ts';
import { dcsShape } from './dcs-shape.ts';
import { bodyOfDocument, contractOfJsonSchema, contractOfPlainSchema, jsonSchemaShape } from './json-schema-contract.ts';
import { problemsMax } from './limits.ts';
import { lintColumns } from './lint-columns.ts';
import { lintEnforceable } from './lint-enforceable.ts';
import { lintDcs } from './lint-dcs.ts';
import { lintIdentity, lintOdcs } from './lint-odcs.ts';
import { lintRules } from './lint-rules.ts';
import type { Finding, Report } from './lint-schema.ts';
import { contractOfOdcs } from './odcs-contract.ts';
import { odcsShape } from './odcs-shape.ts';
import { listAt } from './property-schema.ts';
import { checkShape, nearest, pathText, type Shape } from './shape.ts';
import { readSourceText, type SourceText } from './source-text.ts';

export type ContractFormat = 'odcs' | 'json-schema' | 'dcs';

export type ContractReading =
  | {
      readonly kind: 'contract';
      readonly contract: Contract;
      readonly format: ContractFormat;
      /** Worth a look, but no obstacle. */
      readonly warnings: readonly ContractProblem[];
    }
  | { readonly kind: 'problems'; readonly problems: readonly ContractProblem[] };

export interface ReadContractOptions {
  /** A JSON Schema without metadata is taken as a draft, named after its file. */
  readonly plainSchema?: boolean;
}

/** `file` is only named in problems. Never throws for what the text says; bounded in time and memory (limits.ts). */
export function readContract(text: string, file: string, options: ReadContractOptions = {}): ContractReading {
  const reading = readSourceText(text, file);
  if (reading.kind === 'problems') return reading;
  const { source } = reading;
  const { value } = source;
  if (isJsonObject(value)) {
    if (value['kind'] === 'DataContract' || value['apiVersion'] !== undefined) {
      return judge(source, 'odcs', odcsShape, lintOdcs, contractOfOdcs);
    }
    if (value['dataContractSpecification'] !== undefined) {
      return judge(source, 'dcs', dcsShape, lintDcs, (document) => contractOfOdcs(odcsOfDcs(document)));
    }
    if (value['x-contract'] !== undefined) return judge(source, 'json-schema', jsonSchemaShape, lintJsonSchema, contractOfJsonSchema);
    if (options.plainSchema === true)
      return judge(source, 'json-schema', anything, lintPlain, (schema) => contractOfPlainSchema(schema, file));
  }
  return { kind: 'problems', problems: [unknownFormat(source)] };
}

const anything: Shape = { kind: 'object', keys: {}, required: [], isOpen: true };

function judge(
  source: SourceText,
  format: ContractFormat,
  shape: Shape,
  lint: (document: JsonObject, report: Report) => void,
  contractOf: (document: JsonObject) => Contract,
): ContractReading {
  const problems: ContractProblem[] = [];
  const report = (finding: Finding): void => {
    if (problems.length < problemsMax) problems.push(problemOf(source, finding));
  };
  checkShape(source.value, shape, [], report);
  if (!isJsonObject(source.value)) return { kind: 'problems', problems };
  if (problems.length === 0) lint(source.value, report);
  const sorted = problems.toSorted((left, right) => left.line - right.line || left.column - right.column);
  if (sorted.some(({ severity }) => severity === 'error')) return { kind: 'problems', problems: sorted };
  return { kind: 'contract', contract: contractOf(source.value), format, warnings: sorted };
}

function problemOf(source: SourceText, { rule, path, at, message, mend }: Finding): ContractProblem {
  const place = at === 'key' ? source.placeOf(path) : source.valuePlaceOf(path);
  return { rule, severity: lintRules[rule].severity, file: source.file, ...place, path: pathText(path), message, mend };
}

function lintJsonSchema(document: JsonObject, report: Report): void {
  const metadata = document['x-contract'];
  if (!isJsonObject(metadata)) return;
  lintIdentity(
    { id: metadata['id'], version: metadata['version'] },
    { id: ['x-contract', 'id'], version: ['x-contract', 'version'] },
    report,
  );
  const tables = metadata['tables'];
  if (!Array.isArray(tables)) return lintPlain(bodyOfDocument(document), report);
  const names = tables.filter(isJsonObject).map((table: JsonObject) => table['name']);
  listAt(metadata, 'tables').forEach((table, index) => {
    if (!isJsonObject(table)) return;
    const path = ['x-contract', 'tables', index];
    if (names.indexOf(table['name']) < index) {
      const message = `two tables are called ${String(table['name'])}`;
      report({ rule: 'table-duplicate', path: [...path, 'name'], at: 'value', message, mend: 'Rename one of them, or remove it.' });
    }
    lintPlain(table['body'] ?? true, (finding) => report({ ...finding, path: [...path, 'body', ...finding.path] }));
  });
}

function lintPlain(body: JsonValue, report: Report): void {
  lintEnforceable(body, report);
  lintColumns(body, report);
}

function unknownFormat(source: SourceText): ContractProblem {
  const keys = isJsonObject(source.value) ? Object.keys(source.value) : [];
  const near = ['apiVersion', 'dataContractSpecification', 'x-contract'].find((word) => nearest(word, keys) !== null);
  return {
    rule: 'unknown-format',
    severity: 'error',
    file: source.file,
    ...source.placeOf([]),
    path: '',
    message: 'the document is none of: ODCS, JSON Schema with x-contract, DCS',
    mend: near === undefined ? 'Begin with `apiVersion: v3.2.0` and `kind: DataContract`.' : `Did you mean \`${near}\`?`,
  };
}
