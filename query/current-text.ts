// The SQL of a table's current rows, for whoever runs it elsewhere.

import { identText, type Catalog, type TableIdent } from '../catalog/catalog.ts';
import { currentSchema } from '../lake/iceberg/metadata.ts';
import { currentSql } from '../lake/raw/current.ts';
import { formerNames } from '../lake/raw/former-names.ts';
import type { DialectName } from '../lake/raw/current/dialect.ts';
import { LakeError } from '../runtime/errors.ts';

/** Throws TABLE_UNSUPPORTED for a table without change events, CONFIG_INVALID for one that does not exist. */
export async function currentText(catalog: Catalog, ident: TableIdent, dialect: DialectName, from: string): Promise<string> {
  const table = await catalog.loadTable(ident);
  if (!table)
    throw new LakeError('CONFIG_INVALID', `there is no table ${identText(ident)} in the catalog`, {
      context: { expected: 'a table that foz run has made', next: 'foz status' },
    });
  return currentSql({ schema: currentSchema(table.metadata), dialect, from, formerNames: formerNames(table.metadata) });
}
