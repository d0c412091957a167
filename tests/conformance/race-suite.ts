// Eight clients race commits, and what they were told is linearizable (I3).

import assert from 'node:assert/strict';
import test from 'node:test';
import { linearizabilityProblem } from './cas-register.ts';
import { initialValue, prepareRace, raceClients } from './race-clients.ts';
import type { StoreWorld } from './store-world.ts';

const isLong = process.env['FOZ_TEST_LONG'] === '1';
const clients = 8;
const tables = 3;

export function raceSuite(world: StoreWorld, { operations }: { readonly operations: number }): void {
  const count = isLong ? 20_000 : operations;
  test(`${world.name}: I3: ${clients} clients race ${count} reads and swaps, and the history is linearizable`, (t) =>
    world.withDatabase(async (open) => {
      const stores = await Promise.all(Array.from({ length: clients }, open));
      const [first] = stores;
      assert.ok(first);
      await prepareRace(first, tables);
      const histories = await raceClients({ stores, tables, operations: count, seed: 20_261_121 });
      const all = histories.flat();
      const won = all.filter(({ kind }) => kind === 'swapped');
      t.diagnostic(`${won.length} swaps, ${all.filter(({ kind }) => kind === 'lost').length} lost`);
      assert.equal(all.length, count);
      assert.ok(won.length > count / 50 && all.some(({ kind }) => kind === 'lost' || world.name === 'memory'), 'they did race');
      for (const history of histories) assert.equal(linearizabilityProblem(initialValue, history), null);
      const told = await first.audit.listAudit(
        { subject: null, actor: 'racer', action: null, from: null, until: null },
        { before: null, limit: 1 },
      );
      assert.equal(told.length, 1);
    }));
}
