import assert from 'node:assert/strict';
import test from 'node:test';
import { applyViewCommit, createViewMetadata } from '../../lake/iceberg/apply-view-commit.ts';
import { parseJson, stringifyJson } from '../../lake/iceberg/json.ts';
import type { Schema } from '../../lake/iceberg/schema.ts';
import { readViewCommit, type ViewUpdate } from '../../lake/iceberg/view-commit.ts';
import { readViewMetadata, type ViewMetadata, type ViewVersion } from '../../lake/iceberg/view-metadata.ts';

const uuid = '2df0d066-9102-4097-acae-ead53542ca76';
const schema: Schema = { type: 'struct', 'schema-id': 5, fields: [{ id: 3, name: 'id', required: true, type: 'int' }] };
const otherSchema: Schema = { type: 'struct', 'schema-id': 7, fields: [{ id: 1, name: 'n', required: false, type: 'long' }] };

function version(sql: string, over: Partial<ViewVersion> & { readonly dialects?: readonly string[] } = {}): ViewVersion {
  const { dialects = ['trino'], ...rest } = over;
  const representations = dialects.map((dialect) => ({ type: 'sql', dialect, sql }));
  return {
    'version-id': 1,
    'timestamp-ms': 1500,
    'schema-id': 0,
    summary: {},
    representations,
    'default-namespace': ['sales'],
    ...rest,
  };
}

const replaceBy = (next: ViewVersion): ViewUpdate[] => [
  { action: 'add-view-version', 'view-version': next },
  { action: 'set-current-view-version', 'view-version-id': -1 },
];

function newView(over: { readonly version?: ViewVersion; readonly properties?: Record<string, string> } = {}): ViewMetadata {
  const view = { uuid, location: 's3://lake/v', schema, version: version('select 1'), properties: {}, ...over };
  const created = createViewMetadata(view, 1000);
  assert.equal(created.kind, 'applied', created.kind === 'applied' ? '' : created.message);
  return created.metadata;
}

function apply(view: ViewMetadata, updates: readonly ViewUpdate[], now = 3000): ViewMetadata {
  const outcome = applyViewCommit(view, { requirements: [{ type: 'assert-view-uuid', uuid }], updates }, now);
  assert.equal(outcome.kind, 'applied', outcome.kind === 'applied' ? '' : outcome.message);
  return outcome.metadata;
}

function refusal(view: ViewMetadata, updates: readonly ViewUpdate[]): string {
  const outcome = applyViewCommit(view, { requirements: [], updates }, 3000);
  assert.equal(outcome.kind, 'invalid');
  return outcome.message;
}

function readProblem(value: unknown): string {
  try {
    return JSON.stringify(readViewCommit(value));
  } catch (error) {
    assert.ok(error instanceof SyntaxError);
    return error.message;
  }
}

test('a new view has version 1 over schema 0, whatever ids the client gave them, and says since when it is current', () => {
  const view = newView({ version: version('select 1', { 'version-id': 9, 'schema-id': 5 }), properties: { owner: 'ana' } });
  assert.deepEqual(view, {
    'view-uuid': uuid,
    'format-version': 1,
    location: 's3://lake/v',
    schemas: [{ ...schema, 'schema-id': 0 }],
    'current-version-id': 1,
    versions: [version('select 1')],
    'version-log': [{ 'version-id': 1, 'timestamp-ms': 1500 }],
    properties: { owner: 'ana' },
  });
  assert.deepEqual(readViewMetadata(parseJson(stringifyJson(view))), view);
});

test('a replacement gets the next id, its own schema, and an entry in the log with its own time', () => {
  const view = apply(newView(), [
    { action: 'add-schema', schema: otherSchema },
    ...replaceBy(version('select 2', { 'version-id': 77, 'timestamp-ms': 2500, 'schema-id': -1 })),
  ]);
  assert.deepEqual(
    view.versions.map((one) => [one['version-id'], one['schema-id']]),
    [
      [1, 0],
      [2, 1],
    ],
  );
  assert.equal(view['current-version-id'], 2);
  assert.deepEqual(view['version-log'].at(-1), { 'version-id': 2, 'timestamp-ms': 2500 });
  assert.deepEqual(view.schemas[1], { ...otherSchema, 'schema-id': 1 });
});

test('a version taken up again is current since the commit, and no version is added', () => {
  const two = apply(newView(), replaceBy(version('select 2')));
  const back = apply(two, [{ action: 'set-current-view-version', 'view-version-id': 1 }], 4000);
  assert.deepEqual(back.versions, two.versions);
  assert.deepEqual(back['version-log'], [...two['version-log'], { 'version-id': 1, 'timestamp-ms': 4000 }]);
});

test('a commit that repeats what the view says changes nothing, though ids and times differ', () => {
  const two = apply(newView(), [{ action: 'add-schema', schema: otherSchema }, ...replaceBy(version('select 2', { 'schema-id': -1 }))]);
  const repeated = apply(two, [
    { action: 'add-schema', schema: otherSchema },
    ...replaceBy(version('select 2', { 'schema-id': -1, 'version-id': 9, 'timestamp-ms': 9999 })),
    { action: 'set-properties', updates: {} },
    { action: 'set-location', location: 's3://lake/v/' },
  ]);
  assert.equal(repeated, two);
});

test('versions expire by age but for the current one, the log begins after the last that is gone, unused schemas go', () => {
  let view = newView({ properties: { 'version.history.num-entries': '2' } });
  view = apply(view, [{ action: 'add-schema', schema: otherSchema }, ...replaceBy(version('select 2', { 'schema-id': -1 }))]);
  view = apply(view, replaceBy(version('select 3', { 'schema-id': 1 })));
  assert.deepEqual(
    view.versions.map((one) => one['version-id']),
    [2, 3],
  );
  assert.deepEqual(
    view['version-log'].map((entry) => entry['version-id']),
    [2, 3],
  );
  assert.deepEqual(
    view.schemas.map((one) => one['schema-id']),
    [1],
  );
  const back = apply(view, [{ action: 'set-current-view-version', 'view-version-id': 2 }]);
  const added = apply(back, [{ action: 'add-view-version', 'view-version': version('select 4', { 'schema-id': 1 }) }]);
  assert.deepEqual(
    added.versions.map((one) => one['version-id']),
    [2, 4],
    'the current one stays',
  );
  assert.deepEqual(
    added['version-log'].map((entry) => entry['version-id']),
    [2],
    'nothing before the version that is gone',
  );
});

test('what one commit adds stays, however short the history is', () => {
  const view = apply(newView({ properties: { 'version.history.num-entries': '1' } }), [
    { action: 'add-view-version', 'view-version': version('select 2') },
    ...replaceBy(version('select 3')),
  ]);
  assert.deepEqual(
    view.versions.map((one) => one['version-id']),
    [2, 3],
  );
});

test('a schema id is never given out twice, though its schema has expired', () => {
  let view = newView({ properties: { 'version.history.num-entries': '1' } });
  view = apply(view, [{ action: 'add-schema', schema: otherSchema }]);
  view = apply(view, replaceBy(version('select 2')));
  const third: Schema = { type: 'struct', 'schema-id': 0, fields: [{ id: 1, name: 'z', required: false, type: 'date' }] };
  view = apply(view, [{ action: 'add-schema', schema: third }, ...replaceBy(version('select 3', { 'schema-id': -1 }))]);
  assert.deepEqual(
    view.schemas.map((one) => one['schema-id']),
    [2],
  );
});

test('properties are set and removed, a location moves, members of other writers are carried', () => {
  const base: ViewMetadata = { ...newView({ properties: { a: '1', b: '2' } }), 'x-engine': { kept: true } };
  const view = apply(base, [
    { action: 'set-properties', updates: { b: '3', c: '4' } },
    { action: 'remove-properties', removals: ['a', 'absent'] },
    { action: 'set-location', location: 's3://lake/w/' },
    { action: 'assign-uuid', uuid: uuid.toUpperCase() },
    { action: 'upgrade-format-version', 'format-version': 1 },
  ]);
  assert.deepEqual(view, { ...base, properties: { b: '3', c: '4' }, location: 's3://lake/w' });
});

test('a replacement that loses a dialect is refused unless the view allows it', () => {
  const view = newView({ version: version('select 1', { dialects: ['Spark', 'trino'] }) });
  assert.equal(
    refusal(view, replaceBy(version('select 2', { dialects: ['TRINO'] }))),
    'Cannot replace view due to loss of view dialects (replace.drop-dialect.allowed=false):\nPrevious dialects: [spark, trino]\nNew dialects: [trino]',
  );
  const allowed = apply(view, [
    { action: 'set-properties', updates: { 'replace.drop-dialect.allowed': 'true' } },
    ...replaceBy(version('select 2')),
  ]);
  assert.equal(allowed['current-version-id'], 2);
});

test('what can never be right is refused in the words clients know', () => {
  const view = newView();
  const cases: readonly (readonly [readonly ViewUpdate[], string])[] = [
    [
      replaceBy(version('select 2', { dialects: ['trino', 'Trino'] })),
      'Invalid view version: Cannot add multiple queries for dialect trino',
    ],
    [replaceBy(version('select 2', { dialects: [] })), 'Invalid view version: Cannot add a version without a query'],
    [replaceBy(version('select 2', { 'schema-id': 4 })), 'Cannot add version with unknown schema: 4'],
    [replaceBy(version('select 2', { 'schema-id': -1 })), 'Cannot set last added schema: no schema has been added'],
    [[{ action: 'set-current-view-version', 'view-version-id': -1 }], 'Cannot set last version id: no current version id has been set'],
    [[{ action: 'set-current-view-version', 'view-version-id': 8 }], 'Cannot set current version to unknown version: 8'],
    [[{ action: 'assign-uuid', uuid: uuid.replace('2', '3') }], 'Cannot reassign uuid'],
    [[{ action: 'upgrade-format-version', 'format-version': 0 }], 'Cannot downgrade v1 view to v0'],
    [[{ action: 'upgrade-format-version', 'format-version': 2 }], 'Unsupported format version: 2'],
    [[{ action: 'set-location', location: '//' }], 'Invalid location: empty'],
    [
      [{ action: 'set-properties', updates: { 'version.history.num-entries': '0' } }],
      'version.history.num-entries must be positive but was 0',
    ],
    [
      [{ action: 'set-properties', updates: { 'version.history.num-entries': 'many' } }],
      'version.history.num-entries must be positive but was many',
    ],
  ];
  for (const [updates, message] of cases) assert.equal(refusal(view, updates), message);
});

test('ids that a client or another writer drove to their end refuse the next version instead of spoiling the view', () => {
  const view = newView();
  const atEnd: ViewMetadata = {
    ...view,
    'current-version-id': 2 ** 31 - 1,
    versions: [version('select 1', { 'version-id': 2 ** 31 - 1 })],
  };
  assert.equal(refusal(atEnd, replaceBy(version('select 2'))), 'Invalid view version: there are no ids left');
  const next = apply(view, replaceBy(version('select 2', { 'version-id': 2 ** 31 - 1 })));
  assert.equal(next['current-version-id'], 2);
});

test('a commit for another view of that name is a conflict', () => {
  const other = '11111111-9102-4097-acae-ead53542ca76';
  const outcome = applyViewCommit(newView(), { requirements: [{ type: 'assert-view-uuid', uuid: other }], updates: [] }, 3000);
  assert.deepEqual(outcome, {
    kind: 'conflict',
    message: `Requirement failed: view UUID does not match: expected ${other}, found ${uuid}`,
  });
});

test("a commit is read member by member: unknown, malformed and tables' own parts are refused by name", () => {
  assert.equal(
    readProblem({ updates: [], requirements: [{ type: 'assert-create' }] }),
    'requirement assert-create does not apply to a view',
  );
  assert.equal(readProblem({ updates: [], requirements: [{ type: 'assert-view-uuid' }] }), 'requirement assert-view-uuid is malformed');
  assert.equal(readProblem({ updates: [{ action: 'add-snapshot', snapshot: {} }] }), 'update add-snapshot does not apply to a view');
  assert.equal(readProblem({ updates: [{ action: 'add-view-version', 'view-version': {} }] }), 'update add-view-version is malformed');
  assert.equal(readProblem({ requirements: [] }), 'updates must be a list');
  assert.equal(readProblem(null), 'a commit must be an object');
  assert.equal(readProblem({ updates: [] }), '{"requirements":[],"updates":[]}');
});

test('metadata of other writers is read with its own unknown parts, and refused where it contradicts itself', () => {
  const view = newView();
  const ir = { type: 'plan', plan: { node: 1 } };
  const foreign = { ...view, versions: [{ ...version('select 1'), representations: [ir], 'x-more': 1 }] };
  assert.deepEqual(readViewMetadata(foreign), foreign);
  const bad = (over: object): string => {
    try {
      readViewMetadata({ ...view, ...over });
      return 'read';
    } catch (error) {
      return error instanceof SyntaxError ? error.message : String(error);
    }
  };
  assert.equal(bad({ 'current-version-id': 3 }), 'view metadata: the current version 3 is not among its versions');
  assert.equal(bad({ schemas: [] }), 'view metadata: schema 0 of the current version is not among its schemas');
  assert.equal(bad({ 'format-version': 2 }), 'view metadata: member format-version is missing or malformed');
  assert.equal(bad({ versions: [{}] }), 'view metadata: member versions is missing or malformed');
});
