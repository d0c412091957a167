// Connections to a broker that does not answer.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import test from 'node:test';
import { kafkaLog } from '../../sync/log/kafka-log.ts';

test('a broker that takes the connection and says nothing is away, however many ask; it is not an old Kafka', async (t) => {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => void sockets.add(socket.on('error', () => undefined)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  await using log = kafkaLog({ brokers: [`127.0.0.1:${address.port}`], connectionTimeoutMs: 300, requestTimeoutMs: 300 });
  const first = log.describe(['users']);
  first.catch(() => undefined);
  // Connected by now, and asked for its versions.
  await new Promise((resolve) => setTimeout(resolve, 150));
  const asked = [first, log.describe(['users']), log.offsets('users')];
  const answers = await Promise.allSettled(asked);
  assert.deepEqual(
    answers.map((answer) => (answer.status === 'rejected' ? answer.reason.code : 'answered')),
    ['LOG_UNREACHABLE', 'LOG_UNREACHABLE', 'LOG_UNREACHABLE'],
  );
});
