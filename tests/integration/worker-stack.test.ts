// The worker as a process between a real Kafka, a real S3 server and a catalog process: killed, put to sleep, cut off,
// halted and fed with what no producer should send. One stack for all of it.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { startStack } from '../../stack/stack.ts';
import { haltSection } from './world-halt.ts';
import { hostileSection } from './world-hostile.ts';
import { killsSection } from './world-kills.ts';
import { outageSection } from './world-outage.ts';
import { openWorld } from './world.ts';

const minute = 60_000;
const sections = { hostile: hostileSection, halt: haltSection, kills: killsSection, outage: outageSection };

test('the worker between Kafka, S3 and the catalog', { timeout: (process.env['FOZ_TEST_LONG'] === '1' ? 60 : 12) * minute }, async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'foz-worker-'));
  await using stack = await startStack({ dir: join(dir, 'stack'), components: ['kafka', 's3'] });
  // FOZ_TEST_KEEP=1: logs and data stay where a failure can be read.
  if (process.env['FOZ_TEST_KEEP'] === undefined) t.after(() => rm(dir, { recursive: true, force: true }));
  await using world = await openWorld(stack, dir);
  // Names separated by commas, to run some of it.
  const only = process.env['FOZ_TEST_SECTION'];
  for (const [name, section] of Object.entries(sections)) {
    if (only === undefined || only.split(',').includes(name)) await section(t, world);
  }
});
