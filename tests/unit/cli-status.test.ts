// `foz status` says of a table that waits what it waits for, and the command that shows what is to be mended.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { status } from '../../cli/commands/status.ts';
import { fozCommand } from '../integration/foz-command.ts';

const reasons = {
  'raw.users':
    'CATALOG_REFUSED: POST /v1/namespaces/raw/tables/users was refused with 400: Contract users 1.0.0 has the column balance as decimal(12,2), but the commit drops it (after.balance)',
  'raw.rides': 'STORE_UNREACHABLE: PUT s3://lake/x got no answer',
};

test('a table that waits for a contract or a dependency says so with the next command', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'foz-status-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const tables = Object.entries(reasons).map(([table, reason]) => ({ table, state: 'waiting', reason, halt: null, positions: {} }));
  const server = createServer((_request, response) => response.end(JSON.stringify({ tables, log: { available: true } })));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const configFile = join(directory, 'foz.yaml');
  await writeFile(
    configFile,
    `kafka:\n  brokers: [127.0.0.1:1]\nlake:\n  store:\n    kind: filesystem\n    path: lake\ncatalog:\n  kind: embedded\nsync:\n  tables:\n    - { topic: pg.public.users, table: users }\nhttp:\n  listen: 127.0.0.1:${port}\n`,
  );
  const { code, text } = await fozCommand(configFile, directory, AbortSignal.timeout(10_000))(status, []);
  assert.equal(code, 0, text);
  assert.match(text, /raw\.users: CATALOG_REFUSED: .*\n {2}next: foz contract plan users {3}\(what the contract in force would have/);
  assert.match(text, /raw\.rides: STORE_UNREACHABLE: .*\n {2}next: foz check/);
});
