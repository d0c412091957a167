// Snapshot ids of other writers use all 64 bits, and a schema may spell its types in two ways.

import assert from 'node:assert/strict';
import test from 'node:test';
import { readAvroFile, writeAvroFile, type AvroSchema } from '../../lake/iceberg/avro-file.ts';

const ids = [0, -1, Number.MAX_SAFE_INTEGER, 6_650_549_813_085_881_104n, -(2n ** 63n)];

for (const [spelled, long] of [
  ['"long"', 'long'],
  ['{"type": "long"}', { type: 'long' }],
  ['["null", {"type": "long"}]', ['null', { type: 'long' }]],
] as const) {
  test(`64-bit integers are exact where the schema says ${spelled}`, () => {
    const schema: AvroSchema = { type: 'record', name: 'entry', fields: [{ name: 'id', type: long, 'field-id': 1 }] };
    const bytes = writeAvroFile({ schema, metadata: new Map(), records: ids.map((id) => ({ id })) });
    assert.deepEqual(
      readAvroFile(bytes, 'memory').records.map((record) => record['id']),
      ids,
    );
  });
}
