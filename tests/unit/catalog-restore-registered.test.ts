// What a restore asks the audit log: which files somebody registered, and when last.

import assert from 'node:assert/strict';
import test from 'node:test';
import { registeredFiles, restoreActor } from '../../catalog/restore/registered-files.ts';
import type { AuditAction } from '../../catalog/store/change-record.ts';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';

test('every file that was registered is found with the last time that it was, but for those that a restore put there', async () => {
  const store = memoryCatalogStore();
  const entries = Array.from({ length: 2_500 }, (_, index) => entry(index, 'ana', `m://t/${index}`));
  const others = [
    entry(7_000, 'ana', 'm://t/3', 'view.register'),
    entry(6_000, 'ana', 'm://t/3'),
    entry(9_000, restoreActor, 'm://t/4'),
    entry(9_000, restoreActor, 'm://t/restored'),
    entry(9_000, 'ana', 'm://t/5', 'table.create'),
    { ...entry(9_000, 'ana', ''), after: { snapshot: null } },
    { ...entry(9_000, 'ana', ''), after: null },
  ];
  await store.insertNamespace({ namespace: ['a'], properties: {} }, { audit: [...entries, ...others], reply: null });
  const found = await registeredFiles(store.audit);
  assert.deepEqual(
    [...found].toSorted(([, a], [, b]) => a - b),
    [...entries.filter(({ at }) => at !== 3).map(({ at, after }) => [after.metadataLocation, at]), ['m://t/3', 7_000]],
  );
});

function entry(at: number, actor: string, metadataLocation: string, action: AuditAction = 'table.register') {
  return { at, actor, action, subject: 'a.t', before: null, after: { metadataLocation } };
}
