// Files of checks as people write them: what a line means, what is wrong told all at once and where, and what stands in
// the project's own files.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { readContract } from '../../contracts/document/read-contract.ts';
import type { Schema } from '../../lake/iceberg/schema.ts';
import type { Check } from '../../quality/check.ts';
import { columnProblems } from '../../quality/declare/check-columns.ts';
import { declareChecks } from '../../quality/declare/declare-checks.ts';
import { forms } from '../../quality/declare/forms/forms.ts';
import { measureText } from '../../quality/declare/measure-text.ts';
import { qualitySchema } from '../../quality/declare/quality-schema.ts';
import { readQualityFile } from '../../quality/declare/read-quality-file.ts';
import { readThreshold, thresholdText } from '../../quality/declare/threshold-text.ts';
import { readWhen } from '../../quality/declare/when-text.ts';
import { measureUnit } from '../../quality/measure-unit.ts';
import { isRecord } from '../../runtime/options.ts';

const rootFile = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** The one check of a file with one. */
function checkOf(lines: string, head = 'table: rides'): Check {
  const { checks, problems } = readQualityFile(`${head}\nchecks:\n${lines}`, 'rides.yaml');
  assert.deepEqual(problems, []);
  const [check] = checks;
  assert.ok(check !== undefined && checks.length === 1);
  return check;
}

/** `line:column rule mend` of everything that is wrong. */
function wrong(text: string): readonly string[] {
  const { checks, problems } = readQualityFile(text, 'rides.yaml');
  assert.deepEqual(checks, []);
  return problems.map(({ line, column, rule, mend }) => `${line}:${column} ${rule}: ${mend}`);
}

test('a relationship, a freshness and an anomaly are one line each', () => {
  assert.deepEqual(checkOf('  - relationship: user_id in users.id'), {
    id: 'rides.relationship-user_id-users',
    name: 'relationship-user_id-users',
    table: 'rides',
    view: 'current',
    measure: { kind: 'relationship', columns: ['user_id'], to: { table: 'users', columns: ['id'] } },
    filter: null,
    fail: { operator: 'equal', values: [0], unit: 'value' },
    warn: null,
    severity: 'error',
    dimension: 'consistency',
    scope: 'all',
    when: { kind: 'commit', atMostEveryMs: 300_000 },
    samplesMax: 5,
    engine: 'duckdb',
    description: null,
    owner: null,
    tags: [],
    origin: { document: 'rides.yaml', line: 3, contract: null },
  });
  const fresh = checkOf('  - freshness: at most 10m');
  assert.deepEqual(
    [fresh.measure, fresh.fail, fresh.view],
    [{ kind: 'freshness', by: 'change' }, { operator: 'lessOrEqual', values: [600], unit: 'value' }, 'raw'],
  );
  assert.deepEqual(fresh.when, { kind: 'cron', expression: '*/5 * * * *' });
  const odd = checkOf('  - anomaly: sum of fare');
  assert.deepEqual(odd.measure, {
    kind: 'anomaly',
    of: { kind: 'aggregate', column: 'fare', of: 'sum' },
    windowMs: 86_400_000,
    season: 'none',
    sensitivity: 4,
  });
});

test('what the file says for all, a check may say otherwise', () => {
  const head = 'table: rides\nowner: mobility\nseverity: warning\nwhen: every 15m\nengine: trino\nsamples: 20';
  const preset = checkOf('  - nullValues: fare', head);
  assert.deepEqual(
    [preset.owner, preset.severity, preset.when, preset.engine, preset.samplesMax],
    ['mobility', 'warning', { kind: 'cron', expression: '*/15 * * * *' }, 'trino', 20],
  );
  const own = checkOf(
    '  - nullValues: fare\n    owner: me\n    severity: error\n    when: command\n    engine: duckdb\n    samples: 0',
    head,
  );
  assert.deepEqual([own.owner, own.severity, own.when, own.engine, own.samplesMax], ['me', 'error', { kind: 'command' }, 'duckdb', 0]);
});

test('with a should alone nothing can fail the check; without either, what goes without saying must hold', () => {
  assert.equal(checkOf('  - nullValues: fare').fail?.operator, 'equal');
  const warns = checkOf('  - { nullValues: fare, should: at most 1 % }');
  assert.deepEqual([warns.fail, warns.warn], [null, { operator: 'lessOrEqual', values: [1], unit: 'percent' }]);
});

test('every problem of a file is told at once, with its place and what to write; unknown keys with the nearest', () => {
  const text = `table: rides
ownr: mobility
checks:
  - nulValues: fare
  - duplicateValues: [city, day]
    severty: info
  - relationship: user_id users.id
  - { invalidValues: fare, range: 9..1 }
  - { invalidValues: fare, range: 0..1, must: at most 5m }
  - freshness: at most 10 %
  - rowCount
  - { anomaly: rowCount, season: weekly }
  - sum: fare
  - expression: a > b
  - { nullValues: x, when: 99 * * * * }
  - nullValues: x
  - { nullValues: y, rowCount: 1 }
  - cdc: reconciled
  - { invalidValues: z, pattern: '(a)\\1' }
  - { freshness: at most 1h, by: commit, column: z }
  - { invalidValues: fare, validValues: [1], pattern: x }
  - { anomaly: quantile of fare }
  - { relationship: '(a, b) in users.id' }
  - { distinctValues: x, must: between 5 and 1 }
`;
  assert.deepEqual(wrong(text), [
    '2:1 unknown-key: Did you mean owner?',
    '4:5 no-measure: Did you mean `nullValues`?',
    '6:5 unknown-key: Did you mean severity?',
    '7:19 value-form: Write a relationship such as user_id in users.id, or (city, day) in cities.(city, day)',
    '8:35 value-form: Write the smaller end first.',
    '9:47 threshold: Write a number, or a percentage such as at most 1 %.',
    '10:16 threshold: Write a time, such as at most 10m.',
    '11:5 value-form: Write `rowCount:` with what it is of.',
    '12:34 value-form: Write one of none, hour-of-day, hour-of-week, day-of-week, day-of-month',
    '13:5 no-threshold: Add `must:` with one of: 0, at least 1, at most 1 %, more than 5, less than 10m, between 1 and 5, not 3, anything.',
    '14:5 missing-key: Add `name:`.',
    '15:28 when: Write one of: commit; commit, at most every 5m; every 15m; a cron expression in UTC such as 0 3 * * *; command.',
    '16:5 name-twice: Give one of them a `name:`.',
    '17:22 two-measures: Make it a check for each.',
    '18:10 value-form: Did you mean reconcile?',
    '19:34 value-form: Write it without look-around, back-references and counts above 1,000.',
    '20:34 value-form: Keep one of them.',
    '21:55 value-form: Make it a check for each.',
    '22:16 value-form: Write it as a mapping: { quantile: …, at: … }.',
    '23:21 value-form: Name as many columns of the other table.',
    '24:32 threshold: Write the smaller number first.',
  ]);
});

test('limits on counts and lengths are told, and hostile text is bounded', () => {
  assert.deepEqual(wrong(`table: ${'t'.repeat(200)}\nchecks: [{ schema: contract }]`).length, 1);
  assert.match(wrong(`table: t\nchecks:\n${'  - { cdc: reconcile }\n'.repeat(501)}`)[0] ?? '', /^2:1 value-form|^3:3 value-form/);
  assert.match(wrong(`table: t\nchecks: [{ expression: '${'x'.repeat(10_001)}', name: a }]`)[0] ?? '', /value-form/);
  assert.match(wrong(`table: t\nchecks: ${'['.repeat(100_000)}`)[0] ?? '', /document-depth/);
  assert.match(wrong(`table: t\nchecks: !!js/function x`)[0] ?? '', /yaml-tag: Write the value without a tag: checks are plain data/);
  assert.match(wrong('table: t\nchecks: [{ rowCount: > 5 }]')[0] ?? '', /syntax: .*needs quotes/);
  assert.match(wrong('- 1')[0] ?? '', /Begin with `table:` and `checks:`/);
  assert.match(wrong('table: t')[0] ?? '', /missing-key: Add `checks:`/);
});

const thresholdIn = (text: string | number, unit: Parameters<typeof thresholdText>[1], hasPercent = false): unknown => {
  const reading = readThreshold(text, { unit, hasPercent });
  return reading.kind === 'threshold' ? reading.threshold : reading.message;
};

const bytesOf = (text: string) => {
  const reading = readThreshold(text, { unit: 'bytes', hasPercent: false });
  return reading.kind === 'threshold' ? reading.threshold : null;
};

test('thresholds read as they are written', () => {
  assert.deepEqual(thresholdIn(0, 'rows'), { operator: 'equal', values: [0], unit: 'value' });
  assert.deepEqual(thresholdIn('between 1 and 5 %', 'rows', true), { operator: 'between', values: [1, 5], unit: 'percent' });
  assert.deepEqual(thresholdIn('at most 1.5h', 'seconds'), { operator: 'lessOrEqual', values: [5400], unit: 'value' });
  assert.deepEqual(thresholdIn('less than 2GiB', 'bytes'), { operator: 'less', values: [2 ** 31], unit: 'value' });
  assert.deepEqual(thresholdIn('at most 80 %', 'percent'), { operator: 'lessOrEqual', values: [80], unit: 'value' });
  assert.equal(thresholdIn('anything', 'rows'), null);
  assert.equal(thresholdIn('at most 1 %', 'seconds'), 'a percentage of what? The measure does not count rows of a total');
  assert.equal(thresholdIn('at most 5m', 'rows'), 'the measure counts rows, not m');
  assert.equal(thresholdIn('>= 5', 'rows'), '">= 5" does not say which values are right');
  assert.equal(thresholdText({ operator: 'lessOrEqual', values: [90], unit: 'value' }, 'seconds'), 'at most 90s');
  for (const text of ['at most 10GB', 'less than 2GiB', 'more than 1500MB', 'at most 1001B', 'between 1B and 5MB', 'at least 3KiB', '0'])
    assert.equal(thresholdText(bytesOf(text), 'bytes'), text);
  assert.equal(thresholdText({ operator: 'notBetween', values: [1, 2], unit: 'percent' }, 'rows'), 'not between 1 % and 2 %');
});

const cronOf = (text: string): unknown => {
  const reading = readWhen(text);
  return reading.kind === 'refused' ? null : reading.when.kind === 'cron' ? reading.when.expression : reading.when.kind;
};

test('a clock strikes evenly or not at all', () => {
  assert.deepEqual(['every 1m', 'every 20m', 'every 60m', 'every 6h', 'every 1d'].map(cronOf), [
    '* * * * *',
    '*/20 * * * *',
    '0 * * * *',
    '0 */6 * * *',
    '0 0 * * *',
  ]);
  assert.deepEqual(
    ['every 7m', 'every 5h', 'every 2d', 'every 1s', 'at noon', '0 0 31 2 *', 'commit, at most every soon'].map(cronOf),
    Array(7).fill(null),
  );
});

test('the schema that editors use is the one the forms make (npm run schema), and accepts the project’s own files', () => {
  const committed: unknown = JSON.parse(rootFile('cli/quality.schema.json'));
  assert.deepEqual(committed, JSON.parse(JSON.stringify(qualitySchema())));
  const ajv = new Ajv({ strict: true, strictTypes: false, strictRequired: false, allowUnionTypes: true });
  const accepts = ajv.compile(qualitySchema());
  for (const file of ['quality/users.yaml', 'quality/rides.yaml'])
    assert.equal(accepts(parse(rootFile(file))), true, ajv.errorsText(accepts.errors));
  assert.equal(accepts({ table: 'rides', checks: [{ nulValues: 'fare' }] }), false);
});

test('the project’s own files and contracts declare checks of both tables, each told in words, none twice', () => {
  const contracts = ['users', 'rides'].map((name) => {
    const text = rootFile(`contracts/definitions/${name}.odcs.yaml`);
    const reading = readContract(text, `${name}.odcs.yaml`);
    assert.ok(reading.kind === 'contract');
    return { contract: reading.contract, document: { name: `${name}.odcs.yaml`, text } };
  });
  const files = ['users', 'rides'].map((name) => ({ file: `${name}.yaml`, text: rootFile(`quality/${name}.yaml`) }));
  const { checks, problems, serviceLevels } = declareChecks({ contracts, files });
  assert.deepEqual(problems, []);
  const ids = checks.map(({ id }) => id);
  assert.deepEqual([...new Set(ids)], ids);
  for (const id of [
    'rides.relationship-user_id-users',
    'users.cdc-reconcile',
    'rides.window-limit-fare-user_id',
    'users.one-row-an-id',
    'rides.sla-latency',
  ])
    assert.ok(ids.includes(id), id);
  for (const { measure } of checks) assert.notEqual(measureText(measure), '');
  assert.deepEqual(
    serviceLevels.map(({ table, property, checkId }) => [table, property, checkId]),
    [
      ['users', 'latency', 'users.sla-latency'],
      ['users', 'freshness', 'users.sla-freshness'],
      ['users', 'generalAvailability', null],
      ['rides', 'latency', 'rides.sla-latency'],
      ['rides', 'freshness', 'rides.sla-freshness'],
    ],
  );
});

test('a check declared twice is a problem of the second, and runs once', () => {
  const text = 'table: rides\nchecks: [{ nullValues: fare }]';
  const files = ['a.yaml', 'b.yaml'].map((file) => ({ file, text }));
  const { checks, problems } = declareChecks({ contracts: [], files });
  assert.equal(checks.length, 1);
  assert.deepEqual(
    problems.map((problem) => [problem.file, problem.rule, problem.message]),
    [['b.yaml', 'check-twice', 'rides.null-values-fare is declared in a.yaml:2 already']],
  );
});

const ridesSchema: Schema = {
  type: 'struct',
  'schema-id': 0,
  fields: [
    { id: 1, name: 'op', required: false, type: 'string' },
    { id: 2, name: 'source', required: false, type: { type: 'struct', fields: [{ id: 3, name: 'lsn', required: false, type: 'long' }] } },
    {
      id: 4,
      name: 'after',
      required: false,
      type: {
        type: 'struct',
        fields: [
          { id: 5, name: 'fare', required: false, type: 'double' },
          { id: 6, name: 'user_id', required: false, type: 'long' },
        ],
      },
    },
  ],
};

test('columns that a table does not have are found before any run, on both sides of a relationship', () => {
  const text = `table: rides
checks:
  - nullValues: fare
  - nullValues: fair
  - relationship: user_id in users.nr
  - relationship: user_id in people.id
  - { windowLimit: 5, of: sum of fare, per: user_id, time: at }
  - { anomaly: sum of tip, view: raw }
`;
  const { checks, problems } = readQualityFile(text, 'rides.yaml');
  assert.deepEqual(problems, []);
  const schemas: Readonly<Record<string, Schema>> = { rides: ridesSchema, users: ridesSchema };
  const found = columnProblems(checks, (table) => (Object.hasOwn(schemas, table) ? (schemas[table] ?? null) : null));
  assert.deepEqual(
    found.map(({ line, message }) => `${line} ${message.replace(/: expected .*/, '')}`),
    [
      '4 rides.null-values-fair: there is no column fair in the current rows',
      '5 rides.relationship-user_id-users: there is no column nr in the current rows',
      '6 rides.relationship-user_id-people: the lake has no table people',
      '7 rides.window-limit-fare-user_id: there is no column at in the current rows',
      '8 rides.anomaly-sum-tip: there is no column tip in the raw rows',
    ],
  );
});

test('docs/quality.md names every measure, and its examples are right', () => {
  const page = rootFile('docs/quality.md');
  for (const { key } of forms) assert.ok(page.includes(`\`${key}\``) || page.includes(`${key}:`), `docs/quality.md says nothing of ${key}`);
  const examples = [...page.matchAll(/```yaml\n(table: [\s\S]*?)```/g)].map(([, text = '']) => text);
  assert.ok(examples.length >= 2);
  for (const text of examples) {
    const { checks, problems } = readQualityFile(text, 'docs/quality.md');
    assert.deepEqual(problems, [], text);
    for (const check of checks) assert.notEqual(thresholdText(check.fail, measureUnit(check.measure)), '');
  }
});

const foz = fileURLToPath(new URL('../../cli/foz.ts', import.meta.url));

function list(cwd: string, ...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [foz, 'quality', 'list', ...args], { cwd }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

test('foz quality list prints what files and contracts declare, offline; a wrong file is told on stderr and exits 1', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'foz-quality-'));
  try {
    await writeFile(join(folder, 'rides.yaml'), 'table: rides\nchecks:\n  - freshness: at most 10m\n');
    await writeFile(join(folder, 'bad.yaml'), 'table: rides\nchecks:\n  - freshnes: at most 10m\n');
    const contract = fileURLToPath(new URL('../../contracts/definitions/users.odcs.yaml', import.meta.url));
    const [good, bad] = await Promise.all([list(folder, 'rides.yaml', contract), list(folder, 'bad.yaml', 'rides.yaml', '--json')]);
    assert.equal(good.code, 0, good.stderr);
    assert.match(good.stdout, /^rides\.freshness +age of the newest change +at most 10m +error +\*\/5 \* \* \* \* +rides\.yaml:3$/m);
    assert.match(good.stdout, /^users\.one-row-an-id +duplicateValues of id +0 .*users\.odcs\.yaml:\d+ \(contract users 1\.0\.0\)$/m);
    assert.match(good.stdout, /^not executed: 2\n {2}users\.names-are-as-their-owners-spell-them: it is text for people/m);
    assert.equal(bad.code, 1);
    const value: unknown = JSON.parse(bad.stdout);
    assert.ok(isRecord(value) && Array.isArray(value['checks']) && Array.isArray(value['problems']));
    assert.deepEqual(
      value['checks'].map((check: Record<string, unknown>) => [check['id'], check['said']]),
      [['rides.freshness', { measure: 'age of the newest change', must: 'at most 10m', should: null, when: '*/5 * * * *' }]],
    );
    assert.equal(value['problems'].length, 1);
    assert.match((await list(folder, 'bad.yaml')).stderr, /bad\.yaml:3:5: error no-measure: .*\n {4}mend: Did you mean `freshness`\?/);
  } finally {
    await rm(folder, { recursive: true });
  }
});
