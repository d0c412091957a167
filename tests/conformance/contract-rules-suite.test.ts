// The official cases of JSON Schema (draft 4, brought to 2020-12 where the two differ) for the keywords that contracts
// have: every document is judged by the compiled SQL and by the judge, and both say what the suite says.

import assert from 'node:assert/strict';
import test from 'node:test';
import suite from 'json-schema-test-suite';
import { isJsonObject, isJsonSchema, type JsonSchema, type JsonValue } from '../../contracts/json-schema.ts';
import { compileRules, type CompiledRules } from '../../contracts/rules/compile-rules.ts';
import { rowWire } from '../../contracts/rules/row-wire.ts';
import { decodedOf, rulesLab, type RulesLab } from '../property/contract-rules-lab.ts';
import { ownCases } from './contract-rules-cases.ts';

const files = suite.loadSync({
  draft: 'draft4',
});

/** What draft 4 says otherwise than 2020-12, and the package's copies of formats that later drafts define more narrowly. */
function translated(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(translated);
  if (!isJsonObject(value)) return value;
  const parts = Object.fromEntries(
    Object.entries(value).map(([key, part]) => [key, key === 'enum' || key === 'default' ? part : translated(part)]),
  );
  const { items, additionalItems, exclusiveMinimum, exclusiveMaximum, minimum, maximum, dependencies, id, $schema: _, ...rest } = parts;
  const out: Record<string, JsonValue> = { ...rest };
  if (Array.isArray(items)) {
    if (items.length > 0) out['prefixItems'] = items;
    if (additionalItems !== undefined) out['items'] = additionalItems;
  } else if (items !== undefined) out['items'] = items;
  if (exclusiveMinimum === true && minimum !== undefined) out['exclusiveMinimum'] = minimum;
  else if (minimum !== undefined) out['minimum'] = minimum;
  if (exclusiveMaximum === true && maximum !== undefined) out['exclusiveMaximum'] = maximum;
  else if (maximum !== undefined) out['maximum'] = maximum;
  if (isJsonObject(dependencies) && isDependency(dependencies)) {
    const lists = Object.entries(dependencies).filter(([, part]) => Array.isArray(part));
    const schemas = Object.entries(dependencies).filter(([, part]) => !Array.isArray(part));
    if (lists.length > 0) out['dependentRequired'] = Object.fromEntries(lists);
    if (schemas.length > 0) out['dependentSchemas'] = Object.fromEntries(schemas);
  } else if (dependencies !== undefined) out['dependencies'] = dependencies;
  if (id !== undefined) out['id'] = id;
  if (typeof out['$ref'] === 'string') out['$ref'] = out['$ref'].replace('/items/0', '/prefixItems/0');
  return out;
}

/** Not a property that happens to have that name. */
function isDependency(value: JsonValue): boolean {
  return isJsonObject(value) && Object.values(value).every((part) => Array.isArray(part) || isJsonSchema(part));
}

/** Cases in which 2020-12, or the list of formats on purpose, says the opposite of draft 4. */
const changed: ReadonlySet<string> = new Set([
  // 1.0 and 1 are one number since draft 6.
  'a float is not an integer even without fractional part',
  // `uri` asks for a scheme: without one it is a uri-reference.
  'a valid protocol-relative URI',
]);

interface Count {
  agreed: number;
  bySql: number;
  refused: number;
}

/** The document stands in a column: rows are objects, documents of the suite are anything. */
async function judged(lab: RulesLab, rules: CompiledRules, row: JsonValue, count: Count): Promise<boolean> {
  const decoded = decodedOf([row]);
  const [verdict] = await lab.judge(rules, rowWire([], decoded, 'postgres'), decoded, [JSON.stringify(row)]);
  assert(verdict);
  const violations = rules.judge(row);
  count.agreed += 1;
  if (verdict.needsJudge) return violations.length === 0;
  count.bySql += 1;
  assert.equal(verdict.isClean, violations.length === 0, `SQL and the judge differ on ${JSON.stringify(row)}`);
  assert.deepEqual(
    verdict.violations.map(({ property, rule }) => `${property} ${rule}`),
    violations.map(({ property, rule }) => `${property} ${rule}`),
  );
  return verdict.isClean;
}

/** References are into the document: it is a definition, and the column refers to it. */
function inColumn(schema: JsonSchema): JsonSchema {
  if (typeof schema === 'boolean') return { properties: { v: schema } };
  return { properties: { v: rebased(schema) } };
}

function rebased(value: JsonValue): JsonSchema {
  const walk = (part: JsonValue): JsonValue => {
    if (Array.isArray(part)) return part.map(walk);
    if (!isJsonObject(part)) return part;
    return Object.fromEntries(
      Object.entries(part).map(([key, inner]) => {
        if (key === '$ref' && typeof inner === 'string' && (inner === '#' || inner.startsWith('#/')))
          return [key, `#/properties/v${inner.slice(1)}`];
        return [key, key === 'enum' || key === 'const' ? inner : walk(inner)];
      }),
    );
  };
  const rewritten = walk(value);
  return isJsonSchema(rewritten) ? rewritten : true;
}

/** Where the list of formats differs from draft 4 on purpose, and what the cases need that contracts refuse. */
const refusedGroups: ReadonlyMap<string, RegExp> = new Map([
  ['refRemote.json', /outside the document/],
  ['ref.json', /outside the document|no such keyword|only the body itself/],
  ['definitions.json', /outside the document/],
]);

for (const { file, optional, schemas: groups } of files) {
  test(`draft 4 ${optional ? 'optional ' : ''}${file}: SQL, the judge and the suite agree`, async (context) => {
    using lab = await rulesLab();
    const count: Count = { agreed: 0, bySql: 0, refused: 0 };
    for (const group of groups) {
      const schema = translated(group.schema);
      assert(isJsonSchema(schema));
      const rules = compileRules(inColumn(schema));
      if (rules.refused.length > 0) {
        assert.match(
          rules.refused[0]?.reason ?? '',
          refusedGroups.get(file) ?? /^never$/,
          `${group.description}: ${JSON.stringify(rules.refused)}`,
        );
        count.refused += 1;
        continue;
      }
      for (const { description, data, valid } of group.tests)
        assert.equal(
          await judged(lab, rules, { v: data }, count),
          valid !== changed.has(description),
          `${file}: ${group.description}: ${description}: ${JSON.stringify([schema, data])}`,
        );
    }
    context.diagnostic(`${count.agreed} cases, ${count.bySql} by SQL alone, ${count.refused} groups refused by name`);
  });
}

test('2020-12 keywords: SQL, the judge and the own cases agree', async (context) => {
  using lab = await rulesLab();
  const count: Count = { agreed: 0, bySql: 0, refused: 0 };
  for (const { schema, valid, invalid } of ownCases) {
    const rules = compileRules(inColumn(schema));
    assert.deepEqual(rules.refused, [], JSON.stringify(schema));
    for (const [documents, isValid] of [
      [valid, true],
      [invalid, false],
    ] as const)
      for (const data of documents)
        assert.equal(await judged(lab, rules, { v: data }, count), isValid, `${JSON.stringify(schema)} on ${JSON.stringify(data)}`);
  }
  context.diagnostic(`${count.agreed} cases, ${count.bySql} by SQL alone`);
});
