// Whether a history of a compare-and-swap register is linearizable: whether each operation could have happened at one instant
// between its start and its end, so that all answers come out as they were given.
//
// In general that is a search; here every written value is written once, which makes it a chain: the swaps that succeeded have
// exactly one order, each from the value of the one before. What is left are instants: a swap is after its own start and after
// the one before it, a read of a value is not before the swap that wrote it and not after the swap that replaced it. So each
// swap gets the earliest instant that its lower bounds allow; if that breaks an upper bound, no other instants hold either. A
// swap told as lost must have an instant at which the value was another one; whoever expects a value has seen it before, so
// that can only be after it was replaced.
//
// A swap whose outcome nobody knows has happened exactly if its value was seen, at any time after its start.

export type Told =
  | { readonly kind: 'read'; readonly value: string }
  | { readonly kind: 'swapped' | 'lost' | 'unknown'; readonly expected: string; readonly next: string };

/** `start` and `end` by one counter of all clients: no two events share a number. */
export type Observed = Told & { readonly start: number; readonly end: number };

/** What is wrong with it, in words; null when it is linearizable. */
export function linearizabilityProblem(initial: string, history: readonly Observed[]): string | null {
  const chain = chainOf(initial, history);
  if (typeof chain === 'string') return chain;
  const place = new Map([[initial, 0], ...chain.map(({ next }, at) => [next, at + 1] as const)]);
  /** Instant at which each value appears. */
  const instants = [-1, ...chain.map(() => -1)];
  const raise = (at: number, instant: number): void =>
    void (at < instants.length && (instants[at] = Math.max(instants[at] ?? -1, instant)));
  for (const [at, { start }] of chain.entries()) raise(at + 1, start);
  for (const told of history) {
    if (told.kind !== 'read') continue;
    const at = place.get(told.value);
    if (at === undefined) return `${told.value} was read, which was never written`;
    raise(at + 1, told.start);
  }
  for (let at = 1; at < instants.length; at++) raise(at, instants[at - 1] ?? -1);
  const appears = (at: number): number => instants[at] ?? Number.POSITIVE_INFINITY;
  for (const [at, { next, end }] of chain.entries())
    if (appears(at + 1) > end) return `the swap to ${next} was answered before it can have happened`;
  for (const told of history) {
    if (told.kind === 'read' && appears(place.get(told.value) ?? 0) > told.end)
      return `${told.value} was read before it can have been written`;
    const expected = told.kind === 'lost' ? place.get(told.expected) : undefined;
    if (told.kind === 'lost' && expected !== undefined && appears(expected) <= told.start && appears(expected + 1) > told.end)
      return `the swap to ${told.next} was told as lost while the register held ${told.expected} all the time`;
  }
  return null;
}

type Swap = Extract<Observed, { readonly next: string }>;

/** The swaps that happened, in their order; or why there is none. */
function chainOf(initial: string, history: readonly Observed[]): readonly Swap[] | string {
  const swaps = history.filter((told): told is Swap => told.kind !== 'read' && told.kind !== 'lost');
  const seen = new Set(history.map((told) => (told.kind === 'read' ? told.value : told.kind === 'swapped' ? told.expected : '')));
  // One that is unknown and was not seen may have happened at the very end, which changes no answer.
  const happened = swaps.filter(({ kind, next }) => kind === 'swapped' || isSeen(next, swaps, seen));
  const from = new Map<string, Swap>();
  for (const swap of happened) {
    const rival = from.get(swap.expected);
    if (rival) return `both ${rival.next} and ${swap.next} replaced ${swap.expected}`;
    from.set(swap.expected, swap);
  }
  const chain: Swap[] = [];
  for (let next = from.get(initial); next !== undefined; next = from.get(next.next)) {
    if (chain.length > happened.length) return 'the swaps go round in a circle';
    chain.push(next.kind === 'unknown' ? { ...next, end: Number.POSITIVE_INFINITY } : next);
  }
  const lost = happened.find((swap) => !chain.some(({ next }) => next === swap.next));
  return lost ? `the swap to ${lost.next} succeeded from ${lost.expected}, which the register never held then` : chain;
}

/** Seen itself, or by way of an unknown swap from it that was seen. */
function isSeen(value: string, swaps: readonly Swap[], seen: ReadonlySet<string>): boolean {
  return seen.has(value) || swaps.some(({ kind, expected, next }) => kind === 'unknown' && expected === value && isSeen(next, swaps, seen));
}
