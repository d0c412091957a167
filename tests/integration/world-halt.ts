// Questions that only a person can answer, on a real Kafka: records deleted before they were read, and a topic made anew
// under the same name. The table halts with the exact range, `foz status` exits 4, and the command it names ends it.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import type { TestContext } from 'node:test';
import { isRecord } from '../../runtime/options.ts';
import type { TableTarget } from '../../sync/table.ts';
import { createTopic } from './log-kafka-world.ts';
import { until } from './stack-processes.ts';
import { envelopeMessages, makeTopic, produce, readLog } from './world-log.ts';
import { committedCopies, positionOf, prove, rowsOf, untilCaughtUp } from './world-table.ts';
import { runFoz, targetOf, type Site, type World } from './world.ts';

export async function haltSection(t: TestContext, world: World): Promise<void> {
  await t.test('I7: records deleted before they were read halt the table with their range; --accept-gap goes on behind them', (inner) =>
    deletedRecords(inner, world),
  );
  await t.test('I6: a topic made anew halts the table; --adopt-source takes it from its start', (inner) => recreatedTopic(inner, world));
}

async function deletedRecords(t: TestContext, world: World): Promise<void> {
  const target = targetOf('gap', 'gap');
  await makeTopic(world, target.topic, 2);
  const site = await world.site('gap', { groupId: 'gap', tables: [target] });
  const first = site.start();
  await produce(world, target.topic, envelopeMessages(0, 100, 2));
  await untilCaughtUp(world, target);
  assert.equal(await first.stop(), 0);
  const before = await prove(world, target);
  await produce(world, target.topic, envelopeMessages(100, 100, 2));
  // Partition 0 has been read up to 50 and holds 100; [50, 80) are gone.
  await world.admin.deleteTopicRecords({ topic: target.topic, partitions: [{ partition: 0, offset: '80' }] });
  const worker = site.start();
  const { reason, text } = await halted(world, site, target);
  assert.match(reason, /partition 0/);
  assert.match(reason, /\[50, 80\)/);
  assert.match(text, /foz resume raw\.gap --accept-gap/);
  const dry = await runFoz(['resume', 'gap', '--accept-gap', '--dry-run', '--json', '-c', site.configFile], world.dir);
  assert.equal(dry.code, 0, dry.stderr);
  assert.equal((await runFoz(['status', '-c', site.configFile], world.dir)).code, 4, 'a dry run decides nothing');
  const decided = await runFoz(['resume', 'gap', '--accept-gap', '-c', site.configFile], world.dir);
  assert.equal(decided.code, 0, decided.stderr);
  await untilCaughtUp(world, target);
  assert.equal((await runFoz(['status', '-c', site.configFile], world.dir)).code, 0, 'the running worker has taken up the decision');
  assert.equal(await worker.stop(), 0);
  // What is still in the log, and what was read before it was deleted.
  const expected = new Set([...before.rows.keys(), ...(await readLog(world, target.topic)).map(positionOf)]);
  const found = (await positionsOf(world, target)).toSorted();
  assert.deepEqual(found, [...expected].toSorted());
  assert.equal(found.length, 200 - 30);
  t.diagnostic(reason);
}

async function recreatedTopic(t: TestContext, world: World): Promise<void> {
  const target = targetOf('anew', 'anew');
  await makeTopic(world, target.topic, 1);
  const site = await world.site('anew', { groupId: 'anew', tables: [target] });
  const worker = site.start();
  await produce(world, target.topic, envelopeMessages(0, 60, 1));
  await untilCaughtUp(world, target);
  await world.admin.deleteTopics({ topics: [target.topic] });
  await createTopic(world.admin, target.topic, 1);
  await produce(world, target.topic, envelopeMessages(1_000, 40, 1));
  const { reason, text } = await halted(world, site, target);
  assert.match(reason, /re-created/);
  assert.match(text, /foz resume raw\.anew --adopt-source/);
  assert.equal((await positionsOf(world, target)).length, 60, 'nothing of the new topic is taken before the decision');
  const decided = await runFoz(['resume', 'anew', '--adopt-source', '-c', site.configFile], world.dir);
  assert.equal(decided.code, 0, decided.stderr);
  await until('all of the new topic is there', 60_000, async () => ((await positionsOf(world, target)).length >= 100 ? true : null));
  await produce(world, target.topic, envelopeMessages(2_000, 20, 1));
  await until('the table goes on', 60_000, async () => ((await positionsOf(world, target)).length >= 120 ? true : null));
  assert.equal(await worker.stop(), 0);
  const offsets = (await positionsOf(world, target)).map((position) => Number(position.split(':')[1]));
  const twice = Array.from({ length: 60 }, (_, i) => i).flatMap((offset) => [offset, offset]);
  assert.deepEqual(
    offsets.toSorted((a, b) => a - b),
    twice,
    'offsets 0 to 59 of either incarnation, each once',
  );
  t.diagnostic(reason);
}

async function positionsOf(world: World, target: TableTarget): Promise<readonly string[]> {
  const rows = await rowsOf(await committedCopies(world, target));
  return rows.map((row) => `${Number(row['_log_partition'])}:${String(row['_log_offset'])}`);
}

/** `foz status` exits 4 and tells why. */
async function halted(world: World, site: Site, target: TableTarget): Promise<{ readonly reason: string; readonly text: string }> {
  const waiting = until(`${target.ident.name} halts`, 90_000, async () => {
    const { code } = await runFoz(['status', '--json', '-c', site.configFile], world.dir);
    return code === 4 ? true : null;
  });
  await waiting.catch(async (error: unknown) => {
    const { stdout } = await runFoz(['status', '-c', site.configFile], world.dir);
    const log = await readFile(site.logFile, 'utf8');
    assert.fail(`${String(error)}\n${stdout}\n${log.slice(-4_000)}`);
  });
  const [json, text] = await Promise.all([
    runFoz(['status', '--json', '-c', site.configFile], world.dir),
    runFoz(['status', '-c', site.configFile], world.dir),
  ]);
  const parsed: unknown = JSON.parse(json.stdout);
  const worker = isRecord(parsed) && isRecord(parsed['worker']) ? parsed['worker']['status'] : null;
  const tables = isRecord(worker) && Array.isArray(worker['tables']) ? worker['tables'].filter(isRecord) : [];
  const table = tables.find((candidate) => candidate['state'] === 'halted');
  assert.ok(table, json.stdout);
  return { reason: String(table['reason']), text: text.stdout };
}
