// Which version may follow which: what the compatibility of the promised one forbids, and what a version must say.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { RefusalReason } from '../../catalog/service/answer.ts';
import type { CompatibilityMode } from '../../contracts/contract.ts';
import {
  activate,
  changeTo,
  described,
  narrower,
  refusal,
  request,
  smallRegistry,
  users,
  value,
  withColumn,
  without,
  type SmallContract,
} from './contract-registry-fixture.ts';

const unknownBackward = () => ({ backward: 'unknown', forward: true, differences: [], witnesses: [] }) as const;
const email = (maxLength: number) => ({ users: { ...users, email: { type: 'string', maxLength, 'x-physicalType': 'text' } } });

const followers: readonly [
  what: string,
  mode: CompatibilityMode,
  change: SmallContract,
  version: string,
  outcome: RefusalReason | 'taken',
][] = [
  ['a description', 'full', { tables: described }, '1.0.1', 'taken'],
  ['a column more', 'backward', { tables: withColumn }, '1.0.1', 'contract-version'],
  ['a column more', 'backward', { tables: withColumn }, '1.1.0', 'taken'],
  ['a column less', 'backward', { tables: without('email') }, '1.1.0', 'contract-version'],
  ['a column less', 'backward', { tables: without('email') }, '2.0.0', 'taken'],
  ['a column less', 'forward', { tables: without('email') }, '2.0.0', 'contract-incompatible'],
  ['a narrower column', 'backward', { tables: narrower }, '2.0.0', 'contract-incompatible'],
  ['a narrower column', 'forward', { tables: narrower }, '1.1.0', 'contract-version'],
  ['a narrower column', 'forward', { tables: narrower }, '2.0.0', 'taken'],
  ['a narrower column', 'full', { tables: narrower }, '2.0.0', 'contract-incompatible'],
  ['a narrower column', 'none', { tables: narrower }, '1.1.0', 'contract-version'],
  ['a narrower column', 'none', { tables: narrower }, '2.0.0', 'taken'],
  ['a column that becomes required', 'backward', { required: ['id', 'email'] }, '2.0.0', 'contract-incompatible'],
  [
    'another key',
    'backward',
    { tables: { users: { ...users, email: { ...users['email'], 'x-primaryKey': 2 } } } },
    '2.0.0',
    'contract-incompatible',
  ],
  [
    'a narrower decimal',
    'backward',
    { tables: { users: { ...users, balance: { ...users['balance'], 'x-physicalType': 'numeric(10,2)' } } } },
    '2.0.0',
    'contract-incompatible',
  ],
  [
    'a wider decimal',
    'backward',
    { tables: { users: { ...users, balance: { ...users['balance'], 'x-physicalType': 'numeric(14,2)' } } } },
    '1.0.1',
    'contract-version',
  ],
  [
    'a wider decimal',
    'backward',
    { tables: { users: { ...users, balance: { ...users['balance'], 'x-physicalType': 'numeric(14,2)' } } } },
    '1.1.0',
    'taken',
  ],
  ['a table more', 'backward', { tables: { users, places: users } }, '1.1.0', 'taken'],
  ['nothing', 'backward', {}, '1.0.0', 'contract-exists'],
  ['a description', 'backward', { tables: described }, '0.9.0', 'contract-version'],
];

for (const [what, mode, change, version, outcome] of followers) {
  test(`${what} in version ${version} under ${mode} after 1.0.0: ${outcome}`, async () => {
    const fixture = smallRegistry();
    await activate(fixture, { compatibility: mode });
    const answer = await fixture.registry.register(request({ compatibility: 'none', ...change, version }));
    assert.equal(answer.kind === 'ok' ? 'taken' : answer.reason, outcome, answer.kind === 'refused' ? answer.message : '');
    const versions = value(await fixture.registry.get('users')).versions.map((found) => found.version);
    assert.deepEqual(versions, outcome === 'taken' ? [version, '1.0.0'] : ['1.0.0']);
  });
}

test('a breaking change is refused with the differences and a row that the old accepts and the new rejects', async () => {
  const fixture = smallRegistry();
  await activate(fixture, {});
  const detail = refusal(
    await fixture.registry.register(request({ tables: narrower, version: '2.0.0' })),
    'contract-incompatible',
    /users 2\.0\.0 is not backward compatible with 1\.0\.0, whose compatibility is backward: users .*email/,
  );
  const [witness] = detail['witnesses'] as { row: { email: string }; acceptedBy: string; rejectedBy: string; reason: string }[];
  assert.ok((witness?.row.email.length ?? 0) > 5);
  assert.deepEqual([witness?.acceptedBy, witness?.rejectedBy], ['1.0.0', '2.0.0']);
  assert.match(witness?.reason ?? '', /email/);
  assert.ok((detail['differences'] as { path: string }[]).some(({ path }) => path.includes('email')));
});

test('what cannot be shown is unknown and refused, unless that is accepted, and then it is written down', async () => {
  const fixture = smallRegistry({ compare: unknownBackward });
  await activate(fixture, {});
  const next = { version: '2.0.0', tables: narrower };
  const detail = refusal(
    await fixture.registry.register(request(next)),
    'contract-incompatible',
    /could not be shown to be backward compatible/,
  );
  assert.equal(detail['verdict'], 'unknown');
  value(await fixture.registry.register(request(next, { isUnknownAccepted: true, note: 'looked at it' })));
  const events = value(await fixture.registry.history('users', { token: null, size: 10 })).items;
  assert.match(events.at(-1)?.note ?? '', /^looked at it \(.*backward unknown/);
});

test('transitive modes compare with every version that was promised, the others with the newest only', async () => {
  for (const [mode, expected] of [
    ['backward', 'ok'],
    ['backward-transitive', 'refused'],
  ] as const) {
    const fixture = smallRegistry();
    // 1.0 has email of up to 5 characters … none at all in 2.0 … up to 3 in 3.0: that rejects rows of 1.0 only.
    await activate(fixture, { compatibility: 'none', tables: email(5) });
    await activate(fixture, { compatibility: mode, version: '2.0.0', tables: without('email') });
    const third = await fixture.registry.register(request({ compatibility: mode, version: '3.0.0', tables: email(3) }));
    assert.equal(third.kind, expected, third.kind === 'refused' ? third.message : mode);
    if (third.kind === 'refused') assert.equal(third.detail?.['against'], '1.0.0');
  }
});

test('drafts bind nobody: only what was activated is compared with, and activation compares again', async () => {
  const fixture = smallRegistry();
  const { registry } = fixture;
  value(await registry.register(request({ version: '1.0.0' })));
  value(await registry.register(request({ version: '1.0.1', tables: narrower })));
  value(await registry.changeState('users', '1.0.0', changeTo('active')));
  const detail = refusal(
    await registry.changeState('users', '1.0.1', changeTo('active')),
    'contract-incompatible',
    /1\.0\.1 is not backward/,
  );
  assert.equal((detail['witnesses'] as unknown[]).length, 1);
  value(await registry.changeState('users', '1.0.1', changeTo('retired')));
  refusal(await registry.changeState('users', '1.0.1', changeTo('active')), 'contract-state', /is retired: it can become nothing/);
});

test('a stored type that narrows is refused with a row that the new one cannot hold', async () => {
  const fixture = smallRegistry();
  await activate(fixture, {});
  const tables = { users: { ...users, balance: { ...users['balance'], 'x-physicalType': 'numeric(10,2)' } } };
  const detail = refusal(
    await fixture.registry.register(request({ version: '2.0.0', tables })),
    'contract-incompatible',
    /balance: stored as/,
  );
  const [witness] = detail['witnesses'] as { row: { balance: number }; reason: string }[];
  assert.ok(Math.abs(witness?.row.balance ?? 0) >= 1e8, JSON.stringify(witness));
  assert.match(witness?.reason ?? '', /decimal\(12,2\) before, as decimal\(10,2\) now/);
});
