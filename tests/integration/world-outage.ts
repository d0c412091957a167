// Kafka, the object store and the catalog go away under load, one after the other. The worker says in /readyz which one
// it waits for, lives, and goes on by itself; every record is one row in the end.

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from './stack-processes.ts';
import { makeTopic, startLoad } from './world-log.ts';
import { prove, untilCaughtUp } from './world-table.ts';
import { askJson, isLong, runFoz, targetOf, type Site, type World } from './world.ts';

const partitions = 2;
const awayMs = isLong ? 60_000 : 12_000;

/** A store that hangs is noticed when its requests have timed out. */
const noticedWithinMs = 90_000;

interface Outage {
  readonly what: string;
  /** The check of /readyz that fails, and what its reason names. */
  readonly check: string;
  readonly reason: RegExp;
  begin(): Promise<void>;
  end(): Promise<void>;
}

export async function outageSection(t: TestContext, world: World): Promise<void> {
  const target = targetOf('outage', 'outage');
  await makeTopic(world, target.topic, partitions);
  const site = await world.site('outage', { groupId: 'outage', tables: [target] });
  const worker = site.start();
  await using load = startLoad(world, target.topic, partitions, 20, 200);
  await untilReady(site);
  for (const outage of outages(world)) {
    await t.test(`${outage.what} away for ${awayMs / 1000} s: /readyz says so, and the worker goes on by itself`, async () => {
      await outage.begin();
      const beganAt = Date.now();
      try {
        const reason = await until(`/readyz tells of ${outage.what}`, noticedWithinMs, async () => failedCheck(site, outage.check));
        assert.match(reason, outage.reason);
        const status = await runFoz(['status', '-c', site.configFile], world.dir);
        assert.match(status.stdout, /waiting|away|not ready/i, `foz status: ${status.stdout} ${status.stderr}`);
        await sleep(Math.max(0, awayMs - (Date.now() - beganAt)));
      } finally {
        await outage.end();
      }
      await untilReady(site);
      assert.equal((await askJson(`${site.url}/status`))?.body['pid'], worker.pid, 'the same process');
    });
  }
  await t.test('I8: nothing is lost or doubled by the outages', async (inner) => {
    const sent = await load.stop();
    await untilCaughtUp(world, target);
    assert.equal(await worker.stop(), 0);
    const { records } = await prove(world, target);
    // A producer that lost an answer may have sent a burst twice; each record of the log is one row all the same.
    assert.ok(records.length >= sent, `${records.length} records, ${sent} acknowledged`);
    inner.diagnostic(`${records.length} records, ${sent} of them acknowledged to the producer`);
  });
}

function outages(world: World): readonly Outage[] {
  const { stack } = world;
  return [
    { what: 'Kafka', check: 'log', reason: /Kafka/, begin: () => stack.stop('kafka'), end: () => stack.start('kafka') },
    {
      what: 'the object store, hanging,',
      check: 'raw.outage',
      reason: /store|s3|object|put|upload/i,
      begin: () => stack.kill('s3', 'SIGSTOP'),
      end: () => stack.kill('s3', 'SIGCONT'),
    },
    {
      what: 'the catalog',
      check: 'raw.outage',
      reason: /catalog/i,
      begin: () => world.killCatalog(),
      end: () => world.startCatalog(),
    },
    ...(isLong
      ? [
          {
            what: 'Kafka, hanging,',
            check: 'log',
            reason: /Kafka/,
            begin: () => stack.kill('kafka', 'SIGSTOP'),
            end: () => stack.kill('kafka', 'SIGCONT'),
          },
          {
            what: 'the object store',
            check: 'raw.outage',
            reason: /store|s3|object|put|upload/i,
            begin: () => stack.stop('s3'),
            end: () => stack.start('s3'),
          },
        ]
      : []),
  ];
}

async function untilReady(site: Site): Promise<void> {
  await until('/readyz answers 200 and rows are committed', 120_000, async () => {
    const [ready, status] = await Promise.all([askJson(`${site.url}/readyz`), askJson(`${site.url}/status`)]);
    return ready?.code === 200 && JSON.stringify(status?.body['tables']).includes('"state":"reading"') ? true : null;
  });
}

/** The reason that the named check gives, once /readyz is 503. */
async function failedCheck(site: Site, name: string): Promise<string | null> {
  const ready = await askJson(`${site.url}/readyz`);
  if (ready?.code !== 503 || !Array.isArray(ready.body['checks'])) return null;
  const found = ready.body['checks'].find((check) => check.name === name && check.isReady === false);
  return found === undefined ? null : String(found.reason);
}
