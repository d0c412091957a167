// What happens to rows that break a rule is said once, in the body: whatever the contract was written in, the same rules have
// the same policies.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { Contract } from '../../contracts/contract.ts';
import { readContract } from '../../contracts/document/read-contract.ts';
import { writeJsonSchema, writeOdcs } from '../../contracts/document/write-contract.ts';
import { compileRules } from '../../contracts/rules/compile-rules.ts';

const odcs = `apiVersion: v3.2.0
kind: DataContract
id: orders
version: 1.0.0
status: active
schema:
  - name: orders
    properties:
      - name: id
        logicalType: integer
        required: true
      - name: email
        logicalType: string
        required: true
        logicalTypeOptions: { maxLength: 10 }
        customProperties:
          - { property: policy, value: quarantine }
      - name: place
        logicalType: object
        properties:
          - name: city
            logicalType: string
            customProperties:
              - { property: policy, value: halt }
`;
const jsonSchema = JSON.stringify({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  'x-contract': { id: 'orders', version: '1.0.0', table: { name: 'orders' } },
  type: 'object',
  properties: {
    id: { type: 'integer' },
    email: { type: 'string', maxLength: 10, 'x-policy': 'quarantine' },
    place: { type: ['object', 'null'], properties: { city: { type: ['string', 'null'], 'x-policy': 'halt' } } },
  },
  required: ['id', 'email'],
});

function contractIn(text: string, file: string): Contract {
  const reading = readContract(text, file);
  assert.ok(reading.kind === 'contract', JSON.stringify(reading));
  return reading.contract;
}

function policiesOf({ policy, tables: [table] }: Contract): Readonly<Record<string, string>> {
  assert.ok(table);
  return Object.fromEntries(compileRules(table.body, { policy }).rules.map((rule) => [rule.id, rule.policy]));
}

test('ODCS and JSON Schema lead to the same policy of each rule, a missing column among them', () => {
  const expected = {
    'id:required': 'flag',
    'email:required': 'quarantine',
    'id:type': 'flag',
    'email:type': 'quarantine',
    'email:maxLength': 'quarantine',
    'place:type': 'flag',
    'place.city:type': 'halt',
  };
  const written = [contractIn(odcs, 'a.odcs.yaml'), contractIn(jsonSchema, 'a.json')];
  const rewritten = written.flatMap((contract) => [
    contractIn(writeOdcs(contract), 'b.odcs.yaml'),
    contractIn(writeJsonSchema(contract), 'b.json'),
  ]);
  for (const contract of [...written, ...rewritten]) {
    const policies = policiesOf(contract);
    assert.deepEqual(Object.fromEntries(Object.keys(expected).map((id) => [id, policies[id]])), expected);
  }
});
