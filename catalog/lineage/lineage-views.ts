// What a walk up or down the lineage tells: datasets, jobs, and which reads and writes which.

import { lineageKey } from '../store/lineage-store.ts';
import { lakeNodes, nameOf } from './consumers.ts';
import { lineageLimits } from './lineage-limits.ts';
import type { LineageIndex, LineageLink, LineageNode } from './lineage-index.ts';

export type LineageDirection = 'upstream' | 'downstream' | 'both';

export interface LineageQuery {
  /** `users`, `raw.users`, or `postgres://host:5432/db.public.users`: a dataset's namespace and name, joined by a slash. */
  readonly dataset: string;
  readonly direction: LineageDirection;
  /** Jobs passed, at most. */
  readonly depth: number;
}

export interface DatasetView {
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  /** Of this lake, `raw.users`. */
  readonly table: string | null;
  readonly lastSeen: string;
}

export interface JobView {
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  readonly type: string | null;
  readonly owners: readonly string[];
  readonly description: string | null;
}

export interface EdgeView {
  /** Ids: of a dataset and a job that reads it, or of a job and a dataset that it writes. */
  readonly from: string;
  readonly to: string;
  readonly lastSeen: string;
  /** Of what a job writes, where it is known: each column with the ones that it is made of. */
  readonly columns: Readonly<Record<string, readonly string[]>> | null;
}

export interface LineageView {
  readonly datasets: readonly DatasetView[];
  readonly jobs: readonly JobView[];
  readonly edges: readonly EdgeView[];
  /** There is more: deeper than asked, or more than is told. */
  readonly isTruncated: boolean;
}

/** Null where no such dataset was ever seen. */
export function lineageView(index: LineageIndex, { dataset, direction, depth }: LineageQuery): LineageView | null {
  const starts = startsOf(index, dataset);
  if (starts.length === 0) return null;
  const told: Told = { datasets: new Map(), jobs: new Map(), edges: new Map(), isTruncated: false };
  for (const node of starts) told.datasets.set(node.id, datasetView(node));
  if (direction !== 'upstream') walk(told, starts, depth, index.readers, index.outputs, (link) => downEdge(index, link));
  if (direction !== 'downstream') walk(told, starts, depth, index.writers, index.inputs, (link) => upEdge(index, link));
  const { datasets, jobs, edges, isTruncated } = told;
  return { datasets: [...datasets.values()], jobs: [...jobs.values()], edges: [...edges.values()], isTruncated };
}

interface Told {
  readonly datasets: Map<string, DatasetView>;
  readonly jobs: Map<string, JobView>;
  readonly edges: Map<string, EdgeView>;
  isTruncated: boolean;
}

type Links = ReadonlyMap<string, readonly LineageLink[]>;
/** The edge on the near side of the job, or on its far side. */
type EdgeOf = (link: LineageLink) => { readonly near: EdgeView; readonly far: EdgeView };

function walk(told: Told, starts: readonly LineageNode[], depth: number, near: Links, far: Links, edgeOf: EdgeOf): void {
  let frontier = starts;
  const walked = new Set(starts.map(({ id }) => id));
  for (let step = 0; frontier.length > 0; step++) {
    if (step >= depth) {
      told.isTruncated ||= frontier.some(({ id }) => near.has(id));
      return;
    }
    const next = new Map<string, LineageNode>();
    for (const link of frontier.flatMap(({ id }) => near.get(id) ?? [])) {
      if (told.edges.size >= lineageLimits.told) {
        told.isTruncated = true;
        return;
      }
      const job = jobView(link);
      told.jobs.set(job.id, job);
      add(told, edgeOf(link).near);
      for (const output of far.get(lineageKey(link.job)) ?? []) {
        told.datasets.set(output.node.id, datasetView(output.node));
        add(told, edgeOf(output).far);
        if (!walked.has(output.node.id)) next.set(output.node.id, output.node);
      }
    }
    for (const id of next.keys()) walked.add(id);
    frontier = [...next.values()];
  }
}

function add({ edges }: Told, edge: EdgeView): void {
  edges.set(`${edge.from} ${edge.to}`, edge);
}

function downEdge(index: LineageIndex, link: LineageLink): ReturnType<EdgeOf> {
  return { near: readEdge(link), far: writeEdge(index, link) };
}

function upEdge(index: LineageIndex, link: LineageLink): ReturnType<EdgeOf> {
  return { near: writeEdge(index, link), far: readEdge(link) };
}

function readEdge({ job, node, seen }: LineageLink): EdgeView {
  return { from: nameOf(node), to: jobId(job), lastSeen: new Date(seen).toISOString(), columns: null };
}

function writeEdge(index: LineageIndex, { job, node, seen, columns: map }: LineageLink): EdgeView {
  const sourceName = (at: number, column: string): string => {
    const dataset = map?.datasets[at];
    const found = dataset && index.nodes.get(index.idOf(dataset));
    return `${found ? nameOf(found) : dataset ? `${dataset.namespace}/${dataset.name}` : ''}:${column}`;
  };
  const columns =
    map && Object.fromEntries(Object.entries(map.fields).map(([name, from]) => [name, from.map(([at, column]) => sourceName(at, column))]));
  return { from: jobId(job), to: nameOf(node), lastSeen: new Date(seen).toISOString(), columns };
}

function datasetView(node: LineageNode): DatasetView {
  const { namespace, name, lakeTable, seen } = node;
  return { id: nameOf(node), namespace, name, table: lakeTable, lastSeen: new Date(seen).toISOString() };
}

function jobView({ job }: LineageLink): JobView {
  const { namespace, name, info } = job;
  return {
    id: jobId(job),
    namespace,
    name,
    type: info?.type ?? null,
    owners: info?.owners ?? [],
    description: info?.description ?? null,
  };
}

function jobId({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `job ${namespace}/${name}`;
}

function startsOf(index: LineageIndex, text: string): readonly LineageNode[] {
  const tables = lakeNodes(index, text);
  return tables.length > 0 ? tables : [...index.nodes.values()].filter(({ namespace, name }) => `${namespace}/${name}` === text);
}
