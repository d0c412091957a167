// The first rows of a live table, for what their values look like. They stay in this process and are never printed.

import type { PiiSample } from '../../contracts/draft/suggest-pii.ts';
import type { Source, SourceTable } from '../../sources/source.ts';

/** No more than this is kept, however many rows were asked for. */
const sampleCharactersMax = 32 * 1024 * 1024;

export async function sampleOf(source: Source, table: SourceTable, rowsMax: number, signal: AbortSignal): Promise<PiiSample> {
  const columns = table.columns.map(({ name }) => name);
  const rows: (readonly (string | null)[])[] = [];
  if (rowsMax === 0) return { columns, rows };
  let characters = 0;
  await using reading = await source.read(table, { kind: 'all' }, signal);
  for await (const page of reading.pages) {
    rows.push(...page.slice(0, rowsMax - rows.length).map(({ values }) => values));
    for (const { values } of page) for (const value of values) characters += value?.length ?? 0;
    if (rows.length >= rowsMax || characters > sampleCharactersMax) break;
  }
  return { columns, rows };
}
