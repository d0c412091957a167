// What a test of masks looks at: every byte of the files of a batch, and their rows as texts.

import { readFile } from 'node:fs/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import type { WrittenBatch } from '../../sync/decode/decoder.ts';

/** Every page of the file, uncompressed, and the file as it is. */
export async function bytesOf(written: WrittenBatch): Promise<string> {
  const parts: string[] = [];
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  for (const [i, { path, dataFile }] of written.files.entries()) {
    const plain = `${path}.${i}.plain`;
    await connection.run(`COPY (SELECT * FROM read_parquet('${path}')) TO '${plain}' (FORMAT parquet, COMPRESSION uncompressed)`);
    for (const file of [path, plain]) parts.push((await readFile(file)).toString('latin1'));
    parts.push(
      JSON.stringify(dataFile, (_, value: unknown) =>
        value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : typeof value === 'bigint' ? String(value) : value,
      ),
    );
  }
  connection.closeSync();
  instance.closeSync();
  return parts.join('\n');
}

/** Texts that the reader left as bytes. */
export function textual(value: unknown): Readonly<Record<string, unknown>> {
  const plain = (inner: unknown, key: string): unknown => {
    if (inner instanceof Uint8Array) return key === '_log_key' ? inner : Buffer.from(inner).toString();
    if (Array.isArray(inner)) return inner.map((item) => plain(item, key));
    if (typeof inner !== 'object' || inner === null || inner instanceof Date) return inner;
    return Object.fromEntries(Object.entries(inner).map(([name_, item]) => [name_, name_ === '_headers' ? null : plain(item, name_)]));
  };
  return plain(value, '') as Readonly<Record<string, unknown>>;
}
