// Random commits to a view, most of them legal and some not, against what every reader of view metadata relies on.

import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { applyViewCommit, createViewMetadata } from '../../lake/iceberg/apply-view-commit.ts';
import { parseJson, stringifyJson } from '../../lake/iceberg/json.ts';
import type { Schema } from '../../lake/iceberg/schema.ts';
import { readViewCommit, type ViewUpdate } from '../../lake/iceberg/view-commit.ts';
import { readViewMetadata, type ViewMetadata, type ViewVersion } from '../../lake/iceberg/view-metadata.ts';

const runs = process.env['FOZ_TEST_LONG'] === '1' ? 5000 : 300;

const schema = (column: string): Schema => ({
  type: 'struct',
  'schema-id': 0,
  fields: [{ id: 1, name: column, required: false, type: 'long' }],
});

const versionOf = fc.record({
  'version-id': fc.integer({ min: -1, max: 5 }),
  'timestamp-ms': fc.integer({ min: 0, max: 9 }),
  'schema-id': fc.constantFrom(0, 0, 0, 0, 1, -1),
  summary: fc.constant({}),
  representations: fc.uniqueArray(
    fc.record({
      type: fc.constant('sql'),
      dialect: fc.constantFrom('trino', 'spark', 'flink', 'Trino'),
      sql: fc.constantFrom('1', '2', '3', '4'),
    }),
    { minLength: 1, maxLength: 2 },
  ),
  'default-namespace': fc.constantFrom(['a'], []),
});

const update: fc.Arbitrary<ViewUpdate> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ action: fc.constant('add-view-version'), 'view-version': versionOf }) },
  {
    weight: 4,
    arbitrary: fc.record({
      action: fc.constant('set-current-view-version'),
      'view-version-id': fc.constantFrom(-1, -1, -1, -1, -1, 1, 2, 3),
    }),
  },
  { weight: 2, arbitrary: fc.record({ action: fc.constant('add-schema'), schema: fc.constantFrom('a', 'b', 'c', 'd').map(schema) }) },
  fc.record({
    action: fc.constant('set-properties'),
    updates: fc.record({ 'version.history.num-entries': fc.constantFrom('1', '2', '3') }),
  }),
  fc.record({ action: fc.constant('remove-properties'), removals: fc.constant(['version.history.num-entries']) }),
  fc.record({ action: fc.constant('set-location'), location: fc.constantFrom('s3://a', 's3://b/') }),
);

function assertInvariants(view: ViewMetadata, before: ViewMetadata): void {
  const ids = view.versions.map((version) => version['version-id']);
  assert.equal(new Set(ids).size, ids.length, 'version ids are unique');
  assert.ok(ids.includes(view['current-version-id']), 'the current version is there');
  const schemaIds = view.schemas.map((one) => one['schema-id']);
  assert.equal(new Set(schemaIds).size, schemaIds.length, 'schema ids are unique');
  for (const version of view.versions) {
    assert.ok(schemaIds.includes(version['schema-id']), 'every version has its schema');
    const dialects = version.representations.map(({ dialect }) => dialect?.toLowerCase());
    assert.equal(new Set(dialects).size, dialects.length, 'a dialect has one text');
    assert.ok(dialects.length > 0);
    const same = before.versions.find((other) => other['version-id'] === version['version-id']);
    if (same) assert.deepEqual(version, same, 'a version never changes');
  }
  for (const one of view.schemas) {
    const same = before.schemas.find((other) => other['schema-id'] === one['schema-id']);
    if (same) assert.deepEqual(one, same, 'a schema id never changes its meaning');
  }
  assert.ok(Math.max(...schemaIds) >= Math.max(...before.schemas.map((one) => one['schema-id'])), 'nor is it given out twice');
  assert.ok(Math.max(...ids) >= Math.max(...before.versions.map((one) => one['version-id'])), 'nor that of a version');
  for (const entry of view['version-log']) assert.ok(ids.includes(entry['version-id']), 'the log tells of versions that are there');
  assert.equal(view['version-log'].at(-1)?.['version-id'], view['current-version-id'], 'the log ends at the current version');
  assert.deepEqual(readViewMetadata(parseJson(stringifyJson(view))), view, 'it can be read back');
}

test('whatever is committed, a view stays one that can be read: ids, log and schemas agree', () => {
  let applied = 0;
  fc.assert(
    fc.property(fc.array(fc.array(update, { minLength: 1, maxLength: 4 }), { maxLength: 12 }), (commits) => {
      const properties = { 'replace.drop-dialect.allowed': 'true' };
      const first: ViewVersion = {
        'version-id': 1,
        'timestamp-ms': 0,
        'schema-id': 0,
        summary: {},
        representations: [{ type: 'sql', dialect: 'trino', sql: '0' }],
        'default-namespace': ['a'],
      };
      const created = createViewMetadata({ uuid: 'u', location: 's3://a', schema: schema('a'), version: first, properties }, 0);
      assert.equal(created.kind, 'applied');
      let view = created.metadata;
      for (const updates of commits) {
        const frozen = stringifyJson(view);
        const commit = readViewCommit({ requirements: [], updates: parseJson(stringifyJson(updates)) });
        const outcome = applyViewCommit(view, commit, 100);
        assert.equal(stringifyJson(view), frozen, 'what was given is never changed');
        if (outcome.kind !== 'applied') continue;
        applied += 1;
        assertInvariants(outcome.metadata, view);
        view = outcome.metadata;
      }
    }),
    { numRuns: runs },
  );
  assert.ok(applied > runs, `commits that were applied: ${applied}`);
});
