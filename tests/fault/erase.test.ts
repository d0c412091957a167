// An erasure cut short at every point, beside a worker that goes on: the table is whole at once, the next run finishes
// it, no byte of the key is left, no other row is lost or doubled, and a worker started from nothing reads nothing back.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test from 'node:test';
import { erasePoints, type ErasePoint } from '../../cli/erase/erase-point.ts';
import type { Compacted } from '../../maintenance/compact/compact-table.ts';
import type { MaintenancePoint } from '../../maintenance/maintenance-point.ts';
import { mainSnapshot } from '../../lake/iceberg/metadata.ts';
import { readChain } from '../../lake/raw/offset-chain.ts';
import { LakeError } from '../../runtime/errors.ts';
import { commitSpans, erase, event, loadedTable, orphan, textsHeld } from '../unit/erase-fixture.ts';
import { compact } from '../unit/maintenance-fixture.ts';
import { queryLab, type LakeRecord, type QueryLab } from '../unit/query-fixture.ts';

const inserted = (id: number): LakeRecord => ({
  key: `{"id":${id}}`,
  value: event('c', 100 + id, null, { id, email: id === 5 ? '!five@m.ex' : `mail-of-${id}@mail.example` }),
});
const secrets = ['!five@m.ex', '~changed@m.ex'];

async function filled(): Promise<QueryLab> {
  const lab = await queryLab('pg.public.users');
  await lab.land([3, 4, 5, 6].map(inserted));
  await lab.land([
    { key: '{"id":5}', value: event('u', 200, null, { id: 5, email: '~changed@m.ex' }) },
    { key: '{"id":3}', value: event('u', 201, null, { id: 3, email: 'three@mail.example' }) },
  ]);
  return lab;
}

/** Offsets of the table, each once. */
async function offsets(lab: QueryLab): Promise<readonly number[]> {
  const { rows } = await lab.lake.query('SELECT _log_offset FROM raw.users ORDER BY 1');
  return rows.map(([offset]) => Number(offset));
}

async function assertWhole(lab: QueryLab): Promise<void> {
  const { metadata } = await loadedTable(lab);
  assert.equal(readChain(metadata).kind, 'valid');
  const found = await offsets(lab);
  assert.equal(new Set(found).size, found.length, 'no offset twice');
  assert.equal(Number(mainSnapshot(metadata)?.summary['total-records']), found.length, 'counts agree');
}

function diesAt(point: ErasePoint): (at: ErasePoint) => void {
  return (at) => {
    if (at === point) throw new Error('killed');
  };
}

const erasedOffsets: ReadonlySet<number> = new Set([2, 4]);
const allBut = (end: number) => Array.from({ length: end }, (_, offset) => offset).filter((offset) => !erasedOffsets.has(offset));

for (const point of erasePoints) {
  test(`an erasure that dies at ${point} leaves the table whole, and the next run finishes it`, async () => {
    await using lab = await filled();
    await assert.rejects(erase(lab, '5', { crashPoint: diesAt(point) }), /killed/);
    await assertWhole(lab);
    await lab.land([7, 8].map(inserted));
    await assertWhole(lab);
    await erase(lab, '5');
    assert.deepEqual(await textsHeld(lab, secrets), []);
    assert.deepEqual(await offsets(lab), allBut(8));
    await assertWhole(lab);
    assert.deepEqual((await lab.lake.query('SELECT id FROM current.users ORDER BY 1')).rows.flat(), [3n, 4n, 6n, 7n, 8n]);
  });
}

for (const point of ['commit:after', 'sweep:between-data', 'sweep:after-data'] as const) {
  test(`one that dies at ${point} is finished even when no metadata file tells of the snapshots that held the key`, async () => {
    await using lab = await filled();
    await lab.catalog.commitTable(lab.target.ident, {
      requirements: [],
      updates: [{ action: 'set-properties', updates: { 'write.metadata.previous-versions-max': '1' } }],
    });
    await assert.rejects(erase(lab, '5', { crashPoint: diesAt(point) }), /killed/);
    await lab.land([inserted(7)]);
    await lab.land([inserted(8)]);
    assert.notDeepEqual(await textsHeld(lab, secrets), [], 'the run before had left some');
    await erase(lab, '5');
    assert.deepEqual(await textsHeld(lab, secrets), []);
    assert.deepEqual(await offsets(lab), allBut(8));
    await assertWhole(lab);
  });
}

test('ingest wins every conflict, what it adds meanwhile is erased too, and nothing of it is lost', async () => {
  await using lab = await filled();
  let commits = 0;
  const erased = await erase(lab, '5', {
    crashPoint: async (at) => {
      if (at !== 'commit:before' || commits++ > 2) return;
      // Between the look and the swap: a row of another key, and one of this.
      await lab.land([
        inserted(20 + commits),
        ...(commits === 2 ? [{ key: '{"id":5}', value: event('u', 300, null, { id: 5, email: 'late-5@mail.example' }) }] : []),
      ]);
    },
  });
  assert.equal(erased.conflicts, 3);
  assert.equal(erased.rows, 3);
  assert.deepEqual(await textsHeld(lab, [...secrets, 'late-5@mail.example']), []);
  assert.deepEqual(await offsets(lab), [0, 1, 3, 5, 6, 7, 9]);
  await assertWhole(lab);
});

for (const isCommitted of [true, false]) {
  test(`rows of the key that come before the sweep and are compacted, ${isCommitted ? 'committed' : 'not committed yet'}, stay`, async () => {
    await using lab = await filled();
    const swept = Promise.withResolvers<void>();
    let compacting: Promise<Compacted> | undefined;
    const erased = await erase(lab, '5', {
      crashPoint: async (at) => {
        if (at !== 'sweep:before') return;
        for (const id of [5, 21, 22]) await lab.land([inserted(id)]);
        const prepared = Promise.withResolvers<void>();
        const pass = async (step: MaintenancePoint): Promise<void> => {
          if (step === 'compact:before-commit') prepared.resolve();
          if (step === 'compact:before-commit' && !isCommitted) await swept.promise;
        };
        compacting = compact(lab, { pass });
        await (isCommitted ? compacting : prepared.promise);
      },
    });
    swept.resolve();
    const { bins, left } = (await compacting) ?? {};
    assert.deepEqual([bins, left], [1, []]);
    assert.deepEqual(
      erased.swept.left.map(({ why }) => why),
      isCommitted ? [] : ['compacted from rows that came later, and may still be committed'],
    );
    assert.deepEqual(await offsets(lab), allBut(9));
    await assertWhole(lab);
    assert.deepEqual((await lab.lake.query('SELECT id FROM current.users ORDER BY 1')).rows.flat(), [3n, 4n, 5n, 6n, 21n, 22n]);
  });
}

test('an upload of offsets that a decision set back between commit and sweep stays: its commit may come', async () => {
  await using lab = await filled();
  let upload = '';
  const erased = await erase(lab, '5', {
    crashPoint: async (at) => {
      if (at !== 'sweep:before') return;
      upload = await orphan(lab, `${randomUUID()}.parquet`, 'true', 0);
      const state = readChain((await loadedTable(lab)).metadata);
      assert.ok(state.kind === 'valid');
      const [topicId = ''] = state.chain.next.keys();
      await commitSpans(lab, [{ topicId, partition: 0, from: 6n, to: 0n }], 'reread');
    },
  });
  assert.deepEqual(
    erased.swept.left.map(({ location, why }) => [location.endsWith(upload), why]),
    [[true, 'flushed by a worker, not committed yet']],
  );
  assert.notEqual(await lab.store.head(upload), null);
});

test('a worker started from nothing goes on behind what was erased, and reads none of it back', async () => {
  await using lab = await filled();
  await erase(lab, '5');
  await lab.restart();
  await lab.land([inserted(7)]);
  assert.deepEqual(await offsets(lab), allBut(7));
  assert.deepEqual(await textsHeld(lab, secrets), []);
  await assertWhole(lab);
});

for (const isDone of [true, false]) {
  test(`I5: an erasing commit whose reply is lost, ${isDone ? 'applied' : 'not applied'}: the table tells, nothing is done twice`, async () => {
    await using lab = await filled();
    let lost = 0;
    const commitTable: QueryLab['catalog']['commitTable'] = async (ident, commit, signal) => {
      if (lost++ > 0) return lab.catalog.commitTable(ident, commit, signal);
      if (isDone) await lab.catalog.commitTable(ident, commit, signal);
      throw new LakeError('CATALOG_OUTCOME_UNKNOWN', 'the reply was lost');
    };
    const erased = await erase({ ...lab, catalog: { ...lab.catalog, commitTable } }, '5');
    assert.deepEqual([erased.rows, erased.conflicts, lost], [2, isDone ? 0 : 1, isDone ? 1 : 2]);
    assert.deepEqual(await offsets(lab), allBut(6));
    assert.deepEqual(await textsHeld(lab, secrets), []);
    await assertWhole(lab);
  });
}

test('after an erasure whose snapshot has expired the chain still counts', async () => {
  await using lab = await filled();
  await erase(lab, '5');
  const erasing = mainSnapshot((await loadedTable(lab)).metadata)?.['snapshot-id'] ?? -1;
  // Another engine writes the same rows again, and every snapshot of Foz expires.
  const { metadata } = await loadedTable(lab);
  const head = mainSnapshot(metadata);
  assert.ok(head);
  const compacted = {
    ...head,
    'snapshot-id': 4711,
    'parent-snapshot-id': erasing,
    'sequence-number': Number(metadata['last-sequence-number']) + 1,
    summary: { operation: 'replace', 'total-records': head.summary['total-records'] ?? '' },
  };
  await lab.catalog.commitTable(lab.target.ident, {
    requirements: [],
    updates: [
      { action: 'add-snapshot', snapshot: compacted },
      { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': 4711 },
      { action: 'remove-snapshots', 'snapshot-ids': metadata.snapshots.map((snapshot) => snapshot['snapshot-id']) },
    ],
  });
  assert.equal((await loadedTable(lab)).metadata.snapshots.length, 1);
  await lab.land([inserted(9)]);
  await assertWhole(lab);
});
