// Resident memory of processes and their descendants, from one call of `ps`.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export async function residentBytes(pids: readonly number[]): Promise<number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,rss='], { maxBuffer: 8 * 1024 * 1024 });
  const rows = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  const childrenOf = new Map<number, number[]>();
  const rssOf = new Map<number, number>();
  for (const [pid = 0, parent = 0, rss = 0] of rows) {
    childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), pid]);
    rssOf.set(pid, rss * 1024);
  }
  const sum = (pid: number): number => (childrenOf.get(pid) ?? []).reduce((total, child) => total + sum(child), rssOf.get(pid) ?? 0);
  return pids.map(sum);
}
