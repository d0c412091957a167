// What is left when the guardian itself was killed: its components, named by the pid files. A pid may have been given
// to another program since, so a process counts as ours only while its own record says that it was started before the
// pid file was written.

import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from '../setup/lock.ts';

const graceMs = 8000;
/** Between the birth of a process and the writing of its pid file. */
const slackMs = 10_000;

/** Ends them and removes the pid files; the number of processes ended. */
export async function endLeftovers(pidDir: string): Promise<number> {
  const names = (await readdir(pidDir).catch(() => [])).filter((name) => name.endsWith('.pid'));
  const found = await Promise.all(names.map((name) => leftover(join(pidDir, name))));
  const pids = found.filter((pid) => pid !== null);
  for (const pid of pids) signalGroup(pid, 'SIGTERM');
  const deadline = Date.now() + graceMs;
  while (pids.some(isAlive) && Date.now() < deadline) await sleep(100);
  for (const pid of pids.filter(isAlive)) signalGroup(pid, 'SIGKILL');
  for (const name of names) await rm(join(pidDir, name), { force: true });
  return pids.length;
}

async function leftover(pidFile: string): Promise<number | null> {
  const pid = Number(await readFile(pidFile, 'utf8').catch(() => ''));
  if (!Number.isInteger(pid) || pid <= 1 || !isAlive(pid)) return null;
  const writtenAt = (await stat(pidFile)).mtimeMs;
  // /proc/<pid> carries the time at which the process began
  const bornAt = (await stat(`/proc/${pid}`).catch(() => null))?.ctimeMs;
  return bornAt !== undefined && bornAt <= writtenAt + slackMs && bornAt >= writtenAt - slackMs ? pid : null;
}

function signalGroup(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(-pid, signal);
    process.kill(-pid, 'SIGCONT');
  } catch {
    // gone already
  }
}
