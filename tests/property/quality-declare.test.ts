// Checks written as a file and read back are the same checks, for every measure and every combination of what is said; and
// the schema that editors use accepts every file that is written.

import assert from 'node:assert/strict';
import test from 'node:test';
import { Ajv } from 'ajv';
import * as fc from 'fast-check';
import { parse } from 'yaml';
import type { Check, Measure, Threshold, Valid, When } from '../../quality/check.ts';
import { countsRows } from '../../quality/check.ts';
import { measureName } from '../../quality/declare/check-name.ts';
import { cdcMeasures } from '../../quality/declare/forms/forms.ts';
import { printChecks } from '../../quality/declare/print-checks.ts';
import { dimensions, qualitySchema, severities } from '../../quality/declare/quality-schema.ts';
import { fileJudge, readQualityFile } from '../../quality/declare/read-quality-file.ts';

const numRuns = process.env['FOZ_TEST_LONG'] === '1' ? 5_000 : 150;

const plainColumn = fc.constantFrom('id', 'email', 'fare', 'user_id', 'Order', 'null', 'on', 'min', 'x1');
const oddColumn = fc.constantFrom(
  'a b',
  'é',
  'x.y',
  'in',
  'of',
  '1',
  'true',
  'he said "no"',
  '- x',
  '#',
  "it's",
  ' ',
  'a: b',
  '~',
  'line\nbreak',
  '@at',
  '*',
);
const column = fc.oneof({ weight: 3, arbitrary: plainColumn }, oddColumn);
const columns = fc.uniqueArray(column, { minLength: 1, maxLength: 4 });
const figure = fc.oneof(
  fc.integer({ min: -1_000_000, max: 1_000_000 }),
  fc.integer({ min: -99_999, max: 99_999 }).map((value) => value / 1_000),
  fc.constantFrom(0, 1e-7, 1e21, 86_400, 3_600, 90, 0.1, 1_500_000_000),
);
const text = fc.oneof(
  fc.string({ minLength: 1, maxLength: 20 }),
  fc.constantFrom('yes', '0', '1e3', 'null', '2026-11-21', '..', '5..', ' 7 ', 'a\n b\n', '${table}'),
);
const scalars = fc.array(fc.oneof(text, fc.integer({ min: -1e9, max: 1e9 }), fc.boolean()), { minLength: 1, maxLength: 5 });
const durationMs = fc.oneof(fc.integer({ min: 1, max: 10_000_000 }), fc.constantFrom(1_000, 60_000, 3_600_000, 86_400_000, 604_800_000));

const end = fc.option(
  fc.oneof(
    fc.integer({ min: -1_000, max: 1_000 }),
    fc.integer({ min: -999, max: 999 }).map((value) => value / 100),
  ),
  { nil: null },
);
const textEnd = fc.option(fc.oneof(fc.constantFrom('2026-01-01', '5', '1.5', 'a..b', '.5', '2026-11-21T08:00:00.5Z'), text), { nil: null });
const range = fc
  .oneof(fc.tuple(end, end), fc.tuple(textEnd, textEnd))
  .filter(([min, max]) => min !== null || max !== null)
  .filter(([min, max]) => min === null || max === null || min <= max)
  .map(([min, max]): Valid => ({ kind: 'range', min, max }));
const length = fc
  .tuple(fc.option(fc.nat(500), { nil: null }), fc.option(fc.nat(500), { nil: null }))
  .filter(([min, max]) => (min !== null || max !== null) && (min ?? 0) <= (max ?? 500))
  .map(([min, max]): Valid => ({ kind: 'length', min, max }));
const valid: fc.Arbitrary<Valid> = fc.oneof(
  scalars.map((values): Valid => ({ kind: 'values', values })),
  scalars.map((values): Valid => ({ kind: 'notValues', values })),
  fc.constantFrom('^[A-Z]{2}$', '\\d+', "it's: #1", 'a|b').map((pattern): Valid => ({ kind: 'pattern', pattern })),
  fc.constantFrom('email', 'uuid', 'date').map((format): Valid => ({ kind: 'format', format })),
  range,
  length,
);

const ofColumn: fc.Arbitrary<Measure> = fc.oneof(
  column.map((name): Measure => ({ kind: 'nulls', column: name })),
  fc.record({ kind: fc.constant('missing' as const), column, values: scalars }),
  fc.record({ kind: fc.constant('invalid' as const), column, valid }),
  columns.map((names): Measure => ({ kind: 'duplicates', columns: names })),
  column.map((name): Measure => ({ kind: 'distinct', column: name })),
  fc.record({
    kind: fc.constant('aggregate' as const),
    column,
    of: fc.oneof(
      fc.constantFrom('min', 'max', 'average', 'sum', 'stddev', 'variance' as const),
      fc.integer({ min: 0, max: 100 }).map((percent) => ({ quantile: percent / 100 })),
    ),
  }),
);
const windowed = fc.oneof(fc.constant<Measure>({ kind: 'rowCount' }), ofColumn);
const count = fc.integer({ min: 1, max: 1_000 });
const seasons = fc.constantFrom('none', 'hour-of-day', 'hour-of-week', 'day-of-week', 'day-of-month' as const);

const measure: fc.Arbitrary<Measure> = fc.oneof(
  windowed,
  fc.tuple(columns, columns, plainColumn).map(([left, right, table]): Measure => {
    const size = Math.min(left.length, right.length);
    return { kind: 'relationship', columns: left.slice(0, size), to: { table, columns: right.slice(0, size) } };
  }),
  text.map((sql): Measure => ({ kind: 'expression', sql })),
  fc.record({ kind: fc.constant('sql' as const), sql: text, result: fc.constantFrom('failedRows', 'value' as const) }),
  fc
    .oneof(
      fc.constantFrom('commit', 'change' as const),
      column.map((name) => ({ column: name })),
    )
    .map((by): Measure => ({ kind: 'freshness', by })),
  fc.record({ kind: fc.constant('latency' as const), quantile: fc.constantFrom(0, 0.5, 0.95, 0.999, 1), overMs: durationMs }),
  fc.option(column, { nil: null }).map((name): Measure => ({ kind: 'retention', column: name })),
  durationMs.map((overMs): Measure => ({ kind: 'frequency', overMs })),
  fc.record({
    kind: fc.constant('anomaly' as const),
    of: windowed,
    windowMs: durationMs,
    season: seasons,
    sensitivity: fc.integer({ min: 1, max: 1_000 }).map((value) => value / 10),
  }),
  fc.record({ kind: fc.constant('changeOverTime' as const), of: windowed, windowMs: durationMs, last: count }),
  fc.record({
    kind: fc.constant('distribution' as const),
    column,
    windowMs: durationMs,
    last: count,
    bins: fc.integer({ min: 2, max: 100 }),
  }),
  fc.record({
    kind: fc.constant('windowLimit' as const),
    keys: columns,
    of: fc.oneof(
      fc.constant({ kind: 'count' as const }),
      column.map((name) => ({ kind: 'sum' as const, column: name })),
    ),
    time: column,
    windowMs: durationMs,
    limit: figure,
  }),
  fc.constant<Measure>({ kind: 'schema' }),
  fc.constantFrom(...(Object.keys(cdcMeasures) as (keyof typeof cdcMeasures)[])).map((of): Measure => ({ kind: 'cdc', of })),
);

const threshold = (of: Measure): fc.Arbitrary<Threshold> =>
  fc
    .record({
      operator: fc.constantFrom('equal', 'notEqual', 'greater', 'greaterOrEqual', 'less', 'lessOrEqual', 'between', 'notBetween' as const),
      pair: fc.tuple(figure, figure),
      unit: countsRows(of) && of.kind !== 'rowCount' ? fc.constantFrom('value', 'percent' as const) : fc.constant('value' as const),
    })
    .map(({ operator, pair: [one, two], unit }) => ({
      operator,
      values: operator === 'between' || operator === 'notBetween' ? [Math.min(one, two), Math.max(one, two)] : [one],
      unit,
    }));

const when: fc.Arbitrary<When> = fc.oneof(
  fc
    .constantFrom('0 3 * * *', '*/5 * * * *', '5 * * * *', '0 9 1-7/2 jan,jul mon-fri')
    .map((expression): When => ({ kind: 'cron', expression })),
  fc.oneof(fc.constant(0), durationMs).map((atMostEveryMs): When => ({ kind: 'commit', atMostEveryMs })),
  fc.constant<When>({ kind: 'command' }),
);

const filtered: readonly string[] = ['rowCount', 'nulls', 'missing', 'invalid', 'duplicates', 'relationship', 'expression'];
const withFilter: ReadonlySet<string> = new Set([
  ...filtered,
  'distinct',
  'aggregate',
  'anomaly',
  'changeOverTime',
  'distribution',
  'windowLimit',
]);

const check = measure.chain((of) => {
  const hasRows = filtered.includes(of.kind) || (of.kind === 'sql' && of.result === 'failedRows');
  const hasView = withFilter.has(of.kind) || ['sql', 'freshness', 'retention'].includes(of.kind);
  const fixedView = ['cdc', 'schema', 'latency', 'frequency'].includes(of.kind) ? 'raw' : 'current';
  const told = measureName(of);
  const name = fc.nat(99).map((value) => `n${value}_-${value}`);
  return fc.record({
    name: told === null ? name : fc.oneof(fc.constant(told), name),
    view: hasView ? fc.constantFrom('raw', 'current' as const) : fc.constant(fixedView as Check['view']),
    measure: fc.constant(of),
    filter: withFilter.has(of.kind) ? fc.option(text, { nil: null }) : fc.constant(null),
    fail: fc.option(threshold(of), { nil: null }),
    warn: fc.option(threshold(of), { nil: null }),
    severity: fc.constantFrom(...severities),
    dimension: fc.constantFrom(...dimensions),
    scope: filtered.includes(of.kind) ? fc.constantFrom('all', 'new' as const) : fc.constant('all' as const),
    when,
    samplesMax: hasRows ? fc.nat(100) : fc.constant(5),
    engine: fc.constantFrom('duckdb', 'trino' as const),
    description: fc.option(text, { nil: null }),
    owner: fc.option(text, { nil: null }),
    tags: fc.uniqueArray(text, { maxLength: 3 }),
  });
});

const table = 'rides';
/** As plain data: fast-check's records have no prototype. */
const plain = (checks: readonly Check[]): unknown => JSON.parse(JSON.stringify(checks.map(({ origin: _origin, ...rest }) => rest)));

test('checks that are printed as a file read back as the same checks, and the editors’ schema accepts the file', () => {
  const judge = fileJudge();
  const accepts = new Ajv({ strict: false }).compile(qualitySchema());
  fc.assert(
    fc.property(fc.uniqueArray(check, { selector: ({ name }) => name, minLength: 1, maxLength: 8 }), (parts) => {
      const checks = parts.map((part): Check => ({
        ...part,
        id: `${table}.${part.name}`,
        table,
        origin: { document: 'f', line: 1, contract: null },
      }));
      const printed = printChecks(table, checks);
      const read = readQualityFile(printed, 'rides.yaml', judge);
      assert.deepEqual(read.problems, [], printed);
      assert.deepEqual(plain(read.checks), plain(checks), printed);
      assert.equal(accepts(parse(printed)), true, `${printed}\n${JSON.stringify(accepts.errors?.slice(0, 3))}`);
    }),
    { numRuns },
  );
});
