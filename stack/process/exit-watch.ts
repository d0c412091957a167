// How the processes of a guardian ended, as far as this connection has heard; and programs that are run to their end.

import { LakeError } from '../../runtime/errors.ts';
import type { GuardianClient } from './guardian-client.ts';
import type { ProcessSpec } from './protocol.ts';
import { logTail } from './ready.ts';

export interface ExitWatch {
  /** Exit code or signal name; null while it runs. By process, not by name: news of the one before may come late. */
  exitOf(pid: number): string | null;
  /** Runs a program under the guardian and waits for its end; fails unless that is 0. */
  runToEnd(name: string, spec: ProcessSpec, signal?: AbortSignal): Promise<void>;
}

const logLines = 15;

export function watchExits(guardian: GuardianClient): ExitWatch {
  const exits = new Map<number, string>();
  const onEnd = new Map<string, (exit: string) => void>();
  guardian.onExit(({ name, pid, exit }) => {
    exits.set(pid, exit ?? 'unknown');
    onEnd.get(name)?.(exit ?? 'unknown');
  });
  return {
    exitOf: (pid) => exits.get(pid) ?? null,
    runToEnd: async (name, spec, signal) => {
      const { promise: ended, resolve, reject } = Promise.withResolvers<string>();
      ended.catch(() => undefined);
      onEnd.set(name, resolve);
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
      await guardian.run(name, spec);
      const exit = await ended;
      if (exit === '0') return;
      const tail = await logTail(spec.log, logLines);
      const message = `${name} (${spec.command}) ended with ${exit}. Its log is ${spec.log}; the last lines:\n${tail}`;
      throw new LakeError('COMPONENT_FAILED', message, { context: { component: name, log: spec.log } });
    },
  };
}
