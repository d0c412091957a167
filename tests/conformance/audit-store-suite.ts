// What every store of the audit log promises: entries in order, found by what they are about, and none of them ever changed.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { AuditStore } from '../../catalog/store/audit-store.ts';
import type { CatalogStore } from '../../catalog/store/catalog-store.ts';
import type { AuditAction, AuditEntry } from '../../catalog/store/change-record.ts';
import { withStore, type StoreWorld } from './store-world.ts';

const entry = (at: number, action: AuditAction, subject: string, actor = 'ana'): AuditEntry => ({
  at,
  actor,
  action,
  subject,
  before: null,
  after: { at, text: '"\u0000é' },
});

/** Each with a change of its own: a namespace. */
async function write(store: CatalogStore, entries: readonly AuditEntry[]): Promise<void> {
  for (const [n, of] of entries.entries())
    await store.insertNamespace({ namespace: [`n${n}-${of.at}-${of.action}`], properties: {} }, { audit: [of], reply: null });
}

const told = async (audit: AuditStore, filter: Parameters<AuditStore['listAudit']>[0]) =>
  (await audit.listAudit(filter, { before: null, limit: 100 })).map(({ at, action, subject }) => `${at} ${action} ${subject}`);

export function auditStoreSuite(world: StoreWorld): void {
  test(`${world.name}: the audit log is told newest first, page by page, as it was written`, () =>
    withStore(world, async (store) => {
      const entries = [1, 2, 3, 4, 5].map((at) => entry(at, 'table.alter', 'raw.users'));
      await write(store, entries);
      const first = await store.audit.listAudit({}, { before: null, limit: 2 });
      const rest = await store.audit.listAudit({}, { before: first.at(-1)?.number ?? 0, limit: 100 });
      assert.deepEqual(
        [...first, ...rest].map(({ at, actor, action, subject, before, after }) => ({ at, actor, action, subject, before, after })),
        entries.toReversed(),
      );
      const numbers = [...first, ...rest].map(({ number }) => number);
      assert.deepEqual(
        numbers,
        numbers.toSorted((a, b) => b - a),
      );
    }));

  test(`${world.name}: entries are found by subject and what lies in it, by actor, action and kind of action, and time`, () =>
    withStore(world, async (store) => {
      await write(store, [
        entry(1, 'namespace.create', 'raw'),
        entry(2, 'table.create', 'raw.users'),
        entry(3, 'table.commit', 'raw.users', 'worker'),
        entry(4, 'table.drop', 'raw_old.users'),
        entry(5, 'entity.update', 'rawhide'),
      ]);
      const { audit } = store;
      assert.deepEqual(await told(audit, { subject: 'raw', until: 5 }), [
        '3 table.commit raw.users',
        '2 table.create raw.users',
        '1 namespace.create raw',
      ]);
      assert.deepEqual(await told(audit, { subject: 'raw.users' }), ['3 table.commit raw.users', '2 table.create raw.users']);
      assert.deepEqual(await told(audit, { actor: 'worker' }), ['3 table.commit raw.users']);
      assert.deepEqual(await told(audit, { action: 'table.drop' }), ['4 table.drop raw_old.users']);
      assert.deepEqual(await told(audit, { action: 'table', isDataLeftOut: true }), [
        '4 table.drop raw_old.users',
        '2 table.create raw.users',
      ]);
      assert.deepEqual(await told(audit, { from: 2, until: 4 }), ['3 table.commit raw.users', '2 table.create raw.users']);
      assert.deepEqual(await told(audit, { subject: '%' }), []);
    }));

  test(`${world.name}: commits of rows do not move the revision, everything else does`, () =>
    withStore(world, async (store) => {
      const { audit } = store;
      assert.deepEqual(await audit.auditRevision(), { number: 0, entries: 0 });
      await write(store, [entry(1, 'table.create', 'raw.users')]);
      const before = await audit.auditRevision();
      await write(store, [entry(2, 'table.commit', 'raw.users')]);
      assert.deepEqual(await audit.auditRevision(), before);
      await write(store, [entry(3, 'entity.update', 'users')]);
      const after = await audit.auditRevision();
      assert.equal(after.entries, before.entries + 1);
      assert.deepEqual(await audit.changesAfter(before.number, 10), [{ number: after.number, subject: 'users' }]);
    }));

  test(`${world.name}: commits of rows are forgotten when their time is over, the oldest first, and the log says so; nothing else is`, () =>
    withStore(world, async (store) => {
      const { audit } = store;
      await write(store, [
        entry(1, 'table.create', 'raw.users'),
        ...[2, 3, 4, 5].map((at) => entry(at, 'table.commit', 'raw.users')),
        entry(6, 'table.drop', 'raw.users'),
      ]);
      assert.equal(await audit.forgetCommits(5, 2, 9, 'foz'), 2);
      assert.equal(await audit.forgetCommits(5, 2, 9, 'foz'), 1);
      assert.equal(await audit.forgetCommits(5, 2, 9, 'foz'), 0);
      const entries = await audit.listAudit({}, { before: null, limit: 100 });
      assert.deepEqual(
        entries.map(({ at, action }) => `${at} ${action}`),
        ['9 audit.forget', '9 audit.forget', '6 table.drop', '5 table.commit', '1 table.create'],
      );
      assert.deepEqual(entries[1]?.before, { entries: 2 });
    }));
}
