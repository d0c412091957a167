// A file of quality/ as checks. Every problem is told at once, with line, column and what to write; where there is an
// error there are no checks of the file, so that half a file is never taken for the whole.

import type { ContractProblem } from '../../contracts/document/contract-problem.ts';
import { pathText } from '../../contracts/document/shape.ts';
import { readSourceText, type DocumentPath, type SourceText } from '../../contracts/document/source-text.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../contracts/json-schema.ts';
import { closest } from '../../runtime/config-problems.ts';
import { countsRows, type Check, type Measure, type Threshold, type When } from '../check.ts';
import { measureUnit } from '../measure-unit.ts';
import { measureName } from './check-name.ts';
import type { DeclarationProblem } from './declared.ts';
import { defaultDimension, defaultFail, defaultView, defaultWhen, samplesDefault } from './defaults.ts';
import { forms } from './forms/forms.ts';
import type { Form } from './forms/form.ts';
import { checksMax, dimensions, fileSchema, formSchema, severities } from './quality-schema.ts';
import { readThreshold, thresholdForms } from './threshold-text.ts';
import { itemJudge, type ItemProblem } from './validate-item.ts';
import { readWhen } from './when-text.ts';

export interface QualityFile {
  readonly checks: readonly Check[];
  readonly problems: readonly DeclarationProblem[];
}

/** Judges files by the schema; compiling it is most of the work, so several files share one. */
export type FileJudge = (form: Form | null, value: JsonValue) => readonly ItemProblem[];

export function fileJudge(): FileJudge {
  const judge = itemJudge();
  const schemas = new Map(forms.map((form) => [form, formSchema(form)] as const));
  return (form, value) => judge(form === null ? fileSchema : (schemas.get(form) ?? fileSchema), value);
}

export function readQualityFile(text: string, file: string, judge: FileJudge = fileJudge()): QualityFile {
  const reading = readSourceText(text, file);
  if (reading.kind === 'problems') return { checks: [], problems: reading.problems.map(inOwnWords) };
  const { source } = reading;
  const problems: ContractProblem[] = [];
  const report: Report = (rule, path, at, message, mend) => {
    if (problems.length >= problemsMax) return;
    const place = at === 'key' ? source.placeOf(path) : source.valuePlaceOf(path);
    problems.push({ rule, severity: 'error', file, ...place, path: pathText(path), message, mend });
  };
  const checks = isJsonObject(source.value) ? readFile(source.value, { source, judge }, report) : [];
  if (!isJsonObject(source.value)) report('value-form', [], 'value', 'the file holds no mapping', 'Begin with `table:` and `checks:`.');
  const sorted = problems.toSorted((left, right) => left.line - right.line || left.column - right.column);
  return { checks: sorted.length === 0 ? checks : [], problems: sorted };
}

const problemsMax = 200;

type Report = (rule: string, path: DocumentPath, at: 'key' | 'value', message: string, mend: string) => void;

/** The text is read as contracts are; some mends speak of those. */
function inOwnWords(problem: ContractProblem): ContractProblem {
  const mends: Readonly<Record<string, string>> = {
    'document-size': 'Make a file for each table.',
    'document-depth': 'Write it flatter: no check nests this deep.',
    'yaml-tag': 'Write the value without a tag: checks are plain data.',
  };
  const mend = mends[problem.rule] ?? problem.mend.replace('Keep one contract in one file.', 'Keep one table in one file.');
  // What a word like `>` or `*` begins in YAML surprises: it is the most common mistake here.
  return { ...problem, mend: problem.rule === 'syntax' ? `${mend} A text that begins with * > | & ! or @ needs quotes.` : mend };
}

/** What the file says for all its checks. */
interface Presets {
  readonly table: string;
  readonly owner: string | null;
  readonly severity: Check['severity'];
  readonly when: When | null;
  readonly engine: Check['engine'];
  readonly samples: number;
}

function readFile(
  document: JsonObject,
  { source, judge }: { readonly source: SourceText; readonly judge: FileJudge },
  report: Report,
): readonly Check[] {
  for (const problem of judge(null, document)) reportItem(problem, [], report);
  const list = document['checks'];
  const items: readonly JsonValue[] = Array.isArray(list) ? list.slice(0, checksMax) : [];
  const presets: Presets = {
    table: textOr(document['table'], 'unknown'),
    owner: textOr(document['owner'], null),
    severity: severities.find((severity) => severity === document['severity']) ?? 'error',
    when: typeof document['when'] === 'string' ? whenAt(document['when'], ['when'], report) : null,
    engine: document['engine'] === 'trino' ? 'trino' : 'duckdb',
    samples: typeof document['samples'] === 'number' ? document['samples'] : samplesDefault,
  };
  const names = new Map<string, number>();
  return items.flatMap((item, index) => {
    const path = ['checks', index];
    const form = formOf(item, path, report);
    if (form === null || !isJsonObject(item)) return [];
    const wrong = judge(form, item);
    for (const problem of wrong) reportItem(problem, path, report);
    const check = wrong.length > 0 ? null : readCheck({ item, form, path, presets, source }, report);
    if (check === null) return [];
    const first = names.get(check.name);
    if (first !== undefined) {
      const other = source.placeOf(['checks', first]).line;
      report(
        'name-twice',
        path,
        'value',
        `this check and the one in line ${other} are both called ${check.name}`,
        'Give one of them a `name:`.',
      );
    }
    names.set(check.name, index);
    return [check];
  });
}

function reportItem({ rule, path, message, mend }: ItemProblem, base: DocumentPath, report: Report): void {
  report(rule, [...base, ...path], rule === 'value-form' ? 'value' : 'key', message, mend);
}

/** The one form whose key the item has. */
function formOf(item: JsonValue, path: DocumentPath, report: Report): Form | null {
  const known = forms.map(({ key }) => key);
  if (!isJsonObject(item)) {
    const mend =
      typeof item === 'string' && known.includes(item)
        ? `Write \`${item}:\` with what it is of.`
        : 'Write it like `- duplicateValues: id`.';
    report('value-form', path, 'value', 'a check is a mapping that begins with what it measures', mend);
    return null;
  }
  const said = Object.keys(item).flatMap((name) => forms.find(({ key }) => key === name) ?? []);
  const [form, second] = said;
  if (form === undefined) {
    const near = Object.keys(item).flatMap((key) => closest(key, known) ?? [])[0];
    const mend = near === undefined ? `Add one of: ${known.join(', ')}.` : `Did you mean \`${near}\`?`;
    report('no-measure', path, 'value', 'the check does not say what it measures', mend);
    return null;
  }
  if (second !== undefined) {
    const message = `the check measures several things: ${said.map(({ key }) => key).join(', ')}`;
    report('two-measures', [...path, second.key], 'key', message, 'Make it a check for each.');
    return null;
  }
  return form;
}

interface ItemReading {
  readonly item: JsonObject;
  readonly form: Form;
  readonly path: DocumentPath;
  readonly presets: Presets;
  readonly source: SourceText;
}

function readCheck({ item, form, path, presets, source }: ItemReading, report: Report): Check | null {
  const measure = form.read(item);
  if (measure.kind === 'refused') {
    report('value-form', [...path, measure.at], 'value', measure.message, measure.mend);
    return null;
  }
  const name = textOr(item['name'], null) ?? measureName(measure);
  if (name === null) {
    report('missing-key', path, 'value', 'nobody but you can name this check', 'Add `name:`.');
    return null;
  }
  const thresholds = thresholdsOf(item, form, measure, path, report);
  const when = typeof item['when'] === 'string' ? whenAt(item['when'], [...path, 'when'], report) : null;
  if (thresholds === null) return null;
  const tags: readonly JsonValue[] = Array.isArray(item['tags']) ? item['tags'] : [];
  return {
    id: `${presets.table}.${name}`,
    name,
    table: presets.table,
    view: item['view'] === 'raw' ? 'raw' : item['view'] === 'current' ? 'current' : defaultView(measure),
    measure,
    filter: textOr(item['where'], null),
    ...thresholds,
    severity: severities.find((severity) => severity === item['severity']) ?? presets.severity,
    dimension: dimensions.find((dimension) => dimension === item['dimension']) ?? defaultDimension(measure),
    scope: item['scope'] === 'new' ? 'new' : 'all',
    when: when ?? presets.when ?? defaultWhen(measure),
    samplesMax: typeof item['samples'] === 'number' ? item['samples'] : presets.samples,
    engine: item['engine'] === 'trino' ? 'trino' : item['engine'] === 'duckdb' ? 'duckdb' : presets.engine,
    description: textOr(item['description'], null),
    owner: textOr(item['owner'], presets.owner),
    tags: tags.filter((tag): tag is string => typeof tag === 'string'),
    origin: { document: source.file, line: source.placeOf(path).line, contract: null },
  };
}

function thresholdsOf(
  item: JsonObject,
  form: Form,
  measure: Measure,
  path: DocumentPath,
  report: Report,
): { readonly fail: Threshold | null; readonly warn: Threshold | null } | null {
  const mustKey = form.value === 'must' ? form.key : 'must';
  const fail = thresholdAt(item[mustKey], measure, [...path, mustKey], report);
  const warn = thresholdAt(item['should'], measure, [...path, 'should'], report);
  const preset = warn === undefined ? defaultFail(measure) : null;
  const said = fail === undefined ? preset : fail;
  if (said === undefined) {
    report(
      'no-threshold',
      path,
      'value',
      `nothing says which values of ${form.key} are right`,
      `Add \`must:\` with one of: ${thresholdForms}.`,
    );
    return null;
  }
  return { fail: said, warn: warn ?? null };
}

/** Undefined: the file says nothing, or nothing that can be read. */
function thresholdAt(value: JsonValue | undefined, measure: Measure, path: DocumentPath, report: Report): Threshold | null | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const hasPercent = countsRows(measure) && measure.kind !== 'rowCount';
  const reading = readThreshold(value, { unit: measureUnit(measure), hasPercent });
  if (reading.kind === 'threshold') return reading.threshold;
  report('threshold', path, 'value', reading.message, reading.mend);
  return null;
}

function whenAt(text: string, path: DocumentPath, report: Report): When | null {
  const reading = readWhen(text);
  if (reading.kind === 'when') return reading.when;
  report('when', path, 'value', reading.message, reading.mend);
  return null;
}

function textOr<T>(value: JsonValue | undefined, otherwise: T): string | T {
  return typeof value === 'string' ? value : otherwise;
}
