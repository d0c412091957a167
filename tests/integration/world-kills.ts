// Two workers and a catalog killed at random moments and at the worst ones, under load; then one worker put to sleep
// with an uncommitted batch in its hands until the group has given its partitions away. Nothing may be lost or doubled.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { tableProgress, uncommittedFiles } from '../../cli/demo/progress-of-tables.ts';
import type { FozProcess } from '../../cli/demo/worker-process.ts';
import { randomInt, seededRandom } from '../../runtime/random.ts';
import type { CrashPoint } from '../../sync/crash-point.ts';
import type { TableTarget } from '../../sync/table.ts';
import { until } from './stack-processes.ts';
import { makeTopic, startLoad } from './world-log.ts';
import { prove, untilCaughtUp } from './world-table.ts';
import { askJson, isLong, targetOf, type Site, type World } from './world.ts';

const partitions = 4;
const killsMin = isLong ? 100 : 10;

/** Where a kill hurts most: files without a snapshot, a commit without an answer, a snapshot without an acknowledgement. */
const worstPoints: readonly CrashPoint[] = ['upload:after', 'commit:before-request', 'commit:after-request', 'acknowledge:before'];

const fenced = 'fenced: another worker committed these offsets';

interface Member {
  readonly site: Site;
  process: FozProcess;
}

export async function killsSection(t: TestContext, world: World): Promise<void> {
  await t.test('I1 I2 I3 I8: workers and catalog killed at random, one asleep past its session: every record is one row', async (inner) => {
    const target = targetOf('kills', 'kills');
    await makeTopic(world, target.topic, partitions);
    const options = { groupId: 'kills', tables: [target] };
    const sites = [await world.site('kills-a', options), await world.site('kills-b', options)];
    await using load = startLoad(world, target.topic, partitions, 40, 100);
    const members = sites.map((site) => ({ site, process: site.start() }));
    await untilGrown(world, target, 0);
    await kills(inner, world, target, members);
    await asleep(inner, world, target, members);
    const sent = await load.stop();
    await untilCaughtUp(world, target);
    for (const { process } of members) assert.equal(await process.stop(), 0);
    const { records, rescued } = await prove(world, target);
    assert.equal(records.length, sent);
    assert.deepEqual([...rescued], []);
    const orphans = await uncommittedFiles(target, world.readers);
    inner.diagnostic(`${records.length} records, each one row; ${orphans.size} files of killed workers are in no snapshot`);
  });
}

async function kills(t: TestContext, world: World, target: TableTarget, members: readonly Member[]): Promise<void> {
  const seed = Number(process.env['FOZ_TEST_SEED'] ?? Date.now() % 1_000_000);
  const random = seededRandom(seed);
  const struck: string[] = [];
  for (let round = 0; struck.length < killsMin; round++) {
    const { next } = await tableProgress(target, world.readers);
    await sleep(randomInt(random, 1_500));
    // Every other round both at once: nobody is left to commit.
    const lone = randomInt(random, members.length);
    const victims = round % 2 === 0 ? members : members.filter((_, i) => i === lone);
    const withCatalog = round % 3 === 1;
    if (withCatalog) await world.killCatalog();
    for (const victim of victims) {
      await victim.process.kill();
      struck.push(victim.site.name);
    }
    if (withCatalog) await world.startCatalog();
    const point = worstPoints[round % worstPoints.length];
    const [first] = victims;
    assert.ok(first);
    // The one that kills itself at a named point is a kill too.
    for (const victim of victims) victim.process = victim.site.start(victim === first ? `${point}:${1 + randomInt(random, 3)}` : undefined);
    await ended(first);
    struck.push(`${first.site.name} at ${point}`);
    first.process = first.site.start();
    await untilGrown(world, target, next);
  }
  t.diagnostic(`FOZ_TEST_SEED=${seed}: ${struck.length} kills: ${struck.join(', ')}`);
}

/** The next offsets, added up, pass `past`. */
async function untilGrown(world: World, target: TableTarget, past: number): Promise<'grown'> {
  return until('the table grows', 90_000, async () => {
    const progress = await tableProgress(target, world.readers).catch(() => null);
    return progress !== null && progress.next > past ? 'grown' : null;
  });
}

function isAlive({ process: { pid } }: Member): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function ended(member: Member): Promise<'ended'> {
  return until(`${member.site.name} has killed itself`, 90_000, async () => (isAlive(member) ? null : 'ended'));
}

async function asleep(t: TestContext, world: World, target: TableTarget, members: readonly Member[]): Promise<void> {
  const [sleeper, other] = members;
  assert.ok(sleeper && other);
  await sleeper.process.stop();
  sleeper.process = sleeper.site.start('commit:before-request:2:SIGSTOP');
  await sleeper.process.held(AbortSignal.timeout(90_000));
  // Its session ends; the other takes all partitions and commits what the sleeper holds.
  await until('the other worker has every partition', 60_000, async () => ((await owned(other)).length === partitions ? true : null));
  const { next } = await tableProgress(target, world.readers);
  await untilGrown(world, target, next + 500);
  process.kill(sleeper.process.pid, 'SIGCONT');
  await until('the batch that the sleeper held is refused by the chain (I2)', 60_000, async () =>
    (await readFile(sleeper.site.logFile, 'utf8')).includes(fenced) ? true : null,
  );
  t.diagnostic('woken after its session had ended, the sleeper was fenced');
}

/** Partitions that the worker says are its own. */
async function owned({ site }: Member): Promise<readonly string[]> {
  const status = await askJson(`${site.url}/status`);
  const tables = status?.body['tables'];
  const [table] = Array.isArray(tables) ? tables : [];
  const positions: unknown = table?.positions;
  return typeof positions === 'object' && positions !== null ? Object.keys(positions) : [];
}
