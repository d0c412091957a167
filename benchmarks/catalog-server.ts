// A server of the catalog benchmark as a process of its own: ours as people start it, and the reference.

import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isRecord } from '../runtime/options.ts';
import { referenceCatalogMissing, startReferenceCatalog } from '../tests/reference-catalog/reference-catalog.ts';

export interface BenchedServer extends AsyncDisposable {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
}

const startMaxMs = 60_000;

/** Ours, and the reference where this machine can run it. */
export async function startServers(dir: string, note: (text: string) => void): Promise<readonly BenchedServer[]> {
  const foz = await startFoz(join(dir, 'foz'));
  const why = referenceCatalogMissing();
  if (why === null) {
    const home = join(dir, 'reference');
    const reference = await startReferenceCatalog({
      warehouse: `file://${home}/lake`,
      database: `${home}/catalog.sqlite`,
      onProgress: note,
    });
    return [foz, { name: 'reference', ...reference }];
  }
  note(`WITHOUT THE REFERENCE: ${why}`);
  return [foz];
}

async function startFoz(home: string): Promise<BenchedServer> {
  await mkdir(home, { recursive: true });
  const entry = fileURLToPath(new URL('../cli/foz.ts', import.meta.url));
  const args = ['catalog', 'serve', '--json', '--port', '0', '--warehouse', 'file:lake', '--store', 'sqlite:catalog.sqlite'];
  const child = spawn(process.execPath, [entry, ...args], { cwd: home, stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = (): void => void child.kill('SIGKILL');
  process.once('exit', stop);
  const said = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the catalog did not listen within ${startMaxMs} ms`)), startMaxMs);
    child.stdout.setEncoding('utf8').once('data', (text: string) => {
      clearTimeout(timer);
      resolve(text);
    });
    void exited.then(() => reject(new Error('the catalog ended before it listened')));
  });
  const told: unknown = JSON.parse(said);
  return {
    name: 'foz',
    url: isRecord(told) ? String(told['url']) : '',
    pid: child.pid ?? 0,
    async [Symbol.asyncDispose]() {
      process.off('exit', stop);
      child.kill('SIGTERM');
      await exited;
    },
  };
}
