// Talks to a guardian: starts one, or joins the one of a running stack.

import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LakeError } from '../../runtime/errors.ts';
import {
  isRecord,
  lineReader,
  readStatus,
  type ComponentSignal,
  type GuardianRequest,
  type ProcessSpec,
  type ProcessStatus,
} from './protocol.ts';

export interface GuardianClient {
  readonly pid: number;
  readonly socketPath: string;
  run(name: string, spec: ProcessSpec): Promise<ProcessStatus>;
  restart(name: string): Promise<ProcessStatus>;
  stop(name: string): Promise<void>;
  signal(name: string, signal: ComponentSignal): Promise<void>;
  list(): Promise<ProcessStatus[]>;
  /** The guardian and its components outlive this process from now on. */
  detach(): Promise<void>;
  /** Ends every component, group by group, and the guardian. */
  shutdown(order: readonly (readonly string[])[]): Promise<void>;
  onExit(listener: (status: ProcessStatus) => void): void;
  /** Lets go of the connection; of a guardian that is not detached this is the end. */
  close(): Promise<void>;
}

export async function startGuardian(pidDir: string, logPath: string): Promise<GuardianClient> {
  // a socket path may have 107 bytes; a stack's own folder may be deep
  const socketPath = join(await mkdtemp(join(tmpdir(), 'foz-')), 's');
  const log = openSync(logPath, 'a', 0o600);
  const program = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './guardian.ts' : './guardian.js', import.meta.url));
  const child = spawn(process.execPath, ['--max-old-space-size=64', program, socketPath, pidDir], {
    detached: true,
    stdio: ['pipe', 'pipe', log],
  });
  closeSync(log);
  await ready(child, logPath);
  const client = await joinGuardian(socketPath, child.pid ?? 0);
  const leash = child.stdin;
  return {
    ...client,
    detach: async () => {
      await client.detach();
      leash?.destroy();
      child.stdout?.destroy();
      child.unref();
    },
    close: async () => {
      await client.close();
      leash?.destroy();
      child.stdout?.destroy();
      child.unref();
    },
  };
}

async function ready(child: ChildProcess, logPath: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const fail = (why: string) => reject(new LakeError('COMPONENT_FAILED', `the stack's guardian did not start: ${why}; see ${logPath}`));
    child.once('error', (error) => fail(error.message));
    child.once('exit', (code, signal) => fail(`it ended with ${signal ?? code}`));
    child.stdout?.once('data', () => resolve());
  });
  child.removeAllListeners('exit');
}

export async function joinGuardian(socketPath: string, pid: number): Promise<GuardianClient> {
  const socket = await open(socketPath);
  const waiting = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();
  const listeners: ((status: ProcessStatus) => void)[] = [];
  let lastId = 0;
  let isShut = false;

  const onMessage = (value: unknown) => {
    if (!isRecord(value)) return;
    const status = value['event'] === 'exit' ? readStatus(value['status']) : null;
    if (status !== null) for (const listener of listeners) listener(status);
    const { id, ok, result, error } = value;
    const waiter = typeof id === 'number' ? waiting.get(id) : undefined;
    if (typeof id !== 'number' || waiter === undefined) return;
    waiting.delete(id);
    if (ok === true) waiter.resolve(result);
    else waiter.reject(new LakeError('COMPONENT_FAILED', String(error)));
  };
  socket.setEncoding('utf8').on('data', lineReader(onMessage));
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    for (const waiter of waiting.values()) waiter.reject(new LakeError('COMPONENT_FAILED', `the stack's guardian (${pid}) has gone`));
    waiting.clear();
  });
  const ask = (request: GuardianRequest) =>
    new Promise<unknown>((resolve, reject) => {
      const id = ++lastId;
      if (socket.destroyed) return reject(new LakeError('COMPONENT_FAILED', `the stack's guardian (${pid}) has gone`));
      waiting.set(id, { resolve, reject });
      socket.write(`${JSON.stringify({ id, ...request })}\n`);
    });
  const askStatus = async (request: GuardianRequest) => {
    const status = readStatus(await ask(request));
    if (status === null) throw new LakeError('INTERNAL', `the guardian answered ${request.op} with something else`);
    return status;
  };
  return {
    pid,
    socketPath,
    run: (name, spec) => askStatus({ op: 'run', name, spec }),
    restart: (name) => askStatus({ op: 'restart', name }),
    stop: async (name) => void (await ask({ op: 'stop', name })),
    signal: async (name, signal) => void (await ask({ op: 'signal', name, signal })),
    list: async () => {
      const answer = await ask({ op: 'list' });
      return Array.isArray(answer) ? answer.map(readStatus).filter((status) => status !== null) : [];
    },
    detach: async () => void (await ask({ op: 'detach' })),
    shutdown: async (order) => {
      if (isShut) return;
      isShut = true;
      await ask({ op: 'shutdown', order });
      socket.destroy();
      await rm(dirname(socketPath), { recursive: true, force: true });
    },
    onExit: (listener) => void listeners.push(listener),
    close: async () => {
      socket.destroy();
    },
  };
}

async function open(socketPath: string): Promise<Socket> {
  const socket = connect(socketPath);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', (error) => reject(new LakeError('COMPONENT_FAILED', `no guardian answers at ${socketPath}`, { cause: error })));
  });
  return socket;
}
