// Registration: the connector exists with exactly this configuration, and runs. Safe to repeat: the same configuration
// is not put again (that would restart the task), a failed task is restarted once, and a failure is told with the head
// of its trace instead of a time-out.

import { systemClock, type Clock } from '../runtime/clock.ts';
import { LakeError } from '../runtime/errors.ts';
import { firstLines, type ConnectClient, type ConnectorStatus } from './connect-client.ts';
import type { ConnectorConfig, ConnectorDefinition } from './definition.ts';

export interface RegisterOptions {
  /** How long connector and task may take until both run. */
  readonly timeoutMs: number;
  readonly pollMs: number;
  readonly clock?: Clock;
}

export const registerDefaults: RegisterOptions = { timeoutMs: 60_000, pollMs: 250 };

export interface Registration {
  /** `unchanged`: it was there with the same configuration. */
  readonly outcome: 'created' | 'updated' | 'unchanged';
  readonly status: ConnectorStatus;
}

/** Resolves when the connector and its task run. Errors: CONNECT_UNREACHABLE, CONNECTOR_FAILED. */
export async function registerConnector(
  connect: ConnectClient,
  definition: ConnectorDefinition,
  options: RegisterOptions = registerDefaults,
  signal?: AbortSignal,
): Promise<Registration> {
  const before = await connect.config(definition.name, signal);
  const outcome = before === null ? 'created' : sameConfig(before, definition) ? 'unchanged' : 'updated';
  if (outcome === 'unchanged') {
    const status = await connect.status(definition.name, signal);
    if (status !== null && isFailed(status)) await connect.restartFailed(definition.name, signal);
    if (status !== null && ['PAUSED', 'STOPPED'].includes(status.state)) await connect.resume(definition.name, signal);
  } else {
    await connect.putConfig(definition.name, definition.config, signal);
  }
  return { outcome, status: await untilRunning(connect, definition.name, options, signal) };
}

/** Connect adds `name` to what it stores. */
function sameConfig(stored: ConnectorConfig, definition: ConnectorDefinition): boolean {
  const wanted: ConnectorConfig = { ...definition.config, name: definition.name };
  const names = new Set([...Object.keys(stored), ...Object.keys(wanted)]);
  return [...names].every((name) => stored[name] === wanted[name]);
}

async function untilRunning(
  connect: ConnectClient,
  name: string,
  options: RegisterOptions,
  signal?: AbortSignal,
): Promise<ConnectorStatus> {
  const clock = options.clock ?? systemClock;
  const deadlineMs = clock.now() + options.timeoutMs;
  let failures = 0;
  for (;;) {
    const status = await connect.status(name, signal);
    if (status !== null && isRunning(status)) return status;
    // The status just after a restart may still be the old task's: believe a failure the second time.
    failures = status !== null && isFailed(status) ? failures + 1 : 0;
    if (status !== null && failures >= 2) throw failed(status, 'failed');
    if (clock.now() >= deadlineMs)
      throw failed(status ?? { name, state: 'MISSING', trace: null, tasks: [] }, `does not run after ${options.timeoutMs} ms`);
    await clock.sleep(options.pollMs, signal);
  }
}

export function isRunning(status: ConnectorStatus): boolean {
  return status.state === 'RUNNING' && status.tasks.length > 0 && status.tasks.every((task) => task.state === 'RUNNING');
}

export function isFailed(status: ConnectorStatus): boolean {
  return status.state === 'FAILED' || status.tasks.some((task) => task.state === 'FAILED');
}

function failed(status: ConnectorStatus, what: string): LakeError {
  const tasks = status.tasks.map((task) => `task ${task.id} ${task.state}`).join(', ') || 'no task';
  return new LakeError(
    'CONNECTOR_FAILED',
    `Connector ${status.name} ${what}: connector ${status.state}, ${tasks}. ${causeOf(status)}`.trim(),
    {
      context: { connector: status.name, state: status.state },
    },
  );
}

/** Head of the trace, the innermost causes after it: the last "Caused by" usually names the setting. */
export function causeOf(status: ConnectorStatus): string {
  const trace = status.trace ?? status.tasks.find((task) => task.trace !== null)?.trace ?? '';
  const causes = trace.split('\n').filter((line) => line.startsWith('Caused by:'));
  const [head = ''] = trace.split('\n');
  return firstLines([head, ...causes].join('\n'));
}
