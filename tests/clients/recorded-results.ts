// Results of the same fifty statements on Iceberg's own REST server, where that recording lies beside the project: one line
// a statement, `NN-name [ms] N row(s) <JSON of the first rows, cut at some length>`, or an error on the line after it.

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rowsOf, type Row } from './client.ts';

export interface RecordedResult {
  readonly count: number;
  /** Null where the line was cut: only the count is known. */
  readonly rows: readonly Row[] | null;
  readonly error: string | null;
}

const file = fileURLToPath(new URL('../../../shared/query/captures/trino483-statements.txt', import.meta.url));

/** Null where there is no recording. */
export function recordedResults(): ReadonlyMap<string, RecordedResult> | null {
  if (!existsSync(file)) return null;
  const results = new Map<string, RecordedResult>();
  let failed = '';
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const [, name, count, json = ''] = /^(\d\d-[\w-]+) +\[\d+ ms\](?: updateCount=\d+)? (\d+) row\(s\) (.*)$/.exec(line) ?? [];
    if (name !== undefined) results.set(name, { count: Number(count), rows: rowsIn(json), error: null });
    const error = /^ +ERROR (\w+)/.exec(line)?.[1];
    if (error !== undefined) results.set(failed, { count: 0, rows: null, error });
    failed = line.trim();
  }
  return results;
}

function rowsIn(json: string): readonly Row[] | null {
  try {
    return rowsOf(JSON.parse(json));
  } catch {
    return null;
  }
}
