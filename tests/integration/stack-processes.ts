// What the tests of the stack ask of the operating system.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { removeStack } from '../../stack/stack.ts';

/** A folder for a stack; whatever runs in it at the end of the test is ended. */
export async function stackFolder(t: TestContext): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), 'foz-it-'));
  t.after(async () => {
    await removeStack(join(parent, 'stack'));
    await rm(parent, { recursive: true, force: true });
  });
  return join(parent, 'stack');
}

/** Gone, or a zombie that only its new parent has not yet noticed. */
export function isGone(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
  } catch {
    return true;
  }
}

export async function survivors(pids: readonly number[], maxMs: number): Promise<number[]> {
  const deadline = Date.now() + maxMs;
  while (Date.now() < deadline && !pids.every(isGone)) await sleep(100);
  return pids.filter((pid) => !isGone(pid));
}

/** Pids of every process whose command line names the folder. */
export function processesNaming(dir: string): number[] {
  const { stdout } = spawnSync('ps', ['-A', '-ww', '-o', 'pid=,args='], { encoding: 'utf8', maxBuffer: 8 * 1024 * 1024 });
  const lines = stdout.split('\n').filter((line) => line.includes(dir) && !line.includes('ps -A'));
  return lines.map((line) => Number.parseInt(line, 10)).filter((pid) => pid !== process.pid && !isGone(pid));
}

/** `address:port` of every listening TCP socket of these processes; null where `ss` is missing. */
export function listening(pids: readonly number[]): string[] | null {
  const asked = spawnSync('ss', ['-ltnpH'], { encoding: 'utf8' });
  if (asked.status !== 0) return null;
  const lines = asked.stdout.split('\n').filter((line) => pids.some((pid) => line.includes(`pid=${pid},`)));
  return lines.map((line) => line.trim().split(/\s+/)[3] ?? '');
}

export async function until<T>(what: string, maxMs: number, ask: () => Promise<T | null | undefined>): Promise<T> {
  const deadline = Date.now() + maxMs;
  for (;;) {
    const found = await ask();
    if (found !== null && found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${maxMs} ms`);
    await sleep(100);
  }
}

/** The guardian itself ends a moment after its last child; everything must be gone within ten seconds. */
export async function noneLeft(dir: string): Promise<void> {
  await until(`no process of ${dir}`, 10_000, async () => (processesNaming(dir).length === 0 ? true : null));
}
