import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import test from 'node:test';
import { serveOperators, type ReadinessCheck } from '../../cli/http.ts';
import { metricsObserver } from '../../cli/observe.ts';
import { oauthToken } from '../../cli/oauth-token.ts';
import { LakeError } from '../../runtime/errors.ts';
import { createPromMetrics } from '../../runtime/prom-metrics.ts';
import { secret } from '../../runtime/secret.ts';

const loopback = { host: '127.0.0.1', port: 0 };

test('readyz names every reason with 503 and answers 200 when there is none; livez asks nothing', async () => {
  const checks: ReadinessCheck[] = [
    { name: 'log', isReady: false, reason: 'Kafka is away' },
    { name: 'raw.users', isReady: true, reason: null },
  ];
  let asked = 0;
  const readiness = () => {
    asked++;
    return checks;
  };
  const metrics = createPromMetrics({ version: '1' });
  await using server = await serveOperators(loopback, {
    readiness,
    refresh: () => undefined,
    status: () => ({ next: 9007199254740993n }),
    metrics,
  });
  const live = await fetch(`${server.url}/livez`);
  assert.equal(live.status, 200);
  assert.equal(asked, 0);
  const away = await fetch(`${server.url}/readyz`);
  assert.equal(away.status, 503);
  assert.deepEqual(await away.json(), { ready: false, checks });
  checks[0] = { name: 'log', isReady: true, reason: null };
  assert.equal((await fetch(`${server.url}/readyz`)).status, 200);
  assert.equal(await (await fetch(`${server.url}/status`)).text(), '{"next":"9007199254740993"}');
});

test('metrics are refreshed when they are asked for, and requests are counted by route, not by path', async () => {
  const metrics = createPromMetrics({ version: '1' });
  let buffered = 1;
  const refresh = () => metrics.set('foz_buffer_bytes', {}, buffered);
  await using server = await serveOperators(loopback, { readiness: () => [], refresh, status: () => ({}), metrics });
  for (const path of ['a', 'b', 'c/d']) assert.equal((await fetch(`${server.url}/${path}`)).status, 404);
  buffered = 42;
  const response = await fetch(`${server.url}/metrics`);
  assert.match(response.headers.get('content-type') ?? '', /^text\/plain/);
  const text = await response.text();
  assert.match(text, /^foz_buffer_bytes 42$/m);
  assert.match(text, /^foz_http_requests_total\{route="unmatched",code="404"\} 3$/m);
});

test('a port in use is a configuration error that names the setting', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', () => resolve()));
  const address = taken.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const endpoints = { readiness: () => [], refresh: () => undefined, status: () => ({}), metrics: createPromMetrics({ version: '1' }) };
  await assert.rejects(serveOperators({ host: '127.0.0.1', port }, endpoints), (error: unknown) => {
    assert.ok(error instanceof LakeError);
    assert.equal(error.code, 'CONFIG_INVALID');
    assert.equal(error.context['found'], 'the port is in use');
    return true;
  });
  taken.close();
});

test('a halt is a metric and a call', async () => {
  const metrics = createPromMetrics({ version: '1' });
  const halted: string[] = [];
  const observer = metricsObserver(metrics, { onHalt: (table) => halted.push(table) });
  observer.halted('raw.users', { code: 'RETENTION_GAP', reason: 'offsets [5, 9) were deleted', decide: [] });
  observer.fenced('raw.users', 'another worker was first');
  assert.deepEqual(halted, ['raw.users']);
  const text = await metrics.render();
  assert.match(text, /^foz_halted\{table="raw\.users",reason="RETENTION_GAP"\} 1$/m);
  assert.match(text, /^foz_commits_total\{table="raw\.users",result="fenced"\} 1$/m);
});

test('an OAuth token is asked for once and again only near its end; a refusal shows no secret', async () => {
  const { createServer: createHttpServer } = await import('node:http');
  let asked = 0;
  let status = 200;
  const bodies: string[] = [];
  const issuer = createHttpServer((request, response) => {
    asked++;
    request.setEncoding('utf8').on('data', (text: string) => bodies.push(text));
    request.on('end', () =>
      response
        .writeHead(status, { 'content-type': 'application/json' })
        .end(JSON.stringify({ access_token: `token-${asked}`, expires_in: 100 })),
    );
  });
  await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', () => resolve()));
  const address = issuer.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  let now = 0;
  const clock = { now: () => now, sleep: () => Promise.resolve() };
  const client = {
    tokenEndpoint: `http://127.0.0.1:${port}/token`,
    clientId: 'foz',
    clientSecret: secret('very-secret-text'),
    scope: 'kafka',
  };
  const token = oauthToken(client, clock, { unreachable: 'LOG_UNREACHABLE', refused: 'LOG_REFUSED' });
  assert.deepEqual([await token(), await token()], ['token-1', 'token-1']);
  now = 81_000;
  assert.equal(await token(), 'token-2');
  assert.equal(bodies[0], 'grant_type=client_credentials&scope=kafka');
  status = 401;
  now = 200_000;
  await assert.rejects(
    token(),
    (error: unknown) => error instanceof LakeError && error.code === 'LOG_REFUSED' && !JSON.stringify(error).includes('very-secret'),
  );
  issuer.close();
  issuer.closeAllConnections();
});
