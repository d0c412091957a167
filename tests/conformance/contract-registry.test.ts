// The registry from end to end, with real documents, comparison and rules: one suite over every adapter of its port, in
// process and over HTTP with SQLite behind the server; and commits held against the contract in force.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import type { Catalog, TableIdent } from '../../catalog/catalog.ts';
import type { ContractRegistry } from '../../catalog/contract-registry.ts';
import { memoryCatalog } from '../../catalog/memory-catalog.ts';
import { memoryContracts } from '../../catalog/memory-contracts.ts';
import { registryParts } from '../../catalog/registry/registry-parts.ts';
import type { RegisterRequest } from '../../catalog/registry/registry-service.ts';
import { restCatalog } from '../../catalog/rest-catalog.ts';
import { restContracts } from '../../catalog/rest-contracts.ts';
import { serveCatalog } from '../../catalog/serve.ts';
import type { Answer } from '../../catalog/service/answer.ts';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import { sqliteCatalogStore } from '../../catalog/store/sqlite-catalog-store.ts';
import { evolveSchema, type WantedField, type WantedStruct } from '../../lake/iceberg/evolve.ts';
import type { Schema, StructField } from '../../lake/iceberg/schema.ts';
import { lakeColumns } from '../../contracts/evolution/lake-columns.ts';
import { rawPartitionSpec, rawSchema } from '../../lake/raw/raw-schema.ts';
import { memoryStore } from '../../lake/store/memory-store.ts';
import { systemClock } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import { usersDocument } from './contract-documents.ts';

interface Opened extends AsyncDisposable {
  readonly contracts: ContractRegistry;
  readonly catalog: Catalog;
}

const ident: TableIdent = { namespace: ['raw'], name: 'users' };
const now = { kind: 'now' } as const;

async function openMemory(): Promise<Opened> {
  const store = memoryCatalogStore();
  const catalog = memoryCatalog({ objectStore: memoryStore('lake'), store });
  const contracts = memoryContracts(registryParts(store.contracts, systemClock).registry);
  return { contracts, catalog, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
}

/** Over a file that outlives it. */
async function openRest(path: string, objectStore = memoryStore('lake')): Promise<Opened> {
  const store = await sqliteCatalogStore({ path });
  const server = await serveCatalog({ port: 0, store, objectStore });
  const close = async () => {
    await server.close();
    await store[Symbol.asyncDispose]();
  };
  return { contracts: restContracts({ uri: `${server.url}/` }), catalog: restCatalog({ uri: server.url }), [Symbol.asyncDispose]: close };
}

async function withFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'foz-registry-'));
  try {
    await run(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const request = (document: string, given: Partial<RegisterRequest> = {}): RegisterRequest => {
  const rest = { documentName: 'users.odcs.yaml', activate: null, note: null, isUnknownAccepted: false, expectedRevision: null };
  return { document, ...rest, ...given };
};

function value<T>(answer: Answer<T>): T {
  assert.equal(answer.kind, 'ok', answer.kind === 'refused' ? `${answer.message} ${JSON.stringify(answer.detail)}` : '');
  return (answer as Extract<Answer<T>, { kind: 'ok' }>).value;
}

const vetoed = (pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof LakeError && error.code === 'CATALOG_REFUSED', String(error));
  assert.match(error.message, pattern);
  return true;
};

/** Where `after` holds these columns. */
function schemaWith(columns: Readonly<Record<string, StructField['type']>>): Schema {
  const names = ['id', 'email', 'balance', 'born', 'city'];
  const fields = Object.entries(columns).map(([name, type]) => ({
    id: 31 + names.indexOf(name),
    name,
    required: false,
    type,
  }));
  return { ...rawSchema, fields: [...rawSchema.fields, { id: 30, name: 'after', required: false, type: { type: 'struct', fields } }] };
}

const promised = { id: 'long', email: 'string', balance: 'decimal(12,2)', born: 'date' } as const;

async function setSchema({ catalog }: Opened, schema: Schema): Promise<void> {
  const outcome = await catalog.commitTable(ident, {
    requirements: [],
    updates: [
      { action: 'add-schema', schema },
      { action: 'set-current-schema', 'schema-id': -1 },
    ],
  });
  assert.equal(outcome.kind, 'committed');
}

async function createUsers({ catalog }: Opened, schema: Schema): Promise<void> {
  await catalog.ensureNamespace(ident.namespace);
  const created = await catalog.createTable(ident, { schema, partitionSpec: rawPartitionSpec });
  assert.equal(created.kind, 'committed');
}

function registerSuite(name: string, withOpened: (run: (opened: Opened) => Promise<void>) => Promise<void>): void {
  const check = (sentence: string, run: (opened: Opened) => Promise<void>) => test(`${name}: ${sentence}`, () => withOpened(run));

  check('a document is registered, activated, found for its table, and comes back byte for byte', async ({ contracts }) => {
    const document = usersDocument({ version: '1.0.0' });
    const registered = value(await contracts.register(request(document, { activate: now, note: 'первый' })));
    assert.deepEqual([registered.outcome, registered.version, registered.contract.inForce], ['activated', '1.0.0', '1.0.0']);
    assert.equal(value(await contracts.register(request(document))).outcome, 'unchanged');
    const shown = value(await contracts.show('users', 'active'));
    assert.equal(shown.document, document);
    assert.equal(shown.contract.tables[0]?.physicalName, 'public.users');
    const active = await contracts.activeContract(ident);
    assert.deepEqual(
      [active?.contract, active?.table.name, active?.document],
      [shown.contract, 'users', { name: 'users.odcs.yaml', text: document }],
    );
    assert.deepEqual([active?.state, active?.effective, active?.digest], ['active', now, shown.digest]);
    assert.equal(await contracts.activeContract({ namespace: ['raw'], name: 'rides' }), null);
    const [event] = value(await contracts.history('users'));
    assert.match(event?.note ?? '', /^первый/);
    assert.deepEqual(value(await contracts.list()), [value(await contracts.get('users'))]);
  });

  check('a breaking change is refused with the row that proves it, over every way in', async ({ contracts }) => {
    value(await contracts.register(request(usersDocument({ version: '1.0.0' }), { activate: now })));
    const answer = await contracts.register(request(usersDocument({ version: '2.0.0', emailLengthMax: 10 })));
    assert.ok(answer.kind === 'refused');
    assert.equal(answer.reason, 'contract-incompatible');
    assert.match(answer.message, /not backward compatible with 1\.0\.0.*email/);
    const [witness] = (answer.detail?.['witnesses'] ?? []) as { row: { email: string }; acceptedBy: string; rejectedBy: string }[];
    assert.ok((witness?.row.email.length ?? 0) > 10, JSON.stringify(witness));
    assert.deepEqual([witness?.acceptedBy, witness?.rejectedBy], ['1.0.0', '2.0.0']);
    const minor = await contracts.register(request(usersDocument({ version: '1.0.1', hasCity: true })));
    assert.ok(minor.kind === 'refused' && minor.reason === 'contract-version');
    assert.equal(minor.detail?.['neededVersion'], '1.1.0');
    assert.equal(value(await contracts.register(request(usersDocument({ version: '1.1.0', hasCity: true })))).outcome, 'registered');
  });

  check('a document with a mistake is refused with its line, a contract that is not there with its name', async ({ contracts }) => {
    const answer = await contracts.register(
      request(usersDocument({ version: '1.0.0' }).replace('kind: DataContract', 'kind: DataContrast')),
    );
    assert.ok(answer.kind === 'refused' && answer.reason === 'contract-invalid');
    assert.match(answer.message, /users\.odcs\.yaml:3:/);
    const [problem] = (answer.detail?.['problems'] ?? []) as { line: number }[];
    assert.equal(problem?.line, 3);
    for (const missing of [await contracts.get('users'), await contracts.history('users'), await contracts.show('users', 'latest')])
      assert.ok(missing.kind === 'refused' && missing.reason === 'contract-missing' && missing.message.includes('users'));
  });

  check('effects by offset and by time come back as they were given', async ({ contracts }) => {
    const offsets = { kind: 'offset', topic: 'foz.public.users', offsets: { '0': '9007199254740993', '11': '0' } } as const;
    value(await contracts.register(request(usersDocument({ version: '1.0.0' }), { activate: { kind: 'time', time: 1_790_000_000_123 } })));
    value(await contracts.register(request(usersDocument({ version: '1.0.1' }), { activate: offsets })));
    const inForce = await contracts.contractsInForce(ident);
    assert.deepEqual(
      inForce.map(({ contract, effective }) => [contract.version, effective]),
      [
        ['1.0.0', { kind: 'time', time: 1_790_000_000_123 }],
        [
          '1.0.1',
          {
            kind: 'offset',
            topic: 'foz.public.users',
            offsets: new Map([
              [0, 9007199254740993n],
              [11, 0n],
            ]),
          },
        ],
      ],
    );
    const state = { to: 'retired', effective: null, note: 'done', isUnknownAccepted: false, expectedRevision: null } as const;
    const illegal = await contracts.changeState('users', '1.0.1', state);
    assert.ok(illegal.kind === 'refused' && illegal.reason === 'contract-state');
    assert.equal(value(await contracts.changeState('users', '1.0.0', state)).versions.at(-1)?.state, 'retired');
  });

  check('a commit that drops, narrows or retypes a column of the contract is refused with a row; the table stays', async (opened) => {
    await createUsers(opened, schemaWith(promised));
    value(await opened.contracts.register(request(usersDocument({ version: '1.0.0' }), { activate: now })));
    const { email: _, ...dropped } = promised;
    const before = await opened.catalog.loadTable(ident);
    await assert.rejects(
      setSchema(opened, schemaWith(dropped)),
      vetoed(/users 1\.0\.0 has the column email as string, but the commit drops it \(after\.email\).*"email":/),
    );
    await assert.rejects(setSchema(opened, schemaWith({ ...promised, id: 'int' })), vetoed(/column id as long.*from long to int.*"id":/));
    await assert.rejects(
      setSchema(opened, schemaWith({ ...promised, born: 'string' })),
      vetoed(/column born as date.*from date to string/),
    );
    await assert.rejects(setSchema(opened, rawSchema), vetoed(/drops it \(after\.id\)/));
    const after = await opened.catalog.loadTable(ident);
    assert.equal(after?.metadataLocation, before?.metadataLocation);
  });

  check('what the contract allows, or does not speak of, is committed', async (opened) => {
    await createUsers(opened, schemaWith(promised));
    value(await opened.contracts.register(request(usersDocument({ version: '1.0.0' }), { activate: now })));
    await setSchema(opened, schemaWith({ ...promised, balance: 'decimal(14,2)', city: 'string' }));
    await setSchema(opened, schemaWith({ ...promised, balance: 'decimal(14,2)' }));
    const current = { namespace: ['raw'], name: 'places' };
    assert.equal((await opened.catalog.createTable(current, { schema: schemaWith({ id: 'string' }) })).kind, 'committed');
  });

  check('a draft vetoes nothing; a version that lets go of a column lets it be dropped', async (opened) => {
    await createUsers(opened, schemaWith(promised));
    value(await opened.contracts.register(request(usersDocument({ version: '1.0.0' }))));
    const { email: _, ...dropped } = promised;
    await setSchema(opened, schemaWith({ ...promised, id: 'string' }));
    await setSchema(opened, schemaWith(promised));
    value(await opened.contracts.register(request(usersDocument({ version: '1.0.0' }), { activate: now })));
    await assert.rejects(setSchema(opened, schemaWith(dropped)), vetoed(/drops it/));
    value(await opened.contracts.register(request(usersDocument({ version: '2.0.0', hasEmail: false }), { activate: now })));
    await setSchema(opened, schemaWith(dropped));
  });

  check('columns inferred before the contract stay, may go towards its types, and new ones may be inferred once more', async (opened) => {
    const inferred = { id: 'long', email: 'string', balance: 'string', born: 'long' } as const;
    value(await opened.contracts.register(request(usersDocument({ version: '1.0.0' }), { activate: now })));
    await createUsers(opened, schemaWith({ id: 'long', email: 'string' }));
    await setSchema(opened, schemaWith(inferred));
    await setSchema(opened, schemaWith({ ...inferred, city: 'long' }));
    await setSchema(opened, schemaWith(promised));
    await assert.rejects(
      setSchema(opened, schemaWith(inferred)),
      vetoed(/column balance as decimal\(12,2\).*from decimal\(12,2\) to string/),
    );
  });

  check('a table that is created against its contract is refused, and so is a column that appears with a foreign type', async (opened) => {
    value(await opened.contracts.register(request(usersDocument({ version: '1.0.0' }), { activate: now })));
    await assert.rejects(createUsers(opened, schemaWith({ id: 'int' })), vetoed(/column id as long.*adds it as int/));
    await createUsers(opened, schemaWith({ id: 'long' }));
    await assert.rejects(
      setSchema(opened, schemaWith({ id: 'long', born: 'timestamp' })),
      vetoed(/column born as date.*adds it as timestamp/),
    );
  });
}

registerSuite('memory', async (run) => {
  await using opened = await openMemory();
  await run(opened);
});
registerSuite('rest over sqlite', (run) =>
  withFolder(async (folder) => {
    await using opened = await openRest(join(folder, 'catalog.db'));
    await run(opened);
  }),
);

test('the contracts of this project are registered, and every column of theirs is held against commits with a row', async () => {
  await using opened = await openMemory();
  for (const name of ['users', 'rides']) {
    const document = readFileSync(new URL(`../../contracts/definitions/${name}.odcs.yaml`, import.meta.url), 'utf8');
    value(await opened.contracts.register(request(document, { activate: now })));
    const active = await opened.contracts.activeContract({ namespace: ['raw'], name });
    assert.ok(active);
    const columns = lakeColumns(active.table);
    const fields = columns.map((column, index): WantedField => ({ name: column.name, type: column.type, doc: `column ${index}` }));
    const wanted: WantedStruct = { type: 'struct', fields: [{ name: 'after', type: { type: 'struct', fields } }] };
    const { schema } = evolveSchema(rawSchema, wanted, 21);
    const table = { namespace: ['raw'], name };
    await opened.catalog.ensureNamespace(['raw']);
    assert.equal((await opened.catalog.createTable(table, { schema, partitionSpec: rawPartitionSpec })).kind, 'committed');
    for (const dropped of columns) {
      const kept = fields.filter((field) => field.name !== dropped.name);
      const less = evolveSchema(
        rawSchema,
        { type: 'struct', fields: [{ name: 'after', type: { type: 'struct', fields: kept } }] },
        21,
      ).schema;
      const updates = [
        { action: 'add-schema', schema: less },
        { action: 'set-current-schema', 'schema-id': -1 },
      ] as const;
      const drops = new RegExp(`${name} .* has the column ${dropped.name} as .*drops it.*"${dropped.name}":`);
      await assert.rejects(opened.catalog.commitTable(table, { requirements: [], updates }), vetoed(drops));
    }
  }
});

test('rest over sqlite: contracts, their history and their veto are there after the catalog is opened again', () =>
  withFolder(async (folder) => {
    const path = join(folder, 'catalog.db');
    const objectStore = memoryStore('lake');
    const document = usersDocument({ version: '1.0.0' });
    {
      await using opened = await openRest(path, objectStore);
      await createUsers(opened, schemaWith(promised));
      value(await opened.contracts.register(request(document, { activate: now })));
    }
    await using opened = await openRest(path, objectStore);
    assert.equal((await opened.contracts.activeContract(ident))?.document.text, document);
    assert.equal(value(await opened.contracts.history('users')).length, 2);
    await assert.rejects(setSchema(opened, rawSchema), vetoed(/users 1\.0\.0/));
  }));
