// A server of the catalog benchmark as a process of its own: ours as people start it, and the reference.

import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isRecord } from '../runtime/options.ts';
import { postgresWorld } from '../tests/integration/postgres-world.ts';
import { referenceCatalogMissing, startReferenceCatalog } from '../tests/reference-catalog/reference-catalog.ts';

export interface BenchedServer extends AsyncDisposable {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
}

const startMaxMs = 60_000;

/** Ours on both of its databases, and the reference where this machine can run it. Their life is `parts`'. */
export async function startServers(
  dir: string,
  parts: AsyncDisposableStack,
  note: (text: string) => void,
): Promise<readonly BenchedServer[]> {
  const postgres = parts.use(await postgresWorld());
  const [sqlite, database] = ['sqlite:catalog.sqlite', (await postgres.newDatabase()).reveal()];
  const foz = parts.use(await startFoz('foz', join(dir, 'foz'), sqlite));
  const fozPostgres = parts.use(await startFoz('foz-postgres', join(dir, 'foz-postgres'), database));
  const why = referenceCatalogMissing();
  if (why !== null) {
    note(`WITHOUT THE REFERENCE: ${why}`);
    return [foz, fozPostgres];
  }
  const home = join(dir, 'reference');
  const options = { warehouse: `file://${home}/lake`, database: `${home}/catalog.sqlite`, onProgress: note };
  return [foz, fozPostgres, { name: 'reference', ...parts.use(await startReferenceCatalog(options)) }];
}

async function startFoz(name: string, home: string, store: string): Promise<BenchedServer> {
  await mkdir(home, { recursive: true });
  const entry = fileURLToPath(new URL('../cli/foz.ts', import.meta.url));
  const args = ['catalog', 'serve', '--json', '--port', '0', '--warehouse', 'file:lake', '--store', store];
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
    name,
    url: isRecord(told) ? String(told['url']) : '',
    pid: child.pid ?? 0,
    async [Symbol.asyncDispose]() {
      process.off('exit', stop);
      child.kill('SIGTERM');
      await exited;
    },
  };
}
