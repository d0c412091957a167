// The demo's own receiver of alerts: what a team's webhook would get, said where the demo runs.

import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { isRecord } from '../../runtime/options.ts';

export interface AlertListener extends AsyncDisposable {
  readonly url: string;
}

/** On a free port of 127.0.0.1. What arrives twice is said once. */
export async function listenForAlerts(say: (line: string) => void): Promise<AlertListener> {
  const heard = new Set<string>();
  const answer = async (request: IncomingMessage): Promise<number> => {
    try {
      const changes = await changesOf(request);
      for (const { key, line } of changes) if (!heard.has(key)) say(line);
      for (const { key } of changes) heard.add(key);
      return 204;
    } catch {
      return 400;
    }
  };
  const server = createServer((request, response) => {
    void answer(request).then((status) => response.writeHead(status).end());
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  return {
    url: `http://127.0.0.1:${port}/alerts`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Heard {
  readonly key: string;
  readonly line: string;
}

async function changesOf(request: IncomingMessage): Promise<readonly Heard[]> {
  const body: unknown = JSON.parse(await text(request));
  if (!isRecord(body) || !Array.isArray(body['changes'])) throw new TypeError('no alert');
  return body['changes'].filter(isRecord).map((change) => ({ key: String(change['key']), line: alertLine(change) }));
}

function alertLine({ state, check, severity, found, expected }: Readonly<Record<string, unknown>>): string {
  const isFiring = state === 'firing';
  const what = typeof found === 'string' ? found : 'it could not be measured';
  return `alert: ${String(state).toUpperCase()} ${String(check)}${isFiring ? ` (${String(severity)})` : ''}: ${what}${isFiring ? `; expected ${String(expected)}` : ''}`;
}
