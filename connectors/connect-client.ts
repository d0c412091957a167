// Kafka Connect's REST interface, as far as Foz uses it. Every wait is bounded; an answer of 409 means that the workers
// are just sharing out their tasks, and is worth another try.

import { LakeError } from '../runtime/errors.ts';
import { retry, type RetryContext } from '../runtime/retry.ts';
import type { Secret } from '../runtime/secret.ts';
import type { ConnectorConfig } from './definition.ts';

export interface ConnectSettings {
  /** Base URL, without a path. */
  readonly url: string;
  readonly auth?: { readonly username: string; readonly password: Secret } | undefined;
  readonly requestTimeoutMs: number;
}

export interface TaskStatus {
  readonly id: string;
  readonly state: string;
  /** Stack trace of a failed task. */
  readonly trace: string | null;
}

export interface ConnectorStatus {
  readonly name: string;
  readonly state: string;
  readonly trace: string | null;
  readonly tasks: readonly TaskStatus[];
}

export interface ConnectClient {
  /** Null when there is no such connector. */
  config(name: string, signal?: AbortSignal): Promise<ConnectorConfig | null>;
  /** Creates or replaces; the same config again changes nothing but restarts the tasks. */
  putConfig(name: string, config: ConnectorConfig, signal?: AbortSignal): Promise<void>;
  /** Null when there is no such connector. */
  status(name: string, signal?: AbortSignal): Promise<ConnectorStatus | null>;
  /** Restarts what has failed, nothing else. */
  restartFailed(name: string, signal?: AbortSignal): Promise<void>;
  /** Tasks stop and give their sources up; offsets stay. */
  stop(name: string, signal?: AbortSignal): Promise<void>;
  resume(name: string, signal?: AbortSignal): Promise<void>;
  /** True when it was there. */
  remove(name: string, signal?: AbortSignal): Promise<boolean>;
}

const retryPolicy = { attemptsMax: 8, delayMinMs: 200, delayMaxMs: 3_000 };

export function connectClient(settings: ConnectSettings, context: Pick<RetryContext, 'clock' | 'random'> = {}): ConnectClient {
  const call = (method: string, path: string, body: unknown, signal?: AbortSignal): Promise<Answer> =>
    retry(retryPolicy, () => request(settings, method, path, body, signal), { ...context, signal });
  return {
    config: async (name, signal) => {
      const answer = await call('GET', `${connectorPath(name)}/config`, null, signal);
      return answer.status === 404 ? null : textRecord(answer.body);
    },
    putConfig: async (name, config, signal) => {
      await call('PUT', `${connectorPath(name)}/config`, config, signal);
    },
    status: async (name, signal) => {
      const answer = await call('GET', `${connectorPath(name)}/status`, null, signal);
      return answer.status === 404 ? null : statusOf(name, answer.body);
    },
    restartFailed: async (name, signal) => {
      await call('POST', `${connectorPath(name)}/restart?includeTasks=true&onlyFailed=true`, null, signal);
    },
    stop: async (name, signal) => {
      await call('PUT', `${connectorPath(name)}/stop`, null, signal);
    },
    resume: async (name, signal) => {
      await call('PUT', `${connectorPath(name)}/resume`, null, signal);
    },
    remove: async (name, signal) => (await call('DELETE', connectorPath(name), null, signal)).status !== 404,
  };
}

function connectorPath(name: string): string {
  return `/connectors/${encodeURIComponent(name)}`;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function request(settings: ConnectSettings, method: string, path: string, body: unknown, signal?: AbortSignal): Promise<Answer> {
  const timeout = AbortSignal.timeout(settings.requestTimeoutMs);
  const { auth } = settings;
  const basic = auth === undefined ? null : Buffer.from(`${auth.username}:${auth.password.reveal()}`).toString('base64');
  const subject = `Kafka Connect ${method} ${settings.url}${path.split('?')[0]}`;
  let response: Response;
  let text: string;
  try {
    response = await fetch(new URL(path, settings.url), {
      method,
      headers: { 'content-type': 'application/json', ...(basic === null ? {} : { authorization: `Basic ${basic}` }) },
      ...(body === null ? {} : { body: JSON.stringify(body) }),
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
    text = await response.text();
  } catch (cause) {
    signal?.throwIfAborted();
    throw new LakeError('CONNECT_UNREACHABLE', `${subject}: ${reasonOf(cause)}`, { cause, context: { url: settings.url } });
  }
  if (response.ok || response.status === 404) return { status: response.status, body: parsed(text) };
  const message = `${subject}: answered ${response.status}: ${messageOf(text)}`;
  // 409: the group is rebalancing. 500 with a time-out inside: a worker was not there to take the request.
  const passing = response.status === 409 || response.status === 503 || (response.status === 500 && /timed out/i.test(text));
  throw new LakeError(passing ? 'CONNECT_UNREACHABLE' : 'CONNECTOR_FAILED', message, { context: { status: response.status } });
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function messageOf(text: string): string {
  const message = field(parsed(text), 'message');
  return firstLines(typeof message === 'string' ? message : text);
}

const linesMax = 6;

/** The head of a trace: enough to know what is wrong. */
export function firstLines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(0, linesMax)
    .join(' | ')
    .slice(0, 2_000);
}

function statusOf(name: string, body: unknown): ConnectorStatus {
  const connector = field(body, 'connector');
  const tasks = field(body, 'tasks');
  return {
    name,
    state: textOf(field(connector, 'state')) ?? 'UNKNOWN',
    trace: textOf(field(connector, 'trace')),
    tasks: (Array.isArray(tasks) ? tasks : []).map((task: unknown) => ({
      id: String(field(task, 'id')),
      state: textOf(field(task, 'state')) ?? 'UNKNOWN',
      trace: textOf(field(task, 'trace')),
    })),
  };
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? new Map(Object.entries(value)).get(name) : undefined;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function textRecord(value: unknown): ConnectorConfig {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, String(inner)]));
}
