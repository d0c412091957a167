// `npm run test:rck`: the compatibility kit against this catalog, and what came out held against `expected.ts`: a test
// that ends otherwise than written there fails the run, whichever way it went.
// `-- --store sqlite|postgres` (default: sqlite), `--nested` (nested namespaces and names with dots switched on).

import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { expected } from './expected.ts';
import { ensureKit, kitBase, runKit, type KitSelection } from './kit.ts';
import type { KitResult } from './report.ts';
import { serveForKit, storeKinds, type StoreKind } from './serve-for-kit.ts';

const exitFindings = 1;
const exitUsage = 2;

/** Namespaces whose tables the kit places under `kitBase` itself. */
const kitFolders = ['ns', 'newdb'].map((name) => join(kitBase, name));

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const told = argumentsOf(args);
  const store = storeKinds.find((kind) => kind === told?.store);
  if (told === null || store === undefined) {
    say(`test:rck: ${args.join(' ')}: expected --store ${storeKinds.join('|')} or --nested, or nothing`);
    return exitUsage;
  }
  return testKit(store, told.isNested ? 'nested' : 'kit');
}

function argumentsOf(args: readonly string[]): { readonly store: string; readonly isNested: boolean } | null {
  try {
    const { values } = parseArgs({ args: [...args], options: { store: { type: 'string' }, nested: { type: 'boolean' } } });
    return { store: values.store ?? 'sqlite', isNested: values.nested ?? false };
  } catch {
    return null;
  }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function testKit(store: StoreKind, selection: KitSelection): Promise<number> {
  const kit = await ensureKit(say);
  const scratch = await mkdtemp(join(tmpdir(), 'foz-rck-'));
  const madeByKit = kitFolders.filter((folder) => !existsSync(folder));
  try {
    await mkdir(join(scratch, 'warehouse'));
    await using served = await serveForKit(store, scratch);
    const startedAt = Date.now();
    const results = await runKit(kit, { selection, url: served.url, warehouse: served.warehouse, scratch });
    return summarize(`${selection} on ${store}`, results, (Date.now() - startedAt) / 1000, expected[selection]);
  } finally {
    for (const folder of [scratch, ...madeByKit]) await rm(folder, { recursive: true, force: true });
  }
}

type Expectations = (typeof expected)[KitSelection];

function summarize(title: string, results: readonly KitResult[], seconds: number, expectations: Expectations): number {
  const count = (state: KitResult['state']) => results.filter((result) => result.state === state).length;
  console.log(
    `${title}: ${results.length} tests, ${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped in ${seconds.toFixed(1)} s`,
  );
  for (const { test, state } of results.toSorted((a, b) => (a.test < b.test ? -1 : 1))) {
    const known = expectations.others.get(test);
    if (known?.state === state) console.log(`  ${state} as expected: ${test}: ${known.why}`);
  }
  const surprises = surprisesIn(results, expectations);
  for (const surprise of surprises) console.log(`UNEXPECTED ${surprise}`);
  return surprises.length === 0 ? 0 : exitFindings;
}

function surprisesIn(results: readonly KitResult[], expectations: Expectations): readonly string[] {
  const surprises = results
    .filter(({ test, state }) => state !== (expectations.others.get(test)?.state ?? 'passed'))
    .map(({ test, state, message }) => `${test} ${state}${message === '' ? '' : `: ${message}`}`);
  const seen = new Set(results.map(({ test }) => test));
  for (const test of expectations.others.keys()) if (!seen.has(test)) surprises.push(`${test} was not run`);
  const passed = results.filter(({ state }) => state === 'passed').length;
  if (passed !== expectations.passed) surprises.push(`${passed} tests passed, expected ${expectations.passed}`);
  return surprises;
}
