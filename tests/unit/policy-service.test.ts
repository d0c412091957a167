// The rules of the moment: they follow schemas, views and what is said of columns, and nothing else.

import assert from 'node:assert/strict';
import test from 'node:test';
import { entityService } from '../../catalog/entities/entity-service.ts';
import { closedPolicy } from '../../catalog/policy/access-policy.ts';
import { rulesService } from '../../catalog/policy/rules-service.ts';
import { registryParts } from '../../catalog/registry/registry-parts.ts';
import { catalogServices } from '../../catalog/service/catalog-services.ts';
import { ownContext } from '../../catalog/service/request-context.ts';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import { readCommit } from '../../lake/iceberg/read-commit.ts';
import { memoryStore } from '../../lake/store/memory-store.ts';
import { silentLogger } from '../../runtime/log.ts';

const users = { namespace: ['raw'], name: 'users' };
const fields = ['id', 'email'].map((name, i) => ({ id: i + 1, name, required: false, type: 'string' }));
const schema = { type: 'struct', 'schema-id': 0, fields } as const;

test('a commit of rows leaves the rules as they are; a column, a classification and a table change them', async () => {
  await using store = memoryCatalogStore();
  const objectStore = memoryStore('lake');
  let now = Date.parse('2026-11-21T10:00:00Z');
  const clock = { now: () => (now += 3_000), sleep: async () => undefined };
  const services = catalogServices({ store, places: [{ prefix: objectStore.root, store: objectStore }], clock, logger: silentLogger });
  const entities = entityService({ store, documents: registryParts(store.contracts, clock).documents, clock });
  let loads = 0;
  const rules = rulesService({
    store,
    loadTable: (ident) => {
      loads++;
      return services.tables.load(ident);
    },
    loadView: services.views.load,
    entities,
    policy: closedPolicy,
    clock,
  });
  const commit = async (...updates: readonly object[]): Promise<void> => {
    const done = await services.tables.commit({ ident: users, commit: readCommit({ requirements: [], updates }) }, ownContext);
    assert.equal(done.kind, 'ok');
  };
  const masked = async () => JSON.parse((await rules.compiled()).text).tables.flatMap((rule: { columns?: unknown }) => rule.columns ?? []);
  await services.namespaces.create(['raw'], {}, ownContext);
  assert.equal((await services.tables.create(['raw'], { name: 'users', schema }, ownContext)).kind, 'ok');

  const closed = await rules.compiled();
  assert.match(closed.notes.join(), /raw\.users: no contract and no entity/);
  assert.deepEqual([await rules.compiled(), loads], [closed, 1], 'what has not moved is not read again');
  const columns = { email: { pii: 'email' }, id: { classification: 'public' } };
  await entities.declare('users', { columns }, null, ownContext);
  const spoken = await rules.compiled();
  assert.deepEqual(
    (await masked()).map(({ name }: { name: string }) => name),
    ['email', '$path', '$partition', 'summary'],
  );
  await commit({ action: 'set-properties', updates: { comment: 'x' } });
  assert.equal(await rules.compiled(), spoken, 'the very same text');
  assert.equal(loads, 2);
  const wider = { ...schema, 'schema-id': 1, fields: [...fields, { id: 3, name: 'phone', required: false, type: 'string' }] };
  await commit({ action: 'add-schema', schema: wider, 'last-column-id': 3 }, { action: 'set-current-schema', 'schema-id': -1 });
  assert.ok((await masked()).some(({ name }: { name: string }) => name === 'phone'));
  await services.tables.drop(users, { purge: false }, ownContext);
  assert.equal((await masked()).length, 0);
});
