// `foz table`, `foz entity`, `foz search` and `foz audit` as people meet them: beside the catalog's file and over HTTP the same.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { memoryCatalog } from '../../catalog/memory-catalog.ts';
import { registryParts } from '../../catalog/registry/registry-parts.ts';
import { serveCatalog, type ServedCatalog } from '../../catalog/serve.ts';
import type { CatalogStore } from '../../catalog/store/catalog-store.ts';
import { sqliteCatalogStore } from '../../catalog/store/sqlite-catalog-store.ts';
import type { Command, CommandCall } from '../../cli/command.ts';
import { audit } from '../../cli/commands/audit.ts';
import { entity } from '../../cli/commands/entity.ts';
import { search } from '../../cli/commands/search.ts';
import { table } from '../../cli/commands/table.ts';
import { loadConfig } from '../../cli/config.ts';
import { jsonText } from '../../cli/output.ts';
import { mainSnapshot } from '../../lake/iceberg/metadata.ts';
import { readChain } from '../../lake/raw/offset-chain.ts';
import { filesystemStore } from '../../lake/store/filesystem-store.ts';
import { LakeError } from '../../runtime/errors.ts';
import { systemClock } from '../../runtime/clock.ts';
import { silentLogger } from '../../runtime/log.ts';
import { createProgress } from '../../runtime/progress.ts';
import { lakeTables } from './lake-table-fixture.ts';
import { configFile, type ConfigFile } from './lineage-config.ts';

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly notes: string;
}

type Foz = (command: Command | undefined, args: readonly unknown[], options?: Readonly<Record<string, unknown>>) => Promise<Ended>;

let file: ConfigFile;
let store: CatalogStore;
let served: ServedCatalog;
let rest: string;
const ident = { namespace: ['raw'], name: 'users' };

before(async () => {
  file = configFile('{ kind: embedded, listen: "127.0.0.1:8181", store: "sqlite:catalog.sqlite" }');
  store = await sqliteCatalogStore({ path: join(file.folder, 'catalog.sqlite') });
  const objectStore = filesystemStore({ root: join(file.folder, 'lake') });
  // Made then, so that commits may have any time after it.
  const clock = { ...systemClock, now: () => Date.parse('2026-11-01T00:00:00Z') };
  await using lake = await lakeTables({ catalog: memoryCatalog({ objectStore, store, clock, actor: 'worker' }), store: objectStore });
  await lake.create({
    name: 'users',
    source: 'postgres',
    columns: [
      ['id', 'long'],
      ['email', 'string'],
    ],
  });
  for (const [n, second] of [0, 5, 10].entries()) {
    const select = `SELECT o, '{"id":' || o || '}' AS key, 'c' AS op, TIMESTAMPTZ '2026-11-20 10:00:00+00' AS changed_at,
      {id: o, email: 'user' || o || '@example.org'} AS after FROM range(${n * 10}, ${n * 10 + 10}) t(o)`;
    await lake.append('users', select, { now: Date.parse('2026-11-21T10:00:00Z') + second * 1000 });
  }
  const document = await readFile(new URL('../../contracts/definitions/users.odcs.yaml', import.meta.url), 'utf8');
  const { registry } = registryParts(store.contracts, systemClock);
  const request = { document, documentName: 'users.odcs.yaml', note: null, isUnknownAccepted: false, expectedRevision: null };
  const registered = await registry.register({ ...request, activate: { kind: 'now' } });
  assert.equal(registered.kind, 'ok');
  served = await serveCatalog({ port: 0, store, objectStore });
  rest = join(file.folder, 'rest.yaml');
  const text = await readFile(file.path, 'utf8');
  await writeFile(rest, text.replace(/catalog: .*/, `catalog: { kind: rest, url: "${served.url}" }`));
});

after(async () => {
  await served.close();
  await store[Symbol.asyncDispose]();
  await file[Symbol.asyncDispose]();
});

const fozWith =
  (path: () => string): Foz =>
  async (command, args, options = {}) => {
    let [stdout, notes] = ['', ''];
    const isJson = options['json'] === true;
    const call: CommandCall = {
      args,
      options,
      isJson,
      configPath: path(),
      stackDirectory: file.folder,
      signal: new AbortController().signal,
      progress: createProgress({ isQuiet: true }),
      loadConfig: () => loadConfig(path(), file.folder),
      logger: () => silentLogger,
      print: (value, human) => {
        stdout += isJson ? jsonText(value) : human();
      },
      note: (text) => {
        notes += text;
      },
    };
    assert.ok(command);
    return { code: await command.run(call), stdout, notes };
  };

const embedded = fozWith(() => file.path);
const overHttp = fozWith(() => rest);
const { list, show, history, rollback } = table.commands;

test('beside the file and over HTTP, every command says the same', async () => {
  const questions: readonly (readonly [Command | undefined, readonly unknown[], Readonly<Record<string, unknown>>?])[] = [
    [list, []],
    [list, [], { namespace: 'current' }],
    [show, ['users']],
    [show, ['raw.users'], { all: true }],
    [history, ['users'], { limit: 2 }],
    [history, ['users'], { limit: 20, column: 'email' }],
    [entity.commands['list'], []],
    [entity.commands['show'], ['users']],
    [search, [['email']], { limit: 20 }],
    [audit, [], { limit: 50 }],
    [audit, ['raw.users'], { limit: 50, data: true }],
  ];
  for (const [command, args, options = {}] of questions) {
    const asJson = { ...options, json: true };
    const [here, there] = [await embedded(command, args, asJson), await overHttp(command, args, asJson)];
    assert.deepEqual(there, here);
    assert.equal(here.code, 0);
  }
});

test('tables are told in lines, one with its columns, and bounds of personal data are kept back', async () => {
  const { stdout: lines } = await embedded(list, []);
  assert.match(lines, /^raw\.users +30 +[\d.]+ KiB +3 +2026-11-21 10:00:10Z +users 1\.0\.0 +team accounts +cdc$/m);
  const { stdout } = await embedded(show, ['users']);
  assert.match(stdout, /^ {2}rows +30 in 3 files, [\d.]+ KiB/m);
  assert.match(stdout, /^after\.id +long +0 +0 … 29/m);
  assert.match(stdout, /^after\.email +string +0 +kept back +restricted pii email/m);
  assert.doesNotMatch(stdout, /@example/);
});

test('what is declared of an entity is shown, found and audited, and taken back', async () => {
  const [set, remove] = [entity.commands['set'], entity.commands['remove']];
  const declared = await embedded(set, ['users'], { owner: 'ana', tag: ['tier:1'], column: 'email', pii: 'none' });
  assert.match(declared.stdout, /^ {2}owner +ana$/m);
  assert.match(declared.stdout, /^email \* +restricted +tier:1/m);
  await overHttp(set, ['users'], { tag: ['payroll'] });
  const { stdout: shown } = await embedded(entity.commands['show'], ['users']);
  assert.match(shown, /^ {2}tags +payroll cdc$/m);
  const found = await overHttp(search, [['payroll']], { limit: 20 });
  assert.match(found.stdout, /^entity +users +tags/m);
  const { stdout: log } = await overHttp(audit, ['users'], { action: 'entity', limit: 50 });
  assert.match(log, / anonymous +entity\.update +users +tags: ∅ → \["payroll"\]$/m);
  assert.equal((await embedded(search, [['nothing', 'of', 'the', 'kind']], { limit: 20 })).code, 1);
  await embedded(remove, ['users']);
  await assert.rejects(embedded(remove, ['users']), isRefused(/Entity does not exist: users/));
  await assert.rejects(embedded(set, ['users'], {}), isRefused(/needs something to declare/));
  await assert.rejects(embedded(set, ['users'], { pii: 'email' }), isRefused(/--pii is said of a column/));
  await assert.rejects(overHttp(set, ['users'], { tag: ['two words'] }), isRefused(/tag|pattern/));
});

test('a roll-back is planned, made, told with what the worker needs next, and undone', async () => {
  const catalog = memoryCatalog({ objectStore: filesystemStore({ root: join(file.folder, 'lake') }), store });
  const metadata = async () => (await catalog.loadTable(ident))?.metadata ?? assert.fail('no table');
  const head = String(mainSnapshot(await metadata())?.['snapshot-id']);
  const planned = await embedded(rollback, ['users'], { to: '2026-11-21T10:00:05Z', dryRun: true });
  assert.match(planned.stdout, /main would go back by 1 snapshot\n +from .*, 30 rows\n +to .*, 20 rows/);
  assert.match(planned.notes, /foz resume users --reread/);
  assert.equal(String(mainSnapshot(await metadata())?.['snapshot-id']), head, 'nothing was changed');
  const done = await overHttp(rollback, ['users'], { to: '2026-11-21T10:00:05Z' });
  assert.match(done.stdout, /main went back by 1 snapshot/);
  assert.match(done.notes, new RegExp(`the worker halts on users .*--to ${head} --off-main`, 's'));
  assert.equal(readChain(await metadata()).kind, 'broken', 'I1: the worker sees that rows are gone');
  const { stdout } = await embedded(history, ['users'], { limit: 20 });
  assert.match(stdout, new RegExp(`${head} .* not on main`));
  await assert.rejects(embedded(rollback, ['users'], { to: head }), isRefused(/does not descend/));
  const undone = await embedded(rollback, ['users'], { to: head, offMain: true });
  assert.match(undone.notes, /its writer goes on as before/);
  assert.equal(readChain(await metadata()).kind, 'valid');
  const again = await embedded(rollback, ['users'], { to: head });
  assert.match(again.stdout, /is at \d+ already/);
  const { stdout: log } = await embedded(audit, ['raw.users'], { action: 'table.rollback', limit: 50, json: true });
  assert.equal(JSON.parse(log).entries.length, 1, 'the way back is a roll-back, the way forward is not');
});

test('what is not there is said with the command that helps', async () => {
  for (const foz of [embedded, overHttp]) {
    await assert.rejects(foz(show, ['raw.nothing']), isRefused(/Table does not exist: raw.nothing/, 'foz table list'));
    await assert.rejects(foz(history, ['nothing'], { limit: 20 }), isRefused(/does not exist/, 'foz table list'));
    await assert.rejects(foz(entity.commands['show'], ['nothing']), isRefused(/does not exist/, 'foz entity list'));
    await assert.rejects(foz(rollback, ['users'], { to: '17' }), isRefused(/has no snapshot 17/, 'foz table history users'));
    await assert.rejects(foz(rollback, ['users']), isRefused(/needs a snapshot/, 'foz table history users'));
    assert.equal((await foz(history, ['users'], { limit: 20, column: 'nothing' })).code, 1);
  }
});

function isRefused(message: RegExp, next?: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof LakeError, String(error));
    assert.match(error.message, message);
    if (next !== undefined) assert.equal(error.context['next'], next);
    return true;
  };
}
