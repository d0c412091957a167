// Quality rules and service levels of the Open Data Contract Standard: each form of a rule as a check, whatever is not
// understood as not executed, and every rule of the published examples as one or the other (../shared/vectors, when they
// lie beside the project).

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { readContract } from '../../contracts/document/read-contract.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../contracts/json-schema.ts';
import { contractChecks } from '../../quality/declare/contract-checks.ts';
import type { Declared } from '../../quality/declare/declared.ts';
import { readRule } from '../../quality/declare/odcs-rule.ts';
import { readLevel } from '../../quality/declare/service-level.ts';

const vectors = fileURLToPath(new URL('../../../shared/vectors/odcs/', import.meta.url));
const skip = existsSync(vectors) ? false : `the published examples are not at ${vectors}`;
if (skip !== false) process.stderr.write(`quality-odcs: examples skipped, ${skip}\n`);

function declaredIn(text: string, file: string): Declared {
  const reading = readContract(text, file);
  assert.ok(reading.kind === 'contract', JSON.stringify(reading));
  return contractChecks({ contract: reading.contract, document: { name: file, text } });
}

/** Every rule and level of a document, found without the code under test. */
function rulesIn(value: JsonValue): number {
  if (Array.isArray(value)) return value.reduce((sum: number, item: JsonValue) => sum + rulesIn(item), 0);
  if (!isJsonObject(value)) return 0;
  return Object.entries(value).reduce((sum, [key, inner]) => {
    const isList = (key === 'quality' || key === 'slaProperties') && Array.isArray(inner);
    return sum + (isList ? inner.length : key === 'customProperties' ? 0 : rulesIn(inner));
  }, 0);
}

for (const folder of ['examples', 'examples-dev-3.2.0']) {
  for (const name of skip === false ? readdirSync(vectors + folder) : []) {
    test(`${folder}/${name}: every rule and service level is a check, or named as not executed with its reason and line`, () => {
      const text = readFileSync(`${vectors}${folder}/${name}`, 'utf8');
      const { checks, notExecuted, serviceLevels } = declaredIn(text, name);
      const document: JsonValue = parse(text);
      const lines = new Set([...checks, ...notExecuted].map(({ origin }) => origin.line));
      assert.equal(lines.size, rulesIn(document));
      for (const line of lines) assert.match(text.split('\n')[(line ?? 0) - 1] ?? '', /^\s*- /);
      for (const { reason } of notExecuted) assert.ok(reason.length > 10);
      const levels = isJsonObject(document) && Array.isArray(document['slaProperties']) ? document['slaProperties'].length : 0;
      assert.equal(new Set(serviceLevels.map(({ origin }) => origin.line)).size, levels);
    });
  }
}

const example = (name: string): Declared => declaredIn(readFileSync(`${vectors}examples-dev-3.2.0/${name}`, 'utf8'), name);

test('the examples’ rules come to these checks and these gaps', { skip }, () => {
  const full = example('all__full-example.odcs.yaml');
  assert.deepEqual(
    full.checks.map(({ id, measure, fail, severity, dimension, when, description }) => [
      id,
      measure.kind,
      fail?.operator,
      severity,
      dimension,
      when,
      description,
    ]),
    [
      [
        'tbl.row-count',
        'rowCount',
        'greater',
        'error',
        'completeness',
        { kind: 'cron', expression: '0 20 * * *' },
        'Ensure row count is within expected volume range',
      ],
      [
        'tbl.null-values-rcvr_cntry_code',
        'nulls',
        'equal',
        'error',
        'completeness',
        { kind: 'cron', expression: '0 20 * * *' },
        'column should not contain null values',
      ],
    ],
  );
  const custom = example('quality__column-custom.odcs.yaml');
  assert.deepEqual(
    [custom.checks.length, custom.notExecuted.map(({ id, reason }) => [id, reason.slice(0, 22)])],
    [
      0,
      [
        ['Air_Quality.custom-unique-id', 'it is written for soda'],
        ['Air_Quality.custom-unique-id-2', 'it is written for soda'],
      ],
    ],
  );
  const [valid] = example('quality__column-validity.odcs.yaml').checks;
  assert.deepEqual(
    [valid?.measure, valid?.fail],
    [
      { kind: 'invalid', column: 'air_quality_status', valid: { kind: 'values', values: ['', 'n/a'] } },
      { operator: 'lessOrEqual', values: [5], unit: 'percent' },
    ],
  );
});

const status: JsonObject = { type: 'string', enum: ['a', 'b', null], 'x-id': '3' };

/** The measure and the threshold in short, or the reason. */
function ruled(rule: JsonObject, column: string | null = 'status', schema: JsonObject = status): unknown {
  const reading = readRule(rule, { column, schema: column === null ? null : schema });
  return reading.kind === 'rule'
    ? [...reading.measures, [reading.fail.operator, ...reading.fail.values, reading.fail.unit]]
    : reading.reason;
}

test('each metric, with its arguments, is a measure', () => {
  assert.deepEqual(ruled({ metric: 'rowCount', mustBeBetween: [1, 5] }, null), [{ kind: 'rowCount' }, ['between', 1, 5, 'value']]);
  assert.deepEqual(ruled({ metric: 'nullValues', mustBeLessThan: 5, unit: 'percent' }), [
    { kind: 'nulls', column: 'status' },
    ['less', 5, 'percent'],
  ]);
  assert.deepEqual(ruled({ type: 'library', rule: 'nullCheck', mustBe: 0 }), [{ kind: 'nulls', column: 'status' }, ['equal', 0, 'value']]);
  assert.deepEqual(ruled({ metric: 'missingValues', arguments: { missingValues: [null, '', 'n/a'] }, mustBe: 0 }), [
    { kind: 'missing', column: 'status', values: ['', 'n/a'] },
    ['equal', 0, 'value'],
  ]);
  assert.deepEqual(ruled({ metric: 'duplicateValues', mustNotBe: 1, unit: 'rows' }), [
    { kind: 'duplicates', columns: ['status'] },
    ['notEqual', 1, 'value'],
  ]);
  assert.deepEqual(ruled({ metric: 'duplicateValues', arguments: { properties: ['a', 'b'] }, mustBeLessOrEqualTo: 0 }, null), [
    { kind: 'duplicates', columns: ['a', 'b'] },
    ['lessOrEqual', 0, 'value'],
  ]);
  assert.deepEqual(ruled({ metric: 'invalidValues', arguments: { pattern: '^a' }, mustBeGreaterOrEqualTo: 0 }), [
    { kind: 'invalid', column: 'status', valid: { kind: 'pattern', pattern: '^a' } },
    ['greaterOrEqual', 0, 'value'],
  ]);
  const own = { kind: 'invalid', column: 'status', valid: { kind: 'values', values: ['a', 'b'] } };
  assert.deepEqual(
    ruled({ metric: 'invalidValues', mustNotBeBetween: [5, 9] }),
    [own, ['notBetween', 5, 9, 'value']],
    'what the property says itself',
  );
  assert.deepEqual(ruled({ metric: 'invalidValues', arguments: { validValues: ['a', null], maxLength: 3 }, mustBe: 0 }), [
    { kind: 'invalid', column: 'status', valid: { kind: 'values', values: ['a'] } },
    { kind: 'invalid', column: 'status', valid: { kind: 'length', min: null, max: 3 } },
    ['equal', 0, 'value'],
  ]);
  assert.deepEqual(
    ruled({ type: 'sql', query: 'SELECT count(*) FROM ${table} WHERE ${column} = {field}', mustBeGreaterThan: 1, unit: 'percent' }),
    [{ kind: 'sql', sql: 'SELECT count(*) FROM ${table} WHERE "status" = "status"', result: 'value' }, ['greater', 1, 'value']],
  );
});

test('a rule that is not understood whole is not executed, and says why', () => {
  const reasons = [
    ruled({ type: 'text', description: 'be right' }),
    ruled({ description: 'be right' }),
    ruled({ type: 'custom', engine: 'soda', implementation: 'x' }),
    ruled({ metric: 'rowCount' }),
    ruled({ metric: 'rowCount', mustBe: 1, mustNotBe: 2 }),
    ruled({ metric: 'rowCount', mustBe: 'many' }),
    ruled({ metric: 'rowCount', mustBeBetween: [5, 1] }),
    ruled({ metric: 'rowCount', mustBe: 1, unit: 'percent' }),
    ruled({ metric: 'nullValues', mustBe: 1, unit: 'pages' }),
    ruled({ metric: 'nullValues', mustBe: 1 }, null),
    ruled({ metric: 'nullValues', mustBe: 1, arguments: { filter: 'x' } }),
    ruled({ metric: 'duplicateValues', mustBe: 1 }, null),
    ruled({ metric: 'invalidValues', mustBe: 0 }, 'bio', { type: 'string' }),
    ruled({ metric: 'invalidValues', mustBe: 0, arguments: { pattern: '(?=a)' } }),
    ruled({ metric: 'invalidValues', mustBe: 1, arguments: { validValues: [1], pattern: 'a' } }),
    ruled({ metric: 'entropy', mustBe: 1 }),
    ruled({ type: 'sql', query: 'SELECT ${column}', mustBe: 1 }, null),
  ];
  for (const reason of reasons) assert.equal(typeof reason, 'string', JSON.stringify(reason));
  assert.equal(new Set(reasons).size, reasons.length - 1, 'each has a reason of its own');
});

function levelled(property: string, value: JsonValue, unit?: string, column: string | null = null): unknown {
  const reading = readLevel({ property, value, ...(unit === undefined ? {} : { unit }) }, column);
  return reading.kind === 'level' ? [reading.measure, reading.fail.values[0]] : reading.reason;
}

test('service levels with data are measured; all others are named', () => {
  assert.deepEqual(levelled('freshness', 60, 's', 'updated_at'), [{ kind: 'freshness', by: { column: 'updated_at' } }, 60]);
  assert.deepEqual(levelled('freshness', 'PT1H30M'), [{ kind: 'freshness', by: 'change' }, 5400]);
  assert.deepEqual(levelled('latency', 4, 'd'), [{ kind: 'latency', quantile: 0.95, overMs: 40 * 86_400_000 }, 345_600]);
  assert.deepEqual(levelled('frequency', '1', 'Hour'), [{ kind: 'frequency', overMs: 36_000_000 }, 3600]);
  assert.deepEqual(levelled('retention', 3, 'y', 'at'), [{ kind: 'retention', column: 'at' }, 3 * 365.25 * 86_400]);
  assert.deepEqual(levelled('freshness', 5, 'm'), [{ kind: 'freshness', by: 'change' }, 300]);
  for (const gap of [
    levelled('retention', 5, 'm'),
    levelled('freshness', 5),
    levelled('freshness', 5, 'parsecs'),
    levelled('freshness', 'soon'),
    levelled('freshness', true),
    levelled('generalAvailability', '2022-05-12T09:30:10-08:00'),
    levelled('End of Life', '2032-05-12'),
    levelled('timeOfAvailability', '09:00-08:00'),
    levelled('availability', '99.9', '%'),
    levelled('happiness', 1, 'd'),
  ])
    assert.equal(typeof gap, 'string', JSON.stringify(gap));
});

test('severities and schedules that are not known are told, and the check still runs', () => {
  const { checks, problems, notExecuted, serviceLevels } = declaredIn(
    `apiVersion: v3.2.0
kind: DataContract
id: orders
version: 1.0.0
team: { name: shop }
slaDefaultElement: orders.at
schema:
  - name: orders
    properties:
      - name: at
        logicalType: timestamp
      - name: place
        logicalType: object
        properties:
          - name: lat
            logicalType: number
            logicalTypeOptions: { minimum: -90, maximum: 90 }
            quality:
              - { metric: invalidValues, mustBe: 0, severity: Critical }
      - name: tags
        logicalType: array
        items:
          logicalType: string
          quality:
            - { metric: nullValues, mustBe: 0 }
    quality:
      - { metric: rowCount, mustBe: 1, severity: terrible, scheduler: airflow, schedule: nightly, tags: [a] }
      - { metric: rowCount, mustBe: 1, schedule: at noon }
slaProperties:
  - { property: freshness, value: 1, unit: h, schedule: '*/10 * * * *', driver: regulatory }
`,
    'orders.odcs.yaml',
  );
  assert.deepEqual(
    checks.map(({ id, measure, severity, when, owner, tags, origin }) => [
      id,
      'column' in measure ? measure.column : null,
      severity,
      when.kind,
      owner,
      tags,
      origin.line,
    ]),
    [
      ['orders.row-count', null, 'error', 'commit', 'shop', ['a'], 27],
      ['orders.row-count-2', null, 'error', 'commit', 'shop', [], 28],
      ['orders.invalid-values-place-lat', 'place.lat', 'error', 'commit', 'shop', [], 19],
      ['orders.sla-freshness-at', null, 'error', 'cron', 'shop', [], 30],
    ],
  );
  assert.deepEqual(
    problems.map(({ rule, severity, line }) => [rule, severity, line]),
    [
      ['quality-severity', 'warning', 27],
      ['quality-schedule', 'warning', 27],
      ['quality-schedule', 'warning', 28],
    ],
  );
  assert.deepEqual(
    notExecuted.map(({ id }) => id),
    ['orders.null-values-tags'],
  );
  assert.deepEqual(
    serviceLevels.map(({ table, value, driver, checkId }) => [table, value, driver, checkId]),
    [['orders', '1 h', 'regulatory', 'orders.sla-freshness-at']],
  );
});
