// Another engine appends to a raw table through the REST catalog while the worker writes it and compaction, expiry, merging and
// the sweep run on it: no row of either is lost or doubled, the chain stands, and nobody starves.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { restCatalog } from '../../catalog/rest-catalog.ts';
import { serveCatalog } from '../../catalog/serve.ts';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import { planScan } from '../../lake/iceberg/scan.ts';
import { readChain } from '../../lake/raw/offset-chain.ts';
import { defaultCompactionLimits } from '../../maintenance/compact/plan-compaction.ts';
import { maintainTable, type MaintenanceStep } from '../../maintenance/maintain-table.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';
import { systemClock } from '../../runtime/clock.ts';
import { seededRandom } from '../../runtime/random.ts';
import { loadedTable } from '../unit/erase-fixture.ts';
import { foreignPartition, foreignWriter } from '../unit/foreign-writer.ts';
import { inserted } from '../unit/maintenance-fixture.ts';
import { queryLab } from '../unit/query-fixture.ts';

const isLong = process.env['FOZ_TEST_LONG'] === '1';
const seconds = isLong ? 300 : 5;
const hourMs = 3_600_000;
/** No commit here takes as long. */
const gateMs = isLong ? 20_000 : 3_000;

test(
  'I2, I4: another engine, the worker and the whole upkeep at once: 0 lost, 0 doubled, nobody starves',
  { timeout: 900_000 },
  async (t) => {
    const pointers = memoryCatalogStore();
    await using lab = await queryLab('pg.public.users', 1, undefined, pointers);
    await lab.land([inserted(1)]);
    const served = await serveCatalog({ port: 0, store: pointers, objectStore: lab.store });
    t.after(() => served.close());
    await using catalog = restCatalog({ uri: served.url });
    await using foreign = await foreignWriter(catalog, lab.store, lab.target.ident, lab.directory);
    const until = Date.now() + seconds * 1_000;
    const times: { foreign: number[]; worker: number[]; conflicts: number } = { foreign: [], worker: [], conflicts: 0 };
    let [landed, compacted, swept, runs] = [1, 0, 0, 0];
    const writing = async (): Promise<void> => {
      while (Date.now() < until) {
        const { ms, conflicts } = await foreign.append();
        times.foreign.push(ms);
        times.conflicts += conflicts;
      }
    };
    const ingesting = async (): Promise<void> => {
      while (Date.now() < until) {
        const startedAt = performance.now();
        await lab.land([inserted(1_000 + landed)]);
        landed++;
        times.worker.push(performance.now() - startedAt);
      }
    };
    const keepUp = async (steps: readonly MaintenanceStep[], laterMs: number): Promise<void> => {
      const options = {
        compaction: { ...defaultCompactionLimits, filesMin: 4, settleMs: 0 },
        binsMax: 2,
        manifestsMin: 5,
        orphansOlderThanMs: hourMs,
        objectsMax: 100_000,
        memoryBytes: 128 << 20,
        threads: 1,
        directory: join(lab.directory, 'maintain'),
      };
      const clock = { ...systemClock, now: () => systemClock.now() + laterMs };
      const deps = { catalog: lab.catalog, store: agedStore(lab.store), clock, random: seededRandom(runs), options };
      const report = await maintainTable(lab.target.ident, steps, deps, false);
      for (const { step, figures } of report.steps) {
        if (step === 'compact') compacted += figures['files'] ?? 0;
        if (step === 'orphans') swept += figures['objects'] ?? 0;
      }
    };
    const keepingUp = async (): Promise<void> => {
      for (; Date.now() < until; runs++) {
        await keepUp(['compact', 'manifests', 'orphans'], 0);
        // As if all but the newest snapshots were old.
        if (runs % 3 === 2) await keepUp(['expire'], 2 * hourMs);
        await systemClock.sleep(50);
      }
    };
    await Promise.all([writing(), ingesting(), keepingUp()]);
    const { metadata } = await loadedTable(lab);
    assert.equal(readChain(metadata).kind, 'valid');
    const offsets = async (condition: string): Promise<readonly number[]> =>
      (await lab.lake.query(`SELECT _log_offset FROM raw.users WHERE ${condition} ORDER BY 1`)).rows.map(([offset]) => Number(offset));
    assert.deepEqual(await offsets(`_log_partition = ${foreignPartition}`), upTo(foreign.rows), 'every row of the other engine once');
    assert.deepEqual(await offsets(`_log_partition <> ${foreignPartition}`), upTo(landed), 'every record of the log once');
    for (const snapshot of metadata.snapshots) {
      for (const { file } of (await planScan({ metadata, store: lab.store, snapshotId: snapshot['snapshot-id'] })).files)
        assert.ok(await lab.store.head(file.filePath.slice(lab.store.root.length + 1)), 'every object that a snapshot names is there');
    }
    t.diagnostic(
      JSON.stringify({
        seconds,
        foreign: { commits: times.foreign.length, conflicts: times.conflicts, ...quantiles(times.foreign) },
        worker: { commits: times.worker.length, ...quantiles(times.worker) },
        upkeep: { runs, compacted, swept },
      }),
    );
    assert.ok(times.foreign.length >= seconds && times.worker.length >= seconds && compacted > 0, JSON.stringify({ times, compacted }));
  },
);

/** Time runs faster for objects: what is some seconds old counts as hours old, so that the sweep's gate of an hour is those. */
function agedStore(store: ObjectStore): ObjectStore {
  return {
    ...store,
    async *list(prefix, signal) {
      for await (const head of store.list(prefix, signal)) {
        const isOld = head.modifiedAt < Date.now() - gateMs;
        yield isOld ? { ...head, modifiedAt: head.modifiedAt - 2 * hourMs } : head;
      }
    },
  };
}

const upTo = (end: number): readonly number[] => Array.from({ length: end }, (_, offset) => offset);

function quantiles(values: readonly number[]): { readonly p50: number; readonly p99: number } {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (quantile: number) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(quantile * sorted.length))] ?? 0);
  return { p50: at(0.5), p99: at(0.99) };
}
