// The commands of drafts, exports and samples as a person or a script meets them, without a database.

import assert from 'node:assert/strict';
import { execFile, type ExecFileException } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { draftContract } from '../../contracts/draft/draft-contract.ts';
import { exportContract } from '../../contracts/export/export-contract.ts';
import { readContract } from '../../contracts/document/read-contract.ts';
import { writeOdcs } from '../../contracts/document/write-contract.ts';
import { compileSchema } from '../../contracts/json-schema-validator.ts';
import { accountsTable } from './contract-source-fixture.ts';

const entry = fileURLToPath(new URL('../../cli/foz.ts', import.meta.url));
const definition = fileURLToPath(new URL('../../contracts/definitions/users.odcs.yaml', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'foz-contract-commands-'));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function foz(...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { cwd: folder, timeout: 30_000, maxBuffer: 64 * 1024 * 1024 };
    execFile(process.execPath, [entry, 'contract', ...args], options, (error: ExecFileException | null, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 99), stdout, stderr });
    });
  });
}

test('a sample is JSON lines that the contract accepts, the same for the same seed; with --json a list', async () => {
  const first = await foz('sample', definition, '-n', '50', '--seed', '7');
  const whole = await foz('sample', definition, '-n', '50', '--seed', '7', '--json');
  assert.equal(first.code, 0, first.stderr);
  const reading = readContract(readFileSync(definition, 'utf8'), definition);
  assert.ok(reading.kind === 'contract');
  const validator = compileSchema(reading.contract.tables[0]?.body ?? false);
  assert.ok(validator.kind === 'validator');
  const rows: readonly unknown[] = first.stdout
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
  assert.equal(rows.length, 50);
  for (const row of rows) assert.deepEqual(validator.problems(JSON.parse(JSON.stringify(row))), []);
  assert.deepEqual(JSON.parse(whole.stdout), rows);
});

test('a contract that cannot be met: exit 1, the column and the mend on stderr, nothing on stdout', async () => {
  const file = join(folder, 'impossible.json');
  const body = { type: 'object', properties: { level: { type: 'boolean', 'x-primaryKey': 1 } }, required: ['level'] };
  writeFileSync(file, JSON.stringify(body));
  const { code, stdout, stderr } = await foz('sample', file, '-n', '3');
  assert.equal(`${code} ${stdout}`, '1 ');
  assert.match(stderr, /after 2 rows .*\.level: .+\nmend: /);
});

test('an export goes to stdout, or to the file that is named; what is exported as the contract is the contract', async () => {
  const file = join(folder, 'accounts.odcs.yaml');
  const { contract } = draftContract(accountsTable(), 'postgres', { id: 'accounts', tableName: 'accounts' });
  writeFileSync(file, writeOdcs(contract));
  const page = join(folder, 'accounts.html');
  const [types, written] = await Promise.all([
    foz('export', file, '--to', 'typescript'),
    foz('export', file, '--to', 'html', '-o', page, '--json'),
  ]);
  assert.equal(types.code, 0, types.stderr);
  assert.equal(types.stdout, exportContract(contract, 'typescript'));
  assert.deepEqual(JSON.parse(written.stdout), { id: 'accounts', version: '1.0.0', to: 'html', file: page });
  const read = readContract(writeOdcs(contract), file);
  assert.equal(readFileSync(page, 'utf8'), read.kind === 'contract' && exportContract(read.contract, 'html'));
  for (const target of ['json-schema', 'odcs'] as const) {
    const reading = readContract(exportContract(contract, target), target);
    assert.deepEqual(reading.kind === 'contract' && reading.contract, contract);
  }
});

test('what is no contract, no target, no table: exit 2 with what was expected', async () => {
  const broken = join(folder, 'broken.yaml');
  writeFileSync(broken, 'kind: DataContract\napiVersion: v3.2.0\nversion: [1]\n');
  const [document, target, table] = await Promise.all([
    foz('export', broken),
    foz('export', definition, '--to', 'cobol'),
    foz('sample', definition, '--table', 'nothing'),
  ]);
  for (const ended of [document, target, table]) assert.equal(`${ended.code} ${ended.stdout}`, '2 ', ended.stderr);
  assert.match(document.stderr, /broken\.yaml:\d+:\d+: error/);
  assert.match(target.stderr, /cobol[\s\S]*typescript/);
  assert.match(table.stderr, /one of users/);
});
