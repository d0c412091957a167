// `foz status` says of a table that waits what it waits for, and of columns that may be masked ones renamed that they are
// masked, each with the command that shows what is to be mended.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { catalogStatus, catalogStatusText } from '../../cli/catalog/catalog-status.ts';
import { status } from '../../cli/commands/status.ts';
import { configOptions, type LoadedConfig } from '../../cli/config.ts';
import { parseConfig } from '../../runtime/config-file.ts';
import { fozCommand } from '../integration/foz-command.ts';

const waitMaxMs = 120_000;

const reasons = {
  'raw.users':
    'CATALOG_REFUSED: POST /v1/namespaces/raw/tables/users was refused with 400: Contract users 1.0.0 has the column balance as decimal(12,2), but the commit drops it (after.balance)',
  'raw.rides': 'STORE_UNREACHABLE: PUT s3://lake/x got no answer',
};

/** What the command prints of a worker that says this of its tables. */
async function statusOf(t: TestContext, tables: readonly object[]): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'foz-status-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const server = createServer((_request, response) => response.end(JSON.stringify({ tables, log: { available: true } })));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const configFile = join(directory, 'foz.yaml');
  await writeFile(
    configFile,
    `kafka:\n  brokers: [127.0.0.1:1]\nlake:\n  store:\n    kind: filesystem\n    path: lake\ncatalog:\n  kind: embedded\n  listen: 127.0.0.1:${port}\nsync:\n  tables:\n    - { topic: pg.public.users, table: users }\nhttp:\n  listen: 127.0.0.1:${port}\n`,
  );
  const foz = fozCommand(configFile, directory, AbortSignal.timeout(waitMaxMs));
  // The command gives the worker a few seconds to answer; a busy machine may take longer.
  for (let tries = 1; ; tries++) {
    const { code, text } = await foz(status, []);
    if (code === 0) return text;
    assert.ok(code === 3 && tries < 20, text);
  }
}

test('a table that waits for a contract or a dependency says so with the next command', async (t) => {
  const tables = Object.entries(reasons).map(([table, reason]) => ({ table, state: 'waiting', reason, halt: null, positions: {} }));
  const text = await statusOf(t, tables);
  assert.match(text, /raw\.users: CATALOG_REFUSED: .*\n {2}next: foz contract plan users {3}\(what the contract in force would have/);
  assert.match(text, /raw\.rides: STORE_UNREACHABLE: .*\n {2}next: foz check/);
  assert.match(text, /^catalog: ready {3}http:\/\/127\.0\.0\.1:\d+ {3}store: sqlite:\.foz\/catalog\.sqlite$/m);
});

test('columns that may be masked ones renamed are named with what they are masked as, and the next commands', async (t) => {
  const maskedAs = { mail: 'hmac k1 as email' };
  const text = await statusOf(t, [{ table: 'raw.users', state: 'reading', reason: null, halt: null, positions: {}, maskedAs }]);
  assert.match(text, /raw\.users: masked, because the contract does not know it and records lack what it masks: mail \(hmac k1 as email\)/);
  assert.match(text, /\n {2}next: foz contract draft users .*foz contract register FILE --activate, foz contract apply users/);
});

const asked = (kind: string) => catalogStatus(loadedWith(kind), AbortSignal.timeout(waitMaxMs));
const embedded = (listen: string): string => `{ kind: embedded, listen: '${listen}', store: 'postgres://foz:hunter22@db/foz' }`;

test('a catalog that does not answer, or says that it is not ready, is told apart', async (t) => {
  const server = createServer((_request, response) => response.writeHead(503).end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  const busy = catalogStatusText(await asked(embedded(url.slice('http://'.length))));
  assert.equal(busy, `catalog: not ready (status 503)   ${url}   store: postgres://foz@db/foz; its log says which store does not answer`);
  assert.match(
    catalogStatusText(await asked(embedded('127.0.0.1:1'))),
    /^catalog: no answer \(.+\) .*; foz run or foz catalog serve starts it$/,
  );
  assert.match(
    catalogStatusText(await asked('{ kind: rest, url: http://127.0.0.1:1 }')),
    /no answer .*http:\/\/127\.0\.0\.1:1; look there$/,
  );
});

function loadedWith(catalog: string): LoadedConfig {
  const text = `kafka: { brokers: ["127.0.0.1:1"] }\nlake: { store: { kind: filesystem, path: lake } }\ncatalog: ${catalog}\nsync: { tables: [{ topic: a.b.users }] }\n`;
  const outcome = parseConfig({ file: 'foz.yaml', text, env: {}, readFile: () => '' }, configOptions);
  assert.ok(outcome.kind === 'valid');
  return { config: outcome.value, secrets: outcome.secrets, directory: '/', file: '/foz.yaml' };
}
