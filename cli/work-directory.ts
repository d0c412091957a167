// Where a process keeps its files while it works: one folder a process, so that two never meet.

import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive } from '../runtime/is-alive.ts';
import type { LoadedConfig } from './config.ts';
import { pathIn } from './settings.ts';

/** `loaded` null: there is no foz.yaml that says where. */
export function workDirectory(loaded: LoadedConfig | null): string {
  const parent = loaded === null ? join(tmpdir(), 'foz') : pathIn(loaded, loaded.config.lake.workDir);
  return join(parent, String(process.pid));
}

/** Removes this process's folder and those of processes that are gone: files without a commit are worth nothing. */
export async function clearWorkDirectory(loaded: LoadedConfig): Promise<void> {
  const parent = pathIn(loaded, loaded.config.lake.workDir);
  for (const name of existsSync(parent) ? await readdir(parent) : []) {
    if (/^[0-9]+$/.test(name) && (Number(name) === process.pid || !isAlive(Number(name))))
      await rm(join(parent, name), { recursive: true, force: true });
  }
}
