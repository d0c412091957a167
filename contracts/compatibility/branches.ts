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
  /** Choices of what holds come before those of what is denied: they say more. */
  readonly held: readonly Choice[];
  readonly denied: readonly Choice[];
  /** Claims already taken in, by key. */
  readonly known: ReadonlySet<string>;
}

type Choice = () => Iterable<Alternative>;

export interface Branching {
  readonly budget: Budget;
  isAsserted(format: string): boolean;
  /** Asked of facts that are not all there yet: when they contradict themselves already, nothing more is opened. */
  isRefuted(facts: Facts): boolean;
}

/** Facts with listed values come as soon as the values are known: they are tried, not reasoned about. */
export function* branches(claims: readonly Claim[], branching: Branching): Generator<Facts> {
  yield* open({ facts: noFacts(), pending: claims, held: [], denied: [], known: new Set() }, branching);
}

function* open(start: State, branching: Branching): Generator<Facts> {
  branching.budget.spend(1);
  const state = settle(start, branching);
  if (state === null) return;
  const { facts, known } = state;
  const [choice, ...rest] = state.held.length > 0 ? state.held : state.denied;
  if (choice === undefined || facts.values !== null) {
    yield facts;
    return;
  }
  if (branching.isRefuted(facts)) return;
  const left = state.held.length > 0 ? { held: rest, denied: state.denied } : { held: [], denied: rest };
  for (const { claims, add } of choice()) {
    const own = { ...facts };
    add?.(own);
    if (own.kinds === 0) branching.budget.spend(1);
    else yield* open({ facts: own, pending: claims, known, ...left }, branching);
  }
}

/** Takes in everything that is certain; null when it contradicts itself. */
function settle(start: State, { isAsserted }: Branching): State | null {
  const facts = { ...start.facts };
  if (start.pending.length === 0) return { ...start, facts };
  const known = new Set(start.known);
  const [held, denied] = [[...start.held], [...start.denied]];
  const pending = [...start.pending];
  for (let claim = pending.pop(); claim !== undefined; claim = pending.pop()) {
    const { document, schema, holds } = claim;
    if (typeof schema === 'boolean' && schema !== holds) return null;
    const key = claimKey(claim);
    if (known.has(claimKey({ ...claim, holds: !holds }))) return null;
    if (known.has(key) || !isJsonObject(schema)) continue;
    known.add(key);
    if (!holds) {
      denied.push(() => deny(document, schema, isAsserted));
      continue;
    }
    const affirmed = affirm(facts, document, schema, isAsserted);
    if (facts.kinds === 0) return null;
    pending.push(...affirmed.claims);
    held.push(...affirmed.choices.map((choice) => () => choice));
  }
  return { facts, pending: [], held, denied, known };
}
