// `npm test`: format, lint and types, then the lanes in the order of their price. Every lane runs even when one before it
// failed; failures and skips are listed again at the end, so that nothing is quietly left out. Arguments: lane names, `--long` (full
// counts), `--no-checks` (lanes only). `npm run test:clients` names a lane that runs only when it is named.

import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Lane {
  readonly name: string;
  /** Files at a time: the slow lanes each want the machine. */
  readonly concurrency: number;
  readonly timeoutMs: number;
  /** Runs only when it is named: it installs programs of others. */
  readonly isNamedOnly?: boolean;
}

interface Result {
  readonly name: string;
  readonly seconds: number;
  readonly isOk: boolean;
  readonly counts: Readonly<Record<string, number>>;
  readonly skipped: readonly string[];
  /** What the reporter says at its end of the tests that failed. */
  readonly failures: readonly string[];
}

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const minute = 60_000;
/** Compiled TypeScript, kept between runs: tests start hundreds of processes, and this halves their cost. */
const compileCache = join(root, 'node_modules', '.cache', 'foz-tests');

const lanes: readonly Lane[] = [
  { name: 'unit', concurrency: 2, timeoutMs: 2 * minute },
  { name: 'property', concurrency: 2, timeoutMs: 5 * minute },
  { name: 'conformance', concurrency: 2, timeoutMs: 3 * minute },
  { name: 'fault', concurrency: 2, timeoutMs: 10 * minute },
  { name: 'integration', concurrency: 1, timeoutMs: 15 * minute },
  { name: 'clients', concurrency: 1, timeoutMs: 15 * minute, isNamedOnly: true },
];

const checks: readonly { readonly name: string; readonly command: readonly string[] }[] = [
  { name: 'oxfmt --check', command: ['oxfmt', '--check', '.'] },
  { name: 'oxlint', command: ['oxlint'] },
  { name: 'tsc --noEmit', command: ['tsc', '--noEmit'] },
];

/** Of a lane's failures, told again at the end. */
const failureLinesMax = 80;

const countNames = ['tests', 'suites', 'pass', 'fail', 'cancelled', 'skipped', 'todo'];

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const names = args.filter((arg) => !arg.startsWith('--'));
  const unknown = [...names.filter((name) => !lanes.some((lane) => lane.name === name)), ...args.filter((arg) => isUnknownFlag(arg))];
  if (unknown.length > 0) {
    console.error(`tests: ${unknown.join(', ')}: expected lanes (${lanes.map(({ name }) => name).join(', ')}), --long or --no-checks`);
    return 2;
  }
  const isLong = args.includes('--long');
  const results: Result[] = [];
  if (!args.includes('--no-checks')) {
    for (const check of checks) results.push(await runCheck(check.name, check.command));
  }
  for (const lane of lanes) {
    if (names.includes(lane.name) || (names.length === 0 && lane.isNamedOnly !== true)) results.push(await runLane(lane, isLong));
  }
  return summarize(results, isLong);
}

function isUnknownFlag(arg: string): boolean {
  return arg.startsWith('--') && arg !== '--long' && arg !== '--no-checks';
}

async function runCheck(name: string, [program = '', ...args]: readonly string[]): Promise<Result> {
  console.log(`▶ ${name}`);
  const startedAt = Date.now();
  const { code } = await runProgram(join(root, 'node_modules', '.bin', program), args, {});
  return { name, seconds: (Date.now() - startedAt) / 1000, isOk: code === 0, counts: {}, skipped: [], failures: [] };
}

async function runLane(lane: Lane, isLong: boolean): Promise<Result> {
  const files = globSync(`tests/${lane.name}/**/*.test.ts`, { cwd: root }).toSorted();
  console.log(`▶ ${lane.name}: ${files.length} files`);
  // No file is no success: node --test would look for tests elsewhere.
  if (files.length === 0)
    return { name: lane.name, seconds: 0, isOk: false, counts: {}, skipped: ['(no test file in this lane)'], failures: [] };
  const startedAt = Date.now();
  const timeoutMs = lane.timeoutMs * (isLong ? 10 : 1);
  const args = ['--test', '--test-reporter=spec', `--test-concurrency=${lane.concurrency}`, `--test-timeout=${timeoutMs}`, ...files];
  const { code, lines } = await runProgram(process.execPath, args, {
    NODE_COMPILE_CACHE: compileCache,
    ...(isLong ? { FOZ_TEST_LONG: '1' } : {}),
  });
  const told = { counts: countsOf(lines), skipped: skipsOf(lines), failures: failuresOf(lines) };
  return { name: lane.name, seconds: (Date.now() - startedAt) / 1000, isOk: code === 0, ...told };
}

/** Runs in a process group of its own; its output goes through and is kept by line. */
function runProgram(program: string, args: readonly string[], env: Readonly<Record<string, string>>) {
  return new Promise<{ code: number; lines: string[] }>((resolve) => {
    const lines: string[] = [];
    let rest = '';
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } });
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (text: string) => {
      process.stdout.write(text);
      const parts = (rest + text).split('\n');
      rest = parts.pop() ?? '';
      lines.push(...parts);
    });
    const stop = (signal: NodeJS.Signals) => child.kill(signal);
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
    const end = (code: number): void => {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
      resolve({ code, lines: rest === '' ? lines : [...lines, rest] });
    };
    child.on('error', (error) => {
      console.error(`tests: ${program}: ${error.message}`);
      end(1);
    });
    child.on('close', (code) => end(code ?? 1));
  });
}

function countsOf(lines: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const line of lines) {
    const [, name, count] = /^ℹ (\w+) (\d+)$/.exec(line) ?? [];
    if (name !== undefined && countNames.includes(name)) counts[name] = Number(count);
  }
  return counts;
}

/** The reporter's lines of skipped tests, with their reason: `﹣ name (1.2ms) # reason`. */
function skipsOf(lines: readonly string[]): string[] {
  return lines.filter((line) => /^\s*﹣ .* # /.test(line)).map((line) => line.replace(/^\s*﹣ /, ''));
}

function failuresOf(lines: readonly string[]): readonly string[] {
  const heading = lines.lastIndexOf('✖ failing tests:');
  return heading < 0 ? [] : lines.slice(heading + 1);
}

function summarize(results: readonly Result[], isLong: boolean): number {
  const isOk = results.every((result) => result.isOk);
  for (const { name, failures } of results) {
    if (failures.length === 0) continue;
    const left = failures.length - failureLinesMax;
    console.log(`\n✖ failed in ${name}:\n${failures.slice(0, failureLinesMax).join('\n')}`);
    if (left > 0) console.log(`(${left} lines more above, at the end of the lane)`);
  }
  console.log(`\n${isLong ? 'npm run test:long' : 'npm test'}`);
  for (const { name, seconds, isOk: laneOk, counts, skipped } of results) {
    const tests =
      counts['tests'] === undefined
        ? ''
        : `  ${counts['pass'] ?? 0} of ${counts['tests']} passed${skipped.length ? `, ${skipped.length} SKIPPED` : ''}`;
    console.log(`${laneOk ? '✔' : '✖'} ${name.padEnd(14)} ${seconds.toFixed(1).padStart(7)} s${tests}`);
  }
  for (const { name, skipped } of results) for (const test of skipped) console.log(`SKIPPED ${name}: ${test}`);
  for (const name of countNames) console.log(`ℹ ${name} ${results.reduce((sum, result) => sum + (result.counts[name] ?? 0), 0)}`);
  console.log(`ℹ duration_ms ${Math.round(results.reduce((sum, result) => sum + result.seconds * 1000, 0))}`);
  return isOk ? 0 : 1;
}
