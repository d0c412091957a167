// The compatibility kit's report, as its runner reads it.

import assert from 'node:assert/strict';
import test from 'node:test';
import { expected } from '../rck/expected.ts';
import { readReport } from '../rck/report.ts';

const report = `<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="JUnit Platform Suite" tests="5">
<testcase name="passes()" classname="org.example.Kit" time="0.1"><system-out><![CDATA[unique-id: <failure>]]></system-out></testcase>
<testcase name="repeated(int)[2]" classname="org.example.Kit" time="0.1"/>
<testcase name="fails()" classname="org.example.Kit" time="0.1">
<failure message="expected: &lt;1&gt;&#xa;&#10;but was: &quot;2&quot;" type="AssertionError"><![CDATA[at Kit.java]]></failure>
</testcase>
<testcase name="breaks()" classname="org.example.Kit" time="0.1">
<error type="java.lang.Error"><![CDATA[java.lang.Error
at Kit.java]]></error>
</testcase>
<testcase name="waits()" classname="org.example.Kit" time="0.1">
<skipped><![CDATA[not here]]></skipped>
</testcase>
</testsuite>`;

test('each test of a report is told with how it ended and what was said', () => {
  assert.deepEqual(readReport(report), [
    { test: 'Kit.passes', state: 'passed', message: '' },
    { test: 'Kit.repeated[2]', state: 'passed', message: '' },
    { test: 'Kit.fails', state: 'failed', message: 'expected: <1> but was: "2"' },
    { test: 'Kit.breaks', state: 'failed', message: 'java.lang.Error at Kit.java' },
    { test: 'Kit.waits', state: 'skipped', message: 'not here' },
  ]);
});

test('what is expected of the kit accounts for each of its tests', () => {
  assert.equal(expected.kit.passed + expected.kit.others.size, 157);
  assert.equal(expected.nested.passed + expected.nested.others.size, 106);
});
