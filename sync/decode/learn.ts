// What a batch teaches: the layouts of rows that no known shape fits, or why none can. Runs in JavaScript on those rows
// alone: at the start of a table, after an ALTER, and for what a producer got wrong.

import { isUtf8 } from 'node:buffer';
import { inferPlan } from '../../lake/raw/infer-plan.ts';
import { inferShape } from '../../lake/raw/infer-shape.ts';
import { readJson } from '../../runtime/json-value.ts';
import type { ShapeType } from '../../lake/raw/shape.ts';
import type { DecodePlan, EvolveFirst } from './decoder.ts';
import { pageKey, pageValue, type RowPage } from './row-pages.ts';

export interface Learned {
  /** New shapes to commit before the next write; null when there is nothing new. */
  readonly evolve: EvolveFirst | null;
  /** Rows were given a reason: they are rescued unread by the next write. */
  readonly rejudged: boolean;
}

export interface LearnLimits {
  readonly keysMax: number;
  readonly depthMax: number;
}

/** First look at a table's records: enough to find its usual layouts; the rest is found by the write. */
const sampleRows = 2000;

/** `unshaped`: the rows to look at, as `partition:offset`; null for a sample of all. */
export function learn(
  plan: DecodePlan,
  pages: readonly RowPage[],
  unshaped: readonly string[] | null,
  limits: LearnLimits,
  reasonNumber: (reason: string) => number,
): Learned {
  const wanted = unshaped && new Set(unshaped);
  const observed = new Map<string, { readonly root: ShapeType; readonly rows: { readonly page: RowPage; readonly row: number }[] }>();
  let rejudged = false;
  let seen = 0;
  const reject = (page: RowPage, row: number, reason: string) => {
    if (!wanted) return;
    page.reasons[row] = reasonNumber(reason);
    rejudged = true;
  };
  const rowsMax = wanted ? Number.POSITIVE_INFINITY : sampleRows;
  for (const page of pages) {
    for (let row = 0; row < page.rows && seen < rowsMax; row++) {
      const value = pageValue(page, row);
      if (!value || page.reasons[row] !== 0 || (wanted && !wanted.has(`${page.partitions[row]}:${page.offsets[row]}`))) continue;
      seen++;
      if (!isUtf8(value)) continue;
      const read = readJson(Buffer.from(value.buffer, value.byteOffset, value.length).toString('utf8'), limits.depthMax);
      const inferred = read.kind === 'value' ? inferShape(read.value, limits) : { kind: 'none' as const, reason: read.reason };
      if (inferred.kind === 'none') {
        reject(page, row, inferred.reason);
        continue;
      }
      const key = JSON.stringify(inferred.root);
      const same = observed.get(key);
      if (same) same.rows.push({ page, row });
      else observed.set(key, { root: inferred.root, rows: [{ page, row }] });
    }
  }
  const layouts = [...observed.values()];
  const next = inferPlan(
    plan,
    layouts.map((layout) => layout.root),
  );
  next.refused.forEach((reason, i) => {
    if (reason !== null) for (const { page, row } of layouts[i]?.rows ?? []) reject(page, row, reason);
  });
  const isNew = next.schema !== null || next.shapes.length > plan.shapes.length;
  return { evolve: isNew ? { kind: 'evolve', schema: next.schema, shapes: next.shapes } : null, rejudged };
}

/** Columns that keep their metrics on wide tables: the log's, op, changed_at, and the key's columns in before and after. */
export function prunableColumns(pages: readonly RowPage[]): ReadonlySet<string> {
  const columns = new Set(['_log_partition', '_log_offset', '_log_time', '_record_time', 'op', 'changed_at', '_shape']);
  const page = pages[0];
  const key = page && pageKey(page, 0);
  const read = key && isUtf8(key) && key.length <= 10_000 ? readJson(Buffer.from(key).toString('utf8'), 10) : null;
  if (read?.kind === 'value' && read.value.kind === 'object') {
    for (const entry of read.value.entries.slice(0, 8)) {
      for (const row of ['after', 'before']) columns.add(`${row}.${entry.key}`).add(`${row}.${entry.key}.value`);
    }
  }
  return columns;
}
