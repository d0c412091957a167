// One client, one lake: the suite, what is asked of this client beyond it, and the proof that sync has gone on and the raw
// tables are as they must be. Where the client cannot be had, the reason is said aloud and the test is skipped.

import test, { type TestContext } from 'node:test';
import { LakeError } from '../../runtime/errors.ts';
import type { LakeClient } from './client.ts';
import { openClientLake, type ClientLake } from './client-lake.ts';
import { clientSuite } from './client-suite.ts';
import { ensurePythonPackages, type PythonClient } from './python-packages.ts';

export interface ClientTest<C extends LakeClient> {
  /** Null: of Java alone. */
  readonly packages: PythonClient | null;
  readonly open: (lake: ClientLake) => Promise<C>;
  readonly beyond?: (t: TestContext, lake: ClientLake, client: C) => Promise<void>;
}

const timeout = 15 * 60_000;

export function clientTest<C extends LakeClient>(name: string, { packages, open, beyond }: ClientTest<C>): void {
  test(name, { timeout }, (t) =>
    orSkipped(t, name, async () => {
      if (packages !== null) await ensurePythonPackages(packages);
      await using lake = await openClientLake();
      await using client = await open(lake);
      await clientSuite(t, lake, client);
      await beyond?.(t, lake, client);
      await t.test('the worker goes on, and the raw tables are what source and log say', async () => {
        await lake.land(20);
        await lake.verify();
      });
    }),
  );
}

/** What cannot be had here is said aloud and skipped; anything else that goes wrong is a failure. */
export async function orSkipped(t: TestContext, name: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof LakeError) || error.code !== 'PREREQUISITE_MISSING') throw error;
    console.error(`NOT RUN: ${name}: ${error.message}`);
    t.skip(`NOT RUN: ${error.message}`);
  }
}
