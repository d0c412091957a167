// Who reads a table, directly or through what others make of it: what a change of its columns reaches.
//
// A change goes along a job where the job reads one of the changed columns, or where nobody has said which columns it reads.
// What it writes is changed in the columns that are made of those, or as a whole where that is not known or where the whole
// depends on them (a filter, a join). So a consumer is left out only where its column lineage shows that it does not look.

import { rowStructs } from '../../lake/raw/raw-schema.ts';
import { lineageKey, type ColumnMap, type ColumnSource } from '../store/lineage-store.ts';
import { lineageLimits } from './lineage-limits.ts';
import type { LineageIndex, LineageLink, LineageNode } from './lineage-index.ts';

export interface Consumer {
  readonly namespace: string;
  readonly name: string;
  /** QUERY, DAG, DASHBOARD …; null where its producer does not say. */
  readonly type: string | null;
  readonly owners: readonly string[];
  /** Columns of the table that it reads, as far as asked for; null: not known, so it may read any. */
  readonly columns: readonly string[] | null;
  /** What lies between the table and the consumer; empty where it reads the table itself. */
  readonly via: readonly string[];
  /** ISO 8601; null where a contract names it. */
  readonly lastSeen: string | null;
}

export interface Consumers {
  readonly consumers: readonly Consumer[];
  /** More than are told, or deeper than is looked. */
  readonly isTruncated: boolean;
}

/** Foz's own jobs: they carry columns over as they are, and are nobody's consumers. */
export const ownJobNamespace = 'foz';

/** A change as it stands at a dataset: null is the whole of it. */
interface Change {
  readonly node: LineageNode;
  /** By lower-case name there: the columns of the table asked about that it comes from. */
  readonly columns: ReadonlyMap<string, ReadonlySet<string>> | null;
  /** Which columns of the table are behind a whole change; null: not known. */
  readonly origin: ReadonlySet<string> | null;
  readonly via: readonly string[];
  readonly depth: number;
}

/** `columns`: the ones that change; null: all of it. */
export function consumersOf(index: LineageIndex, table: string, columns: readonly string[] | null): Consumers {
  const changed = columns === null ? null : new Map(columns.map((name) => [name.toLowerCase(), new Set([name])]));
  const queue: Change[] = lakeNodes(index, table).map((node) => ({ node, columns: changed, origin: null, via: [], depth: 0 }));
  const looked = new Set<string>();
  const found = new Map<string, Consumer>();
  let isTruncated = false;
  for (let change = queue.shift(); change !== undefined; change = queue.shift()) {
    for (const link of index.readers.get(change.node.id) ?? []) {
      const reach = reachOf(index, change, link);
      if (reach === null) continue;
      if (link.job.namespace !== ownJobNamespace) keep(found, change, link, reach.columns);
      for (const next of reach.changes) {
        const key = keyOf(next);
        if (looked.has(key)) continue;
        looked.add(key);
        if (next.depth > lineageLimits.depth || looked.size > lineageLimits.rows) isTruncated = true;
        else queue.push(next);
      }
    }
  }
  const consumers = [...found.values()].toSorted((a, b) => a.via.length - b.via.length || (a.name < b.name ? -1 : 1));
  return { consumers: consumers.slice(0, lineageLimits.told), isTruncated: isTruncated || consumers.length > lineageLimits.told };
}

/** `users` is every table of that name in a namespace of the lake, `raw.users` the one. */
export function lakeNodes(index: LineageIndex, table: string): readonly LineageNode[] {
  return [...index.nodes.values()].filter(({ lakeTable }) => lakeTable === table || (lakeTable?.endsWith(`.${table}`) ?? false));
}

function keyOf({ node, columns, origin }: Change): string {
  const parts = columns && [...columns].map(([name, from]) => [name, ...sorted(from)].join(' ')).toSorted();
  return JSON.stringify([node.id, parts, origin && sorted(origin)]);
}

function sorted(names: Iterable<string>): readonly string[] {
  return [...names].toSorted();
}

interface Reach {
  /** Columns of the table asked about; null: not known. */
  readonly columns: ReadonlySet<string> | null;
  readonly changes: readonly Change[];
}

/** Null: the job does not look at what changes. */
function reachOf(index: LineageIndex, change: Change, { job }: LineageLink): Reach | null {
  const outputs = index.outputs.get(lineageKey(job)) ?? [];
  const depth = change.depth + 1;
  if (job.namespace === ownJobNamespace) {
    const changes = outputs.map(({ node }) => ({ ...change, node, depth }));
    return { columns: null, changes: changes.filter(({ node }) => node.id !== change.node.id) };
  }
  const through = outputs.map((output) => ({ output, reach: throughMap(index, change, output.columns) }));
  const known = through.flatMap(({ reach }) => (reach === null ? [] : [reach]));
  const isKnown = outputs.length > 0 && known.length === outputs.length && known.some(({ isRead }) => isRead);
  const columns = isKnown ? new Set(known.flatMap(({ read }) => [...read])) : null;
  if (columns !== null && columns.size === 0 && change.columns !== null) return null;
  // Beyond the table itself, only what goes into what is read can reach it.
  const origin = change.via.length > 0 && change.columns ? originsIn(change.columns) : change.origin;
  const via = [...change.via, nameOf(change.node)];
  const changes = through.flatMap(({ output: { node }, reach }): readonly Change[] => {
    if (node.id === change.node.id) return [];
    if (reach === null || !isKnown) return [{ node, columns: null, origin, via, depth }];
    if (reach.isWhole) return [{ node, columns: null, origin: reach.read, via, depth }];
    return reach.columns.size === 0 ? [] : [{ node, columns: reach.columns, origin: null, via, depth }];
  });
  return { columns: columns ?? origin, changes };
}

function originsIn(columns: ReadonlyMap<string, ReadonlySet<string>>): ReadonlySet<string> {
  return new Set([...columns.values()].flatMap((from) => [...from]));
}

interface Through {
  /** The output names the dataset at all. */
  readonly isRead: boolean;
  readonly isWhole: boolean;
  readonly read: ReadonlySet<string>;
  readonly columns: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Null where the output's columns are not known. */
function throughMap(index: LineageIndex, change: Change, map: ColumnMap | null): Through | null {
  if (map === null) return null;
  const isHere = map.datasets.map((name) => index.idOf(name) === change.node.id);
  const read = new Set<string>();
  const origins = (sources: readonly ColumnSource[]): ReadonlySet<string> => {
    const hit = sources.filter(([at]) => isHere[at]).flatMap(([, field]) => originsOf(change, field));
    for (const name of hit) read.add(name);
    return new Set(hit);
  };
  const whole = origins(map.whole);
  const columns = new Map<string, ReadonlySet<string>>();
  for (const [field, sources] of Object.entries(map.fields)) {
    const from = origins(sources);
    if (from.size > 0) columns.set(field.toLowerCase(), from);
  }
  return { isRead: isHere.some(Boolean), isWhole: whole.size > 0, read, columns };
}

/** Columns of the table asked about that are changed and in this field; `address.city` and `after.address` read `address`, all of `after` each. */
function originsOf({ columns, origin }: Change, field: string): readonly string[] {
  const parts = field.toLowerCase().split('.');
  const [first = '', second] = parts;
  if (columns === null) return origin === null ? [topLevel(field)] : [...origin];
  if (rowStructs.has(first) && !columns.has(first)) {
    if (second === undefined) return [...originsIn(columns)];
    return [...(columns.get(second) ?? [])];
  }
  return [...(columns.get(first) ?? [])];
}

function topLevel(field: string): string {
  return rowColumnOf(field) ?? field;
}

/** `email` of `after.email`; null of a struct that holds a row. */
export function rowColumnOf(path: string): string | null {
  const [first = '', second] = path.split('.');
  return rowStructs.has(first) ? (second ?? null) : first;
}

function keep(found: Map<string, Consumer>, { via, node }: Change, { job, seen }: LineageLink, columns: ReadonlySet<string> | null): void {
  const key = lineageKey(job);
  const known = found.get(key);
  const between = [...via, nameOf(node)].slice(1);
  const merged = known?.columns === null || columns === null ? null : new Set([...(known?.columns ?? []), ...columns]);
  found.set(key, {
    namespace: job.namespace,
    name: job.name,
    type: job.info?.type ?? null,
    owners: job.info?.owners ?? [],
    columns: merged && [...merged].toSorted(),
    via: known && known.via.length <= between.length ? known.via : between,
    lastSeen: known?.lastSeen && Date.parse(known.lastSeen) > seen ? known.lastSeen : new Date(seen).toISOString(),
  });
}

export function nameOf({ lakeTable, namespace, name }: LineageNode): string {
  return lakeTable ?? `${namespace}/${name}`;
}
