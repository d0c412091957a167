// The audit log forgets data commits by itself, at the start and once an hour, and a failure waits for the next hour.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { auditService } from '../../catalog/audit/audit-service.ts';
import { forgetCommits } from '../../catalog/audit/forget-commits.ts';
import type { AuditEntry } from '../../catalog/store/change-record.ts';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import type { Clock } from '../../runtime/clock.ts';
import { silentLogger } from '../../runtime/log.ts';

test('data commits are forgotten once an hour when their time is over, whatever failed before', async () => {
  await using store = memoryCatalogStore();
  await store.insertNamespace({ namespace: ['raw'], properties: {} }, { audit: [10, 50, 90].map(commit), reply: null });
  const hours: (() => void)[] = [];
  let now = 100;
  const clock: Clock = {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        assert.equal(ms, 3_600_000);
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
        hours.push(resolve);
      }),
  };
  const service = auditService({ store, clock });
  let calls = 0;
  const audit = {
    forget: async (keepMs: number, signal?: AbortSignal) => {
      calls++;
      if (calls === 2) throw new Error('the database is away');
      return service.forget(keepMs, signal);
    },
  };
  const left = async () => (await store.audit.listAudit({ action: 'table.commit' }, { before: null, limit: 9 })).map(({ at }) => at);
  const settled = async (wanted: number) => {
    const isSettled = () => calls >= wanted && hours.length > 0;
    for (let turn = 0; turn < 1000 && !isSettled(); turn++) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(calls, wanted);
  };
  const nextHour = (wanted: number) => {
    hours.shift()?.();
    return settled(wanted);
  };
  const running = forgetCommits({ audit, keepMs: 60, clock, logger: silentLogger });
  await settled(1);
  assert.deepEqual(await left(), [90, 50]);
  now = 120;
  await nextHour(2);
  assert.deepEqual(await left(), [90, 50], 'that one failed');
  await nextHour(3);
  assert.deepEqual(await left(), [90]);
  await running[Symbol.asyncDispose]();
  assert.equal(calls, 3, 'it has ended');
});

function commit(at: number): AuditEntry {
  return { at, actor: 'worker', action: 'table.commit', subject: 'raw.users', before: null, after: {} };
}
