// The published examples, each broken in one place: what the standard's own JSON Schema refuses is refused here too. One
// class is left out on purpose: version 3.2 reads a property without logicalType as all types at once and asks it for a `map`.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { Ajv2019 } from 'ajv/dist/2019.js';
import addFormats from 'ajv-formats';
import { readContract } from '../../contracts/document/read-contract.ts';
import { readSourceText } from '../../contracts/document/source-text.ts';
import type { JsonValue } from '../../contracts/json-schema.ts';

const vectors = fileURLToPath(new URL('../../../shared/vectors/odcs/', import.meta.url));
const skip = existsSync(vectors) ? false : `the published examples are not at ${vectors}`;
if (skip !== false) process.stderr.write(`contract-vectors-broken: skipped, ${skip}\n`);

type Path = readonly (string | number)[];

function* placesIn(value: JsonValue, path: Path = []): Generator<Path> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    const here = [...path, Array.isArray(value) ? Number(key) : key];
    yield here;
    yield* placesIn(inner, here);
  }
}

/** `gone` is no value: the key is removed. */
const replacements: readonly (JsonValue | 'gone' | 'unknown key')[] = ['gone', 'unknown key', 7, 'zz zz', true, [], {}, null];

function broken(value: JsonValue, path: Path, by: JsonValue): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return by === 'unknown key' ? { ...(value as object), zzz: 1 } : by;
  const inside = (value as Record<string | number, JsonValue>)[step] ?? null;
  const isGone = rest.length === 0 && by === 'gone';
  const entries = Object.entries(value as object).flatMap(([key, inner]: [string, JsonValue]): [string, unknown][] =>
    key !== String(step) ? [[key, inner]] : isGone ? [] : [[key, broken(inside, rest, by)]],
  );
  return Array.isArray(value) ? entries.map(([, inner]) => inner) : Object.fromEntries(entries);
}

test('what the standard refuses is refused', { skip }, () => {
  const ajv = new Ajv2019({ strict: false });
  addFormats.default(ajv);
  const schema = 'schema/odcs-json-schema-v3.2.0.from-pypi-open-data-contract-standard-3.2.0.json';
  const isValid = ajv.compile(JSON.parse(readFileSync(vectors + schema, 'utf8')));
  const isLong = process.env['FOZ_TEST_LONG'] === '1';
  const stride = isLong ? 1 : 7;
  let turn = 0;
  let refused = 0;
  for (const name of readdirSync(`${vectors}examples-dev-3.2.0`)) {
    // The two that show everything are large: they take minutes.
    if (name.startsWith('all__') && !isLong) continue;
    const reading = readSourceText(readFileSync(`${vectors}examples-dev-3.2.0/${name}`, 'utf8'), name);
    assert.ok(reading.kind === 'source');
    const { value } = reading.source;
    const places = [...placesIn(value)].slice(0, 1_500);
    for (const place of places) {
      for (const by of replacements) {
        if (turn++ % stride > 0 || (place.at(-1) === 'logicalType' && by === 'gone')) continue;
        const document = broken(value, place, by);
        if (isValid(document) || isValid.errors?.some(({ message }) => message?.includes("'map'"))) continue;
        refused++;
        const found = readContract(JSON.stringify(document), name);
        assert.equal(found.kind, 'problems', `${name} ${place.join('.')} ${JSON.stringify(by)}: ${JSON.stringify(isValid.errors?.[0])}`);
      }
    }
  }
  assert.ok(refused > 200, `${refused} refused`);
});
