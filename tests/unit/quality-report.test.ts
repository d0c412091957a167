// Reports of runs, format by format: what each says of every outcome, and that none says more than it may.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assert as assertProperty, constantFrom, oneof, property, string } from 'fast-check';
import { annotations } from '../../quality/report/annotations.ts';
import { junitXml } from '../../quality/report/junit.ts';
import { publicResult } from '../../quality/report/public-result.ts';
import type { Report } from '../../quality/report/report.ts';
import { runJson } from '../../quality/report/run-json.ts';
import { scoreOf } from '../../quality/report/score.ts';
import type { CheckResult, Outcome } from '../../quality/result.ts';
import { checkOf } from './quality-fixture.ts';
import { notExecutedOf, resultOf, startedAt } from './quality-report-fixture.ts';
import { readXml, type XmlElement } from './read-xml.ts';

const outcomes: readonly Outcome[] = ['passed', 'warning', 'failed', 'learning', 'skipped', 'error', 'unknown'];
const resultAs = (outcome: Outcome, given: Partial<CheckResult> = {}): CheckResult =>
  resultOf(checkOf(outcome, { origin: { document: 'quality/users.yaml', line: 1 + outcomes.indexOf(outcome), contract: null } }), {
    outcome,
    reason: `it ${outcome}`,
    measured: ['passed', 'warning', 'failed'].includes(outcome)
      ? { value: 3, text: null, total: 10, exactness: 'exact', by: 'scan' }
      : null,
    ...given,
  });

const reportOf = (results: readonly CheckResult[], notExecuted: Report['notExecuted'] = []): Report => ({
  id: 'run-1',
  startedAt,
  endedAt: startedAt + 1500,
  pins: new Map([['raw.users', '77']]),
  results,
  notExecuted,
});

const every = reportOf(
  [...outcomes.map((outcome) => resultAs(outcome)), resultOf(checkOf('of-rides', { table: 'rides', severity: 'info' }))],
  [notExecutedOf('nice')],
);

describe('a report as JUnit XML', () => {
  it('has a suite a table, fails what failed or is in error, and skips what was not measured, with the reason', () => {
    const root = readXml(junitXml(every));
    assert.deepEqual(root.attributes, { name: 'foz quality run-1', tests: '9', failures: '2', skipped: '4', errors: '0', time: '1.500' });
    const shown = root.children.map(({ attributes, children }) => [
      attributes['name'],
      [attributes['tests'], attributes['failures'], attributes['skipped']].join(' '),
      Object.fromEntries(children.map((one) => [one.attributes['name'], one.children.map(said)])),
    ]);
    assert.deepEqual(shown, [
      ['rides', '1 0 0', { 'of-rides': ['system-out'] }],
      [
        'users',
        '8 2 4',
        {
          passed: [],
          warning: ['system-out'],
          failed: ['failure failed: it failed'],
          learning: ['skipped learning: it learning'],
          skipped: ['skipped skipped: it skipped'],
          error: ['failure error: it error'],
          unknown: ['skipped unknown: it unknown'],
          nice: ['skipped not executed: text is for people'],
        },
      ],
    ]);
    const failed = root.children[1]?.children[2];
    assert.equal(failed?.attributes['file'], 'quality/users.yaml');
    assert.equal(failed?.attributes['line'], '3');
    assert.equal(failed?.children[0]?.text, 'expected: 0\ndeclared: quality/users.yaml:3');
  });

  it('is well-formed whatever the texts are, and says them again', () => {
    const texts = oneof(
      string({ unit: 'binary' }),
      constantFrom(']]>', '<![CDATA[', '&amp;', '"\'', '\u0000\u0007', '\ud800', '\ufffe', 'a\r\nb\tc'),
    );
    assertProperty(
      property(texts, texts, (reason, expected) => {
        const root = readXml(junitXml(reportOf([resultAs('failed', { reason, expected })], [notExecutedOf('x', { reason })])));
        const [first, second] = root.children[0]?.children ?? [];
        assert.equal(first?.children[0]?.attributes['message'], inXml(reason));
        assert.equal(second?.children[0]?.attributes['message'], `not executed: ${inXml(reason)}`);
        assert.equal(first?.children[0]?.text, `expected: ${inXml(expected)}\ndeclared: quality/users.yaml:3`);
      }),
    );
  });
});

const said = ({ name, attributes: { type, message } }: XmlElement) =>
  [name, type === undefined ? null : `${type}:`, message].filter((part) => part !== null && part !== undefined).join(' ');

const inXml = (text: string) =>
  Array.from(text.toWellFormed(), (sign) => (/^[\t\n\r\u{20}-\u{fffd}\u{10000}-\u{10ffff}]$/u.test(sign) ? sign : '\ufffd')).join('');

describe('a report as annotations', () => {
  it('stands at the line that declares the check, and is as bad as the check', () => {
    assert.deepEqual(annotations(every).split('\n'), [
      '::warning file=quality/users.yaml,line=2,title=quality%3A users.warning warning::it warning',
      '::error file=quality/users.yaml,line=3,title=quality%3A users.failed failed::it failed',
      '::notice file=quality/users.yaml,line=4,title=quality%3A users.learning learning::it learning',
      '::notice file=quality/users.yaml,line=5,title=quality%3A users.skipped skipped::it skipped',
      '::error file=quality/users.yaml,line=6,title=quality%3A users.error error::it error',
      '::notice file=quality/users.yaml,line=7,title=quality%3A users.unknown unknown::it unknown',
      '::notice file=quality/users.yaml,line=1,title=quality%3A rides.of-rides failed::3 of 10 rows',
      '::notice file=contracts/users.yaml,line=30,title=quality%3A users.nice is not executed::text is for people',
    ]);
  });

  it('is one line each, whatever the text, and one notice when all is well', () => {
    const hostile = resultAs('failed', { reason: 'a\n::error::forged\r%0A' });
    assert.equal(
      annotations(reportOf([hostile])),
      '::error file=quality/users.yaml,line=3,title=quality%3A users.failed failed::a%0A::error::forged%0D%250A',
    );
    assert.equal(annotations(reportOf([resultAs('passed')])), '::notice title=quality::1 passed');
  });
});

describe('a report as JSON', () => {
  it('has the members of datacontract-cli, its words for results, and the exact outcome beside them', () => {
    const sql = 'SELECT count(*) FROM ${table}';
    const failing = { columns: ['id', 'email'], rows: [['1', null]], masked: [], query: 'SELECT 1' };
    const origin = { document: 'users.yaml', line: 9, contract: { id: 'urn:users', version: '1.2.0' } };
    const first = resultOf(checkOf('a', { origin, measure: { kind: 'sql', sql, result: 'value' } }), { failing });
    const json = runJson(reportOf([first], [notExecutedOf('nice', { origin })]));
    assert.deepEqual(
      [json.runId, json.dataContractId, json.dataContractVersion, json.timestampStart, json.timestampEnd, json.result],
      ['run-1', 'urn:users', '1.2.0', '2026-11-21T12:00:00.000Z', '2026-11-21T12:00:01.500Z', 'failed'],
    );
    const cliMembers = ['id', 'key', 'category', 'type', 'name', 'model', 'field', 'qualityId', 'tags', 'engine', 'language'];
    for (const check of json.checks)
      for (const member of [...cliMembers, 'implementation', 'result', 'reason', 'diagnostics', 'failedSamples'])
        assert.ok(member in check, member);
    const [check, rule] = json.checks;
    assert.deepEqual([check?.['implementation'], check?.['language'], check?.['failedSamples']], [sql, 'sql', [{ id: '1', email: null }]]);
    assert.deepEqual([rule?.['result'], rule?.['outcome'], rule?.['reason']], ['unknown', 'not executed', 'text is for people']);
    const words = runJson(every).checks.map((one) => `${String(one['outcome'])}=${String(one['result'])}`);
    assert.deepEqual(words.slice(0, 7), [
      'passed=passed',
      'warning=warning',
      'failed=failed',
      'learning=unknown',
      'skipped=unknown',
      'error=error',
      'unknown=unknown',
    ]);
  });

  it('is never passed while something was not measured', () => {
    assert.equal(runJson(reportOf([resultAs('passed')])).result, 'passed');
    assert.equal(runJson(reportOf([resultAs('passed'), resultAs('skipped')])).result, 'unknown');
    assert.equal(runJson(reportOf([resultAs('passed')], [notExecutedOf('x')])).result, 'unknown');
    assert.equal(runJson(reportOf([])).result, 'unknown');
  });
});

describe('the score of a table', () => {
  it('weighs by severity, and what was not judged lowers the coverage alone', () => {
    const checks = [checkOf('a'), checkOf('b', { severity: 'warning' }), checkOf('c', { severity: 'info' }), checkOf('d')];
    const as = (...given: readonly (Outcome | null)[]) =>
      scoreOf(checks, [], ({ id }) => given[checks.findIndex((check) => check.id === id)] ?? null);
    assert.deepEqual(as('passed', 'passed', 'passed', 'passed'), { score: 100, coverage: 100 });
    assert.deepEqual(as('passed', 'warning', 'failed', 'failed'), { score: 45, coverage: 100 });
    assert.deepEqual(as('passed', 'skipped', 'unknown', null), { score: 100, coverage: 36 });
    assert.deepEqual(as('error', 'skipped', 'learning', null), { score: null, coverage: 0 });
    assert.deepEqual(
      scoreOf(checks.slice(0, 1), [notExecutedOf('x')], () => 'passed'),
      { score: 100, coverage: 50 },
    );
    assert.deepEqual(
      scoreOf([], [], () => null),
      { score: null, coverage: null },
    );
  });
});

const personal = new Set(['email', 'born']);
const told = (result: CheckResult) => publicResult(result, (table) => (table === 'users' ? personal : null));
const toldValue = (given: Parameters<typeof checkOf>[1]) => told(resultOf(checkOf('x', given))).measured?.value ?? null;

describe('a result as everybody may read it', () => {
  const secret = 'alice@example.org';

  it('has no rows, no keys and no words of an engine', () => {
    const failing = { columns: ['email'], rows: [[secret]], masked: [], query: `SELECT '${secret}'` };
    for (const outcome of outcomes.filter((one) => !['learning', 'skipped', 'unknown'].includes(one))) {
      const text = JSON.stringify(told(resultAs(outcome, { reason: `Conversion Error: "${secret}"`, failing, keys: [{ email: secret }] })));
      assert.ok(!text.includes(secret), outcome);
    }
    assert.equal(told(resultAs('failed')).reason, '3 of 10 rows (30 %); expected 0');
    assert.equal(told(resultAs('error')).reason, 'it could not be measured: foz quality show users.error');
    assert.equal(told(resultAs('skipped')).reason, 'it skipped');
  });

  it('hides the least, greatest and middle value of a personal column, and a value that SQL takes from one', () => {
    const of = (column: string, what: 'min' | 'max' | 'average' | { quantile: number }) =>
      toldValue({ measure: { kind: 'aggregate', column, of: what } });
    assert.deepEqual([of('born', 'min'), of('born', 'max'), of('born', { quantile: 0.5 })], [null, null, null]);
    assert.deepEqual([of('born', 'average'), of('city', 'max')], [3, 3]);
    assert.deepEqual(
      [of('after.born', 'max'), of('born.value', 'min'), of('after', 'min'), of('after.city', 'max')],
      [null, null, null, 3],
    );
    const sql = (text: string) => toldValue({ measure: { kind: 'sql', sql: text, result: 'value' } });
    assert.deepEqual([sql('SELECT max(Born) FROM t'), sql('SELECT max("born") FROM t'), sql('SELECT max(reborn) FROM t')], [null, null, 3]);
    assert.equal(toldValue({ table: 'unheard-of', measure: { kind: 'aggregate', column: 'a', of: 'max' } }), null);
    assert.equal(toldValue({ measure: { kind: 'nulls', column: 'email' } }), 3);
  });
});
