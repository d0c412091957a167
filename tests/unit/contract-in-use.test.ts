// Which contracts `foz contract diff --source` compares where none is named.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { loadConfig } from '../../cli/config.ts';
import type { CommandCall } from '../../cli/command.ts';
import { contractsInUse } from '../../cli/contract/contracts-in-use.ts';
import { openContracts } from '../../cli/wire.ts';
import { sqliteCatalogStore } from '../../catalog/store/sqlite-catalog-store.ts';
import { silentLogger } from '../../runtime/log.ts';
import { createProgress } from '../../runtime/progress.ts';
import { usersDocument } from '../conformance/contract-documents.ts';
import { configFile } from './lineage-config.ts';

const named = (name: string, physicalName: string | null): string =>
  usersDocument({ version: '1.0.0' })
    .replace(/^id: users$/m, `id: ${name}`)
    .replace('  - name: users', `  - name: ${name}`)
    .replace(/^ {4}physicalName: public\.users\n/m, physicalName === null ? '' : `    physicalName: ${physicalName}\n`);

test('contracts of foz.yaml’s tables, and active ones of the registry whose source is known; others are said to be left out', async () => {
  await using file = configFile();
  const loaded = loadConfig(file.path, file.folder);
  const store = await sqliteCatalogStore({ path: join(file.folder, '.foz', 'catalog.sqlite') });
  await store[Symbol.asyncDispose]();
  const documents = [named('users', 'public.users'), named('orders', 'public.orders'), named('things', null), named('drafted', 'public.d')];
  await using registry = await openContracts(loaded);
  for (const [index, document] of documents.entries()) {
    const answer = await registry.register({
      document,
      documentName: 'contract.yaml',
      activate: index === 3 ? null : { kind: 'now' },
      note: null,
      isUnknownAccepted: false,
      expectedRevision: null,
    });
    assert.equal(answer.kind, 'ok', JSON.stringify(answer));
  }
  const notes: string[] = [];
  const call: CommandCall = {
    args: [],
    options: {},
    isJson: false,
    configPath: file.path,
    stackDirectory: file.folder,
    signal: new AbortController().signal,
    progress: createProgress({ isQuiet: true }),
    loadConfig: () => loaded,
    logger: () => silentLogger,
    print: () => undefined,
    note: (text) => void notes.push(text),
  };
  const found = await contractsInUse(call);
  assert.deepEqual(
    found.map(({ id, tables }) => [id, ...tables.map(({ name }) => name)]),
    [
      ['users', 'users'],
      ['orders', 'orders'],
    ],
  );
  assert.deepEqual(notes, ['foz: things 1.0.0: things is not compared: physicalName does not say schema.table']);
});
