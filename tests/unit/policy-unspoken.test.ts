// Columns that nobody speaks of, now or any more: what they hold or held stays hidden, also where nothing else is.

import assert from 'node:assert/strict';
import test from 'node:test';
import { maskedColumns } from '../../catalog/policy/classified-columns.ts';
import { trinoRules } from '../../catalog/policy/trino-rules.ts';
import type { Schema } from '../../lake/iceberg/schema.ts';
import { rawSchema } from '../../lake/raw/raw-schema.ts';
import { closed, column, field, maskOf, masks, metadataOf, raw, ruleOf, schemaOf, struct, table } from './policy-fixture.ts';

test('a dropped column stays hidden although nothing is classified any more', () => {
  const [id, email, city] = [field('id', 'long'), field('email'), field('city')];
  const known = { columns: [column('id'), column('city')], key: ['id'] };
  const then = { ...raw(id, email, city), 'schema-id': 1 };
  const compiled = (schema: Schema) =>
    trinoRules({ tables: [table('users', metadataOf(schema, [then]), known)], views: [], policy: closed });
  const hiddenByFoz = compiled(raw(id, { ...email, name: '_dropped_9_email' }, city));
  assert.match(
    maskOf('after', ruleOf('users', hiddenByFoz)),
    /ROW\("after"\."id", CAST\(NULL AS varchar\), "after"\."city"\) AS row\("id" bigint, "_dropped_9_email" varchar/,
  );
  // What is not there now, an old snapshot still has.
  const gone = compiled(raw(id, city));
  assert.match(maskOf('after', ruleOf('users', gone)), /ROW\("after"\."id", "after"\."city"\) AS row\("id" bigint, "city" varchar\)/);
  for (const found of [hiddenByFoz, gone]) {
    assert.match(maskOf('_rescued', ruleOf('users', found)), /^CAST\(NULL/);
    assert.equal(maskOf('_log_key', ruleOf('users', found)), '', 'the key is known');
    assert.equal(ruleOf('users$files', found), undefined);
    assert.match(found.notes.join('\n'), /raw\.users: nobody says what .* in .*email/);
  }
  const flat = trinoRules({
    tables: [table('flat', metadataOf(schemaOf(city), [{ ...schemaOf(city, email), 'schema-id': 1 }]), known)],
    views: [],
    policy: closed,
  });
  assert.equal(maskOf('email', ruleOf('flat', flat)), 'NULL', 'under time travel');
  assert.equal(maskOf('city', ruleOf('flat', flat)), '');
});

test('a word about one column does not open the others', () => {
  const known = { columns: [column('city', null, 'public')], key: [] };
  const flat = metadataOf(schemaOf(field('city'), field('remark')));
  assert.deepEqual(masks(maskedColumns(flat, known, closed)), { city: null, remark: 'CAST(NULL AS varchar)' });
  assert.equal(maskedColumns(flat, known, { ...closed, unclassified: 'read' }), null);
  const inRaw = masks(maskedColumns(metadataOf(raw(field('city'), field('remark'))), known, closed));
  assert.match(inRaw['after'] ?? '', /ROW\("after"\."city", CAST\(NULL AS varchar\)\)/);
  const added = schemaOf(...raw(field('city')).fields, field('note_of_others'));
  assert.equal(masks(maskedColumns(metadataOf(added), known, closed))['note_of_others'], 'CAST(NULL AS varchar)');
});

test('what is said of a part hides the column that it is in, and opens none', () => {
  const metadata = metadataOf(raw(field('id', 'long'), field('email'), field('address', struct(field('street'), field('city')))));
  const known = { columns: [column('id'), column('email'), column('address')], key: ['id'] };
  const masked = (...names: readonly string[]) =>
    masks(maskedColumns(metadata, { ...known, columns: [...known.columns, ...names.map((name) => column(name, 'address'))] }, closed))[
      'after'
    ];
  assert.match(masked('after.email') ?? '', /ROW\("after"\."id", CAST\(NULL AS varchar\), "after"\."address"\)/);
  for (const name of ['address.street', 'Address.Street', 'after.address.street'])
    assert.match(masked(name) ?? '', /ROW\("after"\."id", "after"\."email", CAST\(NULL AS row\(/, name);
  const partly = { columns: [column('id'), column('email'), column('address.city', null, 'public')], key: ['id'] };
  assert.match(masks(maskedColumns(metadata, partly, closed))['after'] ?? '', /CAST\(NULL AS row\(/);
});

test('what is said of a part hides the column that it is in, also where that is called like a struct that holds rows', () => {
  const names = ['value', 'before', 'after'];
  const columns = () => [field('id', 'long'), ...names.map((name) => field(name, struct(field('email'), field('at'))))];
  const [flat, rows] = [metadataOf(schemaOf(...columns())), metadataOf(raw(...columns()))];
  const hidden = 'CAST(NULL AS row("email" varchar, "at" varchar))';
  for (const name of names) {
    const saying = (part: string) => ({ columns: ['id', ...names].map((one) => column(one)).concat(column(part, 'email')), key: ['id'] });
    for (const part of [`${name}.email`, `${name.toUpperCase()}.email.domain`]) {
      const found = masks(maskedColumns(flat, saying(part), closed));
      const shown = ['id', ...names].filter((one) => found[one] === null);
      assert.deepEqual([found[name], ...shown], [hidden, 'id', ...names.filter((one) => one !== name)], part);
    }
    for (const part of [`${name}.email`, `before.${name}.email`]) {
      const { after } = masks(maskedColumns(rows, saying(part), closed));
      assert.ok(after?.includes(hidden) && !after.includes(`"after"."${name}"`), `${part}: ${after}`);
    }
  }
});

test('a table of which every column is known to be open is open: what Foz keeps beside the columns says nothing more', () => {
  const known = { columns: [column('id'), column('City')], key: ['id'] };
  const [id, city] = [field('id', 'long'), field('city')];
  const cells = raw(id, city, { ...field('x'), name: '_range_start' }, { ...field('x'), name: '_replaced_7_city' });
  assert.equal(maskedColumns(metadataOf(cells, [{ ...rawSchema, 'schema-id': 1 }]), known, closed), null);
  const text = schemaOf(...rawSchema.fields, { ...field('x'), name: 'value' });
  assert.notEqual(maskedColumns(metadataOf(text), known, closed), null, 'a value that is no row');
});

test('a part of a row whose name was another’s once is hidden, unless it took that one’s place', () => {
  const known = { columns: [column('email', 'email'), column('city'), column('fare')], key: [] };
  const [mail, city, fare] = [field('email'), field('city'), field('fare')];
  const then = { ...raw({ ...mail, name: 'city' }, { ...fare, id: 900 }), 'schema-id': 1 };
  const now = raw(mail, city, fare, { ...fare, id: 900, name: '_replaced_900_fare' });
  assert.match(
    masks(maskedColumns(metadataOf(now, [then]), known, closed))['after'] ?? '',
    /ROW\(CAST\(NULL AS varchar\), CAST\(NULL AS varchar\), "after"\."fare", "after"\."_replaced_900_fare"\)/,
  );
});
