// One process at a time in a cache folder. The lock is a folder (its creation is atomic) with the holder's pid inside,
// so that a lock left by a dead process does not stand in the way for ever.

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LakeError } from '../../runtime/errors.ts';

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
    if (holder !== null && !isAlive(holder)) {
      await rm(path, { recursive: true, force: true });
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
  } catch {
    return false;
  }
  await writeFile(join(path, 'pid'), String(process.pid));
  return true;
}

async function holderOf(path: string): Promise<number | null> {
  const text = await readFile(join(path, 'pid'), 'utf8').catch(() => '');
  const pid = Number(text);
  return text !== '' && Number.isInteger(pid) ? pid : null;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
