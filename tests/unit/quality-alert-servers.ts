// Endpoints on loopback for tests of alerts: an HTTP receiver that answers as it is told, and an SMTP server.

import { createServer as createHttpServer, type IncomingHttpHeaders } from 'node:http';
import { createServer, type AddressInfo, type Socket } from 'node:net';

export interface HttpCall {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface HttpReceiver extends AsyncDisposable {
  readonly url: string;
  readonly calls: readonly HttpCall[];
}

type Answer = { readonly status: number; readonly headers?: Readonly<Record<string, string>> } | 'hang' | 'cut';

/** `answers` in turn; the last one for ever. */
export async function httpReceiver(answers: readonly Answer[]): Promise<HttpReceiver> {
  const calls: HttpCall[] = [];
  const server = createHttpServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const answer = answers[Math.min(calls.length, answers.length - 1)] ?? { status: 200 };
      calls.push({ path: request.url ?? '', headers: request.headers, body: Buffer.concat(parts).toString() });
      if (answer === 'cut') request.socket.destroy();
      else if (answer !== 'hang') response.writeHead(answer.status, answer.headers).end('never read');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook?token=s3cret-token`,
    calls,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export interface SmtpServer extends AsyncDisposable {
  readonly port: number;
  readonly mails: readonly {
    readonly from: string;
    readonly to: readonly string[];
    readonly text: string;
    readonly login: string | null;
  }[];
}

/** Takes mails; `refusals` of them, at first, with 451. `isSilent`: it never says a word. */
export async function smtpServer(refusals = 0, isSilent = false): Promise<SmtpServer> {
  const mails: SmtpServer['mails'][number][] = [];
  const sockets = new Set<Socket>();
  let refused = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    if (isSilent) return;
    let [buffer, data, from, login] = ['', null as string | null, '', null as string | null];
    let to: string[] = [];
    const say = (line: string): boolean => socket.write(`${line}\r\n`);
    const hear = (line: string): void => {
      if (data !== null) {
        if (line !== '.') {
          data += `${line.replace(/^\./, '')}\n`;
          return;
        }
        const isRefused = refused++ < refusals;
        if (!isRefused) mails.push({ from, to, text: data, login });
        [data, to] = [null, []];
        say(isRefused ? '451 try again later' : '250 taken');
        return;
      }
      const verb = line.slice(0, 4).toUpperCase();
      if (verb === 'EHLO') say('250-here\r\n250 AUTH PLAIN');
      else if (verb === 'AUTH') {
        login = Buffer.from(line.split(' ')[2] ?? '', 'base64')
          .toString()
          .replaceAll('\0', ' ')
          .trim();
        say('235 in');
      } else if (verb === 'MAIL') {
        from = line;
        say('250 ok');
      } else if (verb === 'RCPT') {
        to.push(line.replace(/^RCPT TO:<(.*?)>.*$/i, '$1'));
        say('250 ok');
      } else if (verb === 'DATA') {
        data = '';
        say('354 go on');
      } else if (verb === 'QUIT') {
        say('221 bye');
        socket.end();
      } else say('502 not here');
    };
    socket.on('data', (part) => {
      buffer += part.toString();
      const lines = buffer.split('\r\n');
      buffer = lines.pop() ?? '';
      for (const line of lines) hear(line);
    });
    say('220 here');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    mails,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
