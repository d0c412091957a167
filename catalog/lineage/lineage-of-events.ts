// What events say, as rows of the store. A run shows edges while it goes; a description of a job (JobEvent) says all of its
// edges, so older descriptions of it no longer count.

import type { LineageGraph, LineageName, SeenDataset, SeenEdge, SeenJob } from '../store/lineage-store.ts';
import type { EventDataset, LineageEvent } from './openlineage-event.ts';

/** `lakeTable`: which table of the lake one of these names means; null: none. */
export function lineageOfEvents(
  events: readonly LineageEvent[],
  lakeTable: (names: readonly LineageName[]) => string | null,
): LineageGraph {
  const datasets: SeenDataset[] = [];
  const jobs: SeenJob[] = [];
  const edges: SeenEdge[] = [];
  for (const event of events) {
    const { time, job } = event;
    for (const { namespace, name, symlinks } of [...event.inputs, ...event.outputs])
      datasets.push({ namespace, name, lakeTable: lakeTable([{ namespace, name }, ...symlinks]), seen: time });
    // A column's source may be read through another name, or by another job of the run: it is a dataset like others.
    for (const { namespace, name } of event.outputs.flatMap(({ columns }) => columns?.datasets ?? []))
      datasets.push({ namespace, name, lakeTable: lakeTable([{ namespace, name }]), seen: time });
    if (job === null) continue;
    const { namespace, name, info } = job;
    const staticSeen = event.kind === 'job' ? time : null;
    jobs.push({ namespace, name, info, infoSeen: info === null ? null : time, staticSeen });
    for (const dataset of event.inputs) edges.push(edgeOf(event, { namespace, name }, dataset, 'in'));
    for (const dataset of event.outputs) edges.push(edgeOf(event, { namespace, name }, dataset, 'out'));
  }
  return { datasets, jobs, edges };
}

function edgeOf({ kind, time, isComplete }: LineageEvent, job: LineageName, dataset: EventDataset, direction: 'in' | 'out'): SeenEdge {
  const columns = direction === 'out' ? dataset.columns : null;
  // A run that goes on may say its columns later; one that is over, or a description, has said all there is.
  const isBare = direction === 'out' && columns === null && (isComplete || kind === 'job');
  return {
    job,
    dataset: { namespace: dataset.namespace, name: dataset.name },
    direction,
    runSeen: kind === 'run' ? time : null,
    staticSeen: kind === 'job' ? time : null,
    columns,
    columnsSeen: columns === null ? null : time,
    bareSeen: isBare ? time : null,
  };
}
