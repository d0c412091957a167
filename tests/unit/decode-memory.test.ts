// A table whose columns have changed often has many shapes, and a statement that tries them all may not fit into memory.

import assert from 'node:assert/strict';
import test from 'node:test';
import { LakeError } from '../../runtime/errors.ts';
import { writeFiles } from '../../sync/decode/file-writer.ts';
import { event } from './contract-fixture.ts';
import { decodeLab, readRows, recordOf } from './decode-fixture.ts';

function noMemory(): LakeError {
  return new LakeError('LIMIT_EXCEEDED', 'decoding a batch: Out of Memory Error', {
    cause: new Error('Out of Memory Error: failed to allocate'),
  });
}

test('where one statement over all shapes does not fit into memory, several try fewer each, and every row lands once', async () => {
  let fits = 0;
  await using lab = await decodeLab(
    {},
    {
      writeFiles: async (duckdb, plan, rows, mode, options, signal) => {
        if (plan.shapes.length > 1 && mode.stageBytesMax > options.stageBytesMax / 32) throw noMemory();
        fits++;
        return writeFiles(duckdb, plan, rows, mode, options, signal);
      },
    },
  );
  const records = Array.from({ length: 12 }, (_, i) => recordOf(i, event({ id: i, [`column_${i % 6}`]: `text ${i}` })));
  const written = await lab.write(records);
  assert.ok(fits > 0);
  assert.equal(written.rows, 12);
  assert.equal(written.rescued, 0);
  const rows = await readRows(written);
  assert.deepEqual(
    rows.map((row) => Number(row['_log_offset'])).toSorted((a, b) => a - b),
    records.map((_, i) => i),
  );
  assert.equal(new Set(rows.map((row) => Number(row['_shape']))).size, 6);
});

test('what does not fit in the smallest pieces is an error, not an endless try', async () => {
  let tries = 0;
  await using lab = await decodeLab(
    {},
    {
      writeFiles: () => {
        tries++;
        return Promise.reject(noMemory());
      },
    },
  );
  await assert.rejects(lab.write([recordOf(0, event({ id: 1 }))]), { code: 'LIMIT_EXCEEDED' });
  assert.ok(tries > 1 && tries < 40, `${tries} tries`);
});
