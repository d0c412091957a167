// Recording lineage over rows of text, whatever holds them, inside one step of the store.

import { edgeKey, lineageKey, type LineageBounds, type LineageGraph, type SeenEdge } from './lineage-store.ts';
import { readDataset, readEdge, readJob } from './lineage-records.ts';
import { mergeDataset, mergeEdge, mergeJob } from './merge-lineage.ts';

export type LineageKind = 'dataset' | 'job' | 'edge';

export interface LineageRows {
  get(kind: LineageKind, key: string): Promise<string | null>;
  put(kind: LineageKind, key: string, record: string): Promise<void>;
  remove(kind: LineageKind, key: string): Promise<void>;
  /** Records of all rows of a kind. */
  all(kind: LineageKind): Promise<readonly string[]>;
  totals(): Promise<{ readonly rows: number; readonly characters: number }>;
}

interface Write {
  readonly kind: LineageKind;
  readonly key: string;
  readonly before: string | null;
  readonly record: string;
}

/** Nothing is written where there is no room, even after what is old has gone. */
export async function recordLineage(rows: LineageRows, said: LineageGraph, bounds: LineageBounds): Promise<'recorded' | 'full'> {
  const writes = await changesOf(rows, said);
  const isGrowing = writes.some(({ before, record }) => before === null || record.length > before.length);
  if (isGrowing && !(await hasRoom(rows, writes, bounds))) {
    await prune(rows, said, bounds.keepFrom);
    // What is pruned is not what was merged with, but for rows of this very change, which are kept.
    if (!(await hasRoom(rows, writes, bounds))) return 'full';
  }
  for (const { kind, key, record } of writes) await rows.put(kind, key, record);
  return 'recorded';
}

/** Of the records of each kind. */
export function graphOf(all: (kind: LineageKind) => readonly string[]): LineageGraph {
  return { datasets: all('dataset').map(readDataset), jobs: all('job').map(readJob), edges: all('edge').map(readEdge) };
}

async function changesOf(rows: LineageRows, said: LineageGraph): Promise<readonly Write[]> {
  const writes = new Map<string, Write>();
  const add = async <T>(kind: LineageKind, key: string, given: T, read: (text: string) => T, merge: (a: T, b: T) => T): Promise<void> => {
    const pending = writes.get(`${kind} ${key}`);
    const before = pending ? pending.before : await rows.get(kind, key);
    const known = pending?.record ?? before;
    const record = JSON.stringify(known === null ? given : merge(read(known), given));
    if (record !== before) writes.set(`${kind} ${key}`, { kind, key, before, record });
  };
  for (const dataset of said.datasets) await add('dataset', lineageKey(dataset), dataset, readDataset, mergeDataset);
  for (const job of said.jobs) await add('job', lineageKey(job), job, readJob, mergeJob);
  for (const edge of said.edges) await add('edge', edgeKey(edge), edge, readEdge, mergeEdge);
  return [...writes.values()];
}

async function hasRoom(rows: LineageRows, writes: readonly Write[], bounds: LineageBounds): Promise<boolean> {
  const { rows: count, characters } = await rows.totals();
  const added = writes.filter(({ before }) => before === null).length;
  const grown = writes.reduce((sum, { before, record }) => sum + record.length - (before?.length ?? 0), 0);
  return count + added <= bounds.rowsMax && characters + grown <= bounds.charactersMax;
}

/** Edges that are no longer said, and datasets and jobs that no edge is left of. */
async function prune(rows: LineageRows, said: LineageGraph, keepFrom: number): Promise<void> {
  const [datasetRows, jobRows, edgeRows] = [await rows.all('dataset'), await rows.all('job'), await rows.all('edge')];
  const { datasets, jobs, edges } = graphOf((kind) => ({ dataset: datasetRows, job: jobRows, edge: edgeRows })[kind]);
  const staticSeen = new Map(jobs.map((job) => [lineageKey(job), job.staticSeen]));
  const kept = new Set<string>();
  for (const { job, dataset } of said.edges) kept.add(`job ${lineageKey(job)}`).add(`dataset ${lineageKey(dataset)}`);
  for (const edge of edges) {
    if (
      isSaid(edge, staticSeen.get(lineageKey(edge.job)) ?? null, keepFrom) ||
      said.edges.some((other) => edgeKey(other) === edgeKey(edge))
    )
      kept.add(`job ${lineageKey(edge.job)}`).add(`dataset ${lineageKey(edge.dataset)}`);
    else await rows.remove('edge', edgeKey(edge));
  }
  for (const job of jobs) if (!kept.has(`job ${lineageKey(job)}`)) await rows.remove('job', lineageKey(job));
  for (const dataset of datasets) if (!kept.has(`dataset ${lineageKey(dataset)}`)) await rows.remove('dataset', lineageKey(dataset));
}

/** Whether an edge still stands: the newest description of its job has it, or a run since then has shown it. */
export function isSaid({ runSeen, staticSeen }: SeenEdge, jobStaticSeen: number | null, keepFrom: number): boolean {
  return (staticSeen !== null && staticSeen === jobStaticSeen) || (runSeen !== null && runSeen >= keepFrom);
}
