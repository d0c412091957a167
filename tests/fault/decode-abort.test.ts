// A write that is aborted, or disposed of while it runs, leaves no file and harms no later batch.

import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import test from 'node:test';
import { blockOf } from '../../sync/log/record-block.ts';
import { decodeLab, readRows, recordOf } from '../unit/decode-fixture.ts';

const value = (id: number) => `{"before":null,"after":{"id":${id},"name":"${'n'.repeat(200)}"},"source":{"ts_us":${id}},"op":"c"}`;

test('an aborted write rejects, leaves no file, and its memory is reused only when DuckDB has let go', async () => {
  await using lab = await decodeLab();
  await lab.write([recordOf(0, value(0))]);
  const before = await readdir(lab.tempDir);
  const records = Array.from({ length: 20_000 }, (_, i) => recordOf(i, value(i)));
  const block = blockOf(records);
  for (let round = 0; round < 3; round++) {
    const batch = lab.decoder.open();
    batch.append(0, block, 0, block.count);
    const abort = new AbortController();
    const written = batch.write(lab.plan, abort.signal);
    setTimeout(() => abort.abort(new Error('stopped')), 5 * round);
    const disposed = batch[Symbol.asyncDispose]();
    await assert.rejects(written, /stopped/);
    await disposed;
    assert.deepEqual(await readdir(lab.tempDir), before, 'no file of the aborted write is left');
  }
  const rows = await readRows(await lab.write(records.slice(0, 3000)));
  assert.deepEqual(
    rows.map((row) => Number(row['_log_offset'])),
    records.slice(0, 3000).map((_, i) => i),
  );
});
