// A report as OpenLineage run events, one a table: what was judged as assertions about the dataset it was measured on, and
// everything, also what was not measured, as tests of the run. A dataset is told of no assertion that nobody made.
// Spec: https://openlineage.io/spec/2-0-2/OpenLineage.json; facets DataQualityAssertions 1-1-0, Test 1-0-1

import { createHash } from 'node:crypto';
import type { Check } from '../check.ts';
import type { NotExecuted } from '../declare/declared.ts';
import { measureText } from '../declare/measure-text.ts';
import type { CheckResult } from '../result.ts';
import { foundText } from '../run/expected-text.ts';
import { measuredColumns } from '../measured-columns.ts';
import { sqlOf } from './check-facts.ts';
import { byTable, isJudged, type Report } from './report.ts';

export interface DatasetName {
  readonly namespace: string;
  readonly name: string;
}

export interface EventParts {
  /** Of Foz. */
  readonly version: string;
  /** Jobs of Foz itself: nobody's consumers. */
  readonly jobNamespace: string;
  /** How the lineage calls the rows that a check looks at. */
  dataset(table: string, view: Check['view']): DatasetName;
}

export function openLineageEvents(report: Report, parts: EventParts): readonly Readonly<Record<string, unknown>>[] {
  return [...byTable(report)].map(([table, part]) => tableEvent(report, table, part, parts));
}

function tableEvent(
  { id, endedAt }: Report,
  table: string,
  { results, notExecuted }: Pick<Report, 'results' | 'notExecuted'>,
  { version, jobNamespace, dataset }: EventParts,
): Readonly<Record<string, unknown>> {
  const producer = `urn:foz:${version}`;
  const facet = (url: string, members: Readonly<Record<string, unknown>>) => ({
    _producer: producer,
    _schemaURL: `https://openlineage.io/spec/facets/${url}`,
    ...members,
  });
  const judged = results.filter(({ outcome }) => isJudged(outcome));
  const views = [...new Set(results.map(({ check }) => check.view))].toSorted();
  const inputs = views.map((view) => {
    const assertions = judged.filter(({ check }) => check.view === view).map(assertionOf);
    const dataQualityAssertions = facet('1-1-0/DataQualityAssertionsDatasetFacet.json', { assertions });
    return { ...dataset(table, view), facets: {}, inputFacets: { dataQualityAssertions } };
  });
  const tests = [...results.map(testOf), ...notExecuted.map(skippedTest)];
  const jobType = { processingType: 'BATCH', integration: 'FOZ', jobType: 'JOB' };
  return {
    eventType: 'COMPLETE',
    eventTime: new Date(endedAt).toISOString(),
    producer,
    schemaURL: 'https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent',
    run: { runId: uuidOf(`${id} ${table}`), facets: { test: facet('1-0-1/TestRunFacet.json', { tests }) } },
    job: { namespace: jobNamespace, name: `quality ${table}`, facets: { jobType: facet('2-0-4/JobTypeJobFacet.json', jobType) } },
    inputs,
    outputs: [],
  };
}

function assertionOf(result: CheckResult): Readonly<Record<string, unknown>> {
  const { check, outcome } = result;
  const [column, ...more] = measuredColumns(check.measure);
  return {
    assertion: classOf(check),
    success: outcome === 'passed',
    ...(column === undefined || more.length > 0 ? {} : { column }),
    name: check.id,
    ...sharedOf(result),
  };
}

function testOf(result: CheckResult): Readonly<Record<string, unknown>> {
  const { check, outcome, reason } = result;
  const status = outcome === 'passed' ? 'pass' : isJudged(outcome) ? 'fail' : 'skip';
  const shared = sharedOf(result);
  const description = status === 'skip' ? `${String(shared['description'])}. ${outcome}: ${reason}` : shared['description'];
  return { name: check.id, status, type: classOf(check), ...shared, description };
}

function sharedOf({ check, outcome, measured, expected, snapshotId }: CheckResult): Readonly<Record<string, unknown>> {
  const { measure, severity, description, dimension, filter } = check;
  const sql = sqlOf(measure);
  return {
    severity: severity === 'error' && outcome !== 'warning' ? 'error' : 'warn',
    description: description ?? measureText(measure),
    expected,
    ...(measured === null ? {} : { actual: foundText(check, measured) }),
    ...(sql === null ? {} : { content: sql, contentType: 'sql' }),
    params: {
      outcome,
      ...(snapshotId === null ? {} : { snapshotId }),
      ...(filter === null ? {} : { filter }),
      ...(dimension === null ? {} : { dimension }),
    },
  };
}

function skippedTest({ id, reason, severity, description }: NotExecuted): Readonly<Record<string, unknown>> {
  return {
    name: id,
    status: 'skip',
    severity: severity === 'error' ? 'error' : 'warn',
    description: `${description}. not executed: ${reason}`,
  };
}

/** The specification's own words where it has one. */
function classOf({ measure }: Check): string {
  const kind = measure.kind === 'cdc' ? measure.of : measure.kind;
  const words: Readonly<Record<string, string>> = {
    nulls: 'not_null',
    missing: 'not_missing',
    invalid: 'accepted_values',
    duplicates: 'unique',
    relationship: 'relationships',
    sql: 'custom_sql',
  };
  return words[kind] ?? kind.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The same for the same run and table: telling an event twice tells it once. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  const variant = ((Number.parseInt(hex[16] ?? '0', 16) & 3) | 8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
