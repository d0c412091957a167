// The commit protocol as a state machine, small enough to try every interleaving: two workers (one may be a zombie) that
// crash, lose replies and send late; compaction of Foz's and of others, sweeps (protocol-upkeep.ts), snapshot expiry, rollback, replacement by an empty table; group
// offsets that are rewound; retention; a re-created topic. model-checker.ts searches breadth first for a state in which an offset
// is in the table twice or the table claims one it does not hold, and for dead ends. Each rule of the design can be
// switched off; the test keeps every such mutant broken, so that the model cannot pass for lack of teeth.

import { upkeepSteps, type Compaction, type Replacement } from './protocol-upkeep.ts';

export interface Rules {
  /** Where a worker starts: the chain in the table (I1) or the group offset. */
  readonly startFrom: 'table' | 'group';
  /** `from == next` is checked on the metadata that the swap asserts, on every try (I2). */
  readonly checksOffsets: boolean;
  /** The catalog asserts the snapshot of main. */
  readonly assertsSnapshot: boolean;
  /** After a lost reply: look for the own commit id, or send again blindly under a new one (I5). */
  readonly unknown: 'look' | 'blind';
  /** Own files are deleted on a 409 (I4 forbids it). */
  readonly deletesOnConflict: boolean;
  /** The property carries the chain (I1); `head` reads it off main's head alone, `ancestry` off whatever snapshots are left. */
  readonly chainIn: 'property' | 'head' | 'ancestry';
  /** The property counts only when main's ancestry leads to its commit or to an expired parent (I1). */
  readonly walksAncestry: boolean;
  /** Behind an expired parent it counts only while the table holds as many rows as its commit left (I1). */
  readonly countsRows: boolean;
  /** I7. */
  readonly onOutOfRange: 'halt' | 'latest';
  /** I6. */
  readonly checksIncarnation: boolean;
  readonly acknowledgesFirst: boolean;
  /** The commit of an erasure carries the chain on, under its own id and with the rows that are left. */
  readonly erasesInChain: boolean;
  /** An erasure deletes uploads below the table's next offset, which no commit can name any more (I2), or all that nothing names. */
  readonly erasureDeletes: 'dead' | 'unnamed';
  /** The catalog checks the offsets on the metadata that the swap asserts, whatever the worker saw (I2). */
  readonly catalogChecksChain: boolean;
  /** A compaction commits only over a head that has every file it stands for. */
  readonly compactionChecksFiles: boolean;
  /** After a 409 the list of files is made anew over the newer head, or the old one is sent again. */
  readonly compactionMakesListAnew: boolean;
  /** The sweep deletes what no snapshot names and no commit can, what no snapshot names, or what the head does not name. */
  readonly sweepDeletes: 'proven' | 'unnamed' | 'not in the head';
  /** After a decision that sets offsets back a worker commits only what it has read since. */
  readonly fencesRereads: boolean;
  /** The age gate: what a compaction may still commit is left alone. */
  readonly sweepWaits: boolean;
}

export interface Budget {
  readonly records: number;
  readonly crash: number;
  readonly lose: number;
  readonly compact: number;
  readonly expire: number;
  readonly rewind: number;
  readonly retain: number;
  readonly recreate: number;
  readonly rollback: number;
  readonly replace: number;
  readonly erase: number;
  /** Compactions of Foz. */
  readonly merge: number;
  readonly sweep: number;
  /** Decisions after a rollback: read again what main has lost. */
  readonly reread: number;
}

export const safeRules: Rules = {
  startFrom: 'table',
  checksOffsets: true,
  assertsSnapshot: true,
  unknown: 'look',
  deletesOnConflict: false,
  chainIn: 'property',
  walksAncestry: true,
  countsRows: true,
  onOutOfRange: 'halt',
  checksIncarnation: true,
  acknowledgesFirst: false,
  erasesInChain: true,
  erasureDeletes: 'dead',
  catalogChecksChain: true,
  compactionChecksFiles: true,
  compactionMakesListAnew: true,
  sweepDeletes: 'proven',
  sweepWaits: true,
  fencesRereads: true,
};

interface Worker {
  at: 'down' | 'ready' | 'uploaded' | 'waiting' | 'unknown' | 'conflict';
  base: number;
  from: number;
  to: number;
  commit: number;
  /** Of the topic these records were read from. */
  incarnation: number;
  /** How often offsets had been set back when they were. */
  rereads: number;
}

export interface File {
  readonly from: number;
  readonly to: number;
  readonly commit: number;
  readonly incarnation: number;
  /** Its first record was erased. */
  readonly isErased?: boolean;
}

interface Snapshot {
  readonly id: number;
  /** Null: not one of ours. */
  readonly commit: number | null;
  readonly to: number;
  readonly files: readonly File[];
}

interface Request {
  readonly worker: number;
  readonly base: number;
  readonly from: number;
  readonly to: number;
  readonly commit: number;
  readonly incarnation: number;
  readonly isZombie: boolean;
}

interface Property {
  readonly commit: number;
  readonly next: number;
  readonly incarnation: number;
  readonly rows: number;
  readonly rereads: number;
}

export interface State {
  workers: [Worker, Worker];
  /** Main, newest first, and how the walk along it ends. */
  main: Snapshot[];
  end: 'root' | 'expired';
  property: Property | null;
  isHalted: boolean;
  requests: Request[];
  compaction: Compaction;
  replacements: Replacement[];
  deleted: number[];
  group: number;
  logStart: number;
  incarnation: number;
  ids: number;
  left: Record<keyof Omit<Budget, 'records'>, number>;
}

type Chain = { readonly kind: 'valid'; readonly next: number; readonly incarnation: number } | { readonly kind: 'broken' };

export const down: Worker = { at: 'down', base: -1, from: -1, to: -1, commit: -1, incarnation: 0, rereads: 0 };

export function chainOf(state: State, rules: Rules): Chain {
  const { property, main, end } = state;
  const zero: Chain = { kind: 'valid', next: 0, incarnation: state.incarnation };
  if (rules.chainIn !== 'property') {
    const looked = rules.chainIn === 'head' ? main.slice(0, 1) : main;
    const found = looked.find((snapshot) => snapshot.commit !== null);
    return found ? { kind: 'valid', next: found.to, incarnation: property?.incarnation ?? 0 } : zero;
  }
  if (!property) return zero;
  const valid: Chain = { kind: 'valid', next: property.next, incarnation: property.incarnation };
  if (!rules.walksAncestry) return valid;
  const newest = main.find((snapshot) => snapshot.commit !== null);
  if (newest) return newest.commit === property.commit ? valid : { kind: 'broken' };
  // Compaction changes no rows, so the oldest snapshot kept began with what it holds. An erasure outside the chain does.
  const isSame = !rules.countsRows || rowsOf(main.at(-1)?.files ?? []) === property.rows;
  return end === 'expired' && isSame ? valid : { kind: 'broken' };
}

export function rowsOf(files: readonly File[]): number {
  return files.reduce((sum, { from, to, isErased }) => sum + to - from - (isErased ? 1 : 0), 0);
}

type Step = [label: string, state: State];

export function successors(state: State, rules: Rules, records: number): Step[] {
  const steps: Step[] = [];
  const push = (label: string, change: (next: State) => void): void => {
    const next = copyOf(state);
    change(next);
    prune(next, rules);
    steps.push([label, next]);
  };
  state.workers.forEach((worker, i) => workerSteps(state, worker, i, rules, records, push));
  state.requests.forEach((request, i) => requestSteps(state, request, i, rules, push));
  worldSteps(state, rules, records, push);
  upkeepSteps(state, rules, push);
  return steps;
}

/** What a step may change in place is copied; the rest is only ever replaced. */
function copyOf(state: State): State {
  return {
    ...state,
    workers: [{ ...state.workers[0] }, { ...state.workers[1] }],
    requests: [...state.requests],
    replacements: [...state.replacements],
    deleted: [...state.deleted],
    left: { ...state.left },
  };
}

export type Push = (label: string, change: (next: State) => void) => void;

export function workerOf(state: State, i: number): Worker {
  return i === 0 ? state.workers[0] : state.workers[1];
}

function workerSteps(state: State, worker: Worker, i: number, rules: Rules, records: number, push: Push): void {
  if (worker.at === 'down') startSteps(state, i, rules, records, push);
  if (worker.at === 'ready') {
    for (let to = worker.from + 1; to <= records; to++) {
      push(`w${i} flushes [${worker.from},${to})`, (next) => {
        Object.assign(workerOf(next, i), { at: 'uploaded', to, commit: next.ids++, incarnation: next.incarnation });
        if (rules.acknowledgesFirst) next.group = Math.max(next.group, to);
      });
    }
  }
  if (worker.at === 'uploaded') {
    push(`w${i} sends its commit`, (next) => {
      const { base, from, to, commit, incarnation } = worker;
      next.requests.push({ worker: i, base, from, to, commit, incarnation, isZombie: false });
      workerOf(next, i).at = 'waiting';
    });
  }
  if (worker.at === 'unknown' || worker.at === 'conflict') reconcileSteps(state, worker, i, rules, push);
  if (worker.at !== 'down' && state.left.crash > 0) {
    push(`w${i} crashes`, (next) => {
      next.left.crash--;
      Object.assign(workerOf(next, i), down);
      next.requests = next.requests.map((request) => (request.worker === i ? { ...request, isZombie: true } : request));
    });
  }
}

function startSteps(state: State, i: number, rules: Rules, records: number, push: Push): void {
  if (state.isHalted) return;
  const chain = chainOf(state, rules);
  if (chain.kind === 'broken') return push(`w${i} halts: rolled back`, (next) => (next.isHalted = true));
  if (rules.checksIncarnation && state.property && chain.incarnation !== state.incarnation)
    return push(`w${i} halts: source replaced`, (next) => (next.isHalted = true));
  const position = rules.startFrom === 'table' ? chain.next : state.group;
  if (position >= state.logStart) {
    const started = { at: 'ready' as const, base: state.main[0]?.id ?? -1, from: position, rereads: state.property?.rereads ?? 0 };
    if (position < records) push(`w${i} starts at ${position}`, (next) => Object.assign(workerOf(next, i), started));
    return;
  }
  if (rules.onOutOfRange === 'halt') return push(`w${i} halts: retention gap`, (next) => (next.isHalted = true));
  push(`w${i} jumps to the end`, (next) => {
    const commit = next.ids++;
    next.main = [{ id: next.ids++, commit, to: records, files: next.main[0]?.files ?? [] }, ...next.main];
    next.property = { commit, next: records, incarnation: next.incarnation, rows: rowsOf(next.main[0]?.files ?? []), rereads: 0 };
  });
}

function reconcileSteps(state: State, worker: Worker, i: number, rules: Rules, push: Push): void {
  const isMine = state.main.some((snapshot) => snapshot.commit === worker.commit);
  const head = state.main[0]?.id ?? -1;
  if (worker.at === 'unknown' && rules.unknown === 'blind') {
    return push(`w${i} sends again, blindly`, (next) =>
      Object.assign(workerOf(next, i), { at: 'uploaded', base: head, commit: next.ids++ }),
    );
  }
  if (worker.at === 'conflict' && rules.deletesOnConflict) {
    return push(`w${i} deletes its files after the 409`, (next) => {
      next.deleted.push(worker.commit);
      Object.assign(workerOf(next, i), down);
    });
  }
  if (worker.at === 'unknown' && rules.deletesOnConflict) return push(`w${i} sends again`, (next) => (workerOf(next, i).at = 'uploaded'));
  if (isMine) {
    return push(`w${i} finds its own commit`, (next) => {
      next.group = Math.max(next.group, worker.to);
      Object.assign(workerOf(next, i), down);
    });
  }
  const chain = chainOf(state, rules);
  if (chain.kind === 'broken')
    return push(`w${i} halts on reload`, (next) => ((next.isHalted = true), Object.assign(workerOf(next, i), down)));
  const isSetBack = rules.fencesRereads && (state.property?.rereads ?? 0) !== worker.rereads;
  if ((rules.checksOffsets && chain.next !== worker.from) || isSetBack)
    return push(`w${i} is fenced`, (next) => Object.assign(workerOf(next, i), down));
  push(`w${i} rebases`, (next) => Object.assign(workerOf(next, i), { at: 'uploaded', base: head }));
}

function requestSteps(state: State, request: Request, i: number, rules: Rules, push: Push): void {
  const { commit, from, to } = request;
  const isKnown = state.main.some((snapshot) => snapshot.commit === commit);
  const chain = chainOf(state, rules);
  const isLegal = !rules.checksOffsets || !rules.catalogChecksChain || (chain.kind === 'valid' && chain.next === from);
  const applies = (rules.assertsSnapshot ? request.base === state.main[0]?.id : !isKnown) && isLegal;
  const arrive = (next: State): void => {
    next.requests.splice(i, 1);
    if (!applies) return;
    const files = [...(next.main[0]?.files ?? []), { from, to, commit, incarnation: request.incarnation }];
    next.main = [{ id: next.ids++, commit, to, files }, ...next.main];
    const reached = rules.checksOffsets ? to : Math.max(to, next.property?.next ?? 0);
    const rereads = next.property?.rereads ?? 0;
    next.property = { commit, next: reached, incarnation: request.incarnation, rows: rowsOf(files), rereads };
  };
  const worker = workerOf(state, request.worker);
  const isAwaited = !request.isZombie && worker.at === 'waiting' && worker.commit === commit;
  const verb = applies ? 'applies' : 'refuses';
  if (!isAwaited) return push(`the catalog ${verb} a late commit of w${request.worker}`, arrive);
  push(`the catalog ${verb} the commit of w${request.worker}`, (next) => {
    arrive(next);
    if (applies) next.group = Math.max(next.group, to);
    Object.assign(workerOf(next, request.worker), applies ? down : { at: 'conflict' });
  });
  if (state.left.lose === 0) return;
  push(`the catalog ${verb} the commit of w${request.worker}, the reply is lost`, (next) => {
    arrive(next);
    next.left.lose--;
    workerOf(next, request.worker).at = 'unknown';
  });
  push(`w${request.worker} times out`, (next) => {
    next.left.lose--;
    workerOf(next, request.worker).at = 'unknown';
  });
}

function worldSteps(state: State, rules: Rules, records: number, push: Push): void {
  const { left, main } = state;
  const [head, parent] = main;
  const hasData = (head?.files.length ?? 0) > 0;
  if (left.compact > 0 && head && hasData) {
    push('another engine compacts', (next) => {
      next.left.compact--;
      next.main = [{ id: next.ids++, commit: null, to: 0, files: head.files }, ...next.main];
    });
  }
  if (left.expire > 0 && main.length > 1) {
    push('snapshots expire', (next) => {
      next.left.expire--;
      next.main = next.main.slice(0, 1);
      next.end = 'expired';
    });
  }
  if (left.rollback > 0 && parent && hasData) {
    push('the table is rolled back', (next) => {
      next.left.rollback--;
      next.main = next.main.slice(1);
    });
  }
  if (left.replace > 0 && hasData) {
    push('the table is replaced, uuid and property kept', (next) => {
      next.left.replace--;
      next.main = [{ id: next.ids++, commit: null, to: 0, files: [] }];
      next.end = 'root';
    });
  }
  if (rules.startFrom === 'group' && left.rewind > 0 && state.group > 0) {
    push('a zombie rewinds the group offset', (next) => {
      next.left.rewind--;
      next.group = 0;
    });
  }
  if (left.retain > 0) {
    push('retention deletes the first records', (next) => {
      next.left.retain--;
      next.logStart = Math.min(2, records);
    });
  }
  if (left.recreate > 0 && state.property) {
    push('the topic is deleted and created again', (next) => {
      next.left.recreate--;
      Object.assign(next, { incarnation: 1, group: 0, logStart: 0 });
      // I6: every batch says which topic it was read from, so nobody goes on reading the new one under the old id; what
      // was read before still arrives, under the old id.
      next.workers.forEach((worker) => (worker.at === 'ready' ? Object.assign(worker, down) : undefined));
    });
  }
}

/** Requests that can only be refused and that nobody waits for change nothing. */
function prune(state: State, rules: Rules): void {
  if (!rules.assertsSnapshot) return;
  const reachable = new Set(state.left.rollback > 0 ? state.main.map(({ id }) => id) : state.main.slice(0, 1).map(({ id }) => id));
  state.requests = state.requests.filter(
    (request) =>
      reachable.has(request.base) ||
      (!request.isZombie && workerOf(state, request.worker).at === 'waiting' && workerOf(state, request.worker).commit === request.commit),
  );
  const { compaction } = state;
  state.replacements = state.replacements.filter(
    ({ base, into }) => reachable.has(base) || (compaction.at === 'sent' && compaction.into.commit === into),
  );
}
