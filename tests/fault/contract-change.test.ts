// A contract changes in mid-stream, workers die at every point, registries fail: each row is in the table once, judged by
// exactly one version, the one that its offset asks for; and a rule of policy halt stops before the row that breaks it.

import assert from 'node:assert/strict';
import test from 'node:test';
import { contractAt, type ContractInForce, type Effective } from '../../catalog/contracts.ts';
import type { ViolationPolicy } from '../../contracts/contract.ts';
import { mainSnapshot } from '../../lake/iceberg/metadata.ts';
import { randomInt, seededRandom, systemRandom } from '../../runtime/random.ts';
import { crashPoints, type CrashPoint } from '../../sync/crash-point.ts';
import { resumeTable } from '../../sync/resume.ts';
import { randomFaults } from './simulation/faults.ts';
import { ident, topic, World } from './simulation/world.ts';

const schedules = process.env['FOZ_TEST_LONG'] === '1' ? 3_000 : 40;

function inForce(version: string, effective: Effective, policy: ViolationPolicy = 'flag'): ContractInForce {
  const table = { name: 'users', physicalName: null, description: null, body: {}, columns: [], tags: [], quality: [] };
  return {
    contract: {
      id: 'users',
      version,
      state: 'active',
      name: null,
      description: null,
      domain: null,
      owner: null,
      tags: [],
      compatibility: 'none',
      policy,
      tables: [table],
      serviceLevels: [],
      rest: {},
    },
    table,
    document: { name: 'users.yaml', text: version },
    digest: version,
    state: 'active',
    effective,
    activatedAt: 0,
  };
}

const first = inForce('1.0.0', { kind: 'now' });
const fromOffsets = inForce('2.0.0', {
  kind: 'offset',
  topic,
  offsets: new Map([
    [0, 9n],
    [1, 13n],
  ]),
});

test('partitions on both sides of a change of version fill chunks, not one for each batch', async () => {
  const partitions = 16;
  const world = new World(31, partitions);
  const offsets = new Map(Array.from({ length: partitions }, (_, partition) => [partition, partition % 2 === 0 ? 1_000_000n : 0n]));
  world.inForce = [first, inForce('2.0.0', { kind: 'offset', topic, offsets })];
  for (let partition = 0; partition < partitions; partition++) world.produce(partition, 100);
  world.spawn({ chunkRowsMax: 200, commitRowsMax: 100_000, chunkBytesMax: 1_000_000, bufferBytesMax: 4_000_000 });
  await world.drain();
  await assertJudgedOnce(world);
  // 1,600 rows in batches of 4: 8 chunks if they were of one version.
  const chunks = world.passedPoints.get('chunk:sealed') ?? 0;
  assert.ok(chunks <= 16, `${chunks} chunks`);
});

/** Every row by the version that its place asks for. */
async function assertJudgedOnce(world: World): Promise<void> {
  await world.assertExactlyOnce();
  for (const { partition, offset, version } of await world.tableRows()) {
    const asked = contractAt(world.inForce, { topic, partition, offset: BigInt(offset), logTime: 0 });
    assert.equal(version, asked?.contract.version ?? null, `partition ${partition} offset ${offset}`);
  }
}

for (const point of crashPoints.filter((name) =>
  /^(append|chunk|write|upload|commit:(before|after|applied)|evolve|acknowledge)/.test(name),
)) {
  test(`a version in force from an offset judges from exactly there, with a worker killed at ${point}`, async () => {
    let died = 0;
    for (let passage = 1; passage <= 3; passage++) {
      const world = new World(passage * 7_000 + crashPoints.indexOf(point));
      world.inForce = [first, fromOffsets];
      world.produce(0, 14);
      world.produce(1, 9);
      const worker = world.spawn();
      worker.crashAt = { point, passage };
      await world.pass(1_500);
      world.produce(1, 12);
      world.produce(0, 5);
      await world.pass(1_500);
      died += worker.life.isAlive ? 0 : 1;
      world.spawn();
      await world.drain();
      await assertJudgedOnce(world);
      await world.close();
    }
    assert.ok(died > 0, `no schedule passed ${point}`);
  });
}

test('a version that is in force now begins with a chunk: no file and no commit of it is judged by two, and both are named', async () => {
  const world = new World(5);
  world.inForce = [first];
  world.produce(0, 8);
  world.spawn();
  await world.pass(2_000);
  world.inForce = [first, inForce('2.0.0', { kind: 'now' })];
  world.produce(0, 8);
  await world.pass(1_000);
  world.produce(0, 8);
  await world.drain();
  await world.assertExactlyOnce();
  const versions = (await world.tableRows()).toSorted((a, b) => Number(a.offset) - Number(b.offset)).map(({ version }) => version);
  assert.equal(versions[0], '1.0.0');
  assert.equal(versions.at(-1), '2.0.0');
  const change = versions.indexOf('2.0.0');
  assert.ok(
    versions.slice(change).every((version) => version === '2.0.0'),
    'never back',
  );
  const loaded = await world.catalog.loadTable(ident);
  const named = new Set(
    loaded?.metadata.snapshots.flatMap((snapshot) => (snapshot.summary['foz.contract'] ?? '').split(' ')).filter(Boolean),
  );
  assert.deepEqual([...named].sort(), ['users@1.0.0', 'users@2.0.0']);
  assert.ok(
    loaded?.metadata.snapshots.every(({ summary }) => summary['foz.contract'] === undefined || summary['foz.violations'] !== undefined),
  );
  await world.close();
});

test(`${schedules} seeded schedules of kills, faults and two workers: every row once, by one version`, { timeout: 600_000 }, async () => {
  for (let seed = 1; seed <= schedules; seed++) {
    const random = seededRandom(seed * 104_729);
    const world = new World(seed);
    const boundary = (): bigint => BigInt(randomInt(random, 30));
    const offsets = new Map([
      [0, boundary()],
      [1, boundary()],
    ]);
    world.inForce = [first, inForce('2.0.0', { kind: 'offset', topic, offsets })];
    world.faults = randomFaults(random, () => 0.05);
    for (let step = 0; step < 8; step++) {
      world.produce(randomInt(random, 2), 1 + randomInt(random, 9));
      const living = world.workers.filter(({ life }) => life.isAlive);
      if (living.length < 2) world.spawn();
      const victim = living[0];
      const point: CrashPoint | undefined = crashPoints[randomInt(random, crashPoints.length)];
      if (victim && point && randomInt(random, 2) === 0) victim.crashAt = { point, passage: 1 + randomInt(random, 4) };
      await world.pass(randomInt(random, 1_500));
      if (randomInt(random, 4) === 0) world.log.rebalance('foz');
    }
    await world.drain();
    await assertJudgedOnce(world);
    await world.close();
  }
});

async function halted(): Promise<World> {
  const world = new World(21, 1);
  world.inForce = [inForce('1.0.0', { kind: 'now' }, 'halt')];
  world.produce(0, 30);
  world.spawn();
  await world.pass(6_000);
  return world;
}

/** Offsets whose value breaks the rule. */
function breaking(world: World): readonly number[] {
  return [...world.produced]
    .filter(([, value]) => value?.endsWith('7'))
    .map(([place]) => Number(place.split('/')[1]))
    .sort((a, b) => a - b);
}

test('a rule of policy halt stops before its chunk, with offset, rule and commands; accepting goes on and loses nothing', async () => {
  const world = await halted();
  const [offset = -1] = breaking(world);
  assert.ok(offset > 0);
  assert.equal(world.halts.length, 1);
  const [halt] = world.halts;
  assert.equal(halt?.code, 'CONTRACT_VIOLATED');
  assert.match(halt.reason, new RegExp(`partition 0 offset ${offset} breaks rule not-seven of contract users 1.0.0`));
  assert.deepEqual(halt.decide, ['foz resume raw.users --accept-violations', 'foz contract register FILE']);
  const landed = (await world.tableRows()).map((row) => Number(row.offset));
  assert.ok(
    landed.every((one) => one < offset),
    'nothing at or beyond it is committed',
  );
  await resumeTable({ topic, ident }, 'accept-violations', {
    catalog: world.catalog,
    store: world.store,
    log: world.log,
    clock: world.clock,
    random: systemRandom,
  });
  await world.pass(15_000);
  await world.assertExactlyOnce();
  assert.equal(world.halts.length, 1);
  world.produce(0, 20);
  await world.pass(6_000);
  assert.equal(world.halts.length, 2, 'what came later is judged anew');
  const loaded = await world.catalog.loadTable(ident);
  assert.ok(loaded && mainSnapshot(loaded.metadata));
  await world.close();
});

test('a version that accepts the row decides too, also for a worker started anew', async () => {
  const world = await halted();
  await world.workers[0]?.kill();
  world.spawn();
  await world.pass(3_000);
  assert.equal(world.halts.length, 2, 'a restart halts again');
  world.inForce = [...world.inForce, inForce('1.1.0', { kind: 'now' })];
  await world.pass(15_000);
  await world.assertExactlyOnce();
  await world.close();
});

test('a registry that is away when a worker starts is waited for: nothing lands unjudged', async () => {
  const world = new World(31, 1);
  world.inForce = [first];
  world.faults = { next: (_, method) => (method === 'contractsInForce' ? 'reject' : 'none') };
  world.produce(0, 10);
  world.spawn();
  await world.pass(5_000);
  assert.equal((await world.tableRows()).length, 0);
  await world.drain();
  await assertJudgedOnce(world);
  await world.close();
});
