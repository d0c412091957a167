// `npm pack` and `npm publish` build dist/: compiled JavaScript, because Node refuses TypeScript under node_modules. The
// tree mirrors the checkout, so that files found beside the code (`new URL('./x', import.meta.url)`) are found there too.

import { spawnSync } from 'node:child_process';
import { copyFileSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');
const rooms = ['runtime', 'lake', 'sources', 'contracts', 'connectors', 'sync', 'catalog', 'quality', 'stack', 'cli'];

rmSync(dist, { recursive: true, force: true });
const config = join(root, 'tsconfig.build.json');
const built = spawnSync(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', config], { stdio: 'inherit' });
if (built.status !== 0) process.exit(built.status ?? 1);
for (const room of rooms) {
  for (const file of globSync(`${room}/**/*.*`, { cwd: root })) {
    if (/\.(ts|mts)$/.test(file) || file.includes('node_modules')) continue;
    mkdirSync(dirname(join(dist, file)), { recursive: true });
    copyFileSync(join(root, file), join(dist, file));
  }
}
// The compiler rewrites imports; files that are started by address are rewritten here.
for (const file of globSync('**/*.js', { cwd: dist })) {
  const path = join(dist, file);
  const text = readFileSync(path, 'utf8');
  const rewritten = text.replace(/(new URL\(\s*['"][^'"]+)\.ts(['"])/g, '$1.js$2');
  if (rewritten !== text) writeFileSync(path, rewritten);
}
