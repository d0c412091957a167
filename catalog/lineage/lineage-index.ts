// The stored graph, made ready to be walked: names of one lake table count as one node, and edges that are no longer said are
// left out.

import { isSaid } from '../store/lineage-rows.ts';
import { lineageKey, type ColumnMap, type LineageGraph, type LineageName, type SeenJob } from '../store/lineage-store.ts';

export interface LineageNode extends LineageName {
  /** What the node is known by: `lake raw.users`, or namespace and name. */
  readonly id: string;
  /** `raw.users`; null: it is no table of the lake. */
  readonly lakeTable: string | null;
  readonly seen: number;
}

export interface LineageLink {
  readonly job: SeenJob;
  readonly node: LineageNode;
  /** Milliseconds of the newest event that showed it. */
  readonly seen: number;
  /** Of what the job writes, where it is known. */
  readonly columns: ColumnMap | null;
}

export interface LineageIndex {
  readonly nodes: ReadonlyMap<string, LineageNode>;
  /** By node id: who reads it, who writes it. */
  readonly readers: ReadonlyMap<string, readonly LineageLink[]>;
  readonly writers: ReadonlyMap<string, readonly LineageLink[]>;
  /** By job key: what it reads, what it writes. */
  readonly inputs: ReadonlyMap<string, readonly LineageLink[]>;
  readonly outputs: ReadonlyMap<string, readonly LineageLink[]>;
  /** The node of a dataset's name; of a name never seen, its own. */
  idOf(name: LineageName): string;
}

export function lineageIndex({ datasets, jobs, edges }: LineageGraph, keepFrom: number): LineageIndex {
  const nodes = new Map<string, LineageNode>();
  const ids = new Map<string, string>();
  for (const dataset of datasets) {
    const id = dataset.lakeTable === null ? lineageKey(dataset) : `lake ${dataset.lakeTable}`;
    ids.set(lineageKey(dataset), id);
    const known = nodes.get(id);
    // The name that the newest event used stands for all.
    if (!known || known.seen < dataset.seen) nodes.set(id, { ...dataset, id });
  }
  const jobsByKey = new Map(jobs.map((job) => [lineageKey(job), job]));
  const readers = new Map<string, LineageLink[]>();
  const writers = new Map<string, LineageLink[]>();
  const inputs = new Map<string, LineageLink[]>();
  const outputs = new Map<string, LineageLink[]>();
  for (const edge of edges) {
    const job = jobsByKey.get(lineageKey(edge.job));
    const node = nodes.get(ids.get(lineageKey(edge.dataset)) ?? '');
    if (!job || !node || !isSaid(edge, job.staticSeen, keepFrom)) continue;
    const isBelieved = edge.columnsSeen !== null && edge.columnsSeen >= (edge.bareSeen ?? 0);
    const seen = Math.max(edge.runSeen ?? 0, edge.staticSeen ?? 0);
    const link: LineageLink = { job, node, seen, columns: isBelieved ? edge.columns : null };
    push(edge.direction === 'in' ? readers : writers, node.id, link);
    push(edge.direction === 'in' ? inputs : outputs, lineageKey(job), link);
  }
  return { nodes, readers, writers, inputs, outputs, idOf: (name) => ids.get(lineageKey(name)) ?? lineageKey(name) };
}

function push(links: Map<string, LineageLink[]>, key: string, link: LineageLink): void {
  const list = links.get(key);
  if (list) list.push(link);
  else links.set(key, [link]);
}
