// Breadth-first search over every reachable state of protocol-model.ts, names of ids and workers left out of account.

import { chainOf, down, successors, workerOf, type Budget, type File, type Rules, type State } from './protocol-model.ts';
import { idle } from './protocol-upkeep.ts';

export type Verdict =
  | { readonly kind: 'safe'; readonly states: number; readonly halted: number }
  | { readonly kind: 'broken'; readonly why: string; readonly trace: readonly string[]; readonly states: number };

/** Searches every reachable state. `statesMax` bounds the memory. */
export function check(rules: Rules, budget: Budget, statesMax = 4_000_000): Verdict {
  const { records, ...left } = budget;
  const first: State = {
    workers: [{ ...down }, { ...down }],
    main: [{ id: 0, commit: null, to: 0, files: [] }],
    end: 'root',
    property: null,
    isHalted: false,
    requests: [],
    compaction: idle,
    replacements: [],
    deleted: [],
    group: 0,
    logStart: 0,
    incarnation: 0,
    ids: 0,
    left,
  };
  const seen = new Map<string, number>([[canonical(first, rules), 0]]);
  const queue: (State | null)[] = [first];
  const parents = [-1];
  const labels = [''];
  const edges: [number, number][] = [];
  const goals: number[] = [];
  let halted = 0;
  for (let at = 0; at < queue.length; at++) {
    const state = queue[at];
    queue[at] = null;
    if (!state) continue;
    const why = violation(state, rules, records);
    if (why) return { kind: 'broken', why, trace: traceTo(at, parents, labels), states: seen.size };
    if (state.isHalted) halted++;
    const chain = chainOf(state, rules);
    if (state.isHalted || chain.kind === 'broken' || chain.next >= records) goals.push(at);
    for (const [label, next] of successors(state, rules, records)) {
      const key = canonical(next, rules);
      let index = seen.get(key);
      if (index === undefined) {
        index = queue.length;
        if (index >= statesMax) throw new Error(`more than ${statesMax} states`);
        seen.set(key, index);
        queue.push(next);
        parents.push(at);
        labels.push(label);
      }
      edges.push([at, index]);
    }
  }
  const stuck = deadEnds(queue.length, edges, goals);
  return stuck === 0
    ? { kind: 'safe', states: seen.size, halted }
    : { kind: 'broken', why: `${stuck} dead ends`, trace: [], states: seen.size };
}

function violation(state: State, rules: Rules, records: number): string | null {
  const files = state.main[0]?.files ?? [];
  const dangling = files.find((file) => state.deleted.includes(file.commit));
  if (dangling) return 'LOST: the table refers to a deleted file';
  const counts = Array.from({ length: records }, () => 0);
  for (const file of files) {
    if (file.incarnation !== state.incarnation) continue;
    for (let offset = file.from; offset < file.to; offset++) counts[offset] = (counts[offset] ?? 0) + 1;
  }
  const doubled = counts.findIndex((count) => count > 1);
  if (doubled >= 0) return `DUPLICATE: offset ${doubled}`;
  const chain = chainOf(state, rules);
  if (chain.kind === 'broken') return null;
  if (chain.incarnation === state.incarnation) {
    const lost = counts.findIndex((count, offset) => offset < chain.next && count === 0);
    if (lost >= 0) return `LOST: offset ${lost}, the table says it continues at ${chain.next}`;
    return null;
  }
  const isQuiet = state.requests.length === 0 && state.workers.every((worker) => worker.at === 'down');
  return !rules.checksIncarnation && isQuiet && chain.next >= records
    ? 'LOST: the new topic lies below the old offsets and is never read'
    : null;
}

/** One text for all states that differ only in the names of ids and of workers. */
function canonical(state: State, rules: Rules): string {
  const texts = [
    [0, 1],
    [1, 0],
  ].map((order) => {
    const ids = new Map<number, number>();
    const name = (id: number): number => {
      if (id < 0) return -1;
      const known = ids.get(id) ?? ids.size;
      ids.set(id, known);
      return known;
    };
    const named = (files: readonly File[]) =>
      files.map((file) => [file.from, file.to, name(file.commit), file.incarnation, file.isErased === true]);
    const main = state.main.map(({ id, commit, to, files }) => [name(id), commit === null ? -1 : name(commit), to, named(files)]);
    const workers = order
      .map((i) => workerOf(state, i))
      .map((worker) =>
        worker.at === 'down'
          ? 0
          : [worker.at, name(worker.base), worker.from, worker.to, name(worker.commit), worker.incarnation, worker.rereads],
      );
    const requests = state.requests
      .map((request) => [
        request.isZombie ? 9 : order.indexOf(request.worker),
        request.from,
        request.to,
        name(request.base),
        request.incarnation,
        name(request.commit),
      ])
      .sort((a, b) => (String(a) < String(b) ? -1 : 1));
    const { compaction } = state;
    const compacting =
      compaction.at === 'idle'
        ? 0
        : [compaction.at, compaction.sources.map(name), named([compaction.into]), compaction.list && named(compaction.list)];
    const replacements = state.replacements
      .map(({ base, files, into }) => [name(base), named(files), name(into)])
      .sort((a, b) => (String(a) < String(b) ? -1 : 1));
    const property = state.property && { ...state.property, commit: name(state.property.commit) };
    const deleted = state.deleted.map(name).sort();
    const group = rules.startFrom === 'group' ? state.group : 0;
    return JSON.stringify([
      main,
      state.end,
      property,
      workers,
      requests,
      compacting,
      replacements,
      deleted,
      group,
      state.isHalted,
      state.logStart,
      state.incarnation,
      Object.values(state.left),
    ]);
  });
  return texts.sort()[0] ?? '';
}

function traceTo(at: number, parents: readonly number[], labels: readonly string[]): readonly string[] {
  const trace: string[] = [];
  for (let index = at; (parents[index] ?? -1) >= 0; index = parents[index] ?? -1) trace.unshift(labels[index] ?? '');
  return trace;
}

/** States from which no finished, halted or broken state can be reached. */
function deadEnds(states: number, edges: readonly (readonly [number, number])[], goals: readonly number[]): number {
  const backwards = new Map<number, number[]>();
  for (const [from, to] of edges) {
    const known = backwards.get(to);
    if (known) known.push(from);
    else backwards.set(to, [from]);
  }
  const reached = new Set(goals);
  const queue = [...goals];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    for (const from of backwards.get(next) ?? []) {
      if (reached.has(from)) continue;
      reached.add(from);
      queue.push(from);
    }
  }
  return states - reached.size;
}
