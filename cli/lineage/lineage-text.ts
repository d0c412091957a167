// A table's lineage for people: where it comes from, line by line, then who reads it.

import type { LineageView } from '../../catalog/lineage/lineage-views.ts';
import { reachedText, type Reached } from './reached.ts';

export function lineageText(table: string, view: LineageView, reached: Reached): string {
  const upstream = upstreamOf(table, view);
  return [
    table,
    ...(upstream.length === 0 ? ['  comes from: not known'] : ['  comes from:', ...upstream.map((line) => `    ${line}`)]),
    ...reachedText({ ...reached, columns: reached.columns }).map((line) => `  ${line}`),
    ...(view.isTruncated ? ['  there is more: --depth'] : []),
  ].join('\n');
}

/** Nearest first: `raw.users ← foz/sync raw.users ← kafka://…`. */
function upstreamOf(table: string, { datasets, edges }: LineageView): readonly string[] {
  const isHere = (name: string | null): boolean => name === table || (name?.endsWith(`.${table}`) ?? false);
  const lines: string[] = [];
  const seen = new Set<string>();
  let frontier = datasets.filter((dataset) => isHere(dataset.table)).map(({ id }) => id);
  while (frontier.length > 0) {
    const next: string[] = [];
    for (const id of frontier) {
      if (seen.has(id)) continue;
      seen.add(id);
      for (const write of edges.filter(({ to }) => to === id)) {
        const inputs = edges.filter(({ to }) => to === write.from).map(({ from }) => from);
        lines.push(`${id} ← ${write.from.replace(/^job /, '')}${inputs.length === 0 ? '' : ` ← ${inputs.join(', ')}`}`);
        next.push(...inputs);
      }
    }
    frontier = next;
  }
  return lines;
}
