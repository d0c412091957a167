// What every store of entities promises: a change applies to the revision it was decided on, with its entry in the audit log,
// and a table belongs to one entity.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { ChangeRecord } from '../../catalog/store/change-record.ts';
import type { StoredEntity } from '../../catalog/store/entity-store.ts';
import { withStore, type StoreWorld } from './store-world.ts';

const entity = (name: string, revision: number, changes: Partial<StoredEntity> = {}): StoredEntity => ({
  name,
  revision,
  description: null,
  owner: 'ana "é"',
  team: null,
  tags: ['gdpr'],
  tables: [],
  columns: { email: { description: null, classification: 'restricted', pii: 'email', tags: [] } },
  updatedAt: 5,
  updatedBy: 'ana',
  ...changes,
});

const record = (subject: string): ChangeRecord => ({
  audit: [{ at: 5, actor: 'ana', action: 'entity.update', subject, before: null, after: {} }],
  reply: null,
});

export function entityStoreSuite(world: StoreWorld): void {
  test(`${world.name}: an entity comes back as it was declared, in the order of names, until it is removed`, () =>
    withStore(world, async ({ entities }) => {
      for (const name of ['users', 'rides', 'a.b'])
        assert.deepEqual(await entities.changeEntity({ name, expectedRevision: 0, entity: entity(name, 1) }), { kind: 'changed' });
      assert.deepEqual(await entities.getEntity('users'), entity('users', 1));
      assert.equal(await entities.getEntity('user'), null);
      assert.deepEqual(
        (await entities.listEntities({ after: 'a.b', limit: 10 })).map(({ name }) => name),
        ['rides', 'users'],
      );
      assert.deepEqual(await entities.changeEntity({ name: 'rides', expectedRevision: 1, entity: null }), { kind: 'changed' });
      assert.equal(await entities.getEntity('rides'), null);
    }));

  test(`${world.name}: columns keep their names, also those that JSON escapes`, () =>
    withStore(world, async ({ entities }) => {
      const { email } = entity('any', 1).columns;
      // One after the other: the engine's own reader takes the second for the first.
      for (const column of ['\\', '"', '\n']) {
        const columns = email === undefined ? {} : { email, [column]: email };
        await entities.changeEntity({ name: 'users', expectedRevision: 0, entity: entity('users', 1, { columns }) });
        assert.deepEqual(await entities.getEntity('users'), entity('users', 1, { columns }));
        await entities.changeEntity({ name: 'users', expectedRevision: 1, entity: null });
      }
    }));

  test(`${world.name}: a change applies only to the revision it was decided on, and only then is it told`, () =>
    withStore(world, async ({ entities, audit }) => {
      const change = (expectedRevision: number, owner: string) =>
        entities.changeEntity({ name: 'users', expectedRevision, entity: entity('users', expectedRevision + 1, { owner }) }, record(owner));
      assert.deepEqual(await change(1, 'early'), { kind: 'lost' });
      const outcomes = await Promise.all(Array.from({ length: 16 }, (_, n) => change(0, String(n))));
      const winners = outcomes.flatMap(({ kind }, n) => (kind === 'changed' ? [String(n)] : []));
      assert.equal(winners.length, 1);
      assert.equal((await entities.getEntity('users'))?.owner, winners[0]);
      const entries = await audit.listAudit({}, { before: null, limit: 100 });
      assert.deepEqual(
        entries.map(({ subject }) => subject),
        winners,
      );
    }));

  test(`${world.name}: a table belongs to one entity, until that lets go of it`, () =>
    withStore(world, async ({ entities }) => {
      const change = (name: string, expectedRevision: number, tables: readonly string[]) =>
        entities.changeEntity({ name, expectedRevision, entity: entity(name, expectedRevision + 1, { tables }) });
      assert.deepEqual(await change('users', 0, ['sales.people']), { kind: 'changed' });
      assert.deepEqual(await change('others', 0, ['sales.people']), { kind: 'table-taken', table: 'sales.people', entity: 'users' });
      assert.equal(await entities.getEntity('others'), null);
      assert.deepEqual(await change('users', 1, []), { kind: 'changed' });
      assert.deepEqual(await change('others', 0, ['sales.people']), { kind: 'changed' });
    }));
}
