// The catalog's store in this process's memory: for tests and for an embedded catalog that need not outlive the process. The
// operations are the ones of every store, on an SQLite database without a file.

import { LakeError } from '../../runtime/errors.ts';
import { valueOf } from './answers.ts';
import type { CatalogStore } from './catalog-store.ts';
import { sqlCatalogStore } from './sql-catalog-store.ts';
import { openSqlite } from './sqlite-database.ts';

export function memoryCatalogStore(): CatalogStore {
  const place = 'in memory';
  const database = openSqlite(':memory:', 0);
  let isClosed = false;
  let last: Promise<unknown> = Promise.resolve();
  return sqlCatalogStore({
    place,
    async call(operation, ...parameters) {
      if (isClosed) throw new LakeError('CATALOG_REFUSED', `the catalog store ${place} is closed`);
      const answers = last.then(() => database.run([{ operation, parameters }]));
      last = answers.catch(() => undefined);
      const [answer] = await answers;
      return valueOf(answer ?? { kind: 'failed', code: 'INTERNAL', message: 'no answer' }, operation, place);
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      await last;
      database.close();
    },
  });
}
