// What the decoder's tests share: a decoder in a temporary folder, a table that evolves as the worker would make it,
// and rows read back by two independent readers.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { highestFieldId } from '../../lake/iceberg/schema.ts';
import { rawSchema } from '../../lake/raw/raw-schema.ts';
import type { RawRow } from '../../lake/raw/rebuild.ts';
import type { DecodePlan, Decoder, WrittenBatch } from '../../sync/decode/decoder.ts';
import { openJsonDecoder, type JsonDecoderOptions, type JsonDecoderSeams } from '../../sync/decode/json-decoder.ts';
import { blockOf, type PlainRecord } from '../../sync/log/record-block.ts';

export const day0Ms = Date.UTC(2026, 10, 21, 9);

export interface DecodeLab extends AsyncDisposable {
  readonly decoder: Decoder;
  readonly tempDir: string;
  plan: DecodePlan;
  /** Every evolution asked for, oldest first. */
  readonly evolutions: number[];
  write(records: readonly PlainRecord[], partition?: number): Promise<WrittenBatch>;
}

export function emptyPlan(): DecodePlan {
  return { schema: rawSchema, lastColumnId: highestFieldId(rawSchema), datePartitionFieldId: 1000, shapes: [] };
}

export async function decodeLab(options: Partial<JsonDecoderOptions> = {}, seams: Partial<JsonDecoderSeams> = {}): Promise<DecodeLab> {
  const tempDir = await mkdtemp(join(tmpdir(), 'foz-decode-'));
  const decoder = await openJsonDecoder({ tempDir, ...options }, seams);
  const lab: DecodeLab = {
    decoder,
    tempDir,
    plan: emptyPlan(),
    evolutions: [],
    write: async (records, partition = 0) => {
      await using batch = decoder.open();
      const block = blockOf(records);
      batch.append(partition, block, 0, block.count);
      for (;;) {
        const outcome = await batch.write(lab.plan);
        if (outcome.kind === 'written') return outcome;
        lab.evolutions.push(outcome.shapes.length);
        const schema = outcome.schema ?? lab.plan.schema;
        lab.plan = { ...lab.plan, schema, lastColumnId: Math.max(lab.plan.lastColumnId, highestFieldId(schema)), shapes: outcome.shapes };
      }
    },
    [Symbol.asyncDispose]: async () => {
      await decoder[Symbol.asyncDispose]();
      await rm(tempDir, { recursive: true, force: true });
    },
  };
  return lab;
}

/** Microseconds as they stand in the file: a Date has only milliseconds. */
const exactTimes = { timestampFromMicroseconds: (micros: bigint) => micros };

/** Read by hyparquet, in log order. */
export async function readRows(written: WrittenBatch, times: 'dates' | 'micros' = 'dates'): Promise<readonly RawRow[]> {
  const rows: RawRow[] = [];
  for (const { path } of written.files) {
    const file = await asyncBufferFromFile(path);
    const parsers = times === 'micros' ? { parsers: exactTimes } : {};
    rows.push(...(await parquetReadObjects({ file, compressors, utf8: false, ...parsers })));
  }
  return rows.sort((a, b) => Number(a['_log_offset']) - Number(b['_log_offset']));
}

export function recordOf(offset: number, value: string | Uint8Array | null, key: string | null = `{"id":${offset}}`): PlainRecord {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  return { offset: BigInt(offset), logTimeMs: day0Ms + offset, key: key === null ? null : Buffer.from(key), value: bytes };
}
