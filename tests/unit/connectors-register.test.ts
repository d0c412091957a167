import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import test from 'node:test';
import { connectClient, type ConnectClient, type ConnectorStatus } from '../../connectors/connect-client.ts';
import type { ConnectorConfig } from '../../connectors/definition.ts';
import { connectorHealth } from '../../connectors/health.ts';
import { registerConnector } from '../../connectors/register.ts';
import type { Clock } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import { secret } from '../../runtime/secret.ts';

const status = (state: string, task: string | null, trace: string | null = null): ConnectorStatus => ({
  name: 'foz-users',
  state,
  trace: null,
  tasks: task === null ? [] : [{ id: '0', state: task, trace }],
});

/** Time passes only in sleep. */
function steppedClock(): Clock {
  let now = 0;
  return {
    now: () => now,
    sleep: async (ms) => {
      now += ms;
    },
  };
}

interface Fake {
  readonly client: ConnectClient;
  readonly calls: string[];
}

function fakeConnect(stored: ConnectorConfig | null, statuses: readonly (ConnectorStatus | null)[]): Fake {
  const calls: string[] = [];
  const left = [...statuses];
  const client: ConnectClient = {
    config: async () => stored,
    putConfig: async () => void calls.push('put'),
    status: async () => (left.length > 1 ? (left.shift() ?? null) : (left[0] ?? null)),
    restartFailed: async () => void calls.push('restart'),
    stop: async () => void calls.push('stop'),
    resume: async () => void calls.push('resume'),
    remove: async () => true,
  };
  return { client, calls };
}

const definition = { name: 'foz-users', config: { 'topic.prefix': 'pg' } };
const options = () => ({ timeoutMs: 10_000, pollMs: 100, clock: steppedClock() });

test('a new connector is put once and waited for until its task runs', async () => {
  const fake = fakeConnect(null, [null, status('RUNNING', null), status('RUNNING', 'UNASSIGNED'), status('RUNNING', 'RUNNING')]);
  const registration = await registerConnector(fake.client, definition, options());
  assert.equal(registration.outcome, 'created');
  assert.deepEqual(fake.calls, ['put']);
});

test('the same configuration again changes nothing', async () => {
  const fake = fakeConnect({ 'topic.prefix': 'pg', name: 'foz-users' }, [status('RUNNING', 'RUNNING')]);
  assert.equal((await registerConnector(fake.client, definition, options())).outcome, 'unchanged');
  assert.deepEqual(fake.calls, []);
});

test('another configuration is put again; a setting that was there and is not wanted counts as another', async () => {
  for (const stored of [
    { 'topic.prefix': 'old', name: 'foz-users' },
    { 'topic.prefix': 'pg', name: 'foz-users', 'slot.name': 'x' },
  ]) {
    const fake = fakeConnect(stored, [status('RUNNING', 'RUNNING')]);
    assert.equal((await registerConnector(fake.client, definition, options())).outcome, 'updated');
    assert.deepEqual(fake.calls, ['put']);
  }
});

test('a failed task is restarted, a stopped connector resumed', async () => {
  const stored = { 'topic.prefix': 'pg', name: 'foz-users' };
  const failed = fakeConnect(stored, [status('RUNNING', 'FAILED', 'x'), status('RUNNING', 'RUNNING')]);
  await registerConnector(failed.client, definition, options());
  assert.deepEqual(failed.calls, ['restart']);
  const stopped = fakeConnect(stored, [status('STOPPED', null), status('RUNNING', 'RUNNING')]);
  await registerConnector(stopped.client, definition, options());
  assert.deepEqual(stopped.calls, ['resume']);
});

const trace = [
  'org.apache.kafka.connect.errors.ConnectException: Error while starting',
  '\tat io.debezium.A.b(A.java:1)',
  'Caused by: org.postgresql.util.PSQLException: FATAL: password authentication failed for user "cdc"',
  '\tat org.postgresql.X.y(X.java:2)',
].join('\n');

test('a task that fails is told with the head of its trace and the cause, not with a time-out', async () => {
  const fake = fakeConnect(null, [status('RUNNING', 'FAILED', trace)]);
  await assert.rejects(registerConnector(fake.client, definition, options()), (error: unknown) => {
    assert.ok(error instanceof LakeError);
    assert.equal(error.code, 'CONNECTOR_FAILED');
    assert.match(error.message, /task 0 FAILED.*Error while starting.*password authentication failed/);
    assert.doesNotMatch(error.message, /A\.java|does not run after/);
    return true;
  });
});

test('a connector that never comes up is told after the time allowed', async () => {
  const fake = fakeConnect(null, [status('RUNNING', null)]);
  await assert.rejects(registerConnector(fake.client, definition, options()), /does not run after 10000 ms: connector RUNNING, no task/);
});

test('a health page can show what does not answer', async () => {
  const client = connectClient({ url: 'http://127.0.0.1:1', requestTimeoutMs: 200 }, { clock: steppedClock() });
  const health = await connectorHealth(client, 'foz-users');
  assert.equal(health.kind, 'unreachable');
});

async function withServer(
  answers: readonly (readonly [status: number, body: unknown])[],
  work: (client: ConnectClient, seen: readonly string[]) => Promise<void>,
) {
  const seen: string[] = [];
  const left = [...answers];
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers.authorization ?? ''}`.trim());
    const [code, body] = left.length > 1 ? (left.shift() ?? [500, '']) : (left[0] ?? [500, '']);
    response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  try {
    const settings = { url: `http://127.0.0.1:${address.port}`, requestTimeoutMs: 2000, auth: { username: 'u', password: secret('p') } };
    await work(connectClient(settings, { clock: steppedClock() }), seen);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

test('409 while the workers rebalance is tried again; the login goes with each request', async () => {
  await withServer(
    [
      [409, { message: 'rebalance' }],
      [200, { name: 'foz-users' }],
    ],
    async (client, seen) => {
      await client.putConfig('foz-users', { a: 'b' });
      assert.deepEqual(
        seen,
        Array.from({ length: 2 }, () => 'PUT /connectors/foz-users/config Basic dTpw'),
      );
    },
  );
});

test('400 is not tried again and carries what Connect says', async () => {
  await withServer([[400, { message: 'Connector configuration is invalid:\nslot.name: bad' }]], async (client, seen) => {
    await assert.rejects(client.putConfig('foz-users', {}), (error: unknown) => {
      assert.ok(error instanceof LakeError);
      assert.equal(error.code, 'CONNECTOR_FAILED');
      assert.match(error.message, /slot\.name: bad/);
      return true;
    });
    assert.equal(seen.length, 1);
  });
});

test('404 is an answer: there is no such connector', async () => {
  await withServer([[404, { message: 'no' }]], async (client) => {
    assert.equal(await client.config('x'), null);
    assert.equal(await client.status('x'), null);
    assert.equal(await client.remove('x'), false);
  });
});
