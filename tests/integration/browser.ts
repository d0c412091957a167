// A real browser for tests of pages: Chromium without a window, driven by its own protocol over Node's WebSocket, so that no
// package is needed for it.
// Spec: https://chromedevtools.github.io/devtools-protocol/

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Null where there is none. */
export function browserProgram(): string | null {
  return [process.env['FOZ_TEST_BROWSER'], ...places].find((path) => path !== undefined && existsSync(path)) ?? null;
}

export interface Page extends AsyncDisposable {
  /** Waits until it is loaded. */
  open(url: string): Promise<void>;
  look(screen: { readonly width: number; readonly height: number; readonly scheme: 'light' | 'dark' }): Promise<void>;
  /** The JSON value of an expression in the page. */
  value(expression: string): Promise<unknown>;
  /** PNG of the whole page. */
  screenshot(): Promise<Buffer>;
  /** What it complained of: errors of scripts and policies, requests beside the page. */
  readonly complaints: readonly string[];
}

const startMaxMs = 60_000;

export async function openPage(program: string): Promise<Page> {
  const profile = await mkdtemp(join(tmpdir(), 'foz-browser-'));
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--remote-debugging-port=0'];
  const child = spawn(program, [...flags, `--user-data-dir=${profile}`, 'about:blank'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const close = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const endpoint = await new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the browser did not start within ${startMaxMs} ms`)), startMaxMs);
      let said = '';
      child.stderr.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        const found = /listening on (ws:\S+)/.exec(said)?.[1];
        if (found === undefined) return;
        clearTimeout(timer);
        resolve(found);
      });
    });
    const list: unknown = await (await fetch(`http://${new URL(endpoint).host}/json/list`)).json();
    const target = Array.isArray(list) ? list.find((one: { type: string }) => one.type === 'page') : undefined;
    const connection = await connect(String(target?.webSocketDebuggerUrl));
    return await pageOf(connection, close);
  } catch (error) {
    await close();
    throw error;
  }
}

interface Connection {
  call(method: string, params?: object): Promise<Readonly<Record<string, unknown>>>;
  on(listener: (method: string, params: Readonly<Record<string, unknown>>) => void): void;
  close(): void;
}

async function connect(url: string): Promise<Connection> {
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve, { once: true });
    socket.addEventListener('error', reject, { once: true });
  });
  const waiting = new Map<number, (answer: { result?: Readonly<Record<string, unknown>>; error?: { message: string } }) => void>();
  const listeners: ((method: string, params: Readonly<Record<string, unknown>>) => void)[] = [];
  let last = 0;
  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(String(data));
    if (typeof message.id === 'number') waiting.get(message.id)?.(message);
    else for (const listener of listeners) listener(message.method, message.params);
  });
  return {
    call: (method, params = {}) =>
      new Promise((resolve, reject) => {
        const id = ++last;
        waiting.set(id, ({ result, error }) => (result ? resolve(result) : reject(new Error(`${method}: ${error?.message}`))));
        socket.send(JSON.stringify({ id, method, params }));
      }),
    on: (listener) => listeners.push(listener),
    close: () => socket.close(),
  };
}

async function pageOf(connection: Connection, close: () => Promise<void>): Promise<Page> {
  const complaints: string[] = [];
  const loaded: (() => void)[] = [];
  let asked = '';
  connection.on((method, params) => {
    if (method === 'Page.loadEventFired') for (const tell of loaded.splice(0)) tell();
    if (method === 'Log.entryAdded' || method === 'Runtime.exceptionThrown') complaints.push(JSON.stringify(params));
    const request = params['request'] as { url?: string } | undefined;
    if (method === 'Network.requestWillBeSent' && request?.url !== asked) complaints.push(`loads ${request?.url}`);
  });
  for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await connection.call(`${domain}.enable`);
  return {
    complaints,
    open: async (url) => {
      asked = url;
      const done = new Promise<void>((resolve) => loaded.push(resolve));
      await connection.call('Page.navigate', { url });
      await done;
    },
    look: async ({ width, height, scheme }) => {
      await connection.call('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false });
      await connection.call('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] });
    },
    value: async (expression) => {
      const { result, exceptionDetails } = await connection.call('Runtime.evaluate', { expression, returnByValue: true });
      if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
      return (result as { value?: unknown }).value;
    },
    screenshot: async () => {
      const { data } = await connection.call('Page.captureScreenshot', { format: 'png', captureBeyondViewport: true });
      return Buffer.from(String(data), 'base64');
    },
    [Symbol.asyncDispose]: async () => {
      connection.close();
      await close();
    },
  };
}
