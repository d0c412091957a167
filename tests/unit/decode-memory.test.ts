// A statement that does not fit into memory is tried in smaller parts: fewer shapes where a table's columns have changed
// often, fewer rows where they are wide. Nothing that a producer sends ends the worker for it.

import assert from 'node:assert/strict';
import test from 'node:test';
import { LakeError } from '../../runtime/errors.ts';
import { isRecord } from '../../runtime/options.ts';
import { writeFiles, type RowsToWrite } from '../../sync/decode/file-writer.ts';
import { shapeGroups } from '../../sync/decode/shape-groups.ts';
import { contractOf, event } from './contract-fixture.ts';
import { day0Ms, decodeLab, readRows, recordOf } from './decode-fixture.ts';

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
        if (shapeGroups(plan.shapes, mode.stageBytesMax).some((group) => group.length > 1)) throw noMemory();
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

test('of a statement over too many rows fewer are written at a time; a row that does not fit alone is rescued, the others are not', async () => {
  const sizes: number[] = [];
  await using lab = await decodeLab(
    {},
    {
      writeFiles: async (duckdb, plan, rows, mode, options, signal) => {
        const count = rows.pages.reduce((sum, page) => sum + page.rows, 0);
        if (count > 64 || holds(rows, 133n)) throw noMemory();
        sizes.push(count);
        return writeFiles(duckdb, plan, rows, mode, options, signal);
      },
    },
  );
  const records = Array.from({ length: 300 }, (_, i) => ({
    ...recordOf(i, event({ id: i, name: `name ${i}` })),
    ...(i % 3 === 0 ? {} : { recordTimeMs: day0Ms + i }),
  }));
  const written = await lab.write(records);
  assert.ok(Math.max(...sizes) > 30, `parts of ${sizes.join(', ')}`);
  assert.deepEqual([written.rows, written.rescued], [300, 1]);
  assert.ok((written.splits ?? 0) > 8);
  const rows = await readRows(written);
  assert.deepEqual(
    rows.map((row) => Number(row['_log_offset'])),
    records.map((_, i) => i),
  );
  for (const [i, row] of rows.entries()) {
    const text = event({ id: i, name: `name ${i}` });
    if (i === 133) assert.deepEqual(row['_rescued'], { text, reason: 'out-of-memory' });
    else assert.deepEqual([row['_rescued'] ?? null, row['after']], [null, { id: BigInt(i), name: `name ${i}` }]);
  }
});

test('a batch that needs more memory than there is lands all the same: every row once, typed and judged', async () => {
  const columns = Array.from({ length: 60 }, (_, i) => `column_${i}`);
  await using lab = await decodeLab({ memoryLimitBytes: 52_000_000 });
  const contract = contractOf(Object.fromEntries(columns.map((name) => [name, { type: 'string', minLength: 8 }])));
  lab.plan = { ...lab.plan, contract };
  const after = (i: number) => ({ id: i, ...Object.fromEntries(columns.map((name) => [name, `${name} of ${i}`])) });
  const records = Array.from({ length: 3000 }, (_, i) => recordOf(i, event(i % 500 === 0 ? { ...after(i), column_3: 'x' } : after(i))));
  const written = await lab.write(records);
  assert.ok((written.splits ?? 0) > 0, 'it fits: ask for less memory');
  assert.deepEqual([written.rows, written.rescued, written.judged?.rows, written.judged?.violating], [3000, 0, 3000, 6]);
  const rows = await readRows(written);
  assert.deepEqual(
    rows.map((row) => Number(row['_log_offset'])),
    records.map((_, i) => i),
  );
  assert.ok(rows.every((row, i) => isRecord(row['after']) && row['after']['column_7'] === `column_7 of ${i}`));
});

function holds({ pages }: RowsToWrite, offset: bigint): boolean {
  return pages.some((page) => page.offsets.subarray(0, page.rows).some((at, row) => at === offset && page.reasons[row] === 0));
}

test('where not even an unread row fits, it is an error, not an endless try', async () => {
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
