// What every store of the registry promises.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { CatalogStore } from '../../catalog/store/catalog-store.ts';
import type { ContractChange, ContractEvent, StoredVersion } from '../../catalog/store/contract-store.ts';
import { withStore, type StoreWorld } from './store-world.ts';

const versionOf = (version: string, given: Partial<StoredVersion> = {}): StoredVersion => ({
  version,
  state: 'draft',
  digest: 'd'.repeat(64),
  documentName: 'users.yaml',
  documentBytes: 3,
  format: 'odcs',
  tables: ['users'],
  registeredAt: 1,
  activation: null,
  activatedAt: null,
  effective: null,
  ...given,
});

const eventOf = (version: string, revision: number, given: Partial<ContractEvent> = {}): ContractEvent => ({
  revision,
  at: 1,
  version,
  action: 'registered',
  from: null,
  to: 'draft',
  effective: null,
  note: null,
  ...given,
});

const register = (id: string, version: string, expectedRevision: number | null, tables: readonly string[] = []): ContractChange => ({
  id,
  expectedRevision,
  versions: [versionOf(version)],
  documents: [{ version, text: `document of ${id} ${version}` }],
  events: [eventOf(version, (expectedRevision ?? 0) + 1)],
  tables,
});

export function contractStoreSuite(world: StoreWorld): void {
  const check = (sentence: string, run: (store: CatalogStore['contracts']) => Promise<void>) =>
    test(`${world.name}: ${sentence}`, () => withStore(world, ({ contracts }) => run(contracts)));

  check('a contract, its document, its events and its tables come back as they went in', async (store) => {
    assert.equal(await store.getContract('users'), null);
    assert.equal(await store.getDocument('users', '1.0.0'), null);
    assert.deepEqual(await store.listEvents('users', { after: 0, limit: 10 }), []);
    assert.equal(await store.contractOfTable('users'), null);
    const text = '\ufeff# ключ: "значение"\r\n\té\u0301 \u{1f30a}\n';
    const effective = { kind: 'offset', topic: 't', offsets: { '0': '9007199254740993' } } as const;
    const version = versionOf('1.0.0', { state: 'active', activation: 1, activatedAt: 5, effective, tables: ['users', 'ключ'] });
    const event = eventOf('1.0.0', 1, { action: 'activated', from: 'draft', to: 'active', effective, note: 'why "not"' });
    const change = { id: 'users', expectedRevision: null, versions: [version], documents: [{ version: '1.0.0', text }], events: [event] };
    assert.deepEqual(await store.changeContract({ ...change, tables: ['users', 'ключ'] }), { kind: 'changed' });
    assert.deepEqual(await store.getContract('users'), { id: 'users', revision: 1, versions: [version] });
    assert.equal(await store.getDocument('users', '1.0.0'), text);
    assert.deepEqual(await store.listEvents('users', { after: 0, limit: 10 }), [event]);
    assert.equal(await store.contractOfTable('ключ'), 'users');
  });

  check('a change applies only to the revision it was decided on, whole or not at all', async (store) => {
    assert.deepEqual(await store.changeContract(register('users', '1.0.0', 0)), { kind: 'lost' });
    assert.deepEqual(await store.changeContract(register('users', '1.0.0', null)), { kind: 'changed' });
    assert.deepEqual(await store.changeContract(register('users', '1.1.0', null)), { kind: 'lost' });
    assert.deepEqual(await store.changeContract(register('users', '1.1.0', 2)), { kind: 'lost' });
    assert.equal(await store.getDocument('users', '1.1.0'), null);
    assert.deepEqual(await store.changeContract(register('users', '1.1.0', 1)), { kind: 'changed' });
    const found = await store.getContract('users');
    assert.equal(found?.revision, 2);
    assert.deepEqual(found.versions, [versionOf('1.0.0'), versionOf('1.1.0')]);
  });

  check('a version that is put again is replaced in its place; the others and all documents stay', async (store) => {
    await store.changeContract(register('users', '1.9.0', null));
    await store.changeContract(register('users', '1.10.0', 1));
    const changed = versionOf('1.9.0', { state: 'retired' });
    const change = { id: 'users', expectedRevision: 2, versions: [changed], documents: [], events: [eventOf('1.9.0', 3)], tables: [] };
    assert.deepEqual(await store.changeContract(change), { kind: 'changed' });
    assert.deepEqual((await store.getContract('users'))?.versions, [changed, versionOf('1.10.0')]);
    assert.equal(await store.getDocument('users', '1.9.0'), 'document of users 1.9.0');
  });

  check('a table belongs to one contract, until that lets go of it', async (store) => {
    await store.changeContract(register('users', '1.0.0', null, ['users', 'addresses']));
    const taken = await store.changeContract(register('people', '1.0.0', null, ['people', 'addresses']));
    assert.deepEqual(taken, { kind: 'table-taken', table: 'addresses', contract: 'users' });
    assert.deepEqual([await store.getContract('people'), await store.contractOfTable('people')], [null, null]);
    await store.changeContract(register('users', '2.0.0', 1, ['users']));
    assert.deepEqual(await store.changeContract(register('people', '1.0.0', null, ['people', 'addresses'])), { kind: 'changed' });
    const holders = await Promise.all(['users', 'people', 'addresses'].map((table) => store.contractOfTable(table)));
    assert.deepEqual(holders, ['users', 'people', 'people']);
  });

  check('contracts are listed by id, events by number, page by page', async (store) => {
    for (const id of ['rides', 'accounts', 'users']) await store.changeContract(register(id, '1.0.0', null));
    const ids = async (after: string | null, limit: number) => (await store.listContracts({ after, limit })).map(({ id }) => id);
    assert.deepEqual(await ids(null, 2), ['accounts', 'rides']);
    assert.deepEqual(await ids('rides', 2), ['users']);
    assert.deepEqual((await store.listContracts({ after: 'rides', limit: 1 }))[0]?.versions, [versionOf('1.0.0')]);
    await store.changeContract(register('users', '1.1.0', 1));
    await store.changeContract({ ...register('users', '1.2.0', 2), events: [eventOf('1.2.0', 3), eventOf('1.2.0', 3)] });
    const revisions = async (after: number, limit: number) =>
      (await store.listEvents('users', { after, limit })).map(({ revision, version }) => `${revision} ${version}`);
    assert.deepEqual(await revisions(0, 2), ['1 1.0.0', '2 1.1.0']);
    assert.deepEqual(await revisions(2, 9), ['3 1.2.0', '3 1.2.0']);
  });

  check('in every sixteen-way race on a revision exactly one change wins, and everything is the winner’s', async (store) => {
    await store.changeContract(register('users', '1.0.0', null));
    for (let round = 1; round <= 5; round++) {
      const versions = Array.from({ length: 16 }, (_, index) => `1.${round}.${index}`);
      const outcomes = await Promise.all(versions.map((version) => store.changeContract(register('users', version, round))));
      const winners = versions.filter((_, index) => outcomes[index]?.kind === 'changed');
      assert.equal(winners.length, 1);
      const found = await store.getContract('users');
      assert.deepEqual([found?.revision, found?.versions.length, found?.versions.at(-1)?.version], [round + 1, round + 1, winners[0]]);
      assert.equal((await store.listEvents('users', { after: 0, limit: 100 })).at(-1)?.version, winners[0]);
    }
  });
}

/** What only stores promise that several processes can open. */
export function sharedContractStoreSuite(world: StoreWorld): void {
  test(`${world.name}: contracts are there after the store is opened again, and two handles on it exclude each other`, () =>
    world.withDatabase(async (open) => {
      const before = await open();
      await before.contracts.changeContract(register('users', '1.0.0', null, ['users']));
      await before[Symbol.asyncDispose]();
      const [one, two] = [await open(), await open()];
      assert.equal(await two.contracts.getDocument('users', '1.0.0'), 'document of users 1.0.0');
      const outcomes = await Promise.all(
        [one, two].map(({ contracts }, index) => contracts.changeContract(register('users', `1.1.${index}`, 1))),
      );
      assert.deepEqual(outcomes.map(({ kind }) => kind).sort(), ['changed', 'lost']);
    }));

  test(`${world.name}: of two contracts that take one table at once, one has it`, () =>
    world.withDatabase(async (open) => {
      const [one, two] = [await open(), await open()];
      for (let round = 0; round < 10; round++) {
        const ids = [`a${round}`, `b${round}`] as const;
        const outcomes = await Promise.all(
          ids.map((id, index) => (index === 0 ? one : two).contracts.changeContract(register(id, '1.0.0', null, [`table${round}`]))),
        );
        assert.deepEqual(outcomes.map(({ kind }) => kind).sort(), ['changed', 'table-taken']);
        const winner = ids[outcomes.findIndex(({ kind }) => kind === 'changed')];
        assert.equal(await one.contracts.contractOfTable(`table${round}`), winner);
      }
    }));
}
