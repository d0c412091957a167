// A kill in mid-stream: the worker stops itself (SIGSTOP) right before it sends a commit, with files uploaded
// that no snapshot names and changes still coming; what is at stake is counted from outside; then it gets SIGKILL.

import { identText } from '../../catalog/catalog.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { TableTarget } from '../../sync/table.ts';
import { tableProgress, uncommittedFiles, type Readers } from './progress-of-tables.ts';
import { startFoz, type FozProcessOptions } from './worker-process.ts';

export interface Kill {
  readonly table: string;
  /** First offset not in the table when the worker died. */
  readonly atOffset: number;
  /** Rows in files that were in the store and in no snapshot. */
  readonly flushedUncommittedRows: number;
  /** Records in the log that the table did not hold, those flushed rows among them. */
  readonly remaining: number;
}

/** `orphans`: files of earlier kills, which stay in the store for the sweeper; extended by this one's. */
export async function killInMidStream(
  worker: Omit<FozProcessOptions, 'only' | 'signalAt'>,
  at: { readonly table: string; readonly commit: number },
  targets: readonly TableTarget[],
  readers: Readers,
  orphans: Set<string>,
  signal: AbortSignal,
): Promise<Kill> {
  await using process = startFoz({ ...worker, only: 'sync', signalAt: `commit:before-request@${at.table}:${at.commit}:SIGSTOP` });
  await process.held(signal);
  const found = await Promise.all(
    targets.map(async (target) => {
      const [progress, files] = await Promise.all([tableProgress(target, readers, signal), uncommittedFiles(target, readers)]);
      const fresh = [...files].filter(([path]) => !orphans.has(path));
      return { target, progress, rows: fresh.reduce((sum, [, rows]) => sum + rows, 0), paths: fresh.map(([path]) => path) };
    }),
  );
  await process.kill();
  const struck = found.find(({ target }) => identText(target.ident) === at.table);
  if (!struck || struck.rows === 0)
    throw new LakeError('INTERNAL', 'the worker was held before a commit, but no uncommitted file is in the store');
  for (const { paths } of found) for (const path of paths) orphans.add(path);
  return {
    table: identText(struck.target.ident),
    atOffset: struck.progress.next,
    flushedUncommittedRows: struck.rows,
    remaining: struck.progress.remaining,
  };
}
