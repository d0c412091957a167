// What is told of a change, in the answer, in its replay and in the audit log, is what the change found, also where another
// process of the catalog was there between the look and the change.

import assert from 'node:assert/strict';
import test from 'node:test';
import { catalogServices } from '../../catalog/service/catalog-services.ts';
import { ownContext, type RequestContext } from '../../catalog/service/request-context.ts';
import type { CatalogStore } from '../../catalog/store/catalog-store.ts';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import { memoryStore } from '../../lake/store/memory-store.ts';
import { systemClock } from '../../runtime/clock.ts';
import { silentLogger } from '../../runtime/log.ts';

const users = { namespace: ['raw'], name: 'users' };
const schema = { type: 'struct', 'schema-id': 0, fields: [{ id: 1, name: 'a', required: false, type: 'long' }] } as const;
const keyed: RequestContext = { actor: 'ada', idempotency: { key: 'k', digest: 'd', expiresAt: 9e12 } };

/** Two processes on one store; `between` is what the other one does just before the first change of this one. */
async function raced(name: 'dropRelation' | 'updateNamespace' | 'deleteNamespace') {
  const store = memoryCatalogStore();
  const objectStore = memoryStore('lake');
  const places = [{ prefix: objectStore.root, store: objectStore }];
  const served = (pointers: CatalogStore) => catalogServices({ store: pointers, places, clock: systemClock, logger: silentLogger });
  const rival = served(store);
  let between: (() => Promise<unknown>) | null = null;
  let tries = 0;
  const first = async <T>(change: () => Promise<T>): Promise<T> => {
    if (++tries === 1) await between?.();
    return change();
  };
  const overtaken: CatalogStore = {
    ...store,
    ...(name === 'dropRelation' ? { dropRelation: (...given) => first(() => store.dropRelation(...given)) } : {}),
    ...(name === 'updateNamespace' ? { updateNamespace: (...given) => first(() => store.updateNamespace(...given)) } : {}),
    ...(name === 'deleteNamespace' ? { deleteNamespace: (...given) => first(() => store.deleteNamespace(...given)) } : {}),
  };
  await rival.namespaces.create(['raw'], { keep: '1', go: '1' }, ownContext);
  const told = async (action: string) => {
    const filter = { subject: null, actor: 'ada', action, from: null, until: null };
    const entries = await store.audit.listAudit(filter, { before: null, limit: 10 });
    return entries.map(({ before, after }) => ({ before, after }));
  };
  return { ...served(overtaken), rival, store, told, meanwhile: (work: () => Promise<unknown>) => (between = work), tries: () => tries };
}

test('the audit log tells a table as it was when it was dropped', async () => {
  const { tables, rival, told, meanwhile, tries } = await raced('dropRelation');
  await rival.tables.create(['raw'], { name: 'users', schema }, ownContext);
  meanwhile(() =>
    rival.tables.commit(
      { ident: users, commit: { requirements: [], updates: [{ action: 'upgrade-format-version', 'format-version': 3 }] } },
      ownContext,
    ),
  );
  assert.equal((await tables.drop(users, { purge: false }, keyed)).kind, 'ok');
  assert.equal(tries(), 2);
  const [entry, ...others] = await told('table.drop');
  assert.partialDeepStrictEqual(entry, { before: { 'format-version': 3 }, after: null });
  assert.deepEqual(others, []);
});

test('a table that another process drops first is missing, and nothing is told', async () => {
  const { tables, rival, told, meanwhile } = await raced('dropRelation');
  await rival.tables.create(['raw'], { name: 'users', schema }, ownContext);
  meanwhile(() => rival.tables.drop(users, { purge: false }, ownContext));
  const answer = await tables.drop(users, { purge: true }, keyed);
  assert.ok(answer.kind === 'refused' && answer.reason === 'table-missing');
  assert.deepEqual(await told('table.drop'), []);
});

test('the answer to a change of properties, its replay and the audit log tell what was changed', async () => {
  const { namespaces, rival, store, told, meanwhile, tries } = await raced('updateNamespace');
  const location = 'memory://lake/raw';
  meanwhile(() => rival.namespaces.update(['raw'], { updates: { theirs: '2' }, removals: ['go'] }, ownContext));
  const answer = await namespaces.update(['raw'], { updates: { ours: '3' }, removals: ['go', 'keep'] }, keyed);
  const value = { updated: ['ours'], removed: ['keep'], missing: ['go'] };
  assert.deepEqual(answer, { kind: 'ok', value });
  assert.equal(tries(), 2);
  const reply = (await store.replies.findReply('k'))?.reply;
  assert.ok(reply?.kind === 'body');
  assert.deepEqual(JSON.parse(reply.body), value);
  assert.deepEqual(await told('namespace.update'), [
    { before: { keep: '1', theirs: '2', location }, after: { theirs: '2', ours: '3', location } },
  ]);
  assert.deepEqual((await store.getNamespace(['raw']))?.properties, { theirs: '2', ours: '3', location });
});

test('the audit log tells a namespace as it was when it was dropped', async () => {
  const { namespaces, rival, told, meanwhile } = await raced('deleteNamespace');
  meanwhile(() => rival.namespaces.update(['raw'], { updates: { theirs: '2' }, removals: ['go', 'keep'] }, ownContext));
  assert.equal((await namespaces.drop(['raw'], keyed)).kind, 'ok');
  assert.deepEqual(await told('namespace.drop'), [{ before: { theirs: '2', location: 'memory://lake/raw' }, after: null }]);
});
