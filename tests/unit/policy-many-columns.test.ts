// What compiling the rules costs: each column of each schema is looked at a few times, however many there are. The catalog's
// thread does it, and everybody who asks the catalog meanwhile waits.

import assert from 'node:assert/strict';
import test from 'node:test';
import { trinoRules } from '../../catalog/policy/trino-rules.ts';
import type { Schema, StructField } from '../../lake/iceberg/schema.ts';
import { closed, column, field, maskOf, metadataOf, raw, ruleOf, schemaOf, table } from './policy-fixture.ts';

/** Former ones, each with a column of its own beside those that all have. */
const schemasCount = 20;
/** Looks at the name of each column of each schema: a few passes, none of them within another. */
const looksMax = 10;

for (const [layout, schemaAs] of [
  ['a raw table', raw],
  ['any other table', schemaOf],
] as const)
  test(`the work for ${layout} grows as its columns and schemas do, not as their product with the columns again`, () => {
    const looks = { count: 0 };
    const looksPerColumn = [50, 200].map((columnsCount) => {
      const columns = Array.from({ length: columnsCount }, (_, i) => field(`c${i}`));
      const older = Array.from({ length: schemasCount }, (_, i): Schema => ({
        ...schemaAs(...columns.map((one) => counted(looks, { ...one })), counted(looks, field(`former_${i}`))),
        'schema-id': 100 + i,
      }));
      const metadata = metadataOf(schemaAs(...columns.map((one) => counted(looks, one))), older);
      const known = { columns: columns.map(({ name }, i) => column(name, i === 0 ? 'email' : null)), key: [] };
      looks.count = 0;
      const rules = trinoRules({ tables: [table('wide', metadata, known)], views: [], policy: closed });
      assert.notEqual(maskOf(schemaAs === raw ? 'after' : 'c0', ruleOf('wide', rules)), '');
      return looks.count / columnsCount / (schemasCount + 1);
    });
    assert.ok(
      looksPerColumn.every((each) => each <= looksMax),
      `${looksPerColumn.join(', ')} looks at each column of each schema`,
    );
  });

function counted(looks: { count: number }, { name, ...rest }: StructField): StructField {
  return {
    ...rest,
    get name() {
      looks.count += 1;
      return name;
    },
  };
}
