// What a failed exchange with a catalog means for the one who asked (I5): nothing happened, refused, or unknown.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'node:test';
import { restCatalog, type RestCatalogOptions } from '../../catalog/rest-catalog.ts';
import { LakeError } from '../../runtime/errors.ts';

const ident = { namespace: ['a', 'b'], name: 't' };
const commit = { requirements: [], updates: [] };
type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A server that answers the handshake and leaves everything else to `handler`. */
async function withServer(
  handler: Handler,
  run: (uri: string) => Promise<void>,
  config: object = { defaults: {}, overrides: {} },
): Promise<void> {
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/v1/config')) response.writeHead(200).end(JSON.stringify(config));
    else handler(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await run(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const withCode = (code: string) => (error: unknown) => error instanceof LakeError && error.code === code;
const open = (uri: string, options: Partial<RestCatalogOptions> = {}) => restCatalog({ uri, ...options });

test('I5: a 5xx to a commit leaves its outcome unknown, to a load it is only unreachable', () =>
  withServer(
    (_request, response) => response.writeHead(502).end('bad gateway'),
    async (uri) => {
      await assert.rejects(open(uri).commitTable(ident, commit), withCode('CATALOG_OUTCOME_UNKNOWN'));
      await assert.rejects(open(uri).dropTable(ident), withCode('CATALOG_OUTCOME_UNKNOWN'));
      await assert.rejects(open(uri).loadTable(ident), withCode('CATALOG_UNREACHABLE'));
    },
  ));

test('I5: a connection cut after the request was sent leaves the outcome unknown', () =>
  withServer(
    (request) => request.on('data', () => request.socket.destroy()),
    async (uri) => {
      await assert.rejects(open(uri).commitTable(ident, commit), withCode('CATALOG_OUTCOME_UNKNOWN'));
    },
  ));

test('I5: no answer in time leaves the outcome unknown', () =>
  withServer(
    () => undefined,
    async (uri) => {
      // Long enough for the handshake on a busy machine.
      const catalog = open(uri, { requestTimeoutMs: 1000 });
      await Promise.all([
        assert.rejects(catalog.commitTable(ident, commit), withCode('CATALOG_OUTCOME_UNKNOWN')),
        assert.rejects(catalog.loadTable(ident), withCode('CATALOG_UNREACHABLE')),
      ]);
    },
  ));

test('I5: a success that cannot be read, cut short or too large, leaves the outcome unknown', () =>
  withServer(
    (request, response) => {
      if (request.url?.endsWith('/cut')) response.writeHead(200, { 'content-length': '100' }).write('{"metadata', () => response.destroy());
      else if (request.url?.endsWith('/large')) response.writeHead(200).end(' '.repeat(2000));
      else response.writeHead(200).end('{"metadata-location":"x","metadata":{}}');
    },
    async (uri) => {
      for (const name of ['cut', 'large', 'odd'])
        await assert.rejects(
          open(uri, { responseBytesMax: 1000 }).commitTable({ ...ident, name }, commit),
          withCode('CATALOG_OUTCOME_UNKNOWN'),
          name,
        );
    },
  ));

test('a refused connection means that nothing happened, before the handshake and after it', async () => {
  const server = createServer((_request, response) =>
    response.writeHead(200, { connection: 'close' }).end('{"defaults":{},"overrides":{}}'),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const known = open(uri);
  await assert.rejects(known.loadTable(ident), withCode('CATALOG_REFUSED'), 'the answer is no table');
  server.close();
  await once(server, 'close');
  await assert.rejects(known.commitTable(ident, commit), withCode('CATALOG_UNREACHABLE'));
  await assert.rejects(open(uri).commitTable(ident, commit), withCode('CATALOG_UNREACHABLE'));
});

test('409 is a conflict, 404 is missing, other 4xx are refusals with the message, 429 is no answer yet', async () => {
  const error = JSON.stringify({ error: { message: 'because', type: 'X', code: 1 } });
  const statusOf = new Map([
    ['c409', 409],
    ['c404', 404],
    ['c400', 400],
    ['c401', 401],
    ['c403', 403],
    ['c429', 429],
  ]);
  await withServer(
    (request, response) => response.writeHead(statusOf.get(request.url?.split('/').at(-1) ?? '') ?? 500).end(error),
    async (uri) => {
      const run = (name: string) => open(uri).commitTable({ ...ident, name }, commit);
      assert.deepEqual(await run('c409'), { kind: 'conflict', message: 'because' });
      assert.deepEqual(await run('c404'), { kind: 'missing', message: 'because' });
      for (const name of ['c400', 'c401', 'c403']) {
        await assert.rejects(
          run(name),
          (thrown: unknown) => withCode('CATALOG_REFUSED')(thrown) && thrown instanceof Error && thrown.message.includes('because'),
        );
      }
      await assert.rejects(run('c429'), withCode('CATALOG_UNREACHABLE'));
    },
  );
});

test('the handshake decides prefix and separator; the token goes with every call; ids in the body keep 64 bits', async () => {
  const seen: { url: string | undefined; authorization: string | undefined; body: string }[] = [];
  await withServer(
    (request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += String(chunk)));
      request.on('end', () => {
        seen.push({ url: request.url, authorization: request.headers.authorization, body });
        response.writeHead(409).end();
      });
    },
    async (uri) => {
      const catalog = open(`${uri}/`, { token: 'secret' });
      const requirements = [{ type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': 8269702249027976535n }] as const;
      await catalog.commitTable({ namespace: ['a b', 'c'], name: 'd/e' }, { requirements, updates: [] });
    },
    { defaults: { prefix: 'no' }, overrides: { prefix: 'ws/one', 'namespace-separator': '%2E' } },
  );
  assert.equal(seen[0]?.url, '/v1/ws/one/namespaces/a%20b%2Ec/tables/d%2Fe');
  assert.equal(seen[0]?.authorization, 'Bearer secret');
  assert.match(seen[0]?.body ?? '', /"snapshot-id":8269702249027976535\}/);
});

test('an aborted call rejects with the reason it was aborted for', () =>
  withServer(
    () => undefined,
    async (uri) => {
      const controller = new AbortController();
      const loading = open(uri).loadTable(ident, controller.signal);
      setTimeout(() => controller.abort(new Error('stopping')), 20);
      await assert.rejects(loading, /stopping/);
    },
  ));

test('a failed handshake is tried again by the next call', async () => {
  let calls = 0;
  const server = createServer((request, response) => {
    calls++;
    if (calls === 1) response.writeHead(503).end();
    else if (request.url === '/v1/config') response.writeHead(200).end('{"defaults":{},"overrides":{}}');
    else response.writeHead(404).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const catalog = open(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await assert.rejects(catalog.loadTable(ident), withCode('CATALOG_UNREACHABLE'));
  assert.equal(await catalog.loadTable(ident), null);
  server.closeAllConnections();
  server.close();
});
