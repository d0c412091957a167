// `foz contract lint` as people and programs call it; and the page that explains what it finds.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { documentBytesMax } from '../../contracts/document/limits.ts';
import { contractsPage } from '../../docs/generate/contract-tables.ts';

const foz = fileURLToPath(new URL('../../cli/foz.ts', import.meta.url));
const page = new URL('../../docs/contracts.md', import.meta.url);
let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'foz-lint-'));
  await writeFile(join(folder, 'good.yaml'), 'apiVersion: v3.2.0\nkind: DataContract\nid: a\nversion: 1.0.0\n');
  await writeFile(join(folder, 'bad.yaml'), 'apiVersion: v3.2.0\nkind: DataContract\nid: a\nversion: 1.0\nnmae: "a,b"\n');
  await writeFile(join(folder, 'large.yaml'), `a: ${'x'.repeat(documentBytesMax)}`);
});
after(() => rm(folder, { recursive: true }));

function lint(...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [foz, 'contract', 'lint', ...args], { cwd: folder }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

test('errors are printed with place and mend, and the exit code is 1', async () => {
  const { code, stdout } = await lint('bad.yaml', 'good.yaml');
  assert.equal(code, 1);
  assert.deepEqual(stdout.trimEnd().split('\n'), [
    'bad.yaml:4:10: error value-kind: version is a number 1; expected text',
    '    mend: Quote it: "1".',
    'bad.yaml:5:1: error unknown-key: the contract has no key nmae',
    '    mend: Did you mean `name`?',
    'good.yaml:1:1: warning no-tables: the contract describes no table',
    '    mend: Add `schema:` with its tables.',
    '2 documents: 2 errors, 1 warning',
  ]);
});

test('warnings alone exit 0, and --json says the same for programs', async () => {
  const { code, stdout } = await lint('good.yaml', '--json');
  assert.equal(code, 0);
  const result: unknown = JSON.parse(stdout);
  assert.deepEqual(result, {
    files: ['good.yaml'],
    ok: true,
    problems: [
      {
        rule: 'no-tables',
        severity: 'warning',
        file: 'good.yaml',
        line: 1,
        column: 1,
        path: '',
        message: 'the contract describes no table',
        mend: 'Add `schema:` with its tables.',
      },
    ],
  });
});

test('annotations of a pull request, one line each', async () => {
  const { code, stdout } = await lint('bad.yaml', '--format', 'github');
  assert.equal(code, 1);
  assert.match(
    stdout,
    /^::error file=bad\.yaml,line=5,col=1,title=unknown-key::the contract has no key nmae Mend: Did you mean `name`\?$/m,
  );
});

test('a file that is too large is not read; one that is not there is a mistake of the call', async () => {
  const large = await lint('large.yaml');
  assert.equal(large.code, 1);
  assert.match(large.stdout, /document-size/);
  const missing = await lint('none.yaml');
  assert.equal(missing.code, 2);
  assert.match(missing.stderr, /none\.yaml/);
});

test('the tables of docs/contracts.md are those of the code (npm run docs)', async () => {
  const text = await readFile(page, 'utf8');
  assert.equal(text, contractsPage(text));
  assert.ok(text.includes('decimal-text') && text.includes('`ref-remote`'));
});

test('the examples of docs/contracts.md are contracts', async () => {
  const { readContract } = await import('../../contracts/document/read-contract.ts');
  const text = await readFile(page, 'utf8');
  const examples = [...text.matchAll(/^```(yaml|json)\n([\s\S]*?)^```/gm)].map(([, kind, example = '']) => [kind, example] as const);
  assert.deepEqual(
    examples.map(([kind]) => kind),
    ['yaml', 'json'],
  );
  for (const [, example] of examples) {
    const reading = readContract(example, 'docs/contracts.md');
    assert.ok(reading.kind === 'contract', JSON.stringify(reading));
    assert.deepEqual(reading.warnings, []);
  }
});
