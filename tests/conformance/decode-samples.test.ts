// Every event that real Debezium connectors produced (PostgreSQL and Cassandra, with and without schemas), table by
// table: each lands, rebuilds, and reads the same through DuckDB and hyparquet.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { readJson, type JsonValue } from '../../runtime/json-value.ts';
import { isRebuilt, rebuildRecord } from '../../lake/raw/rebuild.ts';
import type { PlainRecord } from '../../sync/log/record-block.ts';
import { decodeLab, readRows } from '../unit/decode-fixture.ts';

const samples = join(import.meta.dirname, '../recorded-events');

test('every recorded event of every connector lands typed and rebuilds', async () => {
  let records = 0;
  let rescued = 0;
  const reasons = new Map<string, number>();
  for (const file of readdirSync(samples).filter((name) => name.endsWith('.json'))) {
    for (const [topic, group] of topicsOf(join(samples, file))) {
      await using lab = await decodeLab();
      const written = await lab.write(group);
      const rows = await readRows(written);
      assert.equal(rows.length, group.length);
      const shapes = new Map(lab.plan.shapes.map((shape) => [shape.number, shape]));
      rows.forEach((row, i) => {
        const original = group[i];
        assert(original);
        const rebuilt = rebuildRecord(row, shapes);
        assert.deepEqual(rebuilt.key && Buffer.from(rebuilt.key), original.key);
        assert.deepEqual(
          rebuilt.headers.map((h) => h.key),
          (original.headers ?? []).map((h) => h.key),
        );
        assert(
          isRebuilt(rebuilt.value, original.value),
          `${file} ${topic} ${i}: ${JSON.stringify(rebuilt.value)} for ${original.value?.toString()}`,
        );
        const rescue = row['_rescued'];
        if (typeof rescue === 'object' && rescue !== null && 'reason' in rescue)
          reasons.set(`${topic}: ${String(rescue.reason)}`, (reasons.get(`${topic}: ${String(rescue.reason)}`) ?? 0) + 1);
      });
      records += rows.length;
      rescued += written.rescued;
      assert(lab.plan.shapes.length <= 8, `${topic}: ${lab.plan.shapes.length} shapes for ${group.length} events`);
    }
  }
  assert(records > 300, `only ${records} events`);
  assert.equal(rescued, 0, `rescued: ${JSON.stringify([...reasons])}`);
});

/** Records by topic, their keys and values as JSON text with every literal as recorded. */
function topicsOf(path: string): ReadonlyMap<string, readonly (PlainRecord & { readonly value: Buffer | null })[]> {
  const read = readJson(readFileSync(path, 'utf8'));
  assert(read.kind === 'value' && read.value.kind === 'array', `${path} is a list of records`);
  const topics = new Map<string, (PlainRecord & { readonly value: Buffer | null })[]>();
  for (const item of read.value.items) {
    const topic = fieldOf(item, 'topic');
    assert(topic?.kind === 'string');
    const list = topics.get(topic.value) ?? [];
    const headers = fieldOf(item, 'headers');
    list.push({
      offset: BigInt(list.length),
      logTimeMs: 1795251270726 + list.length,
      key: bytesOf(fieldOf(item, 'key')),
      value: bytesOf(fieldOf(item, 'value')),
      headers:
        headers?.kind === 'object' ? headers.entries.map((entry) => ({ key: entry.key, value: Buffer.from(textOf(entry.value)) })) : [],
    });
    topics.set(topic.value, list);
  }
  return topics;
}

function fieldOf(value: JsonValue, key: string): JsonValue | undefined {
  return value.kind === 'object' ? value.entries.find((entry) => entry.key === key)?.value : undefined;
}

function bytesOf(value: JsonValue | undefined): Buffer | null {
  return value === undefined || value.kind === 'null' ? null : Buffer.from(textOf(value));
}

function textOf(value: JsonValue): string {
  switch (value.kind) {
    case 'object':
      return `{${value.entries.map((entry) => `${JSON.stringify(entry.key)}:${textOf(entry.value)}`).join(',')}}`;
    case 'array':
      return `[${value.items.map(textOf).join(',')}]`;
    case 'string':
      return JSON.stringify(value.value);
    case 'number':
      return value.text;
    default:
      return value.kind === 'null' ? 'null' : String(value.value);
  }
}
