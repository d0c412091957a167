// The rules of the moment: they follow schemas, views and what is said of columns, and nothing else.

import assert from 'node:assert/strict';
import test from 'node:test';
import { entityService, type EntityService } from '../../catalog/entities/entity-service.ts';
import { closedPolicy } from '../../catalog/policy/access-policy.ts';
import { rulesService, type RulesService } from '../../catalog/policy/rules-service.ts';
import { registryParts } from '../../catalog/registry/registry-parts.ts';
import { catalogServices, type CatalogServices } from '../../catalog/service/catalog-services.ts';
import { ownContext } from '../../catalog/service/request-context.ts';
import type { CatalogStore } from '../../catalog/store/catalog-store.ts';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import { readCommit } from '../../lake/iceberg/read-commit.ts';
import { memoryStore } from '../../lake/store/memory-store.ts';
import { silentLogger } from '../../runtime/log.ts';

const users = { namespace: ['raw'], name: 'users' };
const fields = ['id', 'email'].map((name, i) => ({ id: i + 1, name, required: false, type: 'string' }));
const schema = { type: 'struct', 'schema-id': 0, fields } as const;

interface Lab extends AsyncDisposable {
  readonly rules: RulesService;
  readonly store: CatalogStore;
  readonly entities: EntityService;
  readonly tables: CatalogServices['tables'];
  commit(...updates: readonly object[]): Promise<void>;
  /** Columns with a mask, of every rule. */
  masked(): Promise<readonly string[]>;
  location(): Promise<string>;
  readonly warnings: readonly string[];
  readonly loads: () => number;
  beforeLoad: (() => Promise<void>) | null;
}

async function lab(): Promise<Lab> {
  const store = memoryCatalogStore();
  const objectStore = memoryStore('lake');
  let now = Date.parse('2026-11-21T10:00:00Z');
  const clock = { now: () => (now += 3_000), sleep: async () => undefined };
  const services = catalogServices({ store, places: [{ prefix: objectStore.root, store: objectStore }], clock, logger: silentLogger });
  const entities = entityService({ store, documents: registryParts(store.contracts, clock).documents, clock });
  const warnings: string[] = [];
  let loads = 0;
  const rules = rulesService({
    store,
    loadTable: async (ident) => {
      loads++;
      const { beforeLoad } = made;
      made.beforeLoad = null;
      await beforeLoad?.();
      return services.tables.load(ident);
    },
    loadView: services.views.load,
    entities,
    policy: closedPolicy,
    clock,
    logger: { ...silentLogger, warn: (_, message) => void warnings.push(message) },
  });
  const made: Lab = {
    rules,
    store,
    entities,
    tables: services.tables,
    async commit(...updates) {
      const done = await services.tables.commit({ ident: users, commit: readCommit({ requirements: [], updates }) }, ownContext);
      assert.equal(done.kind, 'ok');
    },
    async masked() {
      const { tables } = JSON.parse((await rules.compiled()).text) as { tables: readonly { columns?: readonly { name: string }[] }[] };
      return tables.flatMap(({ columns = [] }) => columns.map(({ name }) => name));
    },
    location: async () => (await store.getRelation('table', users))?.metadataLocation ?? '',
    warnings,
    loads: () => loads,
    beforeLoad: null,
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
  await services.namespaces.create(['raw'], {}, ownContext);
  assert.equal((await services.tables.create(['raw'], { name: 'users', schema }, ownContext)).kind, 'ok');
  return made;
}

const spoken = { columns: { email: { pii: 'email' }, id: { classification: 'public' } } };
const widen = [
  {
    action: 'add-schema',
    schema: { ...schema, 'schema-id': 1, fields: [...fields, { id: 3, name: 'phone', required: false, type: 'string' }] },
    'last-column-id': 3,
  },
  { action: 'set-current-schema', 'schema-id': -1 },
];

test('a commit of rows leaves the rules as they are; a column, a classification and a table change them', async () => {
  await using at = await lab();
  const { rules } = at;
  const closed = await rules.compiled();
  assert.match(closed.notes.join(), /raw\.users: no contract and no entity/);
  assert.deepEqual([await rules.compiled(), at.loads()], [closed, 1], 'what has not moved is not read again');
  await at.entities.declare('users', spoken, null, ownContext);
  const told = await rules.compiled();
  assert.deepEqual(await at.masked(), ['email', '$path', '$partition', 'summary']);
  await at.commit({ action: 'set-properties', updates: { comment: 'x' } });
  assert.equal(await rules.compiled(), told, 'the very same text');
  assert.equal(at.loads(), 2);
  await at.commit(...widen);
  assert.ok((await at.masked()).includes('phone'));
  await at.tables.drop(users, { purge: false }, ownContext);
  assert.deepEqual(await at.masked(), []);
});

test('a table that moves on between the listing and the reading is held as what was read', async () => {
  await using at = await lab();
  await at.entities.declare('users', spoken, null, ownContext);
  const first = await at.location();
  at.beforeLoad = () => at.commit(...widen);
  assert.ok((await at.masked()).includes('phone'));
  assert.equal(at.loads(), 1);
  assert.ok((await at.masked()).includes('phone'));
  assert.equal(at.loads(), 1, 'it is where it was read');
  assert.equal(await at.store.swapRelation('table', users, await at.location(), first), 'swapped');
  assert.ok(!(await at.masked()).includes('phone'), 'it went back to what was listed first');
});

test('two names of one table have the rules of what each of them points to', async () => {
  await using at = await lab();
  await at.entities.declare('users', spoken, null, ownContext);
  await at.entities.declare('twin', { columns: { ...spoken.columns, phone: { classification: 'public' } } }, null, ownContext);
  const relation = await at.store.getRelation('table', users);
  assert.ok(relation);
  assert.equal(await at.store.insertRelation({ ...relation, ident: { namespace: ['raw'], name: 'a_twin' } }), 'inserted');
  await at.commit(...widen);
  assert.ok((await at.masked()).includes('phone'), 'the twin without that column comes first in the listing');
  assert.equal(
    await at.store.renameRelation('table', { namespace: ['raw'], name: 'a_twin' }, { namespace: ['raw'], name: 'z_twin' }),
    'renamed',
  );
  assert.ok((await at.masked()).includes('phone'), 'and last');
});

test('a table whose metadata is lost stays closed, and keeps no other from its rules', async () => {
  await using at = await lab();
  const lost = {
    ident: { namespace: ['raw'], name: 'lost' },
    kind: 'table',
    uuid: 'b',
    metadataLocation: `${await at.location()}.gone`,
  } as const;
  assert.equal(await at.store.insertRelation(lost), 'inserted');
  await at.entities.declare('users', spoken, null, ownContext);
  assert.deepEqual(await at.masked(), ['email', '$path', '$partition', 'summary']);
  assert.match((await at.rules.compiled()).notes.join('\n'), /raw\.lost: .* it stays closed/);
});

test('what stays closed, and why, is logged once', async () => {
  await using at = await lab();
  await at.rules.compiled();
  await at.rules.compiled();
  assert.deepEqual(at.warnings, [
    "Trino's rules: raw.users: no contract and no entity says what its columns hold; it stays closed (policy.unclassified)",
  ]);
  assert.equal((await at.tables.create(['raw'], { name: 'other', schema }, ownContext)).kind, 'ok');
  await at.rules.compiled();
  assert.equal(at.warnings.length, 2, 'of the new table alone');
  await at.entities.declare('users', { columns: { id: { classification: 'public' } } }, null, ownContext);
  await at.rules.compiled();
  assert.deepEqual(at.warnings.slice(2), [
    "Trino's rules: raw.users: nobody says what is or was in email; that is masked, and what may repeat it",
  ]);
});
