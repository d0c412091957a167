// Which contract a table's columns follow, and which property is which column: `foz.columns`, a table property, so that
// it changes in the same commit as the schema. A property keeps its id over renames, a column its field id.
// {"contract": "users", "version": "1.2.0", "columns": {"<property id>": {"after": 34, "before": 12}}}

import { isJsonObject, type JsonValue } from '../json-schema.ts';

export const columnsProperty = 'foz.columns';

export interface TableColumns {
  readonly contract: string;
  readonly version: string;
  /** Field ids by property id, then by the struct they are in. */
  readonly columns: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

export function columnsText({ contract, version, columns }: TableColumns): string {
  const plain = Object.fromEntries([...columns].map(([id, fields]) => [id, Object.fromEntries(fields)]));
  return JSON.stringify({ contract, version, columns: plain });
}

/** Null where no contract was applied yet, or the property was damaged: names then tell which column is which. */
export function parseColumns(text: string | undefined): TableColumns | null {
  if (text === undefined) return null;
  let value: JsonValue;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isJsonObject(value)) return null;
  const { contract, version, columns } = value;
  if (typeof contract !== 'string' || typeof version !== 'string' || !isJsonObject(columns)) return null;
  const byId = new Map<string, ReadonlyMap<string, number>>();
  for (const [id, fields] of Object.entries(columns)) {
    if (!isJsonObject(fields)) continue;
    const ids = Object.entries(fields).flatMap(([struct, field]) => (typeof field === 'number' ? [[struct, field] as const] : []));
    byId.set(id, new Map(ids));
  }
  return { contract, version, columns: byId };
}
