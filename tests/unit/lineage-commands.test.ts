// `foz lineage`, and the consumers that `foz contract diff`, `register` and `plan` name: from a catalog over HTTP and from its
// file. A catalog that is away is "unknown", never "none".

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { serveCatalog } from '../../catalog/serve.ts';
import { sqliteCatalogStore } from '../../catalog/store/sqlite-catalog-store.ts';
import { loadConfig } from '../../cli/config.ts';
import type { Command, CommandCall } from '../../cli/command.ts';
import { diff } from '../../cli/commands/contract/diff.ts';
import { register } from '../../cli/commands/contract/register.ts';
import { lineage } from '../../cli/commands/lineage.ts';
import { jsonText } from '../../cli/output.ts';
import { memoryStore } from '../../lake/store/memory-store.ts';
import { LakeError } from '../../runtime/errors.ts';
import { silentLogger } from '../../runtime/log.ts';
import { createProgress } from '../../runtime/progress.ts';
import { usersDocument } from '../conformance/contract-documents.ts';
import { configFile, type ConfigFile } from './lineage-config.ts';

interface Ended {
  readonly code: number;
  readonly stdout: string;
}

type Foz = (command: Command | undefined, args: readonly unknown[], options?: Readonly<Record<string, unknown>>) => Promise<Ended>;

const fozIn =
  ({ path, folder }: ConfigFile): Foz =>
  async (command, args, options = {}) => {
    let stdout = '';
    const isJson = options['json'] === true;
    const call: CommandCall = {
      args,
      options,
      isJson,
      configPath: path,
      stackDirectory: folder,
      signal: new AbortController().signal,
      progress: createProgress({ isQuiet: true }),
      loadConfig: () => loadConfig(path, folder),
      logger: () => silentLogger,
      print: (value, human) => {
        stdout += isJson ? jsonText(value) : human();
      },
      note: () => undefined,
    };
    assert.ok(command);
    return { code: await command.run(call), stdout };
  };

const { add, remove, show } = lineage.commands;

const document = (file: ConfigFile, name: string, text: string): string => {
  const path = join(file.folder, name);
  writeFileSync(path, text);
  return path;
};

const consumersProperty = `customProperties:
  - property: consumers
    value:
      - { name: monthly-report, owner: finance, columns: [email] }
      - { name: map, columns: [city] }
`;

test('declared consumers are named when a change reaches what they read: diff, annotations, register', async () => {
  await using file = configFile('{ kind: rest, url: "http://127.0.0.1:1" }');
  const store = await sqliteCatalogStore({ path: join(file.folder, 'catalog.sqlite') });
  const server = await serveCatalog({ port: 0, store, objectStore: memoryStore('lake') });
  await using served = configFile(`{ kind: rest, url: "${server.url}" }`);
  const foz = fozIn(served);
  const first = document(file, 'users-1.yaml', usersDocument({ version: '1.0.0' }));
  const shorter = document(file, 'users-2.yaml', usersDocument({ version: '2.0.0', emailLengthMax: 10 }));
  try {
    assert.match((await foz(register, [[first]], { activate: true })).stdout, /activated: active$/);
    const mails = await foz(add, ['users'], { consumer: 'mails', owner: 'team:growth', columns: 'email' });
    assert.deepEqual(mails, { code: 0, stdout: 'mails reads email of current.users' });
    await foz(add, ['raw.users'], { consumer: 'ids', columns: 'id', type: 'QUERY' });
    await foz(add, ['users'], { consumer: 'board' });
    const all = await foz(show, ['users'], { depth: 10 });
    assert.match(
      all.stdout,
      /declared users\/board .*may read any column[\s\S]*\/ids .*reads id[\s\S]*\/mails .*reads email .*owner team:growth/,
    );
    const ofId = JSON.parse((await foz(show, ['users'], { depth: 10, columns: 'id', json: true })).stdout);
    assert.deepEqual(
      ofId.consumers.map(({ name, columns }: Record<string, unknown>) => [name, columns]),
      [
        ['board', null],
        ['ids', ['id']],
      ],
    );

    const told = await foz(diff, [[first], [shorter]]);
    assert.equal(told.code, 1);
    assert.match(told.stdout, /consumers of email:\n {4}declared users\/board .*\n {4}declared users\/mails .*reads email/);
    assert.doesNotMatch(told.stdout, /\/ids/);
    const github = await foz(diff, [[first], [shorter]], { format: 'github' });
    assert.match(github.stdout, /^::error [^\n]*%0A {4}declared users\/mails[^\n]*$/);
    const json = JSON.parse((await foz(diff, [[first], [shorter]], { json: true })).stdout);
    assert.deepEqual([json.compatible, json.consumers.users.known, json.consumers.users.columns], [false, true, ['email']]);
    assert.deepEqual([json.witness.table, json.differences[0].path], ['users', '#/properties/email']);

    const refused = await foz(register, [[shorter]]);
    assert.match(refused.stdout, /refused: [\s\S]*users: consumers of email:\n[\s\S]*declared users\/mails/);

    assert.deepEqual(await foz(remove, ['users'], { consumer: 'mails' }), { code: 0, stdout: 'mails reads users no more' });
    assert.equal((await foz(remove, ['users'], { consumer: 'mails' })).code, 1);
    assert.doesNotMatch((await foz(show, ['users'], { depth: 10 })).stdout, /mails/);
  } finally {
    await server.close();
    await store[Symbol.asyncDispose]();
  }
});

test('a catalog that is away leaves the consumers unknown; those that the contract names are told all the same', async () => {
  await using file = configFile('{ kind: rest, url: "http://127.0.0.1:1" }');
  const foz = fozIn(file);
  const first = document(file, 'users-1.yaml', usersDocument({ version: '1.0.0' }));
  const shorter = document(file, 'users-2.yaml', usersDocument({ version: '2.0.0', emailLengthMax: 10 }));
  const away = await foz(diff, [[first], [shorter]]);
  assert.equal(away.code, 1);
  assert.match(away.stdout, /^ {2}consumers unknown: catalog not reached: /m);
  assert.doesNotMatch(away.stdout, /none/);
  const naming = document(
    file,
    'users-3.yaml',
    usersDocument({ version: '2.0.0', emailLengthMax: 10 }).replace(/^customProperties:\n/m, consumersProperty),
  );
  const json = JSON.parse((await foz(diff, [[first], [naming]], { json: true })).stdout);
  assert.equal(json.consumers.users.known, false);
  assert.deepEqual(
    json.consumers.users.consumers.map(({ name, owners, columns }: Record<string, unknown>) => [name, owners, columns]),
    [['monthly-report', ['finance'], ['email']]],
  );
  await assert.rejects(foz(show, ['users'], { depth: 10 }), (error) => error instanceof LakeError && error.exitCode === 3);
});

const usage = (run: Promise<Ended>, message: RegExp) =>
  assert.rejects(run, (error) => error instanceof LakeError && error.exitCode === 2 && message.test(error.message));

test('what is declared wrongly is a usage error that says what was expected', async () => {
  await using file = configFile();
  const foz = fozIn(file);
  const store = await sqliteCatalogStore({ path: join(file.folder, '.foz', 'catalog.sqlite') });
  await store[Symbol.asyncDispose]();
  await usage(foz(add, ['people'], { consumer: 'a' }), /There is no table people/);
  await usage(foz(add, ['users'], {}), /needs the consumer's name/);
  await usage(foz(add, ['users'], { consumer: 'a', columns: 'email,,city' }), /empty name/);
});
