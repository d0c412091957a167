import assert from 'node:assert/strict';
import test from 'node:test';
import { applyCommit } from '../../lake/iceberg/apply-commit.ts';
import type { Requirement, Update } from '../../lake/iceberg/commit.ts';
import { createMetadata } from '../../lake/iceberg/create-metadata.ts';
import type { Long, Snapshot, TableMetadata } from '../../lake/iceberg/metadata.ts';
import type { Schema } from '../../lake/iceberg/schema.ts';

const uuid = '2df0d066-9102-4097-acae-ead53542ca76';
const schema: Schema = {
  type: 'struct',
  'schema-id': 0,
  fields: [
    { id: 1, name: 'id', required: true, type: 'long' },
    { id: 2, name: 'time', required: false, type: 'timestamptz' },
    { id: 3, name: 'tags', required: false, type: { type: 'list', 'element-id': 4, element: 'string', 'element-required': false } },
  ],
};
const daySpec = { 'spec-id': 0, fields: [{ 'source-id': 2, 'field-id': 1000, name: 'date', transform: 'day' }] };

function newTable(): TableMetadata {
  const created = createMetadata({ uuid, location: 's3://lake/t', schema, partitionSpec: daySpec }, 1000);
  assert.equal(created.kind, 'applied');
  return created.metadata;
}

function snapshot(id: Long, sequence: Long, parent?: Long, timestamp = 2000): Snapshot {
  const base = {
    'snapshot-id': id,
    'sequence-number': sequence,
    'timestamp-ms': timestamp,
    'manifest-list': `s3://lake/t/metadata/snap-${id}.avro`,
  };
  return { ...base, summary: { operation: 'append' }, 'schema-id': 0, ...(parent === undefined ? {} : { 'parent-snapshot-id': parent }) };
}

const addToMain = (added: Snapshot): Update[] => [
  { action: 'add-snapshot', snapshot: added },
  { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': added['snapshot-id'] },
];

function apply(metadata: TableMetadata, updates: readonly Update[], now = 3000, requirements: readonly Requirement[] = []): TableMetadata {
  const applied = applyCommit(metadata, { requirements, updates }, { now });
  assert.equal(applied.kind, 'applied', applied.kind === 'applied' ? '' : applied.message);
  return applied.metadata;
}

function refusal(metadata: TableMetadata | null, updates: readonly Update[], requirements: readonly Requirement[] = []): string {
  const outcome = applyCommit(metadata, { requirements, updates }, { now: 3000 });
  assert.notEqual(outcome.kind, 'applied');
  return outcome.kind === 'applied' ? '' : `${outcome.kind}: ${outcome.message}`;
}

const withField = (field: Schema['fields'][number]): Update => ({
  action: 'add-schema',
  schema: { ...schema, fields: [...schema.fields, field] },
});

const expecting = (id: Long | null): Requirement[] => [{ type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': id }];

const addSpec = (field: object): Update => ({
  action: 'add-spec',
  spec: { 'spec-id': 0, fields: [{ 'source-id': 2, 'field-id': 1001, name: 'p', transform: 'day', ...field }] },
});

test('a new table has its schema, its spec, order and counters', () => {
  const table = newTable();
  assert.deepEqual(table.schemas, [schema]);
  assert.equal(table['last-column-id'], 4);
  assert.equal(table['last-partition-id'], 1000);
  assert.deepEqual(table['partition-specs'], [daySpec]);
  assert.deepEqual(table['sort-orders'], [{ 'order-id': 0, fields: [] }]);
  assert.deepEqual([table['current-schema-id'], table['default-spec-id'], table['default-sort-order-id']], [0, 0, 0]);
  assert.equal(table['current-snapshot-id'], -1);
  assert.equal(table['last-updated-ms'], 1000);
});

test('a create assigns field ids and partition field ids anew; partition spec and sort order follow their column', () => {
  const flat: Schema = { ...schema, fields: schema.fields.map((field) => ({ ...field, id: field.id + 5 })) };
  const spec = { 'spec-id': 0, fields: [{ 'source-id': 7, 'field-id': 2000, name: 'date', transform: 'day' }] };
  const sortOrder = { 'order-id': 1, fields: [{ 'source-id': 7, transform: 'identity', direction: 'asc', 'null-order': 'nulls-first' }] };
  const created = createMetadata({ uuid, location: 's3://lake/t', schema: flat, partitionSpec: spec, sortOrder }, 1);
  assert.equal(created.kind, 'applied');
  const table = created.metadata;
  assert.deepEqual(
    table.schemas[0]?.fields.map((field) => field.id),
    [1, 2, 3],
  );
  assert.deepEqual(table['partition-specs'][0]?.fields, [{ 'source-id': 2, 'field-id': 1000, name: 'date', transform: 'day' }]);
  assert.partialDeepStrictEqual(table['sort-orders'], [{ 'order-id': 1, fields: [{ 'source-id': 2 }] }]);
  assert.equal(table['default-sort-order-id'], 1);
});

test('a snapshot on main moves the current snapshot, the sequence number and the log together', () => {
  const table = apply(newTable(), addToMain(snapshot(8269702249027976535n, 1)));
  assert.equal(table['current-snapshot-id'], 8269702249027976535n);
  assert.deepEqual(table.refs, { main: { type: 'branch', 'snapshot-id': 8269702249027976535n } });
  assert.equal(table['last-sequence-number'], 1);
  assert.deepEqual(table['snapshot-log'], [{ 'timestamp-ms': 2000, 'snapshot-id': 8269702249027976535n }]);
  assert.equal(table['last-updated-ms'], 3000);
});

test('assert-ref-snapshot-id compares all 64 bits', () => {
  const table = apply(newTable(), addToMain(snapshot(8269702249027976535n, 1)));
  assert.match(
    refusal(table, [], expecting(8269702249027976534n)),
    /^conflict: .*main changed: expected 8269702249027976534, found 8269702249027976535/,
  );
  assert.match(refusal(table, [], expecting(null)), /^conflict: .*main was created concurrently/);
  assert.match(refusal(newTable(), [], expecting(5)), /^conflict: .*main is missing, expected 5/);
  apply(table, [], 1, expecting(8269702249027976535n));
});

test('every requirement holds on the table it describes and fails by name on another', () => {
  const table = newTable();
  const cases: readonly [Requirement, Requirement][] = [
    [
      { type: 'assert-table-uuid', uuid: uuid.toUpperCase() },
      { type: 'assert-table-uuid', uuid: '00000000-0000-0000-0000-000000000000' },
    ],
    [
      { type: 'assert-last-assigned-field-id', 'last-assigned-field-id': 4 },
      { type: 'assert-last-assigned-field-id', 'last-assigned-field-id': 3 },
    ],
    [
      { type: 'assert-current-schema-id', 'current-schema-id': 0 },
      { type: 'assert-current-schema-id', 'current-schema-id': 1 },
    ],
    [
      { type: 'assert-last-assigned-partition-id', 'last-assigned-partition-id': 1000 },
      { type: 'assert-last-assigned-partition-id', 'last-assigned-partition-id': 999 },
    ],
    [
      { type: 'assert-default-spec-id', 'default-spec-id': 0 },
      { type: 'assert-default-spec-id', 'default-spec-id': 1 },
    ],
    [
      { type: 'assert-default-sort-order-id', 'default-sort-order-id': 0 },
      { type: 'assert-default-sort-order-id', 'default-sort-order-id': 1 },
    ],
  ];
  for (const [holds, fails] of cases) {
    apply(table, [], 1, [holds]);
    assert.deepEqual(applyCommit(table, { requirements: [fails], updates: [] }, { now: 1 }).kind, 'conflict', holds.type);
  }
  assert.match(refusal(table, [], [{ type: 'assert-create' }]), /^conflict: .*already exists/);
});

test('a stale sequence number, a known snapshot id and an unknown parent are conflicts: a fresh look mends them', () => {
  const table = apply(newTable(), addToMain(snapshot(10, 5)));
  assert.match(refusal(table, addToMain(snapshot(11, 5, 10))), /^conflict: .*sequence number 5 is not above the table's last, 5/);
  assert.match(refusal(table, addToMain(snapshot(10, 6, 10))), /^conflict: .*snapshot 10 already exists/);
  assert.match(refusal(table, addToMain(snapshot(11, 6, 9))), /^conflict: .*parent snapshot 9 is not in the table/);
});

test('what no state of the table makes right is invalid', () => {
  const table = newTable();
  assert.match(
    refusal(table, [{ action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': 1 }]),
    /^invalid: .*unknown snapshot 1/,
  );
  assert.match(
    refusal(table, [{ action: 'add-snapshot', snapshot: { ...snapshot(1, 1), 'schema-id': 7 } }]),
    /^invalid: .*unknown schema id 7/,
  );
  assert.match(refusal(table, [{ action: 'set-current-schema', 'schema-id': -1 }]), /^invalid: .*no schema has been added/);
  assert.match(refusal(table, [{ action: 'set-current-schema', 'schema-id': 3 }]), /^invalid: .*unknown schema id 3/);
  assert.match(refusal(table, [{ action: 'set-default-spec', 'spec-id': -1 }]), /^invalid: .*no partition spec/);
  assert.match(refusal(table, [{ action: 'assign-uuid', uuid: '00000000-0000-4000-8000-000000000000' }]), /^invalid: /);
  assert.match(refusal(table, [{ action: 'upgrade-format-version', 'format-version': 1 }]), /^invalid: .*cannot go back to 1/);
  assert.match(refusal(table, [{ action: 'upgrade-format-version', 'format-version': 4 }]), /^invalid: .*not supported/);
  assert.match(refusal(table, [{ action: 'remove-schemas', 'schema-ids': [0] }]), /^invalid: .*current schema/);
  assert.match(refusal(table, [{ action: 'set-location', location: '/' }]), /^invalid: /);
  const tagged = apply(table, addToMain(snapshot(1, 1)));
  assert.match(
    refusal(tagged, [{ action: 'set-snapshot-ref', 'ref-name': 'main', type: 'tag', 'snapshot-id': 1 }]),
    /^invalid: .*main must be a branch/,
  );
});

test('a commit to nothing creates only with assert-create, and needs uuid, schema and place', () => {
  assert.match(refusal(null, []), /^invalid: .*assert-create/);
  const create: Requirement[] = [{ type: 'assert-create' }];
  assert.match(refusal(null, [], create), /^invalid: .*assign-uuid/);
  assert.match(
    refusal(
      null,
      [
        { action: 'assign-uuid', uuid },
        { action: 'set-location', location: 's3://l/t' },
      ],
      create,
    ),
    /^invalid: .*add-schema/,
  );
});

test('schemas get the next id, the same schema is reused, and -1 means the one added last', () => {
  const wider: Schema = {
    ...schema,
    'schema-id': 77,
    fields: [...schema.fields, { id: 5, name: 'note', required: false, type: 'string' }],
  };
  const table = apply(newTable(), [
    { action: 'add-schema', schema: wider },
    { action: 'set-current-schema', 'schema-id': -1 },
  ]);
  assert.deepEqual(
    table.schemas.map((one) => one['schema-id']),
    [0, 1],
  );
  assert.equal(table['current-schema-id'], 1);
  assert.equal(table['last-column-id'], 5);
  const back = apply(table, [
    { action: 'add-schema', schema: { ...schema, 'schema-id': 9 } },
    { action: 'set-current-schema', 'schema-id': -1 },
  ]);
  assert.equal(back.schemas.length, 2);
  assert.equal(back['current-schema-id'], 0);
  assert.equal(back['last-column-id'], 5, 'ids are never given twice');
});

test('a schema with a repeated id, a repeated name or a malformed type is refused with the field named', () => {
  assert.match(refusal(newTable(), [withField({ id: 4, name: 'x', required: false, type: 'int' })]), /tags\.element|element and x/);
  assert.match(refusal(newTable(), [withField({ id: 5, name: 'id', required: false, type: 'int' })]), /two fields are called id/);
  assert.match(
    refusal(newTable(), [withField({ id: 5, name: 'x', required: false, type: 'decimal(39,2)' })]),
    /field x has the invalid type/,
  );
  assert.match(refusal(newTable(), [withField({ id: 5, name: '', required: false, type: 'int' })]), /has no name/);
});

test('a partition spec must fit the schema, and an id keeps its meaning', () => {
  assert.match(refusal(newTable(), [addSpec({ 'source-id': 99 })]), /source id 99/);
  assert.match(refusal(newTable(), [addSpec({ transform: 'weekly' })]), /unknown transform weekly/);
  assert.match(refusal(newTable(), [addSpec({ 'source-id': 1 })]), /day does not apply to long/);
  assert.match(refusal(newTable(), [addSpec({ name: 'time' })]), /name of a column/);
  assert.match(refusal(newTable(), [addSpec({ 'field-id': 1000, transform: 'hour' })]), /reuses the id 1000 of date/);
  const assigned = apply(newTable(), [addSpec({ 'field-id': 0 }), { action: 'set-default-spec', 'spec-id': -1 }]);
  assert.equal(assigned['last-partition-id'], 1001);
  assert.equal(assigned['default-spec-id'], 1);
});

test('removing snapshots drops refs and statistics to them and forgets the log before the gap', () => {
  let table = newTable();
  for (let id = 1; id <= 4; id++) table = apply(table, addToMain(snapshot(id, id, id === 1 ? undefined : id - 1, 2000 + id)));
  table = apply(table, [
    { action: 'set-snapshot-ref', 'ref-name': 'hourly', type: 'tag', 'snapshot-id': 2 },
    { action: 'set-statistics', 'snapshot-id': 2, statistics: { 'snapshot-id': 2, 'statistics-path': 'x' } },
  ]);
  const after = apply(table, [{ action: 'remove-snapshots', 'snapshot-ids': [2, 99] }]);
  assert.deepEqual(
    after.snapshots.map((one) => one['snapshot-id']),
    [1, 3, 4],
  );
  assert.deepEqual(Object.keys(after.refs), ['main']);
  assert.deepEqual(after['statistics'], []);
  assert.deepEqual(
    after['snapshot-log'].map((entry) => entry['snapshot-id']),
    [3, 4],
  );
  const emptied = apply(after, [{ action: 'remove-snapshots', 'snapshot-ids': [1, 3, 4] }]);
  assert.deepEqual([emptied['current-snapshot-id'], emptied.refs, emptied['snapshot-log']], [-1, {}, []]);
});

test('only the last of several snapshots in one commit was ever current', () => {
  const table = apply(newTable(), [...addToMain(snapshot(1, 1)), ...addToMain(snapshot(2, 2, 1))]);
  assert.deepEqual(
    table['snapshot-log'].map((entry) => entry['snapshot-id']),
    [2],
  );
  assert.deepEqual(
    table.snapshots.map((one) => one['snapshot-id']),
    [1, 2],
  );
});

test('a rollback is a log entry at the time of the commit; the log never goes back in time', () => {
  const two = apply(apply(newTable(), addToMain(snapshot(1, 1, undefined, 9000))), addToMain(snapshot(2, 2, 1, 8000)));
  assert.deepEqual(
    two['snapshot-log'].map((entry) => entry['timestamp-ms']),
    [9000, 9000],
  );
  assert.equal(two['last-updated-ms'], 9000);
  const rolled = apply(two, [{ action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': 1 }], 12_000);
  assert.equal(rolled['current-snapshot-id'], 1);
  assert.deepEqual(rolled['snapshot-log'].at(-1), { 'timestamp-ms': 12_000, 'snapshot-id': 1 });
});

test('properties: set, overwrite, remove; format-version is not a property', () => {
  const table = apply(newTable(), [{ action: 'set-properties', updates: { a: '1', b: '2', 'format-version': '2' } }]);
  assert.deepEqual(table.properties, { a: '1', b: '2' });
  assert.deepEqual(apply(table, [{ action: 'remove-properties', removals: ['a', 'missing'] }]).properties, { b: '2' });
});

test('a commit that changes nothing returns the very metadata it was given', () => {
  const table = apply(newTable(), [{ action: 'set-properties', updates: { a: '1' } }, ...addToMain(snapshot(1, 1))]);
  assert.equal(apply(table, []), table);
  assert.equal(apply(table, [{ action: 'set-properties', updates: { a: '1' } }]), table);
  assert.equal(apply(table, [{ action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': 1 }]), table);
  assert.equal(apply(table, [{ action: 'remove-snapshots', 'snapshot-ids': [5] }]), table);
});

test('the metadata log holds 20 files unless the property says otherwise, and names what falls off', () => {
  let table = newTable();
  let dropped: readonly string[] = [];
  const commitAt = (number: number, updates: readonly Update[]) => {
    const applied = applyCommit(table, { requirements: [], updates }, { now: 5000 + number, previousMetadataLocation: `m/${number}` });
    assert.equal(applied.kind, 'applied');
    table = applied.metadata;
    dropped = applied.supersededMetadata;
  };
  for (let number = 0; number < 25; number++) commitAt(number, [{ action: 'set-properties', updates: { n: String(number) } }]);
  assert.deepEqual(
    table['metadata-log'].map((entry) => entry['metadata-file']),
    Array.from({ length: 20 }, (_, index) => `m/${index + 5}`),
  );
  assert.deepEqual(dropped, ['m/4']);
  commitAt(25, [{ action: 'set-properties', updates: { 'write.metadata.previous-versions-max': '2' } }]);
  assert.deepEqual(
    table['metadata-log'].map((entry) => entry['metadata-file']),
    ['m/24', 'm/25'],
  );
  assert.equal(dropped.length, 19);
});

test('members we do not know are carried, in metadata, schemas and snapshots', () => {
  const table: TableMetadata = { ...newTable(), 'next-thing': { x: 1n } };
  const odd = { ...snapshot(1, 1), 'key-id': 'k' };
  const after = apply(table, addToMain(odd));
  assert.deepEqual(after['next-thing'], { x: 1n });
  assert.deepEqual(after.snapshots, [odd]);
});

test('format version 3: row ids advance with every snapshot', () => {
  const table = apply(newTable(), [{ action: 'upgrade-format-version', 'format-version': 3 }]);
  assert.equal(table['next-row-id'], 0);
  const withRows = (id: number, first: number, rows: number): Snapshot =>
    Object.assign(snapshot(id, id), { 'first-row-id': first, 'added-rows': rows });
  const one = apply(table, addToMain(withRows(1, 0, 10)));
  assert.equal(one['next-row-id'], 10);
  assert.match(refusal(one, addToMain(withRows(2, 5, 1))), /^conflict: .*first-row-id 5/);
  assert.match(refusal(one, addToMain(snapshot(2, 2))), /^invalid: .*first-row-id/);
});

test('the given metadata is never changed', () => {
  const table = newTable();
  const before = structuredClone(table);
  apply(table, [...addToMain(snapshot(1, 1)), { action: 'set-properties', updates: { a: '1' } }]);
  assert.deepEqual(table, before);
});

test('dropping the column with the highest id is no error, and its id is not given again', () => {
  const narrow: Schema = { ...schema, fields: schema.fields.slice(0, 2) };
  const table = apply(newTable(), [
    { action: 'add-schema', schema: narrow, 'last-column-id': 2 },
    { action: 'set-current-schema', 'schema-id': -1 },
  ]);
  assert.equal(table['last-column-id'], 4);
});

test('replacing a table: a snapshot without a parent needs no new sequence number, and the log keeps what was current before', () => {
  const table = apply(newTable(), addToMain(snapshot(1, 1)));
  const replaced = apply(table, [{ action: 'remove-snapshot-ref', 'ref-name': 'main' }, ...addToMain(snapshot(2, 1))]);
  assert.equal(replaced['current-snapshot-id'], 2);
  assert.equal(replaced['last-sequence-number'], 1);
  assert.deepEqual(
    replaced['snapshot-log'].map((entry) => entry['snapshot-id']),
    [1, 2],
  );
  const emptied = apply(table, [{ action: 'remove-snapshot-ref', 'ref-name': 'main' }]);
  assert.equal(emptied['current-snapshot-id'], -1);
  assert.equal(emptied['snapshot-log'].length, 1);
});
