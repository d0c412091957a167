// The policy compiled for Trino: who is named comes first, what is classified is masked, whatever cannot be told is closed.
// That Trino does what the rules say is seen in tests/integration/trino-rules.test.ts.

import assert from 'node:assert/strict';
import test from 'node:test';
import { actionsByName, type AccessPolicy, type MaskAction } from '../../catalog/policy/access-policy.ts';
import { maskedColumns } from '../../catalog/policy/classified-columns.ts';
import { trinoMask } from '../../catalog/policy/trino-mask.ts';
import { trinoRules, type RulesView } from '../../catalog/policy/trino-rules.ts';
import { isClassified } from '../../contracts/classified.ts';
import type { IcebergType } from '../../lake/iceberg/schema.ts';
import { closed, column, field, masks, metadataOf, raw, ruleOf, schemaOf, showing, struct, table, users, value } from './policy-fixture.ts';

test('what counts as classified, and which rule decides', () => {
  const cases: readonly [ReturnType<typeof column>, boolean][] = [
    [column('a'), false],
    [column('a', 'email'), true],
    [column('a', null, 'public'), false],
    [column('a', null, 'Internal'), false],
    [column('a', null, 'restricted'), true],
    [column('a', null, 'CONFIDENTIAL'), true],
    [column('a', null, 'a word of our own'), true],
    [column('a', 'identifier', 'internal'), true],
  ];
  for (const [given, expected] of cases) assert.equal(isClassified(given), expected, JSON.stringify(given));
  const policy: AccessPolicy = {
    ...closed,
    masks: [
      { pii: 'email', classification: 'internal', mask: 'alphanumeric' },
      { pii: 'email', mask: 'show-last-4' },
      { tag: 'wage', mask: 'fixed' },
      { classification: 'confidential', mask: 'clear' },
    ],
  };
  assert.deepEqual(
    [
      column('a', 'email', 'internal'),
      column('a', 'email'),
      column('a', null, null, ['wage']),
      column('a', null, 'confidential'),
      column('a', 'name'),
      column('a'),
      column('a', 'E-Mail'),
      column('a', 'Email', 'INTERNAL', ['Wage']),
    ].map((given) => actionsByName([given], policy).get('a')),
    ['alphanumeric', 'show-last-4', 'fixed', 'clear', 'null', 'clear', 'null', 'alphanumeric'],
  );
});

test('columns whose names differ in case alone are one: what hides more counts, whichever comes first', () => {
  const policy: AccessPolicy = {
    ...closed,
    masks: [
      { pii: 'email', mask: 'show-last-4' },
      { pii: 'name', mask: 'show-first-4' },
    ],
  };
  const cases: readonly [ReturnType<typeof column>, ReturnType<typeof column>, MaskAction][] = [
    [column('email', 'email'), column('Email', null, 'public'), 'show-last-4'],
    [column('email', 'email'), column('EMAIL', null, 'restricted'), 'null'],
    [column('email', 'email'), column('EMAIL', 'name'), 'null'],
    [column('email', 'email'), column('EMAIL', 'email'), 'show-last-4'],
    [column('email'), column('EMAIL'), 'clear'],
  ];
  for (const [one, other, expected] of cases)
    for (const columns of [
      [one, other],
      [other, one],
    ])
      assert.deepEqual([...actionsByName(columns, policy)], [['email', expected]], JSON.stringify(columns));
});

test('masks keep the type, and what an action cannot do to it is null', () => {
  assert.equal(trinoMask('a', 'string', value('clear')), null);
  assert.equal(trinoMask('A"b', 'string', value('null')), 'CAST(NULL AS varchar)');
  assert.equal(trinoMask('A"b', 'string', value('sha-256')), 'lower(to_hex(sha256(to_utf8("a""b"))))');
  assert.equal(trinoMask('a', 'long', value('sha-256')), 'CAST(NULL AS bigint)');
  assert.equal(trinoMask('a', 'date', value('truncate-to-year')), `date_trunc('year', "a")`);
  assert.equal(trinoMask('a', 'timestamptz', value('truncate-to-month')), `date_trunc('month', "a" AT TIME ZONE 'UTC')`);
  assert.equal(trinoMask('a', 'string', value('truncate-to-year')), 'CAST(NULL AS varchar)');
  assert.equal(trinoMask('a', 'geometry', value('show-first-4')), 'NULL');
  assert.equal(
    trinoMask('a', { type: 'list', 'element-id': 1, element: 'string', 'element-required': true }, value('fixed')),
    'CAST(NULL AS array(varchar))',
  );
});

test('a raw table: its parts are masked where they are, and so is every text that may hold them', () => {
  const metadata = metadataOf(raw(field('id', 'long'), field('email'), field('city'), field('new_one')));
  const found = masks(maskedColumns(metadata, users, showing));
  const hidden = Object.entries(found).filter(([, mask]) => mask?.startsWith('CAST(NULL'));
  assert.deepEqual(
    hidden.map(([name]) => name),
    ['_headers', '_rescued', '_violations'],
  );
  assert.deepEqual(
    Object.entries(found)
      .filter(([, mask]) => mask === null)
      .map(([name]) => name),
    ['_log_partition', '_log_offset', '_log_time', '_log_key', '_record_time', 'op', 'changed_at', '_shape', 'source'],
  );
  assert.deepEqual([found['before'], found['value'], found['message']], ['NULL', 'NULL', 'NULL']);
  assert.match(
    found['after'] ?? '',
    /^IF\("after" IS NULL, NULL, CAST\(ROW\("after"\."id", IF\(length\("after"\."email"\) <= 4, .*, "after"\."city", CAST\(NULL AS varchar\)\) AS row\("id" bigint, "email" varchar, "city" varchar, "new_one" varchar\)\)\)$/,
  );
});

test('a key of which any column is hidden, or of which nothing is known, is hidden', () => {
  const metadata = metadataOf(raw(field('id', 'long'), field('email')));
  for (const key of [['email'], ['id', 'email'], ['unheard'], []])
    assert.equal(masks(maskedColumns(metadata, { ...users, key }, closed))['_log_key'], 'CAST(NULL AS varbinary)', key.join());
});

const cell = (type: IcebergType) => struct(field('value', type), field('deletion_ts', 'long'), field('set', 'boolean'));

test('a cell of Cassandra is masked within, and hidden whole where that cannot be', () => {
  const metadata = metadataOf(raw(field('email', cell('string')), field('born', cell('long'))));
  const known = { columns: [column('email', 'email'), column('born', 'birth-date')], key: [] };
  const { after } = masks(maskedColumns(metadata, known, { ...closed, masks: [{ mask: 'sha-256' }] }));
  assert.match(
    after ?? '',
    /CAST\(ROW\(lower\(to_hex\(sha256\(to_utf8\("after"\."email"\."value"\)\)\)\), "after"\."email"\."deletion_ts", "after"\."email"\."set"\)/,
  );
  assert.match(after ?? '', /CAST\(ROW\(CAST\(NULL AS bigint\), "after"\."born"\."deletion_ts"/);
});

test('time travel: names that only former schemas have, or that were another column’s, are hidden', () => {
  const [mail, city] = [field('email'), field('city')];
  const older = {
    ...schemaOf({ ...mail, name: 'mail' }, city, { ...field('nick'), id: 999 }, { ...field('city2'), id: city.id }),
    'schema-id': 1,
  };
  const reused = { ...schemaOf({ ...field('x'), name: 'city', id: 777 }), 'schema-id': 2 };
  const found = masks(maskedColumns(metadataOf(schemaOf(mail, city), [older, reused]), users, closed));
  assert.deepEqual(found, { email: 'CAST(NULL AS varchar)', city: 'CAST(NULL AS varchar)', mail: 'NULL', nick: 'NULL', city2: 'NULL' });
});

test('a classified name that the table does not have yet is hidden before it has it', () => {
  const known = { ...users, columns: [...users.columns, column('phone', 'phone')] };
  assert.deepEqual(masks(maskedColumns(metadataOf(schemaOf(field('city'))), known, closed)), { city: null, email: 'NULL', phone: 'NULL' });
});

test('a renamed column of a raw table keeps its mask by its field id', () => {
  const mail = field('mail_address');
  const metadata = metadataOf(raw(field('id', 'long'), mail, field('city')));
  const columns = JSON.stringify({ contract: 'users', version: '1.0.0', columns: { email: { after: mail.id } } });
  const known = { ...users, columns: [...users.columns, column('mail_address')] };
  const { after } = masks(maskedColumns({ ...metadata, properties: { 'foz.columns': columns } }, known, closed));
  assert.match(after ?? '', /ROW\("after"\."id", CAST\(NULL AS varchar\), "after"\."city"\)/);
});

test('the named come first, the rest have a rule a table, and the last rule allows nothing', () => {
  const policy: AccessPolicy = { ...closed, clear: { users: ['o.fficer'], groups: ['priv acy'] }, change: { users: ['etl'], groups: [] } };
  const { rules } = trinoRules({ tables: [table('users', metadataOf(schemaOf(field('email'))), users)], views: [], policy });
  assert.deepEqual(rules['tables']?.slice(0, 3), [
    { user: '^(etl)$', privileges: ['SELECT', 'INSERT', 'DELETE', 'UPDATE', 'OWNERSHIP', 'GRANT_SELECT'] },
    { user: '^(o\\.fficer)$', privileges: ['SELECT'] },
    { group: '^(priv\\ acy)$', privileges: ['SELECT'] },
  ]);
  assert.deepEqual(rules['tables']?.at(-1), { privileges: [], filter: 'false' });
  assert.deepEqual(rules['schemas'], [{ user: '^(etl)$', owner: true }, { owner: false }]);
  assert.deepEqual(rules['functions']?.at(-1), { privileges: [] });
  assert.deepEqual(rules['procedures']?.at(-1), { privileges: [] });
});

test('metadata tables: of a masked table those without values alone, the summary of snapshots hidden', () => {
  const masked = trinoRules({ tables: [table('users', metadataOf(schemaOf(field('email'))), users)], views: [], policy: closed });
  assert.deepEqual(ruleOf('users', masked)?.['columns'], [
    { name: 'email', mask: 'CAST(NULL AS varchar)' },
    // Where a file lies may name values.
    { name: '$path', mask: 'NULL' },
    { name: '$partition', mask: 'NULL' },
  ]);
  for (const side of ['history', 'refs', 'metadata_log_entries'])
    assert.equal(ruleOf(`users$${side}`, masked)?.['columns'], undefined, side);
  assert.deepEqual(ruleOf('users$snapshots', masked)?.['columns'], [{ name: 'summary', mask: 'NULL' }]);
  for (const side of ['files', 'partitions', 'manifests', 'entries', 'properties', 'data', 'position_deletes'])
    assert.equal(ruleOf(`users$${side}`, masked), undefined, side);
  const whole = trinoRules({
    tables: [table('cities', metadataOf(schemaOf(field('city'))), { columns: [column('city')], key: [] })],
    views: [],
    policy: closed,
  });
  assert.deepEqual(ruleOf('cities', whole), { schema: '^(raw)$', table: '^cities$', privileges: ['SELECT'] });
  for (const side of ['files', 'partitions', 'snapshots', 'properties']) assert.ok(ruleOf(`cities$${side}`, whole), side);
  const filtered = trinoRules({
    tables: [table('cities', metadataOf(schemaOf(field('city'))), { columns: [column('city')], key: [] })],
    views: [],
    policy: {
      ...closed,
      filters: [
        { table: 'raw.cities', where: `city = 'Porto' OR true` },
        { table: 'raw.cities', where: 'city IS NOT NULL' },
        { table: 'raw.none', where: 'false' },
      ],
    },
  });
  assert.equal(ruleOf('cities', filtered)?.['filter'], `(city = 'Porto' OR true) AND (city IS NOT NULL)`);
  assert.equal(ruleOf('cities$partitions', filtered), undefined);
  assert.match(filtered.notes.join('\n'), /no table raw\.none/);
});

test('names are patterns that match themselves alone; those that Trino could confuse stay closed, with a note', () => {
  const metadata = metadataOf(schemaOf(field('city')));
  const open = { columns: [column('city')], key: [] };
  const names = ['a.b', 'a+b', 'a|b', '(x', 'é', 'Twice', 'tWICE', 'users$files', 'a@1', '.*'];
  const { rules, notes } = trinoRules({ tables: names.map((name) => table(name, metadata, open)), views: [], policy: closed });
  const patterns = (rules['tables'] ?? []).flatMap(({ table: pattern }) => (typeof pattern === 'string' ? [new RegExp(pattern, 'u')] : []));
  const matched = (name: string) => patterns.filter((pattern) => pattern.test(name)).length;
  assert.deepEqual(['a.b', 'a+b', 'a|b', '(x', 'é', '.*'].map(matched), [1, 1, 1, 1, 1, 1]);
  assert.deepEqual(
    ['axb', 'aab', 'aa', 'b', 'twice', 'users$files', 'users', 'a@1', 'anything', 'é$data'].map(matched),
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  );
  assert.equal(notes.filter((note) => note.includes('could take its name for another')).length, 4);
  const spaced = trinoRules({
    tables: [{ ...table('t', metadata, open), ident: { namespace: ['a', 'b.c'], name: 't' } }],
    views: [],
    policy: closed,
  });
  assert.equal(ruleOf('t', spaced)?.['schema'], '^(a\\.b\\.c)$');
});

test('a table that nobody spoke of stays closed unless the policy opens those; a column called like its table is hidden', () => {
  const unknown = table('notes', metadataOf(schemaOf(field('text'))), null);
  const shut = trinoRules({ tables: [unknown], views: [], policy: closed });
  assert.equal(ruleOf('notes', shut), undefined);
  assert.match(shut.notes.join(), /raw\.notes: no contract and no entity/);
  assert.ok(ruleOf('notes', trinoRules({ tables: [unknown], views: [], policy: { ...closed, unclassified: 'read' } })));
  const after = table('after', metadataOf(raw(field('id', 'long'), field('email'))), users);
  const columns = ruleOf('after', trinoRules({ tables: [after], views: [], policy: closed }))?.['columns'] as {
    name: string;
    mask: string;
  }[];
  assert.equal(columns.find(({ name }) => name === 'after')?.mask, 'NULL');
});

const view = (name: string, isRunAsOwner: boolean): RulesView => ({
  ident: { namespace: ['raw'], name },
  schema: schemaOf(field('id', 'long'), field('email'), field('made_up')),
  isRunAsOwner,
});

test('views: as whoever asks, open; as their owner, closed, or masked like the table that the policy names', () => {
  const tables = [table('users', metadataOf(schemaOf(field('email'))), users)];
  const policy: AccessPolicy = {
    ...showing,
    views: [
      { view: 'raw.people', like: 'raw.users' },
      { view: 'raw.gone', like: 'raw.users' },
    ],
  };
  const compiled = trinoRules({ tables, views: [view('mine', false), view('theirs', true), view('people', true)], policy });
  assert.deepEqual(ruleOf('mine', compiled), { schema: '^(raw)$', table: '^mine$', privileges: ['SELECT'] });
  assert.equal(ruleOf('theirs', compiled), undefined);
  const columns = ruleOf('people', compiled)?.['columns'] as { name: string; mask: string }[];
  assert.deepEqual(
    columns.map(({ name }) => name),
    ['email', 'made_up'],
  );
  assert.equal(columns[1]?.mask, 'CAST(NULL AS varchar)');
  assert.match(compiled.notes.join('\n'), /raw\.theirs: it runs as its owner/);
  assert.match(compiled.notes.join('\n'), /view raw\.gone: there is no such view/);
  const filters = [{ table: 'RAW.Users', where: 'false' }];
  const filtered = trinoRules({ tables, views: [view('people', true), view('mine', false)], policy: { ...policy, filters } });
  assert.equal(ruleOf('people', filtered), undefined, 'it would show the rows that the filter hides');
  assert.match(filtered.notes.join('\n'), /raw\.people: .* past the row filter of raw\.users/);
  assert.equal(ruleOf('users', filtered)?.['filter'], '(false)', 'names of a policy are compared as Trino does');
  assert.ok(!filtered.notes.some((note) => note.startsWith('filter:')));
  const twice = trinoRules({
    tables: [...tables, table('USERS', metadataOf(schemaOf(field('email'))), users)],
    views: [view('people', true)],
    policy,
  });
  assert.equal(ruleOf('people', twice), undefined, 'like a table that Trino could take for another');
});
