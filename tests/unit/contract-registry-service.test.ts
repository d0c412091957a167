// What the registry decides: which state leads to which, which version judges a row, and what is not taken at all.

import assert from 'node:assert/strict';
import test from 'node:test';
import { contractAt } from '../../catalog/contracts.ts';
import { registryLimits } from '../../catalog/registry/registry-limits.ts';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import {
  activate,
  changeTo,
  documentText,
  now,
  refusal,
  request,
  smallRegistry,
  users,
  value,
  withColumn,
  type RegistryFixture,
  type SmallContract,
} from './contract-registry-fixture.ts';

const ident = { namespace: ['raw'], name: 'users' };
const at = (offset: bigint, partition = 0, logTime = 0) => ({ topic: 't', partition, offset, logTime });

test('a registered version is a draft with its digest, and comes back byte for byte and as it was read', async () => {
  const { registry } = smallRegistry({ clock: { now: () => 0, sleep: async () => undefined } });
  const text = `${documentText()}\n \r\n`;
  const registered = value(await registry.register(request(text)));
  assert.equal(registered.outcome, 'registered');
  assert.deepEqual([registered.contract.latest, registered.contract.inForce, registered.contract.revision], ['1.0.0', null, 1]);
  const shown = value(await registry.show('users', 'latest'));
  assert.equal(shown.document, text);
  assert.equal(shown.contract.tables[0]?.columns[2]?.name, 'balance');
  assert.deepEqual([shown.state, shown.registeredAt, shown.tables], ['draft', '1970-01-01T00:00:00.000Z', ['users']]);
  refusal(await registry.show('users', 'active'), 'contract-missing', /no version in force/);
  refusal(await registry.show('users', '1.0.1'), 'contract-missing', /has no version 1\.0\.1/);
  refusal(await registry.show('people', 'latest'), 'contract-missing', /does not exist: people/);
});

test('the same document again changes nothing; another content under the same version is refused', async () => {
  const { registry } = smallRegistry();
  await registry.register(request());
  assert.equal(value(await registry.register(request())).outcome, 'unchanged');
  refusal(await registry.register(request(` ${documentText()}`.trim() + ' ')), 'contract-exists', /another content/);
  assert.equal(value(await registry.register(request({}, { activate: now }))).outcome, 'activated');
  assert.equal(value(await registry.register(request({}, { activate: now }))).outcome, 'unchanged');
  assert.equal(value(await registry.history('users', { token: null, size: 10 })).items.length, 2);
  assert.equal(value(await registry.get('users')).revision, 2);
});

const transitions: readonly [from: string, to: 'active' | 'deprecated' | 'retired', isLegal: boolean][] = [
  ['draft', 'active', true],
  ['draft', 'deprecated', false],
  ['draft', 'retired', true],
  ['active', 'active', true],
  ['active', 'deprecated', true],
  ['active', 'retired', false],
  ['deprecated', 'active', false],
  ['deprecated', 'deprecated', true],
  ['deprecated', 'retired', true],
  ['retired', 'active', false],
  ['retired', 'deprecated', false],
  ['retired', 'retired', true],
];

for (const [from, to, isLegal] of transitions) {
  test(`from ${from} to ${to} is ${isLegal ? 'legal' : 'refused'}`, async () => {
    const { registry } = smallRegistry();
    await registry.register(request());
    const way = { draft: [], active: ['active'], deprecated: ['active', 'deprecated'], retired: ['retired'] }[from] ?? [];
    for (const step of way) value(await registry.changeState('users', '1.0.0', changeTo(step as typeof to)));
    const before = value(await registry.get('users'));
    const answer = await registry.changeState('users', '1.0.0', changeTo(to));
    assert.equal(answer.kind, isLegal ? 'ok' : 'refused');
    const after = value(await registry.get('users'));
    assert.equal(after.versions[0]?.state, isLegal ? to : from);
    // Nothing happened where nothing changed.
    assert.equal(after.revision, isLegal && from !== to ? before.revision + 1 : before.revision);
  });
}

test('an activation deprecates the version before it in the same change, and the history says so', async () => {
  const fixture = smallRegistry();
  await activate(fixture, {});
  await activate(fixture, { version: '1.1.0', tables: withColumn });
  const contract = value(await fixture.registry.get('users'));
  assert.deepEqual(
    contract.versions.map(({ version, state }) => [version, state]),
    [
      ['1.1.0', 'active'],
      ['1.0.0', 'deprecated'],
    ],
  );
  assert.deepEqual([contract.inForce, contract.revision], ['1.1.0', 2]);
  const events = value(await fixture.registry.history('users', { token: null, size: 10 })).items;
  assert.deepEqual(
    events.map(({ revision, version, action, from, to }) => [revision, version, action, from, to]),
    [
      [1, '1.0.0', 'registered', null, 'draft'],
      [1, '1.0.0', 'activated', 'draft', 'active'],
      [2, '1.1.0', 'registered', null, 'draft'],
      [2, '1.1.0', 'activated', 'draft', 'active'],
      [2, '1.0.0', 'deprecated', 'active', 'deprecated'],
    ],
  );
  assert.match(events[2]?.note ?? '', /minor change to 1\.0\.0 \(backward\)/);
  const page = value(await fixture.registry.history('users', { token: null, size: 2 }));
  assert.deepEqual([page.items.length, page.nextToken], [2, '2']);
  assert.deepEqual(value(await fixture.registry.history('users', { token: '4', size: 2 })), { items: [events[4]], nextToken: null });
});

test('each row is judged by the newest version whose effect has reached it, and by exactly one', async () => {
  const fixture = smallRegistry();
  await activate(fixture, {}, now);
  await activate(
    fixture,
    { version: '1.1.0', tables: withColumn },
    { kind: 'offset', topic: 't', offsets: { '0': '100', '1': '9007199254740993' } },
  );
  await activate(
    fixture,
    { version: '1.2.0', tables: { users: { ...withColumn.users, more: { type: ['string', 'null'] } } } },
    { kind: 'time', time: 5000 },
  );
  const inForce = await fixture.client.contractsInForce(ident);
  assert.deepEqual(
    inForce.map(({ contract, state }) => [contract.version, state]),
    [
      ['1.0.0', 'deprecated'],
      ['1.1.0', 'deprecated'],
      ['1.2.0', 'active'],
    ],
  );
  const judge = (place: ReturnType<typeof at>) => contractAt(inForce, place)?.contract.version;
  assert.deepEqual(
    [judge(at(99n)), judge(at(100n)), judge(at(99n, 0, 5000)), judge(at(100n, 0, 4999))],
    ['1.0.0', '1.1.0', '1.2.0', '1.1.0'],
  );
  assert.deepEqual([judge(at(9007199254740992n, 1)), judge(at(9007199254740993n, 1)), judge(at(0n, 2))], ['1.0.0', '1.1.0', '1.1.0']);
  assert.equal((await fixture.client.activeContract(ident))?.table.columns.length, 5);
  assert.deepEqual(await fixture.client.contractsInForce({ namespace: ['raw'], name: 'rides' }), []);
});

test('a version that takes effect at once leaves nothing to those before it; before the first effect nothing judges', async () => {
  const fixture = smallRegistry();
  await activate(fixture, {}, { kind: 'time', time: 1000 });
  assert.equal(contractAt(await fixture.client.contractsInForce(ident), at(0n, 0, 999)), null);
  await activate(fixture, { version: '1.1.0', tables: withColumn }, now);
  assert.deepEqual(
    (await fixture.client.contractsInForce(ident)).map(({ contract }) => contract.version),
    ['1.1.0'],
  );
});

test('a deprecated version still judges; a retired one does not, and those before it do not come back', async () => {
  const fixture = smallRegistry();
  const { registry, client } = fixture;
  await activate(fixture, {}, { kind: 'time', time: 0 });
  await activate(fixture, { version: '1.1.0', tables: withColumn }, { kind: 'time', time: 10 });
  value(await registry.changeState('users', '1.1.0', changeTo('deprecated')));
  assert.deepEqual(
    (await client.contractsInForce(ident)).map(({ contract }) => contract.version),
    ['1.0.0', '1.1.0'],
  );
  value(await registry.changeState('users', '1.1.0', changeTo('retired')));
  assert.deepEqual(await client.contractsInForce(ident), []);
  assert.equal(value(await registry.get('users')).inForce, null);
});

test('one table, one contract: another is refused until the table is let go of', async () => {
  const fixture = smallRegistry();
  const { registry } = fixture;
  await activate(fixture, {});
  value(await registry.register(request({ id: 'people' })));
  const detail = refusal(
    await registry.changeState('people', '1.0.0', changeTo('active')),
    'contract-table',
    /users has the contract users/,
  );
  assert.deepEqual([detail['table'], detail['contract']], ['users', 'users']);
  value(await registry.changeState('users', '1.0.0', changeTo('deprecated')));
  refusal(await registry.changeState('people', '1.0.0', changeTo('active')), 'contract-table', /one table, one contract/);
  value(await registry.changeState('users', '1.0.0', changeTo('retired')));
  value(await registry.changeState('people', '1.0.0', changeTo('active')));
  assert.deepEqual(
    (await fixture.client.contractsInForce(ident)).map(({ contract }) => contract.id),
    ['people'],
  );
});

test('a table that a version no longer has is free once the version takes effect at once', async () => {
  const fixture = smallRegistry();
  await activate(fixture, { compatibility: 'none', tables: { users, places: users } });
  await activate(fixture, { compatibility: 'none', version: '2.0.0' });
  assert.deepEqual(await fixture.client.contractsInForce({ namespace: ['raw'], name: 'places' }), []);
  await activate(fixture, { id: 'places', tables: { places: users } });
});

test('a change that names a revision is refused when the contract has another by then', async () => {
  const { registry } = smallRegistry();
  value(await registry.register(request({}, { expectedRevision: 0 })));
  const detail = refusal(
    await registry.register(request({ version: '1.0.1' }, { expectedRevision: 0 })),
    'conflict',
    /revision 1 by now, not 0/,
  );
  assert.equal(detail['revision'], 1);
  value(await registry.changeState('users', '1.0.0', { ...changeTo('active'), expectedRevision: 1 }));
  refusal(await registry.changeState('users', '1.0.0', { ...changeTo('deprecated'), expectedRevision: 1 }), 'conflict', /revision 2/);
});

test('twenty registrations at once: each version stands once, nothing is lost, and each has its own revision', async () => {
  const store = memoryCatalogStore().contracts;
  const writers = [smallRegistry({ store }), smallRegistry({ store })];
  const versions = Array.from({ length: 20 }, (_, index) => `1.0.${index}`);
  const register = async (version: string, index: number): Promise<void> => {
    const { registry } = writers[index % 2] as RegistryFixture;
    for (;;) {
      const answer = await registry.register(request({ version }));
      if (answer.kind === 'ok') return;
      assert.equal(answer.reason, 'conflict');
    }
  };
  await Promise.all(versions.map(register));
  const contract = value(await (writers[0] as RegistryFixture).registry.get('users'));
  assert.deepEqual(contract.versions.map(({ version }) => version).toSorted(), versions.toSorted());
  assert.equal(contract.revision, 20);
  const events = value(await (writers[1] as RegistryFixture).registry.history('users', { token: null, size: 100 })).items;
  assert.deepEqual(
    events.map(({ revision }) => revision),
    versions.map((_, index) => index + 1),
  );
});

test('a lost change is decided again on what is there now', async () => {
  const store = memoryCatalogStore().contracts;
  let isRaced = false;
  const other = smallRegistry({ store });
  const raced = {
    ...store,
    changeContract: async (change: Parameters<typeof store.changeContract>[0]) => {
      if (!isRaced) {
        isRaced = true;
        await activate(other, { version: '2.0.0' });
      }
      return store.changeContract(change);
    },
  };
  const { registry } = smallRegistry({ store: raced });
  refusal(await registry.register(request({ version: '1.5.0' })), 'contract-version', /2\.0\.0 in force already: 1\.5\.0 is not above/);
});

const unfit: readonly [what: string, document: string, message: RegExp][] = [
  ['no contract', '- a', /no contract: users\.json:1:2: no object/],
  ['an id that is no name', documentText({ id: 'Users/..' }), /id must match/],
  ['a version that is none', documentText({ version: '1.0' }), /must be major\.minor\.patch/],
  ['a version beyond numbers', documentText({ version: '1.0.12345678901234567890' }), /must be major\.minor\.patch/],
  ['no table', documentText({ tables: {} }), /has no table/],
  ['a table that is no name', documentText({ tables: { 'a/b': users } }), /must match/],
  [
    'too many tables',
    documentText({ tables: Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`t${index}`, {}])) }),
    /101 tables; at most 100/,
  ],
  [
    'what cannot be enforced',
    documentText({ tables: { users: { id: { $data: '1' } } } }),
    /cannot be enforced: users\/properties \(\$data\)/,
  ],
  ['a NUL character', `${documentText()}\u0000`, /NUL/],
  ['half a character', `${documentText()}\ud800`, /well-formed/],
  ['too many bytes', 'é'.repeat(registryLimits.documentBytes / 2 + 1), /at most/],
];

for (const [what, document, message] of unfit) {
  test(`${what} is refused at registration, with the reason`, async () => {
    const { registry } = smallRegistry();
    refusal(await registry.register(request(document)), 'contract-invalid', message);
    assert.deepEqual(value(await registry.list({ token: null, size: 10 })).items, []);
  });
}

test('a contract has as many versions as the limit says', async () => {
  const fixture = smallRegistry();
  const found = value(await fixture.registry.register(request())).contract;
  const versions = Array.from({ length: registryLimits.versions }, (_, index) => ({ version: `0.0.${index}` }));
  const stored = await fixture.store.getContract(found.id);
  const first = stored?.versions[0];
  assert.ok(stored && first);
  const filled = {
    ...fixture.store,
    getContract: async () => ({ ...stored, versions: versions.map((given) => ({ ...first, ...given })) }),
  };
  refusal(
    await smallRegistry({ store: filled }).registry.register(request({ version: '1.0.1' })),
    'contract-invalid',
    /1000 versions, as many/,
  );
});

test('contracts are listed page by page, and all of them to a client that asks for all', async () => {
  const { registry, client } = smallRegistry();
  for (const id of ['c', 'a', 'b']) value(await registry.register(request({ id, tables: { [id]: users } } as SmallContract)));
  const page = value(await registry.list({ token: 'a', size: 1 }));
  assert.deepEqual([page.items.map(({ id }) => id), page.nextToken], [['b'], 'b']);
  assert.deepEqual(
    value(await client.list()).map(({ id }) => id),
    ['a', 'b', 'c'],
  );
});
