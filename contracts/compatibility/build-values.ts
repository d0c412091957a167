// Writes values that satisfy claims: each set of facts that does not contradict itself is a recipe. Every value yielded
// has been checked against all claims (as far as the evaluator can tell) and has known columns only. With a random
// source the choices are drawn, without one they go from the plainest on.

import { randomInt, type Random } from '../../runtime/random.ts';
import type { JsonValue } from '../json-schema.ts';
import { branches, type Branching } from './branches.ts';
import type { Judges } from './evaluate.ts';
import { claimsKey, type Claim, type Facts } from './facts.ts';
import { finiteValues } from './finite-values.ts';
import { hasUnknownColumn, type Columns } from './known-columns.ts';
import { hasKind, kinds } from './kinds.ts';
import { hasNoKind } from './refute-scalar.ts';
import { isBroken } from './prover.ts';
import { sampleArrays } from './sample-array.ts';
import { sampleNumbers } from './sample-number.ts';
import { sampleObjects } from './sample-object.ts';
import { sampleTexts } from './sample-text.ts';

export interface Builder {
  readonly judges: Judges;
  readonly random: Random | null;
  /** Values seen in the schemas, tried wherever they fit. */
  readonly pool: readonly JsonValue[];
  /** Values of a part, the plainest first. */
  part(claims: readonly Claim[], columns: Columns, depth: number, count: number): readonly JsonValue[];
}

const depthMax = 24;
/** Sets of facts looked at for a part; the whole looks at all of them. */
const recipesOfPart = 24;
const poolTriesOfPart = 12;

export function createBuilder(judges: Judges, random: Random | null, pool: readonly JsonValue[]): Builder {
  const known = new Map<string, readonly JsonValue[]>();
  const builder: Builder = {
    judges,
    random,
    pool,
    part(claims, columns, depth, count) {
      const key = `${claimsKey(claims)} @${columns.key} ${count} ${random === null ? '' : randomInt(random, 4)}`;
      const before = known.get(key);
      if (before !== undefined && (before.length > 0 || random === null)) return before;
      const values = [...buildValues(builder, claims, columns, depth, recipesOfPart).take(count)];
      known.set(key, values);
      return values;
    },
  };
  return builder;
}

export function* buildValues(
  builder: Builder,
  claims: readonly Claim[],
  columns: Columns,
  depth = 0,
  recipes = Infinity,
): Generator<JsonValue> {
  if (depth > depthMax) return;
  const { judges, random } = builder;
  const fits = (value: JsonValue): boolean => !hasUnknownColumn(columns, value) && !claims.some((claim) => isBroken(judges, claim, value));
  const listed = finiteValues(claims, judges);
  if (listed !== null) {
    yield* shuffled(listed, random).filter(fits);
    return;
  }
  if (random !== null && depth > 0) yield* drawn(builder.pool, random, poolTriesOfPart).filter(fits);
  let left = recipes;
  for (const facts of branches(claims, branchingOf(judges))) {
    if (left <= 0) return;
    left -= 1;
    if (random !== null && left > 1 && random.next() < 0.3) continue;
    for (const value of candidates(builder, facts, columns, depth)) {
      judges.budget.spend(1);
      if (fits(value)) yield value;
    }
  }
}

/** Only what costs nothing to see: a recipe that leads nowhere yields nothing. */
function branchingOf({ budget, format }: Judges): Branching {
  return {
    budget,
    isAsserted: (name) => format(name, '') !== null,
    isRefuted: (facts) => hasNoKind(facts),
  };
}

function* candidates(builder: Builder, facts: Facts, columns: Columns, depth: number): Generator<JsonValue> {
  if (facts.values !== null) {
    yield* shuffled(facts.values, builder.random);
    return;
  }
  const may = (kind: number): boolean => hasKind(facts.kinds, kind);
  const makers: (() => Iterable<JsonValue>)[] = [];
  if (may(kinds.object)) makers.push(() => sampleObjects(builder, facts, columns, depth));
  if (may(kinds.string)) makers.push(() => shuffled(sampleTexts(facts, builder.random), builder.random));
  if (may(kinds.integer | kinds.fraction)) makers.push(() => shuffled(sampleNumbers(facts, builder.random), builder.random));
  if (may(kinds.boolean)) makers.push(() => shuffled([true, false], builder.random));
  if (may(kinds.array)) makers.push(() => sampleArrays(builder, facts, columns, depth));
  if (may(kinds.null)) makers.push(() => [null]);
  // A plain scalar first where anything is allowed: objects and arrays cost more and show less.
  const ordered = depth > 0 && makers.length > 4 ? [...makers.slice(1), ...makers.slice(0, 1)] : makers;
  for (const make of shuffled(ordered, builder.random)) yield* make();
}

export function shuffled<T>(items: readonly T[], random: Random | null): readonly T[] {
  if (random === null) return items;
  return items
    .map((item) => ({ item, at: random.next() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

function drawn(items: readonly JsonValue[], random: Random, count: number): readonly JsonValue[] {
  const found: JsonValue[] = [];
  for (let tries = 0; tries < count && items.length > 0; tries += 1) {
    const item = items[randomInt(random, items.length)];
    if (item !== undefined) found.push(item);
  }
  return found;
}
