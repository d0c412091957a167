// Arrays that facts describe: as short and as long as allowed, with the items that are asked for.

import { randomInt } from '../../runtime/random.ts';
import type { JsonValue } from '../json-schema.ts';
import type { Builder } from './build-values.ts';
import type { Claim, Facts } from './facts.ts';
import { jsonEqual } from './json-equal.ts';
import type { Columns } from './known-columns.ts';
import { itemClaims, prefixLength } from './members.ts';

/** Items of an array that is built. */
const itemsMax = 2_000;

export function* sampleArrays(builder: Builder, facts: Facts, columns: Columns, depth: number): Generator<JsonValue> {
  for (const length of wantedLengths(builder, facts)) {
    for (const offset of [0, 1, 2]) {
      const items = arrayOf(builder, facts, columns, depth, length, offset);
      if (items !== null) yield items;
      if (facts.atLeast.length === 0 && facts.someItem.length === 0 && offset === 1) break;
    }
  }
}

function wantedLengths(builder: Builder, facts: Facts): readonly number[] {
  const asked = facts.atLeast.map(({ count }) => count).reduce((sum, count) => sum + count, 0);
  const from = Math.max(facts.itemsMin, facts.hasEqualItems ? 2 : 0);
  const different = prefixLength(facts);
  const usual = [
    from,
    from + 1,
    Math.max(from, asked),
    different,
    different + 1,
    ...facts.someItem.map((item) => item.from + 1),
    Math.max(from, 3),
  ];
  if (builder.random !== null) usual.unshift(from + randomInt(builder.random, 5));
  if (Number.isFinite(facts.itemsMax)) usual.push(facts.itemsMax);
  return [...new Set(usual)].filter((length) => length >= from && length <= facts.itemsMax && length <= itemsMax);
}

/** Where an item is asked for, it is put `offset` places after the first that will do. */
function arrayOf(builder: Builder, facts: Facts, columns: Columns, depth: number, length: number, offset: number): JsonValue[] | null {
  const asked = new Map<number, Claim[]>();
  const put = (index: number, claim: Claim): void => void asked.set(index, [...(asked.get(index) ?? []), claim]);
  for (const { from, claim } of facts.someItem) put(Math.min(from + offset, length - 1), claim);
  let next = offset;
  for (const { claim, count } of facts.atLeast)
    for (let times = 0; times < count && times < itemsMax; times += 1) put(next++ % Math.max(length, 1), claim);
  const items: JsonValue[] = [];
  for (let index = 0; index < length; index += 1) {
    const claims = [...itemClaims(facts, index), ...(asked.get(index) ?? [])];
    const wanted = facts.isUnique ? Math.min(length + 1, 64) : 3;
    const values = builder.part(claims, columns.item(index), depth + 1, wanted);
    const value = choose(builder, facts, values, items, offset);
    if (value === undefined) return null;
    items.push(value);
  }
  return items;
}

function choose(
  builder: Builder,
  facts: Facts,
  values: readonly JsonValue[],
  before: readonly JsonValue[],
  offset: number,
): JsonValue | undefined {
  if (facts.isUnique) return values.find((value) => !before.some((other) => jsonEqual(other, value)));
  if (facts.hasEqualItems)
    return (
      values.find((value) => before.some((other) => jsonEqual(other, value))) ?? values[offset % Math.max(values.length, 1)] ?? values[0]
    );
  return builder.random === null ? values[0] : values[randomInt(builder.random, Math.max(values.length, 1))];
}
