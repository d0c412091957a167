// Pages that say what the code says: generated ones are current, links lead somewhere, commands and settings exist.

import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Command, CommandGroup } from '../../cli/command.ts';
import { commandTable } from '../../cli/command-table.ts';
import { errorsPage } from '../../docs/generate/errors-page.ts';
import { errorTable } from '../../runtime/errors.ts';
import { metricTable } from '../../runtime/metrics.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const pages = [...globSync('*.md', { cwd: root }), ...globSync('docs/**/*.md', { cwd: root })];
const textOf = (page: string): string => readFileSync(join(root, page), 'utf8');

test('docs/errors.md is the page that runtime/errors.ts makes (npm run docs)', () => {
  assert.equal(textOf('docs/errors.md'), errorsPage());
});

test('every link between pages leads to a file', () => {
  const broken = pages.flatMap((page) =>
    [...textOf(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !existsSync(join(root, dirname(page), target)))
      .map((target) => `${page}: ${target}`),
  );
  assert.deepEqual(broken, []);
});

test('every command that a page or an error names exists', () => {
  const known = new Set(commandTable.map(({ name }) => name));
  const texts = [
    ...pages.map((page) => [page, textOf(page)] as const),
    ...Object.entries(errorTable).map(([code, { help }]) => [code, help] as const),
  ];
  const unknown = texts.flatMap(([where, text]) =>
    [...text.matchAll(/`foz ([a-z]+)\b/g)]
      .map(([, command = '']) => command)
      .filter((command) => !known.has(command))
      .map((command) => `${where}: foz ${command}`),
  );
  assert.deepEqual(unknown, []);
});

test('the README lists every command, with an example of its use', () => {
  const listed = new Map(
    [...textOf('README.md').matchAll(/^\| ([a-z]+) +\|[^|]*\| `foz ([a-z]+)/gm)].map(([, name, used]) => [name, used]),
  );
  assert.deepEqual(
    [...listed],
    commandTable.map(({ name }) => [name, name]),
  );
});

test('every metric that a page names exists', () => {
  const unknown = pages.flatMap((page) =>
    [...textOf(page).matchAll(/`(foz_[a-z_]+)/g)].map(([, name = '']) => name).filter((name) => !Object.hasOwn(metricTable, name)),
  );
  assert.deepEqual(unknown, []);
});

function commandsOf(loaded: Command | CommandGroup): readonly Command[] {
  if (!('commands' in loaded)) return [loaded];
  return [...Object.values(loaded.commands), ...Object.values(loaded.groups ?? {}).flatMap(commandsOf)];
}

test('every command has a description and examples that begin with foz or show its use', async () => {
  for (const { name, load } of commandTable) {
    const loaded = await load();
    for (const command of commandsOf(loaded)) {
      assert.ok(command.description.length > 20, name);
      assert.ok(
        command.examples.some(([line]) => line.includes(`foz ${name}`)),
        `${name}: no example shows it`,
      );
    }
  }
});

test('every choice of docs/adr is listed, fits a page and says what follows', () => {
  const list = textOf('docs/adr/README.md');
  const choices = globSync('docs/adr/[0-9]*.md', { cwd: root });
  assert.ok(choices.length >= 10);
  for (const choice of choices) {
    const text = textOf(choice);
    assert.ok(list.includes(choice.split('/').at(-1) ?? '?'), choice);
    assert.ok(text.split('\n').length <= 60, choice);
  }
});

test('every dependency has its line in docs/adr/0012-dependencies.md', () => {
  const manifest: unknown = JSON.parse(textOf('package.json'));
  assert.ok(typeof manifest === 'object' && manifest !== null);
  const names = ['dependencies', 'devDependencies'].flatMap((key) => Object.keys(Reflect.get(manifest, key) ?? {}));
  const page = textOf('docs/adr/0012-dependencies.md');
  assert.deepEqual(
    names.filter((name) => !page.includes(`\`${name}\``)),
    [],
  );
});

test('the templates of foz init show settings that exist, with the defaults they have', async () => {
  const { configOptions } = await import('../../cli/config.ts');
  const { parseConfig, problemText } = await import('../../runtime/config-file.ts');
  const template = textOf('cli/templates/foz.yaml');
  const env = Object.fromEntries([...template.matchAll(/\$\{env:([A-Z0-9_]+)\}/g)].map(([, name = '']) => [name, 'x'.repeat(8)]));
  const parse = (text: string) => parseConfig({ file: 'foz.yaml', text, env, readFile: () => 'x' }, configOptions);
  const plain = parse(template);
  assert.equal(plain.kind, 'valid', plain.kind === 'invalid' ? plain.problems.map(problemText).join('\n') : '');
  const shown = template.replace(
    /^( *)# ((?:groupId|freshness|commit|memory|limits|namespace|workDir|listen|database|port|fetch|http|query|logging):.*)$/gm,
    '$1$2',
  );
  assert.notEqual(shown, template);
  const filled = parse(shown);
  assert.equal(filled.kind, 'valid', filled.kind === 'invalid' ? filled.problems.map(problemText).join('\n') : '');
  if (plain.kind === 'valid' && filled.kind === 'valid') assert.equal(JSON.stringify(filled.value), JSON.stringify(plain.value));
});
