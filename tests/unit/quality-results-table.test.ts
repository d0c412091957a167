// Results of checks as tables of the lake: each once, whatever dies in between, and read back with SQL.

import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Catalog } from '../../catalog/catalog.ts';
import { memoryCatalog } from '../../catalog/memory-catalog.ts';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import type { QualityStore } from '../../catalog/store/quality-store.ts';
import { currentSchema } from '../../lake/iceberg/metadata.ts';
import { filesystemStore } from '../../lake/store/filesystem-store.ts';
import { openLakeQuery } from '../../query/lake-query.ts';
import type { Check } from '../../quality/check.ts';
import { appendResults, type AppendParts } from '../../quality/report/append-results.ts';
import { compactTable } from '../../maintenance/compact/compact-table.ts';
import { defaultCompactionLimits } from '../../maintenance/compact/plan-compaction.ts';
import { openFileRewriter } from '../../maintenance/compact/rewrite-files.ts';
import { knownKeysIn } from '../../quality/report/known-keys.ts';
import { readPosition } from '../../quality/report/lake-position.ts';
import { publicResult } from '../../quality/report/public-result.ts';
import { freshnessTable, resultsTable } from '../../quality/report/result-tables.ts';
import { storeIdentity } from '../../quality/report/store-identity.ts';
import type { CheckResult } from '../../quality/result.ts';
import { storedResult } from '../../quality/run/result-record.ts';
import { systemClock } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import { seededRandom } from '../../runtime/random.ts';
import { readWithIcebird } from './icebird-read.ts';
import { checkOf } from './quality-fixture.ts';
import { resultOf } from './quality-report-fixture.ts';

const signal = new AbortController().signal;
const ident = { namespace: ['foz'], name: 'quality_results' };

interface Lab extends AsyncDisposable {
  readonly catalog: Catalog;
  readonly parts: AppendParts;
  add(store: QualityStore, results: readonly CheckResult[]): Promise<void>;
  sql(statement: string): Promise<readonly (readonly unknown[])[]>;
}

async function lab(given: Partial<AppendParts> = {}): Promise<Lab> {
  const folder = await mkdtemp(join(tmpdir(), 'foz-results-'));
  const objectStore = filesystemStore({ root: join(folder, 'lake') });
  const catalog = memoryCatalog({ objectStore });
  const lake = await openLakeQuery({ catalog, store: objectStore, cacheDir: join(folder, 'cache'), threads: 1 });
  const parts: AppendParts = {
    catalog,
    objectStore,
    store: memoryCatalogStore().quality,
    clock: systemClock,
    random: seededRandom(5),
    directory: join(folder, 'write'),
    told: (result) => publicResult(result, () => new Set()),
    rowsMax: 100,
    knownKeys: knownKeysIn({ catalog, store: objectStore, cacheDir: join(folder, 'keys') }),
    ...given,
  };
  return {
    catalog,
    parts,
    add: async (store, results) => {
      await store.addResults(results.map((result) => storedResult(result, keyOf(result))));
    },
    sql: async (statement) => (await lake.query(statement)).rows,
    [Symbol.asyncDispose]: async () => {
      await lake[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const keyOf = ({ check, startedAt }: CheckResult) => `${check.id} @${startedAt}`;
const at = (time: string) => Date.parse(`2026-11-${time}Z`);
const resultsAt = (times: readonly string[], given: Partial<Check> = {}) =>
  times.map((time) => resultOf(checkOf('email-present', given), { startedAt: at(time) }));

const day = (date: number, count: number) => resultsAt(Array.from({ length: count }, (_, i) => `${date}T10:00:0${i}`));

describe('results of checks in the lake', () => {
  it('come back from SQL as they were kept, each in the file of its day', async () => {
    await using world = await lab();
    const { parts } = world;
    const promised = { document: 'contract', line: null, contract: { id: 'users', version: '1.2.0' } };
    const fresh = checkOf('fresh', {
      measure: { kind: 'freshness', by: { column: 'created_at' } },
      fail: { operator: 'lessOrEqual', values: [600], unit: 'value' },
      origin: promised,
    });
    await world.add(parts.store, [
      ...resultsAt(['20T10:00:00.123', '21T11:00:00'], { owner: 'o\'hara, "x"\n\u0007 é \u{1f30a}', dimension: 'completeness' }),
      resultOf(fresh, {
        startedAt: at('21T12:00:00'),
        measured: { value: 42.5, text: null, total: null, exactness: 'exact', by: 'metadata' },
      }),
      resultOf(checkOf('gone'), {
        startedAt: at('21T13:00:00'),
        outcome: 'skipped',
        measured: null,
        snapshotId: null,
        reason: 'no such table',
      }),
    ]);
    assert.deepEqual(await appendResults(resultsTable, parts, signal), { rows: 4, commits: 1 });
    assert.deepEqual(await appendResults(freshnessTable, parts, signal), { rows: 1, commits: 1 });
    const rows = await world.sql(
      `SELECT check_id, measured_at::VARCHAR, outcome, value, total, column_names, owner, declared_in, snapshot_id, reason, regexp_extract(_file, 'date=[0-9-]+')
       FROM foz.quality_results ORDER BY measured_at`,
    );
    const owner = 'o\'hara, "x"\n\u0007 é \u{1f30a}';
    assert.deepEqual(rows, [
      [
        'users.email-present',
        '2026-11-20 10:00:00.123+00',
        'failed',
        3,
        10n,
        'email',
        owner,
        'quality/users.yaml:1',
        '77',
        '3 of 10 rows (30 %); expected 0',
        'date=2026-11-20',
      ],
      [
        'users.email-present',
        '2026-11-21 11:00:00+00',
        'failed',
        3,
        10n,
        'email',
        owner,
        'quality/users.yaml:1',
        '77',
        '3 of 10 rows (30 %); expected 0',
        'date=2026-11-21',
      ],
      [
        'users.fresh',
        '2026-11-21 12:00:00+00',
        'failed',
        42.5,
        null,
        'created_at',
        null,
        'contract',
        '77',
        '42.5 s; expected 0',
        'date=2026-11-21',
      ],
      [
        'users.gone',
        '2026-11-21 13:00:00+00',
        'skipped',
        null,
        null,
        'email',
        null,
        'quality/users.yaml:1',
        null,
        'no such table',
        'date=2026-11-21',
      ],
    ]);
    const freshness = await world.sql('SELECT table_name, kind, column_names, seconds, limit_seconds, contract_id FROM foz.freshness');
    assert.deepEqual(freshness, [['users', 'freshness', 'created_at', 42.5, 600, 'users']]);
    const table = await world.catalog.loadTable(ident);
    assert.ok(table);
    const elsewhere = await readWithIcebird(parts.objectStore, table.metadata);
    assert.deepEqual(elsewhere.map((row) => [row['check_id'], row['value'], row['total'], row['owner'], row['measured_at']]).toSorted(), [
      ['users.email-present', 3, 10n, owner, new Date('2026-11-20T10:00:00.123Z')],
      ['users.email-present', 3, 10n, owner, new Date('2026-11-21T11:00:00Z')],
      ['users.fresh', 42.5, null, null, new Date('2026-11-21T12:00:00Z')],
      ['users.gone', null, null, null, new Date('2026-11-21T13:00:00Z')],
    ]);
    const joined = await world.sql('SELECT count(*) FROM foz.quality_results r JOIN foz.freshness f USING (result_key)');
    assert.deepEqual(joined, [[1n]]);
  });

  it('are appended in batches of at most so many rows, and no commit is made for none', async () => {
    await using world = await lab({ rowsMax: 4 });
    const { parts } = world;
    assert.deepEqual(await appendResults(resultsTable, parts, signal), { rows: 0, commits: 0 });
    assert.equal(await world.catalog.loadTable(ident), null);
    await world.add(parts.store, resultsAt(Array.from({ length: 10 }, (_, i) => `21T10:00:0${i}`)));
    assert.deepEqual(await appendResults(resultsTable, parts, signal), { rows: 10, commits: 3 });
    assert.deepEqual(await appendResults(resultsTable, parts, signal), { rows: 0, commits: 0 });
    assert.deepEqual(await appendResults(freshnessTable, parts, signal), { rows: 0, commits: 0 });
    const [counted] = await world.sql('SELECT count(*), count(DISTINCT result_key), count(DISTINCT _file) FROM foz.quality_results');
    assert.deepEqual(counted, [10n, 10n, 3n]);
    assert.deepEqual(await readdir(parts.directory), [], 'nothing is left on local disk');
  });

  for (const fault of ['before', 'after', 'reply lost'] as const)
    it(`are there once when the commit fails (${fault})`, async () => {
      await using world = await lab();
      let broken = 1;
      const catalog: Catalog = {
        ...world.catalog,
        commitTable: async (name, commit, within) => {
          if (broken-- <= 0) return world.catalog.commitTable(name, commit, within);
          if (fault !== 'before') await world.catalog.commitTable(name, commit, within);
          throw new LakeError(fault === 'reply lost' ? 'CATALOG_OUTCOME_UNKNOWN' : 'CATALOG_UNREACHABLE', 'scripted');
        },
      };
      const parts = { ...world.parts, catalog };
      await world.add(parts.store, resultsAt(['21T10:00:00', '21T10:00:01']));
      if (fault === 'reply lost') assert.deepEqual(await appendResults(resultsTable, parts, signal), { rows: 2, commits: 1 });
      else await assert.rejects(appendResults(resultsTable, parts, signal), { code: 'CATALOG_UNREACHABLE' });
      // The process that died is started again.
      await appendResults(resultsTable, parts, signal);
      assert.deepEqual(await world.sql('SELECT count(*), count(DISTINCT result_key) FROM foz.quality_results'), [[2n, 2n]]);
    });

  it('are there once when two processes append at the same time', async () => {
    await using world = await lab({ rowsMax: 3 });
    const { parts } = world;
    await world.add(parts.store, resultsAt(Array.from({ length: 9 }, (_, i) => `21T10:00:0${i}`)));
    const both = await Promise.all(
      [parts, { ...parts, directory: `${parts.directory}-2` }].map((one) => appendResults(resultsTable, one, signal)),
    );
    assert.equal(
      both.reduce((sum, { rows }) => sum + rows, 0),
      9,
    );
    assert.deepEqual(await world.sql('SELECT count(*), count(DISTINCT result_key) FROM foz.quality_results'), [[9n, 9n]]);
  });

  it('are compared by key when the store is an older copy of itself, or another one', async () => {
    await using world = await lab({ rowsMax: 2 });
    const { parts } = world;
    const [one = [], two = []] = [resultsAt(['21T10:00:00', '21T10:00:01']), resultsAt(['21T10:00:02', '21T10:00:03'])];
    await world.add(parts.store, [...one, ...two]);
    await appendResults(resultsTable, parts, signal);
    const copy = memoryCatalogStore().quality;
    await copy.putState({ kind: 'report', name: 'store', expectedRevision: null, record: await storeIdentity(parts.store) });
    await world.add(copy, one);
    const restored = { ...parts, store: copy };
    assert.deepEqual(await appendResults(resultsTable, restored, signal), { rows: 0, commits: 0 });
    // What the copy did not know comes again, and after it something new.
    await world.add(copy, [...two, ...resultsAt(['21T10:00:04'])]);
    assert.deepEqual(await appendResults(resultsTable, restored, signal), { rows: 1, commits: 1 });
    const other = memoryCatalogStore().quality;
    await world.add(other, resultsAt(['21T10:00:04', '21T10:00:05']));
    assert.deepEqual(await appendResults(resultsTable, { ...parts, store: other }, signal), { rows: 1, commits: 1 });
    assert.deepEqual(await world.sql('SELECT count(*), count(DISTINCT result_key) FROM foz.quality_results'), [[6n, 6n]]);
    const table = await world.catalog.loadTable(ident);
    assert.deepEqual(table && readPosition(table.metadata, await storeIdentity(other)), { number: 2, comparedTo: 2 });
    assert.deepEqual(
      table && currentSchema(table.metadata).fields.map(({ name }) => name),
      resultsTable.schema.fields.map(({ name }) => name),
    );
  });

  it('keep the metadata small: snapshots expire and manifests are merged', async () => {
    await using world = await lab();
    let now = at('21T10:00:00');
    const parts = { ...world.parts, clock: { ...systemClock, now: () => now } };
    for (let i = 0; i < 32; i++) {
      now = Math.max(now + 300_000, Date.now() + i * 300_000);
      await world.add(parts.store, [resultOf(checkOf('a'), { startedAt: now })]);
      await appendResults(resultsTable, parts, signal);
    }
    const table = await world.catalog.loadTable(ident);
    assert.ok((table?.metadata.snapshots.length ?? 99) < 20, `${table?.metadata.snapshots.length} snapshots`);
    assert.deepEqual(await world.sql('SELECT count(*) FROM foz.quality_results'), [[32n]]);
  });

  it('with gc.enabled=false forget no snapshot: others may share the files', async () => {
    await using world = await lab();
    let now = at('21T10:00:00');
    const parts = { ...world.parts, clock: { ...systemClock, now: () => now } };
    for (let i = 0; i < 7; i++) {
      now = Math.max(now + 1_200_000, Date.now() + i * 1_200_000);
      await world.add(parts.store, [resultOf(checkOf('a'), { startedAt: now })]);
      await appendResults(resultsTable, parts, signal);
      const updates = [{ action: 'set-properties' as const, updates: { 'gc.enabled': 'false' } }];
      if (i === 0) await world.catalog.commitTable(ident, { requirements: [], updates });
    }
    assert.equal((await world.catalog.loadTable(ident))?.metadata.snapshots.length, 7);
  });

  it('of a day that is over become one file in the upkeep, with the same rows, and the next append goes on where it was', async () => {
    await using world = await lab({ rowsMax: 1 });
    const now = Date.now();
    const parts = { ...world.parts, clock: { ...systemClock, now: () => Math.max(now, at('21T10:30:00')) } };
    await world.add(parts.store, [...day(19, 9), ...day(20, 3)]);
    await appendResults(resultsTable, parts, signal);
    const rows = () => world.sql('SELECT * EXCLUDE (_file, _committed_at) FROM foz.quality_results ORDER BY result_key');
    const files = () =>
      world.sql(`SELECT measured_at::DATE::VARCHAR, count(DISTINCT _file) FROM foz.quality_results GROUP BY 1 ORDER BY 1`);
    const before = await rows();
    const compacted = async (time: number): Promise<number> => {
      const table = await world.catalog.loadTable(ident);
      assert.ok(table);
      const openRewriter = () =>
        openFileRewriter(parts.objectStore, { directory: join(parts.directory, 'compact'), memoryBytes: 128 << 20, threads: 1 });
      const deps = { catalog: world.catalog, store: parts.objectStore, random: parts.random, openRewriter };
      const clock = { ...systemClock, now: () => time };
      const { files: count } = await compactTable(
        ident,
        table,
        { ...deps, clock, limits: defaultCompactionLimits, binsMax: 8, pass: () => undefined },
        signal,
      );
      return count;
    };
    assert.equal(await compacted(at('20T00:30:00')), 0, 'results of that day may still come');
    assert.deepEqual(await files(), [
      ['2026-11-19', 9n],
      ['2026-11-20', 3n],
    ]);
    const later = Math.max(now, at('21T10:30:00')) + 2 * 3_600_000;
    assert.deepEqual([await compacted(later), await compacted(later)], [12, 0]);
    assert.deepEqual(await files(), [
      ['2026-11-19', 1n],
      ['2026-11-20', 1n],
    ]);
    assert.deepEqual(await rows(), before);
    const table = await world.catalog.loadTable(ident);
    assert.ok(table);
    assert.equal((await readWithIcebird(parts.objectStore, table.metadata)).length, 12);
    await world.add(parts.store, day(21, 1));
    assert.deepEqual(await appendResults(resultsTable, parts, signal), { rows: 1, commits: 1 });
    assert.deepEqual(await world.sql('SELECT count(*), count(DISTINCT result_key) FROM foz.quality_results'), [[13n, 13n]]);
    assert.deepEqual(await readdir(parts.directory), [], 'nothing is left on local disk');
  });

  it('of a namespace that there is not are a plain error, and columns are taken for no table', async () => {
    await using world = await lab();
    await world.add(world.parts.store, resultsAt(['21T10:00:00']));
    await appendResults(resultsTable, world.parts, signal);
    await assert.rejects(world.sql('SELECT * FROM foz.results'), { code: 'QUERY_INVALID', message: 'there is no table foz.results' });
    await assert.rejects(world.sql('SELECT * FROM nowhere.results'), /nowhere/);
    const years = await world.sql('SELECT extract(year FROM q.measured_at), q.check_id FROM foz.quality_results q');
    assert.deepEqual(years, [[2026n, 'users.email-present']]);
  });
});
