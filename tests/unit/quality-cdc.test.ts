import assert from 'node:assert/strict';
import test from 'node:test';
import type { TableMetadata } from '../../lake/iceberg/metadata.ts';
import type { CdcMeasure } from '../../quality/check.ts';
import { chainCoverage } from '../../quality/cdc/chain-coverage.ts';
import { chainMeasurer } from '../../quality/cdc/chain-measurer.ts';
import { objectsMeasurer } from '../../quality/cdc/objects-measurer.ts';
import type { PipelineView, SlotState, TableLog } from '../../quality/cdc/pipeline-view.ts';
import { serviceMeasurer } from '../../quality/cdc/service-measurer.ts';
import { stuckRowsMeasurer } from '../../quality/cdc/stuck-rows-measurer.ts';
import { metadataMeasurer } from '../../quality/metadata/metadata-measurer.ts';
import { checkOf } from './quality-fixture.ts';
import { findingOf, measuredBy, qualitySession } from './quality-lab.ts';
import { queryLab, type LakeRecord } from './query-fixture.ts';

const topic = 'pg.public.users';
const now = Date.parse('2026-11-21T12:00:00Z');
const clock = { now: () => now, sleep: () => Promise.resolve() };

const cdc = (of: CdcMeasure) => checkOf(of.toLowerCase(), { measure: { kind: 'cdc', of } });

function event(id: number, email: string | null, op = 'c'): LakeRecord {
  const source = {
    version: '3.7.0',
    connector: 'postgresql',
    name: 'pg',
    ts_ms: now,
    ts_us: now * 1000,
    snapshot: 'false',
    db: 'appdb',
    schema: 'public',
    table: 'users',
    txId: id,
    lsn: id,
  };
  const row = { id, email };
  return {
    key: JSON.stringify({ id }),
    value: { before: op === 'd' ? row : null, after: op === 'd' ? null : row, source, op, ts_ms: now },
  };
}

function pipeline(given: {
  log?: Partial<TableLog>;
  slot?: SlotState | null;
  connectors?: readonly { name: string; isRunning: boolean; reason: string | null }[];
}): PipelineView {
  const log: TableLog = {
    topic,
    topicId: 'unknown',
    partitions: new Map(),
    retentionMs: null,
    oldestUnreadAt: async () => null,
    ...given.log,
  };
  return {
    log: async () => (given.log ? log : null),
    slot: async () => given.slot ?? null,
    connectors: async () => given.connectors ?? [],
  };
}

/** Commits of one partition, oldest first, as the table's metadata tells of them. */
function metadataOf(commits: readonly { from: number; to: number; resume?: string }[], next = commits.at(-1)?.to ?? 0): TableMetadata {
  const snapshots = commits.map(({ from, to, resume }, i) => ({
    'snapshot-id': i + 1,
    ...(i === 0 ? {} : { 'parent-snapshot-id': i }),
    'sequence-number': i + 1,
    'timestamp-ms': now,
    'manifest-list': `list-${i}`,
    summary: {
      operation: 'append',
      'foz.commit-id': `c${i}`,
      'foz.offsets': JSON.stringify({ 'topic-1': { 0: { from: String(from), to: String(to) } } }),
      ...(resume === undefined ? {} : { 'foz.resume': resume }),
    },
  }));
  const chain = JSON.stringify({ commitId: `c${commits.length - 1}`, clusterId: 'k', next: { 'topic-1': [String(next)] } });
  const metadata: Partial<TableMetadata> = {
    snapshots,
    'current-snapshot-id': commits.length,
    refs: { main: { 'snapshot-id': commits.length, type: 'branch' } },
    properties: { 'foz.next': chain },
  };
  return metadata as TableMetadata;
}

test('commits that follow each other leave no offset out and bring none twice', () => {
  const { missing, repeated, commits, offsets } = chainCoverage(
    metadataOf([
      { from: 0, to: 10 },
      { from: 10, to: 25 },
      { from: 25, to: 26 },
    ]),
  );
  assert.deepEqual({ missing, repeated, commits, offsets }, { missing: [], repeated: [], commits: 3, offsets: 26n });
});

test('a hole, an overlap and an end that is only promised are each found where they are', () => {
  const hole = chainCoverage(
    metadataOf([
      { from: 0, to: 10 },
      { from: 13, to: 25 },
    ]),
  );
  assert.deepEqual(hole.missing, [{ topicId: 'topic-1', partition: 0, from: 10n, to: 13n }]);
  const overlap = chainCoverage(
    metadataOf([
      { from: 0, to: 10 },
      { from: 7, to: 9 },
      { from: 10, to: 12 },
    ]),
  );
  assert.deepEqual(overlap.repeated, [{ topicId: 'topic-1', partition: 0, from: 7n, to: 9n }]);
  assert.deepEqual(overlap.missing, [], 'what lies behind an overlap is not a hole');
  const promised = chainCoverage(metadataOf([{ from: 0, to: 10 }], 12));
  assert.deepEqual(promised.missing, [{ topicId: 'topic-1', partition: 0, from: 10n, to: 12n }]);
});

test("a person's decision to skip or to read again is neither a hole nor an overlap", () => {
  const skipped = chainCoverage(
    metadataOf([
      { from: 0, to: 10 },
      { from: 50, to: 50, resume: 'accept-gap' },
      { from: 50, to: 60 },
    ]),
  );
  assert.deepEqual([skipped.missing, skipped.repeated], [[], []]);
  const again = chainCoverage(
    metadataOf([
      { from: 0, to: 10 },
      { from: 4, to: 4, resume: 'reread' },
      { from: 4, to: 12 },
    ]),
  );
  assert.deepEqual([again.missing, again.repeated], [[], []]);
});

test('what landed covers its log; records that are not in the table count as lag, with the age of the oldest', async () => {
  await using lab = await queryLab(topic);
  await lab.land([event(1, 'a@example.org'), event(2, 'b@example.org')]);
  await using opened = await qualitySession(lab, { name: 'lag', clock });
  const [source] = await lab.log.describe([topic]);
  const topicId = source?.topicId ?? '';
  const caughtUp = chainMeasurer(
    pipeline({ log: { topicId, partitions: new Map([[0, { logStart: 0n, highWatermark: 2n }]]), retentionMs: 3_600_000 } }),
  );
  for (const one of ['offsetGaps', 'offsetDuplicates', 'logLag', 'sourceLag'] as const)
    assert.equal((await measuredBy(caughtUp, cdc(one), opened.session))?.value, 0, one);
  assert.equal((await measuredBy(caughtUp, cdc('retentionHeadroom'), opened.session))?.value, 3600);
  const asked: unknown[] = [];
  const behind = chainMeasurer(
    pipeline({
      log: {
        topicId,
        partitions: new Map([[0, { logStart: 0n, highWatermark: 7n }]]),
        retentionMs: 3_600_000,
        oldestUnreadAt: async (next) => {
          asked.push([...next]);
          return now - 90_000;
        },
      },
    }),
  );
  assert.equal((await measuredBy(behind, cdc('logLag'), opened.session))?.value, 5);
  assert.equal((await measuredBy(behind, cdc('sourceLag'), opened.session))?.value, 90);
  assert.equal((await measuredBy(behind, cdc('retentionHeadroom'), opened.session))?.value, 3510);
  assert.deepEqual(asked[0], [[0, 2n]], 'it is asked for the offset where the table goes on');
  const nowhere = await findingOf(chainMeasurer(pipeline({})), cdc('logLag'), opened.session);
  assert.equal(nowhere?.kind, 'skipped');
});

/** Cut short. */
function broken(id: number): LakeRecord {
  return { key: JSON.stringify({ id }), value: '{"op": "u", "after": ' };
}

test('rows are stuck while no later event of their key replaces them', async () => {
  await using lab = await queryLab(topic);
  await lab.land([event(1, 'a@example.org'), event(2, 'b@example.org')]);
  await lab.land([broken(1), broken(2), { key: null, value: 'no json at all' }]);
  await lab.land([event(2, 'c@example.org', 'u')]);
  await using opened = await qualitySession(lab, { name: 'stuck' });
  const finding = await findingOf(stuckRowsMeasurer(), cdc('rescuedRows'), opened.session);
  assert.ok(finding?.kind === 'measured');
  assert.equal(finding.measured.value, 2);
  assert.equal(finding.measured.total, 6);
  const places = finding.failing?.rows.map(([partition, offset]) => `${partition} ${offset}`);
  assert.deepEqual(places, ['0 2', '0 4'], 'the one of key 1, and the one without a key');
  assert.ok(!JSON.stringify(finding.failing).includes('no json'), 'what is in a rescued row is not shown');
  assert.equal((await measuredBy(stuckRowsMeasurer(), cdc('violatingRows'), opened.session))?.value, 0);
});

test('a slot is measured against its limit; without a limit the value says so, and a lost one is an error', async () => {
  await using lab = await queryLab(topic);
  await lab.land([event(1, null)]);
  await using opened = await qualitySession(lab, { name: 'slot' });
  const slot = { name: 'foz_users', isLost: false, isActive: true, retainedBytes: 250, limitBytes: 1000, reason: null };
  const found = await measuredBy(serviceMeasurer(pipeline({ slot })), cdc('slotRetainedWal'), opened.session);
  assert.deepEqual([found?.value, found?.total], [250, 1000]);
  const lost = await findingOf(
    serviceMeasurer(pipeline({ slot: { ...slot, isLost: true, reason: 'wal_removed' } })),
    cdc('slotRetainedWal'),
    opened.session,
  );
  assert.ok(lost?.kind === 'error' && /foz_users is lost: wal_removed/.test(lost.reason));
  const none = await findingOf(serviceMeasurer(pipeline({})), cdc('slotRetainedWal'), opened.session);
  assert.equal(none?.kind, 'skipped');
});

test('connectors that do not run are counted, each with its reason', async () => {
  await using lab = await queryLab(topic);
  await lab.land([event(1, null)]);
  await using opened = await qualitySession(lab, { name: 'connectors' });
  const connectors = [
    { name: 'foz-users', isRunning: false, reason: 'task 0: connection refused' },
    { name: 'cassandra-agent', isRunning: true, reason: null },
  ];
  const finding = await findingOf(serviceMeasurer(pipeline({ connectors })), cdc('connectorsDown'), opened.session);
  assert.ok(finding?.kind === 'measured');
  assert.equal(finding.measured.value, 1);
  assert.match(finding.reason ?? '', /foz-users does not run: task 0: connection refused/);
});

test('small files are counted, and objects that no metadata names once they are a day old', async () => {
  await using lab = await queryLab(topic);
  await lab.land([event(1, null)]);
  await lab.land([event(2, null)]);
  await using opened = await qualitySession(lab, { name: 'files' });
  const small = await measuredBy(metadataMeasurer(), cdc('smallFiles'), opened.session);
  assert.deepEqual([small?.value, small?.total], [2, 2]);
  assert.equal((await measuredBy(metadataMeasurer({ smallFileBytes: 10 }), cdc('smallFiles'), opened.session))?.value, 0);
  const { metadata } = opened.session.table.table;
  const key = `${metadata.location.slice(lab.store.root.length + 1)}/data/orphan.parquet`;
  await lab.store.put(key, Buffer.from('nobody names this'));
  const tomorrow = { ...opened.session, clock: { ...clock, now: () => Date.now() + 25 * 3_600_000 } };
  assert.equal((await measuredBy(objectsMeasurer(), cdc('orphanObjects'), tomorrow))?.value, 1);
  const today = { ...opened.session, clock: { ...clock, now: () => Date.now() } };
  assert.equal((await measuredBy(objectsMeasurer(), cdc('orphanObjects'), today))?.value, 0);
  const finding = await findingOf(objectsMeasurer({ objectsMax: 3 }), cdc('orphanObjects'), tomorrow);
  assert.ok(finding?.kind === 'unknown' && /more than 3 objects/.test(finding.reason));
});
