// Whether the tables of the lake have the columns that checks name.

import { currentSchema } from '../../lake/iceberg/metadata.ts';
import type { Schema } from '../../lake/iceberg/schema.ts';
import type { Check } from '../../quality/check.ts';
import { columnProblems } from '../../quality/declare/check-columns.ts';
import type { DeclarationProblem } from '../../quality/declare/declared.ts';
import type { CommandCall } from '../command.ts';
import type { LoadedConfig } from '../config.ts';
import { openCatalog, openStore } from '../wire.ts';

export async function lakeProblems(
  checks: readonly Check[],
  loaded: LoadedConfig,
  call: CommandCall,
): Promise<readonly DeclarationProblem[]> {
  const logger = call.logger(loaded);
  await using store = openStore(loaded, logger);
  await using opened = await openCatalog(loaded, store, logger);
  const others = checks.flatMap(({ measure }) => (measure.kind === 'relationship' ? [measure.to.table] : []));
  const schemas = new Map<string, Schema>();
  for (const name of new Set([...checks.map(({ table }) => table), ...others])) {
    const table = await opened.catalog.loadTable({ namespace: [loaded.config.lake.namespace], name }, call.signal);
    if (table) schemas.set(name, currentSchema(table.metadata));
  }
  return columnProblems(checks, (name) => schemas.get(name) ?? null);
}
