// A report as JUnit XML, which every build server reads: a suite a table, a case a check. Failed and in error are failures;
// what was not measured or is not executed is skipped, with its reason; what only warns passes, and says so.
// Text comes from data and people: what XML cannot hold is replaced, so that the document is always well-formed.

import type { NotExecuted } from '../declare/declared.ts';
import { originText } from '../declare/declare-checks.ts';
import { isBad, type CheckResult } from '../result.ts';
import { byTable, isJudged, type Report } from './report.ts';

export function junitXml(report: Report): string {
  const suites = [...byTable(report)].map(([table, part]) => suiteXml(table, part, report));
  const total = (of: (suite: Suite) => number): number => suites.reduce((sum, suite) => sum + of(suite), 0);
  const counts = {
    tests: total((suite) => suite.tests),
    failures: total((suite) => suite.failures),
    skipped: total((suite) => suite.skipped),
  };
  const time = seconds(report.endedAt - report.startedAt);
  const head = `<testsuites${attributes({ name: `foz quality ${report.id}`, ...counts, errors: 0, time })}>`;
  return ['<?xml version="1.0" encoding="UTF-8"?>', head, ...suites.map(({ xml }) => xml), '</testsuites>', ''].join('\n');
}

interface Suite {
  readonly tests: number;
  readonly failures: number;
  readonly skipped: number;
  readonly xml: string;
}

function suiteXml(table: string, { results, notExecuted }: Pick<Report, 'results' | 'notExecuted'>, { startedAt }: Report): Suite {
  const tests = results.length + notExecuted.length;
  const failures = results.filter(isBad).length;
  const skipped = notExecuted.length + results.filter(isSkipped).length;
  const time = seconds(results.reduce((sum, { durationMs }) => sum + durationMs, 0));
  const timestamp = new Date(startedAt).toISOString().slice(0, 19);
  const head = `  <testsuite${attributes({ name: table, tests, failures, errors: 0, skipped, time, timestamp })}>`;
  return {
    tests,
    failures,
    skipped,
    xml: [head, ...results.map(caseXml), ...notExecuted.map(notExecutedXml), '  </testsuite>'].join('\n'),
  };
}

/** In error is a failure, not skipped. */
function isSkipped({ outcome }: CheckResult): boolean {
  return !isJudged(outcome) && outcome !== 'error';
}

function caseXml(result: CheckResult): string {
  const { check, outcome, reason, expected, durationMs } = result;
  const head = {
    classname: check.table,
    name: check.name,
    time: seconds(durationMs),
    file: check.origin.document,
    line: check.origin.line,
  };
  const inside = [`expected: ${expected}`, `declared: ${originText(check.origin)}`].join('\n');
  if (isBad(result)) return testcase(head, `<failure${attributes({ message: reason, type: outcome })}>${text(inside)}</failure>`);
  if (isSkipped(result)) return testcase(head, `<skipped${attributes({ message: `${outcome}: ${reason}` })}/>`);
  if (outcome === 'passed') return testcase(head, null);
  return testcase(head, `<system-out>${text(`${outcome} (${check.severity}): ${reason}\n${inside}`)}</system-out>`);
}

function notExecutedXml({ table, name, reason, origin }: NotExecuted): string {
  const head = { classname: table, name, time: seconds(0), file: origin.document, line: origin.line };
  return testcase(head, `<skipped${attributes({ message: `not executed: ${reason}` })}/>`);
}

type Attributes = Readonly<Record<string, string | number | null>>;

function testcase(head: Attributes, inside: string | null): string {
  const open = `    <testcase${attributes(head)}`;
  return inside === null ? `${open}/>` : `${open}>${inside}</testcase>`;
}

function attributes(values: Attributes): string {
  return Object.entries(values)
    .map(([name, value]) =>
      value === null ? '' : ` ${name}="${text(String(value)).replaceAll(/[\t\n]/g, (sign) => `&#${sign.codePointAt(0)};`)}"`,
    )
    .join('');
}

function seconds(ms: number): string {
  return (Math.max(0, ms) / 1000).toFixed(3);
}

/** Spec: XML 1.0 § 2.2 (characters), § 2.4 (`]]>` in text). */
function text(value: string): string {
  return (
    value
      .toWellFormed()
      .replaceAll(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '\u{fffd}')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      // A reader would make a line end of it.
      .replaceAll('\r', '&#13;')
  );
}
