// A socket on loopback before any request handler, failing on purpose: before or after the handler has done its work.
// The faults that find bugs are the ones after: the store did it, and nobody was told.

import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { failure, operationOf, type HttpAnswer, type HttpRequest } from './tiny-s3.ts';

export type Fault =
  /** The connection is cut; `after`: the work was done. */
  | { readonly kind: 'cut'; readonly when: 'before' | 'after' }
  /** An error answer; `after`: although the work was done. Status 200 is the error that hides in a good answer. */
  | { readonly kind: 'error'; readonly when: 'before' | 'after'; readonly status: number; readonly code: string }
  /** No answer for so long; the work is done, at once or only then. */
  | { readonly kind: 'silence'; readonly work: 'first' | 'last'; readonly ms: number }
  /** Only so many bytes of the answer's body, then a cut; its announced length stays. */
  | { readonly kind: 'truncate'; readonly bytes: number }
  /** The body in two halves with a pause between. */
  | { readonly kind: 'slow'; readonly ms: number }
  /** A 200 without a body. */
  | { readonly kind: 'empty'; readonly when: 'before' | 'after' };

export interface ScriptedFault {
  /** S3's name of the operation. */
  readonly on: string;
  /** How many of these operations pass unharmed first. Default 0. */
  readonly skip?: number;
  /** How many then fail. Default 1. */
  readonly times?: number;
  readonly fault: Fault;
}

export interface FaultyServer extends AsyncDisposable {
  readonly endpoint: string;
  /** Operations in the order they came. */
  readonly operations: string[];
  script(...faults: ScriptedFault[]): void;
}

export type Handle = (request: HttpRequest) => Promise<HttpAnswer>;

export async function faultyServer(handle: Handle): Promise<FaultyServer> {
  const operations: string[] = [];
  let scripted: { skip: number; times: number; on: string; fault: Fault }[] = [];

  const faultFor = (operation: string): Fault | undefined => {
    for (const script of scripted) {
      if (script.on !== operation || script.times === 0) continue;
      if (script.skip > 0) {
        script.skip--;
        continue;
      }
      script.times--;
      return script.fault;
    }
    return undefined;
  };

  const serve = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const request = { method: incoming.method ?? '', url: incoming.url ?? '', headers: incoming.headers, body: await bodyOf(incoming) };
    const operation = operationOf(request);
    operations.push(operation);
    await answerWith(handle, request, outgoing, faultFor(operation));
  };

  const server = createServer((incoming, outgoing) => {
    serve(incoming, outgoing).catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    operations,
    script(...faults) {
      scripted = faults.map((fault) => ({ skip: 0, times: 1, ...fault }));
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answerWith(handle: Handle, request: HttpRequest, outgoing: ServerResponse, fault: Fault | undefined): Promise<void> {
  if (fault === undefined) return send(outgoing, await handle(request));
  if (fault.kind === 'silence') {
    if (fault.work === 'first') await handle(request);
    await pause(fault.ms);
    const late = fault.work === 'last' ? await handle(request) : { status: 500 };
    return send(outgoing, late);
  }
  if (fault.kind === 'truncate' || fault.kind === 'slow') return sendPart(outgoing, await handle(request), fault);
  if (fault.when === 'after') await handle(request);
  if (fault.kind === 'cut') outgoing.destroy();
  else if (fault.kind === 'empty') send(outgoing, { status: 200 });
  else send(outgoing, { ...failure(fault.status, fault.code), status: fault.status });
}

function send(outgoing: ServerResponse, answer: HttpAnswer): void {
  if (outgoing.destroyed) return;
  outgoing.writeHead(answer.status, { 'content-length': Buffer.byteLength(answer.body ?? ''), ...answer.headers });
  outgoing.end(answer.body);
}

async function sendPart(outgoing: ServerResponse, answer: HttpAnswer, fault: Extract<Fault, { kind: 'truncate' | 'slow' }>): Promise<void> {
  const body = Buffer.from(answer.body ?? '');
  outgoing.writeHead(answer.status, { 'content-length': body.length, ...answer.headers });
  const cut = fault.kind === 'truncate' ? fault.bytes : body.length >> 1;
  await new Promise((resolve) => outgoing.write(body.subarray(0, cut), resolve));
  if (fault.kind === 'truncate') return void outgoing.destroy();
  await pause(fault.ms);
  if (!outgoing.destroyed) outgoing.end(body.subarray(cut));
}

async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** Hands requests on to a real server, headers untouched: the signature covers the Host header. */
export function forwardTo(endpoint: string): Handle {
  const { hostname, port } = new URL(endpoint);
  return async (request) => {
    const headers = withoutHopHeaders(request.headers);
    const outgoing = httpRequest({ hostname, port, method: request.method, path: request.url, headers });
    outgoing.end(request.body);
    const [incoming]: IncomingMessage[] = await once(outgoing, 'response');
    if (incoming === undefined) throw new Error('no response');
    return { status: incoming.statusCode ?? 500, headers: withoutHopHeaders(incoming.headers), body: await bodyOf(incoming) };
  };
}

function withoutHopHeaders(headers: HttpRequest['headers']): Record<string, string> {
  const kept = Object.entries(headers).filter(([name]) => name !== 'transfer-encoding' && name !== 'connection' && name !== 'keep-alive');
  return Object.fromEntries(kept.flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])));
}
