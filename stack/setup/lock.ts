// One process at a time in a cache folder. The lock is a folder (its creation is atomic) with the holder's pid inside,
// so that a lock left by a dead process does not stand in the way for ever.

import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from '../../runtime/is-alive.ts';
import { LakeError } from '../../runtime/errors.ts';

/** A holder writes its pid at once; a lock without one for so long was left by a process that died in between. */
const namelessMaxMs = 10_000;

export interface LockOptions {
  readonly waitMaxMs: number;
  /** Called once when somebody else holds the lock. */
  readonly onWait?: (holderPid: number | null) => void;
}

/** Runs `work` while nobody else holds the lock. */
export async function withLock<T>(path: string, options: LockOptions, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  await acquire(path, options, signal);
  try {
    return await work();
  } finally {
    await rm(path, { recursive: true, force: true });
  }
}

async function acquire(path: string, options: LockOptions, signal?: AbortSignal): Promise<void> {
  const deadline = Date.now() + options.waitMaxMs;
  let hasSaid = false;
  for (;;) {
    signal?.throwIfAborted();
    if (await tryLock(path)) return;
    const holder = await holderOf(path);
    if (holder === 'gone') {
      await breakLock(path);
      continue;
    }
    if (!hasSaid) options.onWait?.(holder);
    hasSaid = true;
    if (Date.now() > deadline)
      throw new LakeError('LIMIT_EXCEEDED', `waited ${options.waitMaxMs} ms for the lock ${path}, held by process ${holder ?? 'unknown'}`);
    await sleep(200, undefined, signal === undefined ? {} : { signal });
  }
}

async function tryLock(path: string): Promise<boolean> {
  try {
    await mkdir(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
  await writeFile(join(path, 'pid'), String(process.pid));
  return true;
}

/** The pid of the holder, null while it is about to write it, 'gone' when it is dead. */
async function holderOf(path: string): Promise<number | null | 'gone'> {
  const text = await readFile(join(path, 'pid'), 'utf8').catch(() => '');
  if (text !== '') return isAlive(Number(text)) ? Number(text) : 'gone';
  const found = await stat(path).catch(() => null);
  return found !== null && Date.now() - found.mtimeMs > namelessMaxMs ? 'gone' : null;
}

/** By rename, which only one of several waiters can do to the same folder; a living holder's lock is put back. */
async function breakLock(path: string): Promise<void> {
  const aside = `${path}.${process.pid}.dead`;
  await rename(path, aside).catch(() => undefined);
  if (typeof (await holderOf(aside)) === 'number') await rename(aside, path).catch(() => undefined);
  await rm(aside, { recursive: true, force: true });
}
