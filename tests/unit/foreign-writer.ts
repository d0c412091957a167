// Another engine that appends to a raw table through the REST catalog, as any Iceberg client does: it knows nothing of the offset
// chain, writes its own Parquet, and appends again over the newest head after a conflict.

import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Catalog, TableIdent } from '../../catalog/catalog.ts';
import { prepareAppend } from '../../lake/iceberg/append.ts';
import { currentSchema, type TableMetadata } from '../../lake/iceberg/metadata.ts';
import { newSnapshotId } from '../../lake/iceberg/next-snapshot.ts';
import { putDataFile } from '../../lake/iceberg/put-data-file.ts';
import { copyReport } from '../../lake/parquet/copy-report.ts';
import { duckdbType, literal, quoted } from '../../lake/parquet/duckdb-type.ts';
import { fieldIds } from '../../lake/parquet/field-ids.ts';
import { fileMetrics } from '../../lake/parquet/file-metrics.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';
import { openReadingDuckdb, type ReadingDuckdb } from '../../query/duckdb.ts';
import { LakeError } from '../../runtime/errors.ts';
import { systemRandom } from '../../runtime/random.ts';
import { appendCommit } from './iceberg-fixture.ts';

/** Rows of this log partition are the foreign ones: no worker reads it. */
export const foreignPartition = 99;

export interface ForeignWriter extends AsyncDisposable {
  /** One commit of two rows, their offsets the next ones. Returns how long it took and how often it was second. */
  append(): Promise<{ readonly ms: number; readonly conflicts: number }>;
  readonly rows: number;
}

export async function foreignWriter(catalog: Catalog, store: ObjectStore, ident: TableIdent, directory: string): Promise<ForeignWriter> {
  const folder = join(directory, `foreign-${randomUUID()}`);
  const duckdb = await openReadingDuckdb({ directory: folder, memoryBytes: 64 << 20, threads: 1 });
  let rows = 0;
  return {
    append: async () => {
      const startedAt = performance.now();
      let conflicts = 0;
      for (; ; conflicts++) {
        const table = await catalog.loadTable(ident);
        if (!table) throw new Error('the table is not there');
        const { metadata } = table;
        const local = await writeFile(duckdb, folder, metadata, rows);
        const file = await putDataFile(local, metadata, store, undefined, '-foreign.parquet');
        await rm(local.path);
        try {
          const input = {
            metadata,
            store,
            files: [file],
            summary: {},
            snapshotId: newSnapshotId(systemRandom),
            commitId: randomUUID(),
            now: Date.now(),
          };
          const outcome = await catalog.commitTable(ident, appendCommit(metadata, await prepareAppend(input)));
          if (outcome.kind === 'committed') break;
        } catch (error) {
          // The list of a head that has moved on may have been swept by an erasure: as a conflict.
          if (!(error instanceof LakeError && error.code === 'OBJECT_MISSING')) throw error;
        }
        if (conflicts > 200) throw new Error('another engine does not come to its commit: it starves');
      }
      rows += 2;
      return { ms: performance.now() - startedAt, conflicts };
    },
    get rows() {
      return rows;
    },
    [Symbol.asyncDispose]: async () => {
      await duckdb[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function writeFile(duckdb: ReadingDuckdb, folder: string, metadata: TableMetadata, from: number) {
  const schema = currentSchema(metadata);
  const day = new Date().toISOString().slice(0, 10);
  const values: Readonly<Record<string, string>> = {
    _log_partition: String(foreignPartition),
    _log_offset: 'o',
    _log_time: `TIMESTAMPTZ '${day} 12:00:00+00'`,
    _log_key: `encode('{"id":' || (900000 + o) || '}')`,
  };
  const list = schema.fields.map(({ name, type }) => `CAST(${values[name] ?? 'NULL'} AS ${duckdbType(type)}) AS ${quoted(name)}`);
  const path = join(folder, `${randomUUID()}.parquet`);
  const copied = await duckdb.all(
    `COPY (SELECT ${list.join(', ')} FROM range(${from}, ${from + 2}) r(o)) TO ${literal(path)} (FORMAT parquet, FIELD_IDS ${fieldIds(schema)}, RETURN_STATS true)`,
  );
  const { recordCount, fileSizeInBytes, stats } = copyReport(copied.rows[0]);
  const partition = { [metadata['partition-specs'][0]?.fields[0]?.['field-id'] ?? 1000]: Date.parse(day) / 86_400_000 };
  const metrics = fileMetrics(schema, stats, { wideColumns: 0, always: new Set(['_log_partition', '_log_offset', '_log_time']) });
  return { path, dataFile: { fileFormat: 'PARQUET' as const, partition, recordCount, fileSizeInBytes, ...metrics } };
}
