// node benchmarks/reference-lane.ts limit|parquetjs-lite EVENTS DIR — what the same events cost elsewhere, in this run:
// `limit` is DuckDB alone, the events as one file with known types straight to Parquet (no log, no exactness proof, no
// offsets, no commit); `parquetjs-lite` is the library the field named, rows parsed by JavaScript. Prints one document.

import { createWriteStream } from 'node:fs';
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { once } from 'node:events';
import parquet from 'parquetjs-lite';
import { envelopes } from './envelopes.ts';
import { queryRows, quoted } from './duckdb.ts';

interface Reference {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly rssBytesMax: number;
  readonly bytesOut: number;
}

const afterType =
  'STRUCT(id BIGINT, email VARCHAR, full_name VARCHAR, city VARCHAR, status VARCHAR, balance VARCHAR, rating DOUBLE, birth_date BIGINT, created_at VARCHAR, updated_at VARCHAR)';
const sourceType =
  'STRUCT(version VARCHAR, connector VARCHAR, name VARCHAR, ts_ms BIGINT, snapshot VARCHAR, db VARCHAR, sequence VARCHAR, ts_us BIGINT, ts_ns BIGINT, schema VARCHAR, "table" VARCHAR, txId BIGINT, lsn BIGINT, xmin BIGINT, origin VARCHAR, origin_lsn BIGINT)';

async function limit(events: number, dir: string): Promise<Reference> {
  const [input, output] = [join(dir, 'events.ndjson'), join(dir, 'limit.parquet')];
  const file = createWriteStream(input);
  for (const { value } of envelopes(events)) if (!file.write(`${value}\n`)) await once(file, 'drain');
  file.end();
  await once(file, 'finish');
  return measure(output, async () => {
    const columns = `{before: '${afterType}', after: '${afterType}', source: '${sourceType}', transaction: 'VARCHAR', op: 'VARCHAR', ts_ms: 'BIGINT', ts_us: 'BIGINT', ts_ns: 'BIGINT'}`;
    await queryRows(
      `COPY (SELECT * FROM read_ndjson(${quoted(input)}, columns = ${columns})) TO ${quoted(output)} (FORMAT parquet, COMPRESSION zstd)`,
      { memory_limit: '512MB' },
    );
  });
}

async function parquetjs(events: number, dir: string): Promise<Reference> {
  const output = join(dir, 'parquetjs.parquet');
  const text = { type: 'UTF8', optional: true, compression: 'GZIP' };
  const long = { type: 'INT64', optional: true, compression: 'GZIP' };
  const schema = new parquet.ParquetSchema({
    op: text,
    ts_ms: long,
    after: {
      optional: true,
      fields: {
        id: long,
        email: text,
        full_name: text,
        city: text,
        status: text,
        balance: text,
        rating: { type: 'DOUBLE', optional: true, compression: 'GZIP' },
        birth_date: long,
        created_at: text,
        updated_at: text,
      },
    },
    source: {
      optional: true,
      fields: {
        version: text,
        connector: text,
        name: text,
        ts_ms: long,
        snapshot: text,
        db: text,
        sequence: text,
        schema: text,
        table: text,
        txId: long,
        lsn: long,
      },
    },
  });
  return measure(output, async () => {
    const writer = await parquet.ParquetWriter.openFile(schema, output);
    writer.setRowGroupSize(20_000);
    for (const { value } of envelopes(events)) {
      const { op, ts_ms, after, source } = JSON.parse(value);
      const { version, connector, name, snapshot, db, sequence, schema: schemaName, table, txId, lsn } = source;
      await writer.appendRow({
        op,
        ts_ms,
        after,
        source: { version, connector, name, ts_ms: source.ts_ms, snapshot, db, sequence, schema: schemaName, table, txId, lsn },
      });
    }
    await writer.close();
  });
}

async function measure(output: string, run: () => Promise<void>): Promise<Reference> {
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  await run();
  const used = process.cpuUsage(cpu);
  return {
    seconds: (performance.now() - startedAt) / 1000,
    cpuSeconds: (used.user + used.system) / 1e6,
    rssBytesMax: process.resourceUsage().maxRSS * 1024,
    bytesOut: (await stat(output)).size,
  };
}

const [name, events, dir] = process.argv.slice(2);
if (!name || !events || !dir) throw new Error('usage: reference-lane.ts limit|parquetjs-lite EVENTS DIR');
await mkdir(dir, { recursive: true });
const result = name === 'limit' ? await limit(Number(events), dir) : await parquetjs(Number(events), dir);
await rm(dir, { recursive: true, force: true });
console.log(JSON.stringify(result));
