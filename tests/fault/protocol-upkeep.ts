// The upkeep in the model of the protocol: a compaction that writes two neighbouring files as one, sends a list of files over a
// head, loses replies, crashes and is applied late; a sweep that deletes what no snapshot names. Time is not in the model: the age
// gate of the sweep stands as "no compaction that may still commit the file". An erasure, and the decision after a rollback.

import { chainOf, rowsOf, workerOf, type File, type Push, type Rules, type State } from './protocol-model.ts';

export type Compaction =
  | { readonly at: 'idle' }
  /** `sent` while it waits for the answer. `list`: what it sent last. */
  | { readonly at: 'written' | 'sent'; readonly sources: readonly number[]; readonly into: File; readonly list: readonly File[] | null };

/** A compacting commit on its way: the whole list of the snapshot, made over the head that it asserts. */
export interface Replacement {
  readonly base: number;
  readonly files: readonly File[];
  readonly into: number;
}

export const idle: Compaction = { at: 'idle' };

export function upkeepSteps(state: State, rules: Rules, push: Push): void {
  compactionSteps(state, rules, push);
  state.replacements.forEach((_, i) => replacementSteps(state, i, push));
  sweepStep(state, rules, push);
  eraseStep(state, rules, push);
  rereadStep(state, rules, push);
}

function compactionSteps(state: State, rules: Rules, push: Push): void {
  const { compaction, main, left } = state;
  const files = main[0]?.files ?? [];
  if (compaction.at === 'idle' && left.merge > 0) {
    const [first, second] = neighbours(files);
    if (first && second)
      push('a compaction writes two files as one', (next) => {
        next.left.merge--;
        const into = { from: first.from, to: second.to, commit: next.ids++, incarnation: first.incarnation };
        next.compaction = { at: 'written', sources: [first.commit, second.commit], into, list: null };
      });
  }
  if (compaction.at === 'written') sendSteps(state, compaction, rules, push);
  if (compaction.at !== 'idle' && left.crash > 0)
    push('the compaction dies', (next) => {
      next.left.crash--;
      next.compaction = idle;
    });
}

/** Of one topic, whole, the second one where the first one ends. */
function neighbours(files: readonly File[]): readonly File[] {
  for (const first of files) {
    const second = files.find(({ from, incarnation, isErased }) => from === first.to && incarnation === first.incarnation && !isErased);
    if (second && first.isErased !== true) return [first, second];
  }
  return [];
}

function sendSteps(state: State, compaction: Exclude<Compaction, { at: 'idle' }>, rules: Rules, push: Push): void {
  const { sources, into, list } = compaction;
  const head = state.main[0];
  const files = head?.files ?? [];
  const isThere = sources.every((source) => files.some(({ commit }) => commit === source));
  if (rules.compactionChecksFiles && !isThere) return push('the compaction finds its files gone', (next) => (next.compaction = idle));
  push('the compaction sends its commit', (next) => {
    const made = [...files.filter(({ commit }) => !sources.includes(commit)), into];
    const sent = rules.compactionMakesListAnew ? made : (list ?? made);
    next.replacements.push({ base: head?.id ?? -1, files: sent, into: into.commit });
    next.compaction = { ...compaction, at: 'sent', list: sent };
  });
}

function replacementSteps(state: State, i: number, push: Push): void {
  const replacement = state.replacements[i];
  if (!replacement) return;
  const applies = replacement.base === state.main[0]?.id;
  const arrive = (next: State): void => {
    next.replacements.splice(i, 1);
    if (applies) next.main = [{ id: next.ids++, commit: null, to: 0, files: replacement.files }, ...next.main];
  };
  const { compaction } = state;
  const isAwaited = compaction.at === 'sent' && compaction.into.commit === replacement.into;
  const verb = applies ? 'applies' : 'refuses';
  if (!isAwaited) return push(`the catalog ${verb} a late compaction`, arrive);
  push(`the catalog ${verb} the compaction`, (next) => {
    arrive(next);
    next.compaction = applies ? idle : { ...compaction, at: 'written' };
  });
  if (state.left.lose === 0) return;
  push(`the catalog ${verb} the compaction, the reply is lost`, (next) => {
    arrive(next);
    next.left.lose--;
    next.compaction = idle;
  });
  push('the compaction times out and gives up', (next) => {
    next.left.lose--;
    next.compaction = idle;
  });
}

function sweepStep(state: State, rules: Rules, push: Push): void {
  const { left, main, property } = state;
  const chain = chainOf(state, rules);
  if (left.sweep === 0 || !property || (rules.sweepDeletes === 'proven' && chain.kind === 'broken')) return;
  const snapshots = rules.sweepDeletes === 'not in the head' ? main.slice(0, 1) : main;
  const named = new Set(snapshots.flatMap(({ files }) => files.map(({ commit }) => commit)));
  const isDead = ({ from, incarnation }: { readonly from: number; readonly incarnation: number }): boolean =>
    rules.sweepDeletes === 'unnamed' || (from < property.next && incarnation === property.incarnation);
  const flushed = [0, 1].map((worker) => workerOf(state, worker)).filter(({ at }) => at !== 'down' && at !== 'ready');
  const uploads = [...flushed, ...state.requests].filter(isDead).map(({ commit }) => commit);
  const former = main.flatMap(({ files }) => files.map(({ commit }) => commit));
  const { compaction } = state;
  // Of those that have ended nothing can come any more, and nobody is left to tell of them here.
  const compacted = rules.sweepWaits
    ? []
    : [...state.replacements.map(({ into }) => into), ...(compaction.at === 'idle' ? [] : [compaction.into.commit])];
  const deleted = [...uploads, ...former, ...compacted].filter((commit) => !named.has(commit));
  push('orphans are swept', (next) => {
    next.left.sweep--;
    next.deleted = [...new Set([...next.deleted, ...deleted])];
  });
}

/** Compare-and-swap on main's head over a chain that stands: what it says is carried on, no offset moves. */
function eraseStep(state: State, rules: Rules, push: Push): void {
  const [head] = state.main;
  const first = head?.files.find((file) => !file.isErased);
  const { property } = state;
  if (state.left.erase === 0 || !head || !first || !property || chainOf(state, rules).kind === 'broken') return;
  push('a key is erased, the snapshots that held it are forgotten, and what nothing names is deleted', (next) => {
    next.left.erase--;
    const files = head.files.map((file) => (file === first ? { ...file, commit: next.ids++, isErased: true } : file));
    const commit = rules.erasesInChain ? next.ids++ : null;
    next.main = [{ id: next.ids++, commit, to: commit === null ? 0 : property.next, files }];
    next.end = 'expired';
    if (commit !== null) next.property = { ...property, commit, rows: rowsOf(files) };
    const uploads = [...next.workers.filter(({ at }) => at !== 'down' && at !== 'ready'), ...next.requests];
    const isDeleted = ({ from, incarnation }: { readonly from: number; readonly incarnation: number }): boolean =>
      rules.erasureDeletes === 'unnamed' || (from < property.next && incarnation === property.incarnation);
    const unnamed = uploads.filter((upload) => isDeleted(upload) && !files.some((file) => file.commit === upload.commit));
    next.deleted = [...new Set([...next.deleted, ...unnamed.map((upload) => upload.commit)])];
  });
}

/** `foz resume --reread`: back to what main still holds, as a commit of the chain; the workers go on. */
function rereadStep(state: State, rules: Rules, push: Push): void {
  const { property, main, end, left } = state;
  const [head] = main;
  if (left.reread === 0 || !head || !property || property.incarnation !== state.incarnation) return;
  if (chainOf(state, rules).kind !== 'broken') return;
  const held = main.find(({ commit }) => commit !== null)?.to ?? (end === 'root' ? 0 : null);
  if (held === null) return;
  push(`a person has offsets from ${held} read again`, (next) => {
    next.left.reread--;
    next.isHalted = false;
    const commit = next.ids++;
    next.main = [{ id: next.ids++, commit, to: held, files: head.files }, ...main];
    next.property = { ...property, commit, next: held, rows: rowsOf(head.files), rereads: property.rereads + 1 };
  });
}
