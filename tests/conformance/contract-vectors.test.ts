// The published examples of both standards, when they lie beside the project (../shared/vectors): every one is accepted
// without a network, survives import → export → import in both forms, and what is exported is valid by the standard's own
// JSON Schema.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import test, { before, mock } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Ajv2019 } from 'ajv/dist/2019.js';
import addFormats from 'ajv-formats';
import type { Contract } from '../../contracts/contract.ts';
import { readContract } from '../../contracts/document/read-contract.ts';
import { odcsDocument, writeJsonSchema, writeOdcs } from '../../contracts/document/write-contract.ts';

const vectors = fileURLToPath(new URL('../../../shared/vectors/', import.meta.url));
const skip = existsSync(vectors) ? false : `the published examples are not at ${vectors}`;
if (skip !== false) process.stderr.write(`contract-vectors: skipped, ${skip}\n`);

const odcsSchema = 'odcs/schema/odcs-json-schema-v3.2.0.from-pypi-open-data-contract-standard-3.2.0.json';

function examples(folder: string): readonly string[] {
  return skip === false ? readdirSync(vectors + folder).map((name) => `${folder}/${name}`) : [];
}

function read(text: string, file: string): Contract {
  const reading = readContract(text, file);
  assert.ok(reading.kind === 'contract', JSON.stringify(reading));
  return reading.contract;
}

const isValid = (() => {
  if (skip !== false) return null;
  const ajv = new Ajv2019({ strict: false, allErrors: true });
  addFormats.default(ajv);
  return ajv.compile(JSON.parse(readFileSync(vectors + odcsSchema, 'utf8')));
})();

before(() => {
  mock.method(globalThis, 'fetch', () => assert.fail('nothing is fetched'));
});

const odcs = [...examples('odcs/examples'), ...examples('odcs/examples-dev-3.2.0')];
const dcs = examples('dcs/examples');

test('the examples are all there', { skip }, () => {
  assert.ok(odcs.length >= 38 && dcs.length >= 6, `${odcs.length} and ${dcs.length}`);
});

for (const file of [...odcs, ...dcs]) {
  test(`${file} is accepted and survives import → export → import`, { skip }, () => {
    const contract = read(readFileSync(vectors + file, 'utf8'), file);
    assert.deepEqual(read(writeOdcs(contract), file), contract);
    assert.deepEqual(read(writeJsonSchema(contract), file), contract);
    assert.ok(contract.tables.every((table) => table.columns.every(({ name }) => name !== '')));
  });

  test(`${file} exports to a valid document of the standard`, { skip }, () => {
    const document = odcsDocument(read(readFileSync(vectors + file, 'utf8'), file));
    assert.ok(isValid !== null);
    assert.ok(isValid(document), JSON.stringify(isValid.errors?.slice(0, 3)));
  });
}

const words = (text: string): ReadonlySet<string> => new Set(text.match(/[\p{L}\p{N}]{4,}/gu) ?? []);

test('nothing of an ODCS example is missing from its export', { skip }, () => {
  for (const file of odcs) {
    const text = readFileSync(vectors + file, 'utf8');
    const exported = words(writeOdcs(read(text, file)));
    // Each scalar of the import is somewhere in the export; `false` is what leaving out means.
    const plain = text.replaceAll(/(^|\s)#.*$/gm, '').replaceAll(/^.*: false\s*$/gm, '');
    const missing = [...words(plain)].filter((word) => !exported.has(word));
    assert.deepEqual(missing, [], file);
  }
});

test('a DCS example keeps its names, types, keys and references', { skip }, () => {
  const contract = read(readFileSync(`${vectors}dcs/examples/orders-latest__datacontract.yaml`, 'utf8'), 'a');
  const [orders, items] = contract.tables;
  assert.deepEqual([contract.id, contract.version, contract.owner], ['orders-latest', '2.0.0', 'Checkout Team']);
  assert.deepEqual(
    orders?.columns.slice(0, 3).map(({ name, physicalType, isRequired, keyPosition }) => [name, physicalType, isRequired, keyPosition]),
    [
      ['order_id', 'text', true, 1],
      ['order_timestamp', 'timestamp', true, null],
      ['order_total', 'long', true, null],
    ],
  );
  assert.deepEqual(
    items?.columns.map(({ name, keyPosition }) => [name, keyPosition]),
    [
      ['line_item_id', 2],
      ['order_id', 1],
      ['sku', null],
    ],
  );
  assert.equal(orders.quality.length, 2);
  assert.deepEqual(contract.serviceLevels.map(({ property, value }) => [property, value]).slice(0, 2), [
    ['availability', '99.9%'],
    ['retention', 'P1Y'],
  ]);
});
