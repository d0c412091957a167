// Trino's client protocol against a server that answers, hesitates, refuses and leads astray.

import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'node:test';
import { javaPattern } from '../../quality/measure/java-pattern.ts';
import { askTrino } from '../../query/trino-client.ts';
import { systemClock } from '../../runtime/clock.ts';
import type { LakeError } from '../../runtime/errors.ts';

interface Served extends AsyncDisposable {
  readonly url: string;
  readonly requests: {
    readonly method: string;
    readonly path: string;
    readonly headers: IncomingMessage['headers'];
    readonly body: string;
  }[];
}

type Answer = (request: Served['requests'][number], response: ServerResponse, url: string) => void;

async function serve(answer: Answer): Promise<Served> {
  const requests: Served['requests'] = [];
  const server = createServer((incoming, response) => {
    const parts: Buffer[] = [];
    incoming.on('data', (part: Buffer) => parts.push(part));
    incoming.on('end', () => {
      const request = {
        method: incoming.method ?? '',
        path: incoming.url ?? '',
        headers: incoming.headers,
        body: Buffer.concat(parts).toString(),
      };
      requests.push(request);
      answer(request, response, url);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const clock = { ...systemClock, sleep: async () => undefined };

test('pages are followed to the end; integers beyond 2^53 stay exact; who asks is said', async () => {
  await using trino = await serve(({ path }, response, url) => {
    if (path === '/v1/statement') response.end(JSON.stringify({ id: 'q', nextUri: `${url}/2` }));
    else if (path === '/2')
      response.end(
        `{"columns":[{"name":"a","type":"bigint"},{"name":"b","type":"varchar"}],"data":[[9007199254740993,"é"],[1,null]],"nextUri":"${url}/3"}`,
      );
    else response.end('{"data":[[2,"x"]]}');
  });
  const answer = await askTrino(
    { url: `${trino.url}/ui/`, user: 'ana', password: 'pässword', session: { query_max_run_time: '3s' } },
    'SELECT 1',
  );
  assert.deepEqual(answer, {
    columns: ['a', 'b'],
    types: ['bigint', 'varchar'],
    rows: [
      [9007199254740993n, 'é'],
      [1, null],
      [2, 'x'],
    ],
  });
  assert.equal(trino.requests[0]?.body, 'SELECT 1');
  for (const { headers } of trino.requests) {
    assert.equal(headers.authorization, `Basic ${Buffer.from('ana:pässword').toString('base64')}`);
    assert.deepEqual(
      [headers['x-trino-user'], headers['x-trino-time-zone'], headers['x-trino-session']],
      ['ana', 'UTC', 'query_max_run_time=3s'],
    );
  }
});

test('a server that is busy is asked again; one that stays away is an error without secrets', async () => {
  let times = 0;
  await using trino = await serve((_request, response) => {
    times++;
    if (times < 3) response.writeHead(503).end('wait');
    else response.end('{"columns":[{"name":"a","type":"integer"}],"data":[[1]]}');
  });
  assert.deepEqual((await askTrino({ url: trino.url, user: 'ana', clock }, 'SELECT 1')).rows, [[1]]);
  await using refusing = await serve(({ headers }, response) => response.writeHead(401).end(`no such token: ${headers.authorization}`));
  await assert.rejects(askTrino({ url: refusing.url, user: 'ana', token: 'very-secret', clock }, 'SELECT 1'), (error: LakeError) => {
    assert.equal(error.code, 'ENGINE_FAILED');
    assert.match(error.message, /401.*\[redacted\]/);
    assert.doesNotMatch(JSON.stringify([error.message, error.context]), /very-secret/);
    return true;
  });
  await assert.rejects(askTrino({ url: 'http://127.0.0.1:1', user: 'ana', clock }, 'SELECT 1'), { code: 'ENGINE_FAILED' });
});

test('credentials go to no other server, whatever an answer says', async () => {
  await using other = await serve((_request, response) => response.end('{}'));
  await using trino = await serve((_request, response) => response.end(JSON.stringify({ nextUri: `${other.url}/steal` })));
  await assert.rejects(askTrino({ url: trino.url, user: 'ana', password: 'x', clock }, 'SELECT 1'), { code: 'ENGINE_FAILED' });
  assert.equal(other.requests.length, 0);
});

function failing(error: object): Promise<Served> {
  return serve((_request, response) => response.end(JSON.stringify({ error })));
}

test('errors of statements are the statement’s, limits are limits', async () => {
  await using wrong = await failing({
    message: "line 1:8: Column 'x' cannot be resolved",
    errorName: 'COLUMN_NOT_FOUND',
    errorType: 'USER_ERROR',
  });
  await assert.rejects(askTrino({ url: wrong.url, user: 'a' }, 'SELECT x'), { code: 'QUERY_INVALID', message: /line 1:8/ });
  await using slow = await failing({
    message: 'Query exceeded the maximum run time',
    errorName: 'EXCEEDED_TIME_LIMIT',
    errorType: 'INSUFFICIENT_RESOURCES',
  });
  await assert.rejects(askTrino({ url: slow.url, user: 'a' }, 'SELECT 1'), { code: 'LIMIT_EXCEEDED' });
  await using broken = await failing({ message: 'worker gone', errorName: 'REMOTE_TASK_ERROR', errorType: 'INTERNAL_ERROR' });
  await assert.rejects(askTrino({ url: broken.url, user: 'a' }, 'SELECT 1'), { code: 'ENGINE_FAILED' });
});

test('a statement that is given up, or gives too much, is cancelled at the server', async () => {
  const rows = JSON.stringify(Array.from({ length: 50 }, (_, i) => [i]));
  await using trino = await serve(({ method, path }, response, url) => {
    if (method === 'DELETE') response.writeHead(204).end();
    else response.end(`{"columns":[{"name":"a","type":"integer"}],"data":${rows},"nextUri":"${url}/${path.length}"}`);
  });
  await assert.rejects(askTrino({ url: trino.url, user: 'a' }, 'SELECT 1', undefined, { rowsMax: 60 }), { code: 'LIMIT_EXCEEDED' });
  assert.equal(trino.requests.at(-1)?.method, 'DELETE');
  const given = new AbortController();
  await using endless = await serve(({ method }, response, url) => {
    if (method === 'DELETE') response.writeHead(204).end();
    else setTimeout(() => response.end(JSON.stringify({ nextUri: `${url}/next` })), 20);
  });
  setTimeout(() => given.abort(new Error('enough')), 100);
  await assert.rejects(askTrino({ url: endless.url, user: 'a' }, 'SELECT 1', given.signal), /enough/);
  assert.equal(endless.requests.at(-1)?.method, 'DELETE');
});

test('a pattern of RE2 means the same in Java’s syntax', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['^\\d+$', '^[0-9]+\\z'],
    ['[\\w.]+@\\S+', '[0-9A-Za-z_.]+@[^\\t\\n\\f\\r ]+'],
    ['[^\\D]', '[^[^0-9]]'],
    ['a\\$b$', 'a\\$b\\z'],
    ['(?m)^a$', '(?m)^a$'],
    ['[$&[]', '[$\\&\\[]'],
    ['[]a]', '[\\]a]'],
    ['[[:alpha:]_]', '[A-Za-z_]'],
    ['[[:cntrl:]]', '[[:cntrl:]]'],
    ['[[:a]', '[\\[:a]'],
    ['(?P<year>\\x{41})', '(?<year>A)'],
    ['(?s)\\A(?:a|b)\\z', '(?s)\\A(?:a|b)\\z'],
  ];
  for (const [re2, java] of cases) assert.equal(javaPattern(re2), java, re2);
});
