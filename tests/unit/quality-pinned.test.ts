// A table as it was at a snapshot of before: its rows, and the offset chain that it had then.

import assert from 'node:assert/strict';
import test from 'node:test';
import { currentSchema } from '../../lake/iceberg/metadata.ts';
import { readChain } from '../../lake/raw/offset-chain.ts';
import { pinnedCatalog, snapshotIdOf, tableAt } from '../../quality/run/pinned-catalog.ts';
import { queryLab } from './query-fixture.ts';

const event = (lsn: number, after: object) => ({
  before: null,
  after,
  source: { connector: 'postgresql', ts_us: 1_795_251_270_000_000 + lsn, snapshot: 'false', txId: 700, lsn },
  op: 'c',
  ts_ms: 1,
});

test('at every snapshot kept, a table is what it was: snapshot, columns and a valid offset chain', async () => {
  await using lab = await queryLab('pg.public.users', 2);
  const seen = [];
  for (let i = 0; i < 4; i++) {
    const after = i < 2 ? { id: i } : { id: i, tier: 'gold' };
    await lab.land([{ key: `{"id":${i}}`, value: event(10 + i, after), partition: i % 2 }]);
    const table = await lab.catalog.loadTable(lab.target.ident);
    assert.ok(table);
    seen.push(table);
  }
  const newest = seen.at(-1);
  assert.ok(newest);
  for (const before of seen) {
    const id = snapshotIdOf(before.metadata);
    assert.ok(id);
    const again = tableAt(newest, id);
    assert.ok(again);
    assert.equal(snapshotIdOf(again.metadata), id);
    const [then, now] = [readChain(before.metadata), readChain(again.metadata)];
    assert.ok(then.kind === 'valid' && now.kind === 'valid', now.kind);
    assert.deepEqual(
      [now.chain.commitId, now.chain.clusterId, now.chain.records],
      [then.chain.commitId, then.chain.clusterId, then.chain.records],
    );
    // A log partition that began later stands at its beginning.
    for (const [topicId, partitions] of now.chain.next)
      for (const [partition, next] of partitions) assert.equal(next, then.chain.next.get(topicId)?.get(partition) ?? 0n);
  }
  assert.equal(tableAt(newest, '12345'), null);
});

test('a pinned catalog answers the same however often it is asked, goes on from pins, and writes nothing', async () => {
  await using lab = await queryLab('pg.public.users');
  const { ident } = lab.target;
  await lab.land([{ key: '{"id":1}', value: event(1, { id: 1 }) }]);
  const first = pinnedCatalog(lab.catalog);
  const before = await first.loadTable(ident);
  assert.ok(before);
  await lab.land([{ key: '{"id":2}', value: event(2, { id: 2, tier: 'gold' }) }]);
  assert.equal(await first.loadTable(ident), before);
  const pin = snapshotIdOf(before.metadata);
  assert.deepEqual(Object.fromEntries(first.pins()), { 'raw.users': pin });
  const resumed = await pinnedCatalog(lab.catalog, first.pins()).loadTable(ident);
  assert.equal(resumed && snapshotIdOf(resumed.metadata), pin);
  assert.deepEqual(resumed && currentSchema(resumed.metadata), currentSchema(before.metadata));
  const lost = await pinnedCatalog(lab.catalog, new Map([['raw.users', '12345']])).loadTable(ident);
  assert.notEqual(lost && snapshotIdOf(lost.metadata), pin);
  await assert.rejects(first.dropTable(ident), /only reads/);
});
