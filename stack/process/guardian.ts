// The guardian: a small process of its own, one per stack, that is the parent of every component.
//
// It exists so that nothing is left behind. The process that starts a stack holds the other end of the guardian's
// stdin; when that end closes, for whatever reason (exit, crash, SIGKILL), the guardian ends every component and
// itself. A stack that shall live on (`foz up`) says `detach` once everything is ready: from then on only `shutdown`
// ends it. Each component leads its own process group, so its helpers end with it. The guardian knows nothing of what
// it runs: ports, order and readiness are the owner's.

import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pidFileText } from './leftovers.ts';
import { restarts } from './restarts.ts';
import { isRecord, lineReader, readRequest, type GuardianRequest, type ProcessSpec, type ProcessStatus } from './protocol.ts';

interface Member {
  readonly name: string;
  readonly spec: ProcessSpec;
  readonly child: ChildProcess;
  readonly pid: number;
  readonly startedAt: number;
  /** Resolves when the process has ended. */
  readonly ended: Promise<void>;
  exit: string | null;
  /** It was told to end. */
  isStopped: boolean;
}

/** Grace for everything together when the owner has vanished; components may be in any state then. */
const orphanGraceMs = 6000;

const [, , socketPath, pidDir] = process.argv;
if (socketPath !== undefined && pidDir !== undefined) guard(socketPath, pidDir);

function guard(path: string, pids: string): void {
  const members = new Map<string, Member>();
  const sockets = new Set<Socket>();
  let isLeashed = true;
  const launching = new Set<Promise<Member>>();
  let ending: Promise<void> | null = null;

  const endAll = async (order: readonly (readonly string[])[]) => {
    for (const name of members.keys()) again.forget(name);
    // what is being started is to be ended too
    await Promise.allSettled(launching);
    for (const group of order) await Promise.all(group.map((name) => stop(members.get(name))));
    await Promise.all([...members.values()].map((member) => stop(member)));
    rmSync(path, { force: true });
  };
  // One end for all who ask: an owner that dies while it waits for its shutdown must not cut that short.
  const end = (order: readonly (readonly string[])[]) => (ending ??= endAll(order));
  const leave = async () => {
    await end([[...members.keys()]]);
    process.exit(0);
  };
  const onExit = (member: Member) => {
    rmSync(join(pids, `${member.name}.pid`), { force: true });
    const line = `${JSON.stringify({ event: 'exit', status: statusOf(member) })}\n`;
    for (const socket of sockets) socket.write(line);
    if (ending === null && !member.isStopped) again.ended(member.name, member.spec, member.exit ?? '');
  };
  const run = async (name: string, spec: ProcessSpec) => {
    if (ending !== null) throw new Error('the stack is stopping');
    if (members.get(name)?.exit === null) throw new Error(`${name} is already running`);
    again.forget(name);
    const launched = launch(name, spec, onExit);
    launching.add(launched);
    const member = await launched.finally(() => launching.delete(launched));
    members.set(name, member);
    writeFileSync(join(pids, `${name}.pid`), pidFileText(member.pid), { mode: 0o600 });
    if (member.exit !== null) onExit(member);
    return statusOf(member);
  };
  const again = restarts(run);
  const answer = async (request: GuardianRequest): Promise<unknown> => {
    if (request.op === 'list') return [...members.values()].map(statusOf);
    if (request.op === 'run') return run(request.name, request.spec);
    if (request.op === 'detach') return (isLeashed = false);
    if (request.op === 'shutdown') return end(request.order);
    const member = members.get(request.name);
    if (member === undefined) throw new Error(`no component ${request.name} in this stack`);
    if (request.op === 'restart') return run(member.name, member.spec);
    if (request.op === 'stop') {
      again.forget(member.name);
      await stop(member);
    } else {
      signalGroup(member, request.signal);
      // Nothing survives it: whoever starts the component next must not be told that it runs.
      if (request.signal === 'SIGKILL') await member.ended;
    }
    return statusOf(member);
  };

  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setEncoding('utf8');
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    const onLine = (value: unknown) => {
      const id = isRecord(value) ? value['id'] : null;
      const request = readRequest(value);
      const reply = request === null ? Promise.reject(new Error('not a request')) : answer(request);
      reply.then(
        (result) =>
          socket.write(
            `${JSON.stringify({ id, ok: true, result: result ?? null })}\n`,
            () => request?.op === 'shutdown' && process.exit(0),
          ),
        (error: unknown) => socket.write(`${JSON.stringify({ id, ok: false, error: String(error) })}\n`),
      );
    };
    socket.on('data', lineReader(onLine));
  });
  server.listen(path, () => process.stdout.write('ready\n'));

  // the leash: data never comes, only its end
  const onLeashCut = () => {
    if (isLeashed) void leave();
  };
  process.stdin.on('end', onLeashCut).on('error', onLeashCut).resume();
  process.stdout.on('error', () => undefined);
  process.on('SIGTERM', () => void leave());
  process.on('SIGINT', () => undefined);
  process.on('SIGHUP', () => undefined);
}

async function launch(name: string, spec: ProcessSpec, onExit: (member: Member) => void): Promise<Member> {
  const log = openSync(spec.log, 'a', 0o600);
  try {
    const child = spawn(spec.command, spec.args, {
      cwd: spec.cwd,
      env: { ...process.env, ...spec.env },
      stdio: ['ignore', log, log],
      detached: true,
      ...spec.user,
    });
    const { promise: ended, resolve: onEnded } = Promise.withResolvers<void>();
    let early: string | null = null;
    let member: Member | null = null;
    child.on('exit', (code, signal) => {
      // helpers do not outlive what they helped
      if (child.pid !== undefined) killGroup(child.pid, 'SIGKILL');
      early = signal ?? String(code);
      if (member !== null) {
        member.exit = early;
        onExit(member);
      }
      onEnded();
    });
    await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
    if (child.pid === undefined) throw new Error(`${spec.command} has no pid`);
    member = { name, spec, child, pid: child.pid, startedAt: Date.now(), ended, exit: early, isStopped: false };
    return member;
  } finally {
    closeSync(log);
  }
}

/** Ends one component: its own stop signal first, SIGKILL when it has not gone in time. */
async function stop(member: Member | undefined): Promise<void> {
  if (member === undefined || member.exit !== null) return;
  member.isStopped = true;
  signalGroup(member, member.spec.stopSignal);
  signalGroup(member, 'SIGCONT'); // a paused process cannot obey
  const timeout = new AbortController();
  const graceMs = process.stdin.readableEnded ? Math.min(orphanGraceMs, member.spec.stopGraceMs) : member.spec.stopGraceMs;
  const late = sleep(graceMs, 'late', { signal: timeout.signal }).catch(() => 'aborted');
  const outcome = await Promise.race([member.ended, late]);
  timeout.abort();
  if (outcome !== 'late') return;
  signalGroup(member, 'SIGKILL');
  await member.ended;
}

function signalGroup(member: Member, signal: NodeJS.Signals): void {
  if (member.exit === null) killGroup(member.pid, signal);
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // nobody is left in the group
  }
}

function statusOf(member: Member): ProcessStatus {
  const { name, pid, spec, startedAt, exit } = member;
  return { name, pid, isRunning: exit === null, log: spec.log, startedAt, exit };
}
