// Commits as Trino 483 sent them to the reference implementation's catalog (Iceberg 1.11.0), with the metadata before and
// after as that catalog answered: ours must answer the same, member by member. catalog-reference-commits.json was
// recorded from such a session; only query ids and versions were taken out.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { applyCommit } from '../../lake/iceberg/apply-commit.ts';
import { parseJson } from '../../lake/iceberg/json.ts';
import { readCommit } from '../../lake/iceberg/read-commit.ts';
import { isRecord, isString, readMetadata } from '../../lake/iceberg/read-metadata.ts';

const recorded = parseJson(readFileSync(new URL('catalog-reference-commits.json', import.meta.url), 'utf8'));
assert.ok(Array.isArray(recorded) && recorded.length === 4);

for (const one of recorded) {
  assert.ok(isRecord(one));
  test(`as the reference catalog: ${String(one['name'])}`, () => {
    const after = readMetadata(one['after']);
    const before = isRecord(one['before']) ? one['before'] : null;
    const location = before?.['metadata-location'];
    const applied = applyCommit(before && readMetadata(before['metadata']), readCommit(one['commit']), {
      now: after['last-updated-ms'],
      ...(isString(location) ? { previousMetadataLocation: location } : {}),
    });
    assert.equal(applied.kind, 'applied');
    assert.deepEqual(applied.metadata, after);
  });
}
