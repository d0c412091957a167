// How the processes of a guardian ended, as far as this connection has heard; and programs that are run to their end.

import { LakeError } from '../../runtime/errors.ts';
import type { GuardianClient } from './guardian-client.ts';
import type { ProcessSpec } from './protocol.ts';
import { logTail } from './ready.ts';

export interface ExitWatch {
  /** Exit code or signal name; null while it runs. */
  exitOf(name: string): string | null;
  /** Before it is run again. */
  forget(name: string): void;
  /** Runs a program under the guardian and waits for its end; fails unless that is 0. */
  runToEnd(name: string, spec: ProcessSpec, signal?: AbortSignal): Promise<void>;
}

const logLines = 15;

export function watchExits(guardian: GuardianClient): ExitWatch {
  const exits = new Map<string, string>();
  const onEnd = new Map<string, (exit: string) => void>();
  guardian.onExit(({ name, exit }) => {
    exits.set(name, exit ?? 'unknown');
    onEnd.get(name)?.(exit ?? 'unknown');
  });
  return {
    exitOf: (name) => exits.get(name) ?? null,
    forget: (name) => void exits.delete(name),
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
