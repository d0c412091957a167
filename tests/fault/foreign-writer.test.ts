// Another engine appends to a raw table through the REST catalog while the worker writes it and compaction, expiry, merging and
// the sweep run on it: no row of either is lost or doubled, the chain stands, and nobody starves.

import assert from 'node:assert/strict';
import test from 'node:test';
import { restCatalog } from '../../catalog/rest-catalog.ts';
import { serveCatalog } from '../../catalog/serve.ts';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import { planScan } from '../../lake/iceberg/scan.ts';
import { readChain } from '../../lake/raw/offset-chain.ts';
import { busyUpkeep, quantiles, type BusyUpkeepFigures } from '../unit/busy-upkeep.ts';
import { loadedTable } from '../unit/erase-fixture.ts';
import { foreignPartition, foreignWriter } from '../unit/foreign-writer.ts';
import { inserted } from '../unit/maintenance-fixture.ts';
import { queryLab } from '../unit/query-fixture.ts';

const isLong = process.env['FOZ_TEST_LONG'] === '1';
const seconds = isLong ? 300 : 5;
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
    let landed = 1;
    const over = new AbortController();
    const writing = async (): Promise<void> => {
      while (!over.signal.aborted) {
        const { ms, conflicts } = await foreign.append();
        times.foreign.push(ms);
        times.conflicts += conflicts;
      }
    };
    const ingesting = async (): Promise<void> => {
      while (!over.signal.aborted) {
        const startedAt = performance.now();
        await lab.land([inserted(1_000 + landed)]);
        landed++;
        times.worker.push(performance.now() - startedAt);
      }
    };
    const upkeepInput = { ident: lab.target.ident, catalog: lab.catalog, store: lab.store, directory: lab.directory, gateMs, pauseMs: 50 };
    // A busy machine may take longer: nobody starves as long as each goes on.
    const isEnough = (done: BusyUpkeepFigures): boolean =>
      over.signal.aborted ||
      (Date.now() >= until && times.foreign.length >= seconds && times.worker.length >= seconds && done.compacted > 0);
    const untilOver = async <T>(work: Promise<T>): Promise<T> => {
      try {
        return await work;
      } finally {
        over.abort();
      }
    };
    const upkeeping = busyUpkeep(upkeepInput, isEnough);
    const [, , upkeep] = await Promise.all([untilOver(writing()), untilOver(ingesting()), untilOver(upkeeping)]);
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
        upkeep,
      }),
    );
  },
);

const upTo = (end: number): readonly number[] => Array.from({ length: end }, (_, offset) => offset);
