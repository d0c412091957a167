// A section of the test of checks on Trino: the tables that results of checks are appended to, read by a real Trino.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Catalog } from '../../catalog/catalog.ts';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';
import { appendResults } from '../../quality/report/append-results.ts';
import { knownKeysIn } from '../../quality/report/known-keys.ts';
import { publicResult } from '../../quality/report/public-result.ts';
import { freshnessTable, resultsTable } from '../../quality/report/result-tables.ts';
import { storedResult } from '../../quality/run/result-record.ts';
import { askTrino } from '../../query/trino-client.ts';
import type { Clock } from '../../runtime/clock.ts';
import { seededRandom } from '../../runtime/random.ts';
import { checkOf } from '../unit/quality-fixture.ts';
import { resultOf, startedAt } from '../unit/quality-report-fixture.ts';

export interface ResultsWorld {
  readonly catalog: Catalog;
  readonly store: ObjectStore;
  readonly directory: string;
  readonly clock: Clock;
  /** Of Trino, where the catalog is called `foz`. */
  readonly url: string;
}

const dayMs = 86_400_000;

export async function trinoReadsResults({ catalog, store, directory, clock, url }: ResultsWorld): Promise<void> {
  const results = memoryCatalogStore().quality;
  const fresh = checkOf('fresh', {
    measure: { kind: 'freshness', by: 'change' },
    fail: { operator: 'lessOrEqual', values: [60], unit: 'value' },
  });
  const told = [
    resultOf(checkOf('a', { owner: `o'hara "é" \u{1f30a}` }), { startedAt: startedAt - dayMs }),
    resultOf(checkOf('a'), { outcome: 'skipped', measured: null, snapshotId: null, reason: 'away' }),
    resultOf(fresh, { outcome: 'passed', measured: { value: 12.5, text: null, total: null, exactness: 'exact', by: 'metadata' } }),
  ];
  await results.addResults(told.map((result, at) => storedResult(result, `key ${at}`)));
  const parts = {
    catalog,
    objectStore: store,
    store: results,
    clock,
    random: seededRandom(3),
    directory: join(directory, 'results'),
    told: (result: (typeof told)[number]) => publicResult(result, () => new Set()),
    rowsMax: 2,
    knownKeys: knownKeysIn({ catalog, store, cacheDir: join(directory, 'result-keys') }),
  };
  const signal = new AbortController().signal;
  for (const table of [resultsTable, freshnessTable]) await appendResults(table, parts, signal);
  const rows = async (sql: string) => (await askTrino({ url, user: 'foz' }, sql, signal)).rows;
  assert.deepEqual(
    await rows(
      `SELECT result_key, CAST(measured_at AT TIME ZONE 'UTC' AS varchar), outcome, value, total, owner, snapshot_id
       FROM foz.foz.quality_results ORDER BY result_key`,
    ),
    [
      ['key 0', '2026-11-20 12:00:00.000000 UTC', 'failed', 3, 10, `o'hara "é" \u{1f30a}`, '77'],
      ['key 1', '2026-11-21 12:00:00.000000 UTC', 'skipped', null, null, null, null],
      ['key 2', '2026-11-21 12:00:00.000000 UTC', 'passed', 12.5, null, null, '77'],
    ],
  );
  const pruned = await rows(`SELECT count(*) FROM foz.foz.quality_results WHERE measured_at < TIMESTAMP '2026-11-21 00:00:00 UTC'`);
  assert.deepEqual(pruned, [[1]]);
  assert.deepEqual(await rows('SELECT kind, seconds, limit_seconds, outcome FROM foz.foz.freshness'), [['freshness', 12.5, 60, 'passed']]);
}
