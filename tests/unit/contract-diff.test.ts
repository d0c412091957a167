// `foz contract diff` as a pull request meets it: exit codes, the three formats. Each test runs the real process.

import assert from 'node:assert/strict';
import { execFile, type ExecFileException } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { usersDocument } from '../conformance/contract-documents.ts';

const entry = fileURLToPath(new URL('../../cli/foz.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'foz-diff-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function diff(...args: readonly string[]): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [entry, 'contract', 'diff', ...args],
      { cwd: folder, timeout: 60_000 },
      (error: ExecFileException | null, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? 99), stdout, stderr });
      },
    );
  });
}

function write(name: string, schema: object): string {
  writeFileSync(join(folder, name), JSON.stringify(schema));
  return name;
}

function writeLines(name: string, schema: object): string {
  writeFileSync(join(folder, name), JSON.stringify(schema, null, 2));
  return name;
}

const column = (schema: object): object => ({ type: 'object', properties: { name: schema } });
const narrow = write('narrow.json', column({ type: 'string', maxLength: 3 }));
const wide = write('wide.json', column({ type: 'string', maxLength: 9 }));
const wider = write('wider.json', column({ type: 'string' }));

test('a compatible version exits 0, a breaking one 1 with the row that breaks', async () => {
  const [good, bad] = await Promise.all([diff(narrow, wide), diff(wide, narrow)]);
  assert.equal(good.code, 0, good.stderr);
  assert.match(good.stdout, /^compatible \(backward, sound, proved\)$/m);
  assert.equal(bad.code, 1, bad.stderr);
  assert.match(bad.stdout, /! MAX_LENGTH_DECREASED #\/properties\/name\/maxLength \(backward\)/);
  assert.match(bad.stdout, /\{"name":"a{4}"\}/);
});

test('--json is one document: verdict, differences, witness', async () => {
  const { code, stdout } = await diff(narrow, wide, '--mode', 'full', '--json');
  const told = JSON.parse(stdout);
  assert.equal(code, 1);
  assert.equal(told.compatible, false);
  assert.deepEqual(
    told.differences.map(({ kind, direction, allowed }: Record<string, unknown>) => [kind, direction, allowed]),
    [
      ['MAX_LENGTH_INCREASED', 'backward', true],
      ['MAX_LENGTH_DECREASED', 'forward', false],
    ],
  );
  assert.deepEqual([told.witness.document, told.witness.acceptedBy, told.witness.rejectedBy], [{ name: 'aaaa' }, 'new', 'old']);
});

test('of several versions each follows the one before: a transitive mode sees them all', async () => {
  const all = await diff(wider, narrow, wide, '--mode', 'backward-transitive', '--json');
  assert.equal(all.code, 1);
  assert.equal(JSON.parse(all.stdout).witness.against, 1);
});

test('--format github is one annotation a broken table, its lines escaped', async () => {
  const { code, stdout } = await diff(wide, narrow, '--format', 'github');
  assert.equal(code, 1);
  assert.match(stdout, /^::error file=narrow\.json,line=1,title=contract%3A backward compatibility of table::table%0A/);
  assert.equal(stdout.trimEnd().split('\n').length, 1);
});

const odcs = (name: string, length: number): string => {
  writeFileSync(join(folder, name), usersDocument({ version: '2.0.0', emailLengthMax: length }));
  return name;
};

const lineOf = (file: string, text: RegExp): number =>
  readFileSync(join(folder, file), 'utf8')
    .split('\n')
    .findIndex((line) => text.test(line)) + 1;

test('an annotation stands at the property that changed, in ODCS and in a schema of several lines', async () => {
  const [yaml, json] = await Promise.all([
    diff(odcs('long.yaml', 90), odcs('short.yaml', 10), '--format', 'github'),
    diff(wide, writeLines('lines.json', column({ type: 'string', maxLength: 2 })), '--format', 'github'),
  ]);
  assert.match(yaml.stdout, new RegExp(`^::error file=short\\.yaml,line=${lineOf('short.yaml', /name: email/)},`));
  assert.match(json.stdout, new RegExp(`^::error file=lines\\.json,line=${lineOf('lines.json', /maxLength/)},`));
});

test('the profile decides: an optional column added is breaking for the strict one only', async () => {
  const more = write('more.json', { type: 'object', properties: { name: { type: 'string' }, age: { type: 'integer' } } });
  const [sound, strict] = await Promise.all([diff(wider, more), diff(wider, more, '--profile', 'confluent-strict')]);
  assert.deepEqual([sound.code, strict.code], [0, 1]);
});

test('one file alone, or one that is not there, is a usage error', async () => {
  const [alone, missing] = await Promise.all([diff(narrow), diff(narrow, 'missing.json')]);
  assert.equal(alone.code, 2);
  assert.match(alone.stderr, /compares two files/);
  assert.equal(missing.code, 2);
  assert.match(missing.stderr, /missing\.json/);
});

test('a plain schema beside a contract is its table; arguments that would be ignored are usage errors', async () => {
  const contract = write('users.json', {
    'x-contract': { id: 'users', version: '1.0.0', table: { name: 'users' } },
    ...column({ type: 'string', maxLength: 9 }),
  });
  const [beside, two, at] = await Promise.all([
    diff(contract, narrow, '--json'),
    diff(contract, narrow, '--source'),
    diff(contract, '--at', 'postgres://u@h/d/s.t'),
  ]);
  const told = JSON.parse(beside.stdout);
  assert.deepEqual([beside.code, told.witness.table, told.tables.length], [1, 'users', 1]);
  assert.equal(told.consumers.users.known, false);
  assert.deepEqual([two.code, at.code], [2, 2]);
  assert.match(two.stderr, /compares one contract with its table/);
  assert.match(at.stderr, /--at without --source/);
});
