// A client that is written for Python, as a process: calls go in as lines of JSON, values come back (python/session.py).

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { isRecord } from '../../runtime/options.ts';
import { ensurePythonPackages, type PythonClient } from './python-packages.ts';

export interface PythonSession extends AsyncDisposable {
  /** One at a time. Rejects with what the client said: `Type: message`. */
  call(name: string, parameters?: Readonly<Record<string, unknown>>): Promise<unknown>;
}

/** What is said in the last seconds of a client that dies. */
const keptText = 8_000;
const endMaxMs = 10_000;

export async function openPythonClient(
  client: PythonClient,
  options: unknown,
  env: Readonly<Record<string, string>> = {},
): Promise<PythonSession> {
  const packages = await ensurePythonPackages(client);
  const script = fileURLToPath(new URL(`python/${client}_client.py`, import.meta.url));
  // -S: what the machine's own Python has or does at its start is no part of this
  const child = spawn(packages.python, ['-B', '-S', script, JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, PYTHONPATH: packages.path, PYTHONUNBUFFERED: '1', TZ: 'UTC', ...env },
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-keptText);
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const stop = (): void => void child.kill('SIGKILL');
  process.once('exit', stop);
  child.stdin.on('error', () => undefined);
  let before: Promise<unknown> = Promise.resolve();
  const exchange = async (name: string, parameters: Readonly<Record<string, unknown>>): Promise<unknown> => {
    child.stdin.write(`${JSON.stringify({ call: name, arguments: parameters })}\n`);
    const line = await lines.next();
    if (line.done === true) throw new Error(`${client} ended with ${String(await ended)} in ${name}:\n${said}`);
    const answer: unknown = JSON.parse(line.value);
    if (isRecord(answer) && 'value' in answer) return answer['value'];
    throw new Error(`${client} ${name}: ${isRecord(answer) ? String(answer['error']) : line.value}`);
  };
  return {
    call: (name, parameters = {}) => {
      const answer = before.catch(() => undefined).then(() => exchange(name, parameters));
      before = answer;
      return answer;
    },
    [Symbol.asyncDispose]: async () => {
      child.stdin.end();
      const timer = setTimeout(stop, endMaxMs);
      await ended;
      clearTimeout(timer);
      process.off('exit', stop);
    },
  };
}
