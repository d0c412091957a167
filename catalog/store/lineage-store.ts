// What was said about who reads and writes which dataset: datasets, jobs, and an edge for each dataset that a job reads or
// writes. Adapters: memory-lineage-store.ts, and sqlite-lineage-store.ts on the catalog's one thread.
//
// Everything kept is the newest of what was said, by the time of the event and not of its arrival. So `record` may be called
// again with the same events, in any order, from any number of processes, and the outcome is the same (merge-lineage.ts): that is
// what makes sending an event twice harmless, without a list of the events that were seen.

import type { EpochMs } from '../../runtime/clock.ts';

/** As OpenLineage names datasets and jobs. */
export interface LineageName {
  readonly namespace: string;
  readonly name: string;
}

export interface SeenDataset extends LineageName {
  /** The table of this lake that it is, `raw.users`; null where it is none, or nobody has said so yet. */
  readonly lakeTable: string | null;
  readonly seen: EpochMs;
}

export interface JobInfo {
  /** What its producer calls it: QUERY, DAG, DASHBOARD; null where it does not say. */
  readonly type: string | null;
  readonly owners: readonly string[];
  readonly description: string | null;
}

export interface SeenJob extends LineageName {
  /** Of the newest event that said anything of it. */
  readonly info: JobInfo | null;
  readonly infoSeen: EpochMs | null;
  /** The newest description of the job itself (JobEvent): edges of older ones are no longer said. */
  readonly staticSeen: EpochMs | null;
}

/** What a column of the output is made of, and what the whole output depends on (filters, joins). */
export interface ColumnMap {
  /** What `inputs` below points into. */
  readonly datasets: readonly LineageName[];
  readonly fields: Readonly<Record<string, readonly ColumnSource[]>>;
  readonly whole: readonly ColumnSource[];
}

/** Index into `datasets`, and the column there. */
export type ColumnSource = readonly [dataset: number, column: string];

export interface SeenEdge {
  readonly job: LineageName;
  readonly dataset: LineageName;
  /** From the job: it reads the dataset (in) or writes it (out). */
  readonly direction: 'in' | 'out';
  readonly runSeen: EpochMs | null;
  readonly staticSeen: EpochMs | null;
  /** Of out edges; null while nobody has said. */
  readonly columns: ColumnMap | null;
  readonly columnsSeen: EpochMs | null;
  /** The newest event that ended without saying columns: an older map is not believed any more. */
  readonly bareSeen: EpochMs | null;
}

export interface LineageGraph {
  readonly datasets: readonly SeenDataset[];
  readonly jobs: readonly SeenJob[];
  readonly edges: readonly SeenEdge[];
}

export interface LineageBounds {
  /** Datasets, jobs and edges together. */
  readonly rowsMax: number;
  /** Of all of them, as they are stored. */
  readonly charactersMax: number;
  /** When there is no room, edges that no run has shown since then go. */
  readonly keepFrom: EpochMs;
}

export interface LineageStore {
  /** All of it or, where there is no room, nothing. Idempotent. */
  record(said: LineageGraph, bounds: LineageBounds): Promise<'recorded' | 'full'>;
  /** Everything: the bounds keep it small enough to be read whole. */
  graph(): Promise<LineageGraph>;
}

const separator = '\u001f';

/** Names never hold control characters: they are checked before they reach a store. */
export function lineageKey({ namespace, name }: LineageName): string {
  return `${namespace}${separator}${name}`;
}

export function edgeKey({ job, direction, dataset }: Pick<SeenEdge, 'job' | 'direction' | 'dataset'>): string {
  return [lineageKey(job), direction, lineageKey(dataset)].join(separator);
}
