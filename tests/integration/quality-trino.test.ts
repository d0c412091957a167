// The same checks over the same snapshots, computed by DuckDB in this process and by a real Trino over the S3 server and our
// catalog: the same figure, total, outcome and failing rows, check by check, with faults and without.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { restCatalog } from '../../catalog/rest-catalog.ts';
import { serveCatalog } from '../../catalog/serve.ts';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import { s3Store } from '../../lake/store/s3-store.ts';
import type { Check } from '../../quality/check.ts';
import { openDuckdbEngine } from '../../quality/engine/duckdb-engine.ts';
import { openTrinoEngine } from '../../quality/engine/trino-engine.ts';
import { isOfOnePass } from '../../quality/measure/compile-measure.ts';
import { systemClock } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import { startStack } from '../../stack/stack.ts';
import { mutations, packed, plantOf } from '../conformance/quality-mutation-cases.ts';
import { checkOf, mutationChecks, now, plantTables, type Plant } from '../conformance/quality-mutation-tables.ts';
import { contractOf, measureAll, type Found, type MeasureOptions } from '../conformance/quality-session.ts';
import { lakeTables } from '../unit/lake-table-fixture.ts';
import { trinoReadsResults } from './results-trino-section.ts';

const timeout = 15 * 60_000;
const isLong = process.env['FOZ_TEST_LONG'] === '1';

const faulty = packed(
  mutations.filter(
    ({ deleteUsers, changedAt, usersCount, isAlone, keepUsers }) => !deleteUsers && !changedAt && !usersCount && !isAlone && !keepUsers,
  ),
);

const packOf = (name: string) => faulty.find((pack) => pack.some((one) => one.name === name)) ?? [];

interface WorldOfFaults {
  readonly prefix: string;
  readonly view: Check['view'];
  readonly plant: Plant;
}

const raw: readonly WorldOfFaults[] = [
  { prefix: 'a_', view: 'raw', plant: plantOf(faulty[0] ?? []) },
  {
    prefix: 'b_',
    view: 'raw',
    plant: {
      ...plantOf([...packOf('two e-mails twice'), ...mutations.filter(({ name }) => name === 'a name with digits of another script')]),
      changedAt: `TIMESTAMPTZ '2026-11-21 09:58:00.123456+00'`,
    },
  },
];
const current: WorldOfFaults = { prefix: 'd_', view: 'current', plant: { ...plantOf(faulty[1] ?? []), deleteUsers: 'i = 20' } };

/** Trino makes the current rows anew for each statement, in seconds: those that share one, unless all have the time. */
const isQuick = ({ measure }: Check) => isLong || (isOfOnePass(measure) && measure.kind !== 'duplicates');
const worlds: readonly WorldOfFaults[] = isLong ? [...raw, current, { prefix: 'e_', view: 'current', plant: {} }] : [...raw, current];

test('DuckDB and Trino say the same, check by check', { timeout }, async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'foz-quality-trino-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  await using stack = await startStack({ dir: join(dir, 'stack'), components: ['s3'] });
  const s3 = stack.endpoint('s3');
  await using store = s3Store({
    bucket: s3.bucket,
    prefix: 'lake',
    region: s3.region,
    endpoint: s3.endpoint,
    credentials: { kind: 'static', accessKeyId: s3.accessKey, secretAccessKey: s3.secretKey },
  });
  const clock = { ...systemClock, now: () => now - 5 * 60_000 };
  const served = await serveCatalog({ port: 0, store: memoryCatalogStore(), objectStore: store, clock });
  t.after(() => served.close());
  await using catalog = restCatalog({ uri: served.url });
  await using lab = await lakeTables({ catalog, store });
  for (const { prefix, plant } of worlds) await plantTables(lab, plant, prefix);
  let url: string;
  try {
    url = (await stack.startTrino({ catalogName: 'foz', catalogUri: served.url, warehouse: store.root, s3 })).url;
  } catch (error) {
    if (!(error instanceof LakeError) || error.code !== 'PREREQUISITE_MISSING') throw error;
    console.error(`NOT RUN: Trino: ${error.message}`);
    return t.skip(`NOT RUN: ${error.message}`);
  }
  await using duckdb = await openDuckdbEngine({ catalog, store, cacheDir: join(dir, 'cache') });
  await using trino = await openTrinoEngine({ catalog, trino: { url, user: 'foz' }, workDir: join(dir, 'parser') });
  for (const { prefix, view } of worlds) {
    await t.test(`${prefix}: ${view} rows`, async (inner) => {
      const checks = mutationChecks(view, prefix).filter((check) => view === 'raw' || isQuick(check));
      const contracts = new Map([
        [`${prefix}users`, contractOf(`${prefix}users`, ['id'])],
        [`${prefix}rides`, contractOf(`${prefix}rides`, ['ride_id'])],
      ]);
      const startedAt = Date.now();
      await sameFindings(checks, { engine: duckdb, store, now, contracts }, { engine: trino, store, now, contracts });
      inner.diagnostic(`${checks.length} checks on both engines: ${Date.now() - startedAt} ms`);
    });
  }
  await t.test('only new rows, of both sources', async () => {
    const views = isLong ? (['raw', 'current'] as const) : (['raw'] as const);
    const checks = views.flatMap((view) =>
      ['users', 'rides'].map((table) => checkOf(`a_${table}`, `new-${view}`, { kind: 'rowCount' }, null, { view, scope: 'new' })),
    );
    const since = new Map(
      checks.map(({ id }) => [id, { snapshotId: '1', checkedAt: 0, next: new Map([['topic-1', new Map([[0, 150n]])]]) }]),
    );
    const found = await sameFindings(checks, { engine: duckdb, store, now, since }, { engine: trino, store, now, since });
    assert.deepEqual(
      checks.map(({ id }) => valueOf(found.get(id))),
      isLong ? [50, 150, 50, 150] : [50, 150],
    );
  });
  await t.test('results of checks are tables that Trino reads', () =>
    trinoReadsResults({ catalog, store, directory: dir, clock: { ...systemClock, now: () => now }, url }),
  );
  await t.test('a statement that Trino refuses, or that takes too long, is an error that says so; nothing is written', async () => {
    await assert.rejects(trino.rows('SELECT nobody FROM foz.raw.a_users'), { code: 'QUERY_INVALID', message: /nobody/ });
    await assert.rejects(trino.rows('DROP TABLE foz.raw.a_users'), { code: 'QUERY_INVALID' });
    await using hurried = await openTrinoEngine({
      catalog,
      trino: { url, user: 'foz' },
      workDir: join(dir, 'parser2'),
      timeLimitMs: 1_500,
    });
    const slow =
      'SELECT count(*) FROM foz.raw.a_users a, foz.raw.a_users b, foz.raw.a_users c, foz.raw.a_users d, foz.raw.a_users e WHERE a._log_offset + b._log_offset + c._log_offset + d._log_offset = -e._log_offset';
    await assert.rejects(hurried.rows(slow), { code: 'LIMIT_EXCEEDED' });
  });
});

function valueOf(found: Found | undefined): number | null {
  return found?.finding.kind === 'measured' ? found.finding.measured.value : null;
}

async function sameFindings(checks: readonly Check[], ours: MeasureOptions, theirs: MeasureOptions): Promise<ReadonlyMap<string, Found>> {
  const [duckdb, trino] = [await measureAll(checks, ours), await measureAll(checks, theirs)];
  for (const { id, measure } of checks) {
    const [a, b] = [duckdb.get(id), trino.get(id)];
    assert.ok(a && b, id);
    assert.equal(a.outcome, b.outcome, `${id}: ${JSON.stringify([a, b])}`);
    assert.equal(a.finding.kind, b.finding.kind, id);
    if (a.finding.kind !== 'measured' || b.finding.kind !== 'measured') continue;
    const [one, other] = [a.finding.measured, b.finding.measured];
    assert.ok(Math.abs(one.value - other.value) <= Math.abs(one.value) * 1e-12, `${id}: ${one.value} and ${other.value}`);
    assert.deepEqual({ ...one, value: 0 }, { ...other, value: 0 }, id);
    const [shown, alsoShown] = [a.finding.failing, b.finding.failing];
    assert.deepEqual(shown?.columns, alsoShown?.columns, id);
    assert.deepEqual(shown?.masked, alsoShown?.masked, id);
    // The rows of people's own statements have no order.
    if (measure.kind !== 'sql') assert.deepEqual(shown?.rows, alsoShown?.rows, id);
    else assert.equal(shown?.rows.length, alsoShown?.rows.length, id);
  }
  return duckdb;
}
