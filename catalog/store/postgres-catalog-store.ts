// The catalog's store on PostgreSQL, for several processes on several machines. What the database undid for a rival's sake is
// run again here, so that rivals cost time and no failure.

import { systemClock } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import { systemRandom } from '../../runtime/random.ts';
import { retryDelayMs } from '../../runtime/retry.ts';
import type { Secret } from '../../runtime/secret.ts';
import type { CatalogStore } from './catalog-store.ts';
import { operationsByName } from './operations.ts';
import { openPostgres } from './postgres-database.ts';
import { isAgain } from './postgres-errors.ts';
import { sqlCatalogStore } from './sql-catalog-store.ts';
import { storeAddressText } from './store-address.ts';

export interface PostgresCatalogStoreOptions {
  /** As libpq writes it: a database of its own, or a schema (`?options=-c search_path=foz`). */
  readonly url: Secret;
  readonly connectionsMax?: number;
  readonly connectTimeoutMs?: number;
  /** The server ends a statement after it. */
  readonly statementTimeoutMs?: number;
}

const connectionsDefault = 10;
const connectTimeoutDefaultMs = 5000;
const statementTimeoutDefaultMs = 30_000;
/** Many more than rivals of this program take. */
const again = { attemptsMax: 50, delayMinMs: 1, delayMaxMs: 200 };

export async function postgresCatalogStore(options: PostgresCatalogStoreOptions): Promise<CatalogStore> {
  const { connectionsMax = connectionsDefault, connectTimeoutMs = connectTimeoutDefaultMs } = options;
  const statementTimeoutMs = options.statementTimeoutMs ?? statementTimeoutDefaultMs;
  const place = storeAddressText({ kind: 'postgres', url: options.url });
  const database = await openPostgres({ url: options.url.reveal(), place, connectionsMax, connectTimeoutMs, statementTimeoutMs });
  const operations = operationsByName();
  let isClosed = false;
  return sqlCatalogStore({
    place,
    async call(operation, ...parameters) {
      const named = operations.get(operation);
      if (named === undefined) throw new LakeError('INTERNAL', `unknown store operation ${operation}`);
      if (isClosed) throw new LakeError('CATALOG_REFUSED', `the catalog store ${place} is closed`);
      for (let attempt = 1; ; attempt++) {
        try {
          return await database.run(`${operation} on the catalog store ${place}`, named, parameters);
        } catch (error) {
          if (!isAgain(error) || attempt >= again.attemptsMax) throw error;
          await systemClock.sleep(retryDelayMs(again, attempt, systemRandom));
        }
      }
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      await database.close();
    },
  });
}
