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

/** Two processes on one store; `between` is what the other one does just before the first changes of this one, so many of them. */
async function raced(name: 'dropRelation' | 'updateNamespace' | 'deleteNamespace') {
  const store = memoryCatalogStore();
  const objectStore = memoryStore('lake');
  const places = [{ prefix: objectStore.root, store: objectStore }];
  const served = (pointers: CatalogStore) =>
    catalogServices({ store: pointers, places, clock: systemClock, logger: silentLogger, dropGraceMs: 60_000 });
  const rival = served(store);
  let between: (() => Promise<unknown>) | null = null;
  let racesMax = 1;
  let tries = 0;
  const first = async <T>(change: () => Promise<T>): Promise<T> => {
    if (++tries <= racesMax) await between?.();
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
  const meanwhile = (work: () => Promise<unknown>, times = 1) => {
    between = work;
    racesMax = times;
  };
  return { ...served(overtaken), rival, store, told, meanwhile, tries: () => tries };
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

const property = (name: string, value: string) => ({ action: 'set-properties', updates: { [name]: value } }) as const;

test('a table that another process keeps changing is dropped after a few looks, and the log tells which row went', async () => {
  for (const purge of [false, true]) {
    const { tables, rival, store, told, meanwhile, tries } = await raced('dropRelation');
    await rival.tables.create(['raw'], { name: 'users', schema }, ownContext);
    const uuid = (await store.getRelation('table', users))?.uuid;
    let last = '';
    meanwhile(async () => {
      const answer = await rival.tables.commit(
        { ident: users, commit: { requirements: [], updates: [property('n', String(tries()))] } },
        ownContext,
      );
      if (answer.kind === 'ok') last = answer.value.location;
    }, 40);
    assert.equal((await tables.drop(users, { purge }, keyed)).kind, 'ok');
    assert.equal(tries(), 5);
    assert.equal(await store.getRelation('table', users), null);
    assert.deepEqual(await told('table.drop'), [{ before: { uuid, metadataLocation: last }, after: null }]);
    const kept = await store.listDropped('all', { after: null, limit: 10 });
    assert.deepEqual(
      kept.map(({ metadataLocation }) => metadataLocation),
      purge ? [last] : [],
    );
  }
});

test('a view that another process keeps replacing is dropped after a few looks', async () => {
  const { views, rival, store, told, meanwhile, tries } = await raced('dropRelation');
  const representations = [{ type: 'sql', sql: 'SELECT 1', dialect: 'trino' }] as const;
  const version = { 'version-id': 1, 'timestamp-ms': 1, 'schema-id': 0, summary: {}, 'default-namespace': ['raw'], representations };
  await rival.views.create(['raw'], { name: 'users', schema, version, location: null, properties: {} }, ownContext);
  let last = '';
  meanwhile(async () => {
    const answer = await rival.views.commit(users, { requirements: [], updates: [property('n', String(tries()))] }, ownContext);
    if (answer.kind === 'ok') last = answer.value.location;
  }, 40);
  assert.equal((await views.drop(users, keyed)).kind, 'ok');
  assert.equal(tries(), 5);
  assert.equal(await store.getRelation('view', users), null);
  const [entry] = await told('view.drop');
  assert.partialDeepStrictEqual(entry, { before: { metadataLocation: last }, after: null });
});

test('what has to be read before it goes is refused while another process keeps changing it, and stays', async () => {
  const { tables, rival, store, told, meanwhile, tries } = await raced('dropRelation');
  await rival.tables.create(['raw'], { name: 'users', schema }, ownContext);
  meanwhile(
    () => rival.tables.commit({ ident: users, commit: { requirements: [], updates: [property('n', String(tries()))] } }, ownContext),
    40,
  );
  const answer = await tables.unregister(users, keyed);
  assert.ok(answer.kind === 'refused' && answer.reason === 'conflict');
  assert.equal(answer.message, 'raw.users kept changing; tried 4 times: stop its writers first');
  assert.equal(tries(), 4);
  assert.ok(await store.getRelation('table', users));
  assert.deepEqual(await told('table.drop'), []);
});

test('a namespace that another process keeps changing is left as it is, with a conflict', async () => {
  for (const name of ['updateNamespace', 'deleteNamespace'] as const) {
    const { namespaces, rival, store, meanwhile, tries } = await raced(name);
    meanwhile(() => rival.namespaces.update(['raw'], { updates: { n: String(tries()) }, removals: [] }, ownContext), 40);
    const answer =
      name === 'updateNamespace'
        ? await namespaces.update(['raw'], { updates: { ours: '1' }, removals: ['go'] }, keyed)
        : await namespaces.drop(['raw'], keyed);
    assert.ok(answer.kind === 'refused' && answer.reason === 'conflict');
    assert.equal(answer.message, 'raw kept changing; tried 4 times');
    assert.equal(tries(), 4);
    assert.partialDeepStrictEqual((await store.getNamespace(['raw']))?.properties, { keep: '1', go: '1', n: '4' });
    assert.equal(await store.replies.findReply('k'), null);
  }
});

test('changes of one namespace that come at once through one process all happen', async () => {
  const { namespaces, store } = await raced('updateNamespace');
  const names = Array.from({ length: 30 }, (_, n) => `p${n}`);
  const answers = await Promise.all(
    names.map((name) => namespaces.update(['raw'], { updates: { [name]: '1' }, removals: [] }, ownContext)),
  );
  assert.deepEqual([...new Set(answers.map(({ kind }) => kind))], ['ok']);
  const { properties = {} } = (await store.getNamespace(['raw'])) ?? {};
  assert.deepEqual(
    names.filter((name) => !Object.hasOwn(properties, name)),
    [],
  );
});
