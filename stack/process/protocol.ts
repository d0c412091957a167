// What the owner of a stack and its guardian say to each other: one JSON document a line over a private socket.
// A request carries an id and gets one reply with it; `exit` events come unasked.

/** How to run one process. Everything the guardian needs, so that it can also start it again later. */
export interface ProcessSpec {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** Added to the guardian's own environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Run as another user (PostgreSQL refuses root). */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** stdout and stderr are appended here. */
  readonly log: string;
  readonly stopSignal: 'SIGTERM' | 'SIGINT';
  /** After this long SIGKILL follows. */
  readonly stopGraceMs: number;
  /** Exit codes after which the guardian starts it again by itself, a bounded number of times (restarts.ts). */
  readonly restartOn?: readonly string[];
}

const componentSignals = ['SIGTERM', 'SIGINT', 'SIGKILL', 'SIGSTOP', 'SIGCONT'] as const;
export type ComponentSignal = (typeof componentSignals)[number];

export type GuardianRequest =
  | { readonly op: 'run'; readonly name: string; readonly spec: ProcessSpec }
  | { readonly op: 'restart'; readonly name: string }
  | { readonly op: 'signal'; readonly name: string; readonly signal: ComponentSignal }
  | { readonly op: 'stop'; readonly name: string }
  | { readonly op: 'list' }
  /** From now on the guardian outlives the process that started it. */
  | { readonly op: 'detach' }
  /** Stops everything, group by group, then the guardian ends. */
  | { readonly op: 'shutdown'; readonly order: readonly (readonly string[])[] };

export interface ProcessStatus {
  readonly name: string;
  readonly pid: number;
  readonly isRunning: boolean;
  readonly log: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Exit code or signal name, null while it runs. */
  readonly exit: string | null;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

/** The request in a parsed line, or null when it is none. */
export function readRequest(value: unknown): GuardianRequest | null {
  if (!isRecord(value) || typeof value['op'] !== 'string') return null;
  const { op, name, signal, order } = value;
  if (op === 'list' || op === 'detach') return { op };
  if (op === 'shutdown') return Array.isArray(order) && order.every(isStrings) ? { op, order } : null;
  if (typeof name !== 'string') return null;
  if (op === 'stop' || op === 'restart') return { op, name };
  if (op === 'signal') {
    const known = componentSignals.find((candidate) => candidate === signal);
    return known === undefined ? null : { op, name, signal: known };
  }
  const spec = readSpec(value['spec']);
  return op === 'run' && spec !== null ? { op, name, spec } : null;
}

function readSpec(value: unknown): ProcessSpec | null {
  if (!isRecord(value)) return null;
  const { command, args, cwd, env, log, stopSignal, stopGraceMs, user, restartOn } = value;
  if (typeof command !== 'string' || !isStrings(args) || typeof cwd !== 'string' || typeof log !== 'string') return null;
  if (!isRecord(env) || typeof stopGraceMs !== 'number' || (stopSignal !== 'SIGTERM' && stopSignal !== 'SIGINT')) return null;
  const restarts = isStrings(restartOn) ? { restartOn } : {};
  const spec = { command, args, cwd, env: readEnv(env), log, stopSignal, stopGraceMs, ...restarts } as const;
  if (isRecord(user) && typeof user['uid'] === 'number' && typeof user['gid'] === 'number')
    return { ...spec, user: { uid: user['uid'], gid: user['gid'] } };
  return spec;
}

function readEnv(env: Record<string, unknown>): Record<string, string> {
  const strings: Record<string, string> = {};
  for (const [key, value] of Object.entries(env)) if (typeof value === 'string') strings[key] = value;
  return strings;
}

export function readStatus(value: unknown): ProcessStatus | null {
  if (!isRecord(value)) return null;
  const { name, pid, isRunning, log, startedAt, exit } = value;
  if (typeof name !== 'string' || typeof pid !== 'number' || typeof isRunning !== 'boolean') return null;
  if (typeof log !== 'string' || typeof startedAt !== 'number') return null;
  return { name, pid, isRunning, log, startedAt, exit: typeof exit === 'string' ? exit : null };
}

/** Splits a byte stream into parsed lines; a line that is no JSON is given as null. */
export function lineReader(onValue: (value: unknown) => void): (chunk: string) => void {
  let rest = '';
  return (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') continue;
      let value: unknown = null;
      try {
        value = JSON.parse(line);
      } catch {
        value = null;
      }
      onValue(value);
    }
  };
}
