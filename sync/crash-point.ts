// Named points on the way of a record into the table where the process may die. In production the hook does nothing;
// fault tests kill the worker at each of them, `FOZ_SIGNAL_AT` (cli/crash-hook.ts) stops or kills the real process at the n-th passage.

export const crashPoints = [
  'assign:before-load',
  'assign:after-load',
  'assign:before-create',
  'assign:after-create',
  'assign:before-start',
  'append:before-copy',
  'append:after-copy',
  'chunk:sealed',
  'write:before',
  'write:after',
  'evolve:before-commit',
  'evolve:after-commit',
  'upload:before',
  'upload:after-file',
  'upload:after',
  'commit:before',
  'commit:after-describe',
  'commit:after-manifest',
  'commit:before-request',
  'commit:after-request',
  'commit:conflict',
  'commit:conflict-reloaded',
  'commit:unknown',
  'commit:unknown-reloaded',
  'commit:applied',
  'acknowledge:before',
  'acknowledge:after',
  'rewind:before-load',
  'rewind:before-seek',
  'revoke:before-drain',
  'revoke:after-drain',
  'stop:before-drain',
  'stop:after-drain',
  'maintain:before-commit',
  'maintain:after-commit',
] as const;

export type CrashPoint = (typeof crashPoints)[number];

/** May never resolve: the worker is then as good as killed at that point. `table` is null where no table is meant. */
export type CrashHook = (point: CrashPoint, table?: string | null) => void | Promise<void>;
