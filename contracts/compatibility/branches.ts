// Takes a conjunction of claims apart: yields every alternative as facts, one at a time and only as far as they are asked
// for. Choices are opened last, so that what is certain can contradict them first.

import { isJsonObject } from '../json-schema.ts';
import { affirm, type Alternative } from './affirm.ts';
import type { Budget } from './budget.ts';
import { deny } from './deny.ts';
import { claimKey, noFacts, type Claim, type Facts } from './facts.ts';

interface State {
  readonly facts: Facts;
  readonly pending: readonly Claim[];
  readonly choices: readonly (() => Iterable<Alternative>)[];
  /** Claims already taken in, by key. */
  readonly known: ReadonlySet<string>;
}

export function* branches(claims: readonly Claim[], budget: Budget, isAsserted: (format: string) => boolean): Generator<Facts> {
  yield* open({ facts: noFacts(), pending: claims, choices: [], known: new Set() }, budget, isAsserted);
}

function* open(start: State, budget: Budget, isAsserted: (format: string) => boolean): Generator<Facts> {
  budget.spend(1);
  const state = settle(start, isAsserted);
  if (state === null) return;
  const [choice, ...choices] = state.choices;
  if (choice === undefined) {
    yield state.facts;
    return;
  }
  for (const { claims, add } of choice()) {
    const facts = { ...state.facts };
    add?.(facts);
    if (facts.kinds === 0) continue;
    yield* open({ facts, pending: claims, choices, known: state.known }, budget, isAsserted);
  }
}

/** Takes in everything that is certain; null when it contradicts itself. */
function settle(
  { facts: before, pending: first, choices: opened, known: seen }: State,
  isAsserted: (format: string) => boolean,
): State | null {
  const facts = { ...before };
  const known = new Set(seen);
  const choices = [...opened];
  const pending = [...first];
  for (let claim = pending.pop(); claim !== undefined; claim = pending.pop()) {
    const { document, schema, holds } = claim;
    if (typeof schema === 'boolean' && schema !== holds) return null;
    const key = claimKey(claim);
    if (known.has(claimKey({ ...claim, holds: !holds }))) return null;
    if (known.has(key) || !isJsonObject(schema)) continue;
    known.add(key);
    if (!holds) {
      choices.push(() => deny(document, schema, isAsserted));
      continue;
    }
    const affirmed = affirm(facts, document, schema, isAsserted);
    if (facts.kinds === 0) return null;
    pending.push(...affirmed.claims);
    choices.push(...affirmed.choices.map((choice) => () => choice));
  }
  return { facts, pending: [], choices, known };
}
