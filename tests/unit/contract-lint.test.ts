// Each lint rule finds its broken document, at the right place, and says how to mend it.

import assert from 'node:assert/strict';
import test from 'node:test';
import { documentBytesMax, documentNodesMax, documentTokensMax, problemsMax, propertiesMax } from '../../contracts/document/limits.ts';
import { lintRules } from '../../contracts/document/lint-rules.ts';
import { readContract, type ContractReading } from '../../contracts/document/read-contract.ts';
import { brokenDocuments } from './contract-lint-documents.ts';

const problemsOf = (reading: ContractReading) => (reading.kind === 'contract' ? reading.warnings : reading.problems);

function placeOf(marked: string): string {
  const before = marked.slice(0, marked.indexOf('▶'));
  return `${before.split('\n').length}:${before.length - before.lastIndexOf('\n')}`;
}

for (const [index, [rule, marked]] of brokenDocuments.entries()) {
  test(`document ${index + 1} breaks ${rule} where the mark stands`, () => {
    const problems = problemsOf(readContract(marked.replace('▶', ''), 'broken.yaml'));
    const found = problems.filter((problem) => problem.rule === rule);
    const shown = JSON.stringify(problems.map((problem) => `${problem.rule} ${problem.line}:${problem.column} ${problem.message}`));
    assert.equal(marked.split('▶').length, 2, 'one mark');
    assert.deepEqual(
      found.map(({ line, column }) => `${line}:${column}`),
      [placeOf(marked)],
      shown,
    );
    assert.ok(found.every(({ mend, message, file }) => mend.length > 5 && message.length > 5 && file === 'broken.yaml'));
  });
}

test('every rule has a broken document', () => {
  const large = ['document-size', 'document-values', 'properties-max'];
  const covered = new Set([...brokenDocuments.map(([rule]) => rule), ...large]);
  assert.deepEqual(
    Object.keys(lintRules).filter((rule) => !covered.has(rule)),
    [],
  );
  assert.ok(new Set(brokenDocuments.map(([rule]) => rule)).size >= 60);
});

test('an error keeps a document from being a contract, a warning does not', () => {
  for (const [rule, marked] of brokenDocuments) {
    const reading = readContract(marked.replace('▶', ''), 'broken.yaml');
    const isError = problemsOf(reading).some(({ severity }) => severity === 'error');
    assert.equal(reading.kind, isError ? 'problems' : 'contract', rule);
  }
});

const head = 'apiVersion: v3.2.0\nkind: DataContract\nid: a\nversion: 1.0.0\n';
const expansions = 'bcdefghi'.split('').map((name, index) => `${name}: &${name} [${Array(10).fill(`*${'abcdefghi'[index]}`).join(',')}]`);

const hostile: readonly (readonly [what: string, rule: string, text: string])[] = [
  ['brackets 1,000,000 deep', 'document-depth', '['.repeat(1_000_000)],
  ['mappings 150,000 deep', 'document-depth', '{"a":'.repeat(150_000)],
  ['lists in lists on one line', 'document-depth', '- '.repeat(500_000)],
  ['keys in keys on one line', 'document-depth', '? '.repeat(500_000)],
  ['indentation 1,300 deep', 'document-depth', Array.from({ length: 1_300 }, (_, level) => `${' '.repeat(level)}a:\n`).join('')],
  ['aliases that would be 10^9 values', 'document-values', ['a: &a [x,x,x,x,x,x,x,x,x,x]', ...expansions].join('\n')],
  ['an alias of itself', 'document-depth', 'a: &a [*a]'],
  ['10,000 properties', 'properties-max', Array.from({ length: 10_000 }, (_, index) => `k${index}: 1`).join('\n')],
  ['2 MB of text', 'document-size', `a: ${'x'.repeat(2_000_000)}`],
  ['a million commas', 'document-size', `[${','.repeat(1_000_000)}`],
  ['a million brackets that close nothing', 'document-size', '}'.repeat(1_000_000)],
  ['half a million anchors', 'document-size', '&a '.repeat(300_000)],
  [
    'a schema deep in customProperties',
    'document-depth',
    `${head}customProperties: [{property: a, value: ${'{a: '.repeat(100)}1${'}'.repeat(100)}}]`,
  ],
];

for (const [what, rule, text] of hostile) {
  test(`${what} is refused with a reason in bounded time`, () => {
    const begin = performance.now();
    const reading = readContract(text, 'hostile.yaml');
    const tookMs = performance.now() - begin;
    assert.equal(reading.kind, 'problems');
    assert.equal(problemsOf(reading)[0]?.rule, rule);
    assert.ok(tookMs < 5_000, `${Math.round(tookMs)} ms`);
  });
}

test('the worst that passes the limits is still parsed in bounded time', () => {
  const begin = performance.now();
  const reading = readContract(`[${','.repeat(documentTokensMax - 100)}`, 'errors.yaml');
  assert.equal(problemsOf(reading)[0]?.rule, 'syntax');
  assert.ok(performance.now() - begin < 15_000);
  assert.ok(documentNodesMax < documentTokensMax && documentTokensMax < documentBytesMax);
});

test('a pattern that keeps a backtracking engine busy for ever is accepted: the engine that runs it is linear', () => {
  const text = `${head}schema:\n  - name: t\n    properties:\n      - name: a\n        logicalType: string\n        logicalTypeOptions: {pattern: '^(a+)+$'}\n`;
  assert.equal(readContract(text, 'a.yaml').kind, 'contract');
});

test('10,000 properties as a list are refused too', () => {
  const properties = Array.from({ length: 10_000 }, (_, index) => `      - {name: k${index}, logicalType: string}\n`).join('');
  const reading = readContract(`${head}schema:\n  - name: t\n    properties:\n${properties}`, 'wide.yaml');
  assert.equal(problemsOf(reading)[0]?.rule, 'properties-max');
});

test('problems beyond the limit are not told', () => {
  const properties = Array.from({ length: 500 }, () => `      - {nome: a}\n`).join('');
  const reading = readContract(`${head}schema:\n  - name: t\n    properties:\n${properties}`, 'many.yaml');
  assert.equal(problemsOf(reading).length, problemsMax);
  assert.ok(propertiesMax > 500);
});

test('no name in a document reaches the prototype of what it becomes', () => {
  const text = `${head}schema:\n  - name: t\n    properties:\n      - {name: __proto__, logicalType: string}\n      - {name: constructor, logicalType: string}\n`;
  const reading = readContract(text, 'proto.yaml');
  assert.equal(reading.kind, 'contract');
  assert.deepEqual(reading.kind === 'contract' && reading.contract.tables[0]?.columns.map(({ name }) => name), [
    '__proto__',
    'constructor',
  ]);
});
