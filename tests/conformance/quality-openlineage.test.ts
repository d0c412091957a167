// Events of quality runs against OpenLineage's own schemas, when they lie beside the project (../shared/vectors): the facets of
// assertions and tests are valid, say every outcome, and claim nothing of what was not measured.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { readLineageEvent } from '../../catalog/lineage/openlineage-event.ts';
import type { Check, Measure } from '../../quality/check.ts';
import { openLineageEvents } from '../../quality/report/openlineage.ts';
import type { Report } from '../../quality/report/report.ts';
import type { Outcome } from '../../quality/result.ts';
import { isRecord } from '../../runtime/options.ts';
import { checkOf } from '../unit/quality-fixture.ts';
import { notExecutedOf, resultOf, startedAt } from '../unit/quality-report-fixture.ts';

const vectors = fileURLToPath(new URL('../../../shared/vectors/openlineage/facets/', import.meta.url));
const skip = existsSync(vectors) ? false : 'not run: ../shared/vectors/openlineage is not there';

const outcomes: readonly Outcome[] = ['passed', 'warning', 'failed', 'learning', 'skipped', 'error', 'unknown'];
const measures: readonly Measure[] = [
  { kind: 'nulls', column: 'email' },
  { kind: 'duplicates', columns: ['a', 'b'] },
  { kind: 'sql', sql: 'SELECT 1', result: 'value' },
  { kind: 'cdc', of: 'offsetGaps' },
  { kind: 'freshness', by: 'commit' },
];

const parts = {
  version: '0.1.0',
  jobNamespace: 'foz',
  dataset: (table: string, view: Check['view']) => ({ namespace: 'http://127.0.0.1:8181', name: `${view}.${table}` }),
};

const report: Report = {
  id: 'run-1',
  startedAt,
  endedAt: startedAt + 1500,
  pins: new Map(),
  results: outcomes.flatMap((outcome, at) =>
    measures.map((measure, i) =>
      resultOf(checkOf(`c${at}-${i}`, { measure, view: i % 2 === 0 ? 'current' : 'raw', filter: i === 0 ? 'id > 1' : null }), {
        outcome,
        ...(['passed', 'warning', 'failed'].includes(outcome) ? {} : { measured: null }),
      }),
    ),
  ),
  notExecuted: [notExecutedOf('nice')],
};

function validator(): ValidateFunction {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  const ids = new Map<string, string>();
  for (const name of readdirSync(vectors)) {
    const schema: unknown = JSON.parse(readFileSync(join(vectors, name), 'utf8'));
    assert.ok(isRecord(schema));
    ajv.addSchema(schema);
    ids.set(name.replace('.json', ''), String(schema['$id']));
  }
  const facetsOf = (...names: readonly string[]) => ({ allOf: names.map((name) => ({ $ref: ids.get(name) })) });
  return ajv.compile({
    allOf: [{ $ref: 'https://openlineage.io/spec/2-0-2/OpenLineage.json' }],
    properties: {
      run: { properties: { facets: facetsOf('TestRunFacet') } },
      job: { properties: { facets: facetsOf('JobTypeJobFacet') } },
      inputs: { items: { properties: { inputFacets: facetsOf('DataQualityAssertionsDatasetFacet') } } },
    },
  });
}

interface Told {
  readonly run: {
    readonly runId: string;
    readonly facets: { readonly test: { readonly tests: readonly { name: string; status: string }[] } };
  };
  readonly inputs: readonly {
    readonly name: string;
    readonly inputFacets: { readonly dataQualityAssertions: { readonly assertions: readonly { name: string; success: boolean }[] } };
  }[];
}

test('events of runs are valid by the published schemas, and a broken one is not', { skip }, () => {
  const validate = validator();
  for (const event of openLineageEvents(report, parts)) {
    assert.ok(validate(event), JSON.stringify(validate.errors));
    assert.equal(validate({ ...event, run: { runId: 'run-1' } }), false);
    const text = JSON.stringify(event);
    assert.equal(validate(JSON.parse(text.replace('"success":true', '"success":"yes"'))), false);
    assert.equal(validate(JSON.parse(text.replace('"status":"pass"', '"status":7'))), false);
    const read = readLineageEvent(event, 'event', startedAt + 10_000);
    assert.deepEqual([read.kind, read.isComplete, read.job?.name], ['run', true, 'quality users']);
  }
});

test('what was judged is an assertion about its dataset, what was not is a skipped test of the run, and nothing is lost', () => {
  const [event, ...more] = openLineageEvents(report, parts) as unknown as readonly Told[];
  assert.ok(event);
  assert.equal(more.length, 0);
  const assertions = event.inputs.flatMap(({ name, inputFacets }) =>
    inputFacets.dataQualityAssertions.assertions.map((one) => [name, one.name, one.success] as const),
  );
  const expected = report.results.flatMap(({ check, outcome }) =>
    ['passed', 'warning', 'failed'].includes(outcome) ? [[`${check.view}.users`, check.id, outcome === 'passed'] as const] : [],
  );
  assert.deepEqual(assertions.toSorted(), expected.toSorted());
  const statuses = event.run.facets.test.tests.map(({ name, status }) => [name, status]);
  const words: Readonly<Record<string, string>> = { passed: 'pass', warning: 'fail', failed: 'fail' };
  assert.deepEqual(statuses, [...report.results.map(({ check, outcome }) => [check.id, words[outcome] ?? 'skip']), ['users.nice', 'skip']]);
  const again = openLineageEvents(report, parts) as unknown as readonly Told[];
  assert.equal(again[0]?.run.runId, event.run.runId, 'told twice is the same run');
});
