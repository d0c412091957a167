// Two things said about the same dataset, job or edge, as one. Each is commutative, associative and idempotent: times grow,
// what belongs to a time is taken from the greater one, and a tie is decided by the text. The stores rely on it.

import type { EpochMs } from '../../runtime/clock.ts';
import type { SeenDataset, SeenEdge, SeenJob } from './lineage-store.ts';

export function mergeDataset(a: SeenDataset, b: SeenDataset): SeenDataset {
  return { ...a, lakeTable: greaterText(a.lakeTable, b.lakeTable), seen: Math.max(a.seen, b.seen) };
}

export function mergeJob(a: SeenJob, b: SeenJob): SeenJob {
  const [info, infoSeen] = newer([a.info, a.infoSeen], [b.info, b.infoSeen]);
  return { namespace: a.namespace, name: a.name, info, infoSeen, staticSeen: later(a.staticSeen, b.staticSeen) };
}

export function mergeEdge(a: SeenEdge, b: SeenEdge): SeenEdge {
  const [columns, columnsSeen] = newer([a.columns, a.columnsSeen], [b.columns, b.columnsSeen]);
  return {
    job: a.job,
    dataset: a.dataset,
    direction: a.direction,
    runSeen: later(a.runSeen, b.runSeen),
    staticSeen: later(a.staticSeen, b.staticSeen),
    columns,
    columnsSeen,
    bareSeen: later(a.bareSeen, b.bareSeen),
  };
}

function later(a: EpochMs | null, b: EpochMs | null): EpochMs | null {
  return a === null ? b : b === null ? a : Math.max(a, b);
}

type Timed<T> = readonly [value: T | null, seen: EpochMs | null];

function newer<T>(a: Timed<T>, b: Timed<T>): Timed<T> {
  const [left, right] = [a[1] ?? -1, b[1] ?? -1];
  if (left !== right) return left > right ? a : b;
  return JSON.stringify(a[0]) >= JSON.stringify(b[0]) ? a : b;
}

function greaterText(a: string | null, b: string | null): string | null {
  return (a ?? '') >= (b ?? '') ? a : b;
}
