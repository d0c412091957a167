// `foz contract register|list|show|history|deprecate` as a person or a script meets them, against a catalog that is served
// over HTTP and against its file.

import assert from 'node:assert/strict';
import { execFile, type ExecFileException } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { restContracts } from '../../catalog/rest-contracts.ts';
import { serveCatalog } from '../../catalog/serve.ts';
import { sqliteCatalogStore } from '../../catalog/store/sqlite-catalog-store.ts';
import { memoryStore } from '../../lake/store/memory-store.ts';
import { loadConfig } from '../../cli/config.ts';
import type { Command, CommandCall } from '../../cli/command.ts';
import { deprecate } from '../../cli/commands/contract/deprecate.ts';
import { history } from '../../cli/commands/contract/history.ts';
import { list } from '../../cli/commands/contract/list.ts';
import { register } from '../../cli/commands/contract/register.ts';
import { show } from '../../cli/commands/contract/show.ts';
import { jsonText } from '../../cli/output.ts';
import { LakeError } from '../../runtime/errors.ts';
import { silentLogger } from '../../runtime/log.ts';
import { createProgress } from '../../runtime/progress.ts';
import { usersDocument } from '../conformance/contract-documents.ts';

const entry = fileURLToPath(new URL('../../cli/foz.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'foz-contract-cli-'));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number;
  readonly stdout: string;
}

/** The commands as the program calls them, without a process each; how options are parsed is the last test's. */
async function foz(command: Command, args: readonly unknown[], options: Readonly<Record<string, unknown>> = {}): Promise<Ended> {
  let stdout = '';
  const isJson = options['json'] === true;
  const call: CommandCall = {
    args,
    options,
    isJson,
    configPath: join(folder, 'foz.yaml'),
    stackDirectory: folder,
    signal: new AbortController().signal,
    progress: createProgress({ isQuiet: true }),
    loadConfig: () => loadConfig(join(folder, 'foz.yaml'), folder),
    logger: () => silentLogger,
    print: (value, human) => {
      stdout += isJson ? jsonText(value) : human();
    },
    note: () => undefined,
  };
  return { code: await command.run(call), stdout };
}

const inFolder = (...names: readonly string[]) => names.map((name) => join(folder, name));

const configured = (catalog: string) =>
  writeFileSync(
    join(folder, 'foz.yaml'),
    `kafka: { brokers: ["127.0.0.1:1"] }
lake: { store: { kind: filesystem, path: lake } }
sync: { tables: [{ topic: a.b.users }] }
catalog: ${catalog}
`,
  );

const put = (name: string, text: string) => writeFileSync(join(folder, name), text);

test('a contract’s life on the command line, with exit codes, witnesses and JSON', async () => {
  const path = join(folder, 'catalog.db');
  const store = await sqliteCatalogStore({ path });
  const server = await serveCatalog({ port: 0, store, objectStore: memoryStore('lake') });
  const first = usersDocument({ version: '1.0.0' });
  try {
    configured(`{ kind: rest, url: "${server.url}" }`);
    put('users-1.yaml', first);
    put('users-2.yaml', usersDocument({ version: '2.0.0', emailLengthMax: 10 }));
    put('users-3.yaml', usersDocument({ version: '1.1.0', hasCity: true }));
    put('broken.yaml', first.replace('version: 1.0.0', 'versoin: 1.0.0'));

    assert.deepEqual(await foz(list, []), { code: 0, stdout: 'no contract is registered: foz contract register FILE' });
    const registered = await foz(register, [inFolder('users-1.yaml')], { activate: true, note: 'begun' });
    assert.deepEqual(registered, { code: 0, stdout: `${join(folder, 'users-1.yaml')}: users 1.0.0 activated: active` });

    const refused = await foz(register, [inFolder('users-2.yaml', 'users-3.yaml')]);
    assert.equal(refused.code, 1);
    assert.match(refused.stdout, /users-2\.yaml: refused: Contract users 2\.0\.0 is not backward compatible with 1\.0\.0/);
    assert.match(refused.stdout, /witness: a row of users that 1\.0\.0 accepts and 2\.0\.0 rejects \(.*email.*\):\n {4}\{.*"email":"/);
    assert.match(refused.stdout, /users-3\.yaml: users 1\.1\.0 registered: draft/);

    const asJson = await foz(register, [inFolder('users-2.yaml')], { json: true });
    assert.equal(asJson.code, 1);
    const [{ refused: detail } = { refused: undefined }] = JSON.parse(asJson.stdout).documents;
    assert.deepEqual([detail.reason, typeof detail.witnesses[0].row.email], ['contract-incompatible', 'string']);

    const broken = await foz(register, [inFolder('broken.yaml')]);
    assert.equal(broken.code, 1);
    assert.match(broken.stdout, /broken\.yaml:\d+:\d+: .*versoin[\s\S]*mend:/);

    assert.deepEqual(await foz(show, ['users']), { code: 0, stdout: first });
    assert.equal((await foz(show, ['users@1.0.0'], { output: join(folder, 'out.yaml') })).code, 0);
    assert.equal(readFileSync(join(folder, 'out.yaml'), 'utf8'), first);
    const latest = JSON.parse((await foz(show, ['users@latest'], { json: true })).stdout);
    assert.deepEqual([latest.version, latest.state, latest.contract.tables[0].columns.length], ['1.1.0', 'draft', 5]);
    const effective = await foz(register, [inFolder('users-3.yaml')], { effectiveFrom: 'foz.public.users:0=120000,1=7' });
    assert.match(effective.stdout, /users 1\.1\.0 activated: active/);
  } finally {
    await server.close();
    await store[Symbol.asyncDispose]();
  }

  // No server any more: the file itself.
  configured(`{ kind: embedded, store: "sqlite:${path}", listen: "127.0.0.1:1" }`);
  const told = (await foz(history, ['users'])).stdout;
  assert.match(
    told,
    /1\.0\.0 +activated +at once +begun[\s\S]*1\.1\.0 +activated +foz\.public\.users:0=120000,1=7[\s\S]*superseded by 1\.1\.0/,
  );
  const early = await foz(deprecate, ['users@1.1.0'], { retire: true });
  assert.deepEqual([early.code, /1\.1\.0 is active: it can become deprecated, not retired/.test(early.stdout)], [1, true]);
  const deprecated = await foz(deprecate, ['users@1.1.0'], { note: 'never mind' });
  assert.equal(deprecated.stdout, 'users 1.1.0 deprecated; 1.1.0 is in force');
  const retired = await foz(deprecate, ['users@1.1.0'], { retire: true });
  assert.equal(retired.stdout, 'users 1.1.0 retired; no version is in force');
  assert.match((await foz(list, [])).stdout, /users +∅ +1\.1\.0 +retired +users/);
  assert.deepEqual(await foz(history, ['rides']), { code: 1, stdout: 'refused: Contract does not exist: rides' });
});

const exitOf = (expected: number, run: Promise<Ended>) =>
  assert.rejects(run, (error) => error instanceof LakeError && error.exitCode === expected);

test('what is written wrongly is a usage error, what is away a dependency', async () => {
  configured('{ kind: rest, url: "http://127.0.0.1:1" }');
  put('users-1.yaml', usersDocument({ version: '1.0.0' }));
  writeFileSync(join(folder, 'latin.yaml'), Buffer.from([0x61, 0xe9]));
  await exitOf(2, foz(register, [inFolder('nothing.yaml')]));
  await exitOf(2, foz(register, [inFolder('latin.yaml')]));
  await exitOf(2, foz(register, [inFolder('users-1.yaml')], { effectiveFrom: 'tomorrow' }));
  await exitOf(2, foz(show, ['Users@1']));
  await exitOf(2, foz(deprecate, ['users']));
  await exitOf(3, foz(list, []));
});

test('the process itself: options as they are written, and the exit code', async () => {
  const args = ['contract', 'register', 'users-1.yaml', '--effective-from', 'tomorrow'];
  const ended = await new Promise<{ code: unknown; stderr: string }>((resolve) => {
    execFile(process.execPath, [entry, ...args], { cwd: folder, timeout: 60_000 }, (error: ExecFileException | null, _stdout, stderr) =>
      resolve({ code: error?.code, stderr }),
    );
  });
  assert.equal(ended.code, 2);
  assert.match(ended.stderr, /expected: +now, 2026-11-21T12:00:00Z, or topic:0=1234,1=987/);
});

test('a catalog without a registry has no contract for any table, and says so to who registers', async () => {
  const { createServer } = await import('node:http');
  const server = createServer((_request, response) => response.writeHead(404, { 'content-type': 'text/plain' }).end('no such page'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  await using contracts = restContracts({ uri: `http://127.0.0.1:${address.port}` });
  assert.deepEqual(await contracts.contractsInForce({ namespace: ['raw'], name: 'users' }), []);
  await assert.rejects(contracts.list(), /refused with 404: no such page/);
  await new Promise((resolve) => server.close(resolve));
});
