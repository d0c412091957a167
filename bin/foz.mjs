#!/usr/bin/env node
// Starts foz with a Node that can run it: this one when it is 24 or newer, else the one of the `node` package that Foz
// depends on. A checkout runs its TypeScript, an installed package the JavaScript in dist/.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const [major] = process.versions.node.split('.').map(Number);

if (major >= 24) {
  const source = join(root, 'cli', 'foz.ts');
  const entry = existsSync(source) ? source : join(root, 'dist', 'cli', 'foz.js');
  const { foz } = await import(pathToFileURL(entry).href);
  process.exitCode = await foz(process.argv.slice(2));
} else {
  const node = bundledNode();
  if (node === null) {
    process.stderr.write(
      `foz: needs Node 24 or newer, this is ${process.version}, and the bundled one is not installed.\n` +
        '  next: npm rebuild node   (or: npm install --foreground-scripts)\n',
    );
    process.exitCode = 2;
  } else {
    process.exitCode = await handOver(node);
  }
}

/** Signals sent to this process reach the one that does the work; its end is this one's. */
function handOver(node) {
  return new Promise((resolve) => {
    // glibc would keep a heap for each of DuckDB's threads: some 40 MB more than one after the other needs.
    const env = { MALLOC_ARENA_MAX: '2', ...process.env };
    const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit', env });
    // A terminal sends SIGINT to both: only what was sent to this process alone is passed on.
    process.on('SIGINT', () => undefined);
    process.on('SIGTERM', () => child.kill('SIGTERM'));
    process.on('SIGHUP', () => child.kill('SIGHUP'));
    child.on('exit', (code, signal) => resolve(signal === null ? (code ?? 5) : 128 + constants.signals[signal]));
  });
}

function bundledNode() {
  try {
    const manifest = createRequire(import.meta.url).resolve('node/package.json');
    const binary = join(dirname(manifest), 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
    return existsSync(binary) ? binary : null;
  } catch {
    return null;
  }
}
