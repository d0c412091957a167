// What is left when the guardian itself was killed: its components, named by the pid files. A pid may have been given
// to another program since, so a process counts as ours only when it began at the moment the pid file says.

import { readFileSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from '../../runtime/is-alive.ts';

const graceMs = 8000;

/** Ends them and removes the pid files; the number of processes ended. */
export async function endLeftovers(pidDir: string): Promise<number> {
  const names = (await readdir(pidDir).catch(() => [])).filter((name) => name.endsWith('.pid'));
  const found = await Promise.all(names.map((name) => leftover(join(pidDir, name))));
  const pids = found.filter((pid) => pid !== null);
  for (const pid of pids) signalGroup(pid, 'SIGINT'); // SIGTERM lets PostgreSQL wait for its clients
  const deadline = Date.now() + graceMs;
  while (pids.some(isAlive) && Date.now() < deadline) await sleep(100);
  for (const pid of pids.filter(isAlive)) signalGroup(pid, 'SIGKILL');
  for (const name of names) await rm(join(pidDir, name), { force: true });
  return pids.length;
}

/** What a pid file says: the pid, and when that process began by its own record. */
export function pidFileText(pid: number): string {
  return `${pid} ${birthOf(pid) ?? ''}\n`;
}

async function leftover(pidFile: string): Promise<number | null> {
  const [pid = 0, birth] = (await readFile(pidFile, 'utf8').catch(() => '')).trim().split(' ').map(Number);
  if (!Number.isInteger(pid) || pid <= 1 || birth === undefined || !isAlive(pid)) return null;
  return birthOf(pid) === birth ? pid : null;
}

/** Clock ticks from boot to the start of the process; null where there is no /proc. */
function birthOf(pid: number): number | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // the program's name, in parentheses, may hold anything
    const afterName = fields.slice(fields.lastIndexOf(')') + 2).split(' ');
    return Number(afterName[19]);
  } catch {
    return null;
  }
}

function signalGroup(pid: number, signal: 'SIGINT' | 'SIGKILL'): void {
  try {
    process.kill(-pid, signal);
    process.kill(-pid, 'SIGCONT');
  } catch {
    // gone already
  }
}
