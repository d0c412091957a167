// FOZ_SIGNAL_AT=point[@table]:passage[:signal] — the process sends itself a real signal at the n-th passage of a named point of
// the commit path (sync/crash-point.ts). `foz demo` and the integration tests kill workers with it where it hurts most.
// Not a setting: nothing but a test should ever say it.

import { LakeError } from '../runtime/errors.ts';
import { crashPoints, type CrashHook } from '../sync/crash-point.ts';

const signals = ['SIGKILL', 'SIGSTOP'] as const;

export function crashHook(text: string | undefined): CrashHook | undefined {
  if (text === undefined || text === '') return undefined;
  const [, name, table, passage, wanted = 'SIGKILL'] = /^([a-z:-]+?)(?:@([\w.-]+))?:(\d+)(?::(SIG[A-Z]+))?$/.exec(text) ?? [];
  const point = crashPoints.find((candidate) => candidate === name);
  const signal = signals.find((candidate) => candidate === wanted);
  if (!point || !signal) {
    throw new LakeError(
      'CONFIG_INVALID',
      `FOZ_SIGNAL_AT=${text}: expected point[@table]:passage[:SIGKILL|SIGSTOP] with a point of ${crashPoints.join(', ')}`,
    );
  }
  let passed = 0;
  return (here, at) => {
    if (here !== point || (table !== undefined && at !== table)) return;
    passed++;
    if (passed === Number(passage)) process.kill(process.pid, signal);
  };
}
