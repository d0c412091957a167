// The worker asks the registry when its answer is old, and before the first row after a quiet time.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { ContractInForce, Contracts } from '../../catalog/contracts.ts';
import { TableContracts } from '../../sync/contract/table-contracts.ts';

function lab(answer: () => Promise<readonly ContractInForce[]>) {
  let now = 1_000_000;
  let asked = 0;
  const contracts: Contracts = {
    contractsInForce: () => {
      asked++;
      return answer();
    },
    activeContract: async () => null,
    [Symbol.asyncDispose]: async () => undefined,
  };
  const clock = { now: () => now, sleep: async (ms: number) => void (now += ms) };
  const table = new TableContracts(
    { namespace: ['raw'], name: 'users' },
    { contracts, maskKeys: new Map(), clock, refreshMs: 5_000, failed: () => undefined },
  );
  return { table, pass: (ms: number) => (now += ms), asked: () => asked, now: () => now };
}

const { signal } = new AbortController();

test('what came into force in a quiet time is known before the first row after it', async () => {
  let inForce: readonly ContractInForce[] = [];
  const { table, pass, asked } = lab(async () => inForce);
  await table.load(signal);
  inForce = [{ effective: { kind: 'time', time: 5 } } as unknown as ContractInForce];
  pass(4_999);
  await table.fresh(signal);
  assert.equal(table.newest, null, 'the answer is young enough');
  pass(600_000);
  await Promise.all([table.fresh(signal), table.fresh(signal)]);
  assert.equal(table.newest, inForce[0]);
  assert.equal(asked(), 2, 'those who come at once share an answer');
});

test('a registry that hangs is waited for once and not long; the last answer holds', async () => {
  const never = new Promise<readonly ContractInForce[]>(() => undefined);
  const { table, pass, asked, now } = lab(() => never);
  const before = now();
  await table.fresh(signal);
  assert.equal(now() - before, 2_000);
  pass(60_000);
  await table.fresh(signal);
  assert.equal(now() - before, 62_000, 'nobody waits for it again');
  assert.equal(asked(), 1);
  assert.equal(table.newest, null);
});
