// Catalog stores on a PostgreSQL of their own, to run the suites on: one server, a new database for each test.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import type { CatalogStore } from '../../catalog/store/catalog-store.ts';
import { postgresCatalogStore } from '../../catalog/store/postgres-catalog-store.ts';
import { secret, type Secret } from '../../runtime/secret.ts';
import { removeStack, startStack, type Stack } from '../../stack/stack.ts';
import type { StoreWorld } from '../conformance/store-world.ts';

export interface PostgresWorld extends StoreWorld, AsyncDisposable {
  readonly stack: Stack;
  /** Of a new, empty database. */
  newDatabase(): Promise<Secret>;
  /** A statement as the administrator. */
  ask(text: string, url?: Secret): Promise<readonly unknown[]>;
}

export async function postgresWorld(): Promise<PostgresWorld> {
  const dir = await mkdtemp(join(tmpdir(), 'foz-postgres-'));
  const stack = await startStack({ dir, components: ['postgres'] });
  const { host, port, adminUser, adminPassword } = stack.endpoint('postgres');
  const urlOf = (database: string) => secret(`postgres://${adminUser}:${encodeURIComponent(adminPassword)}@${host}:${port}/${database}`);
  let count = 0;
  const ask = async (text: string, url = urlOf('postgres')) => {
    const client = new Client({ connectionString: url.reveal() });
    await client.connect();
    try {
      const { rows }: { rows: readonly unknown[] } = await client.query(text);
      return rows;
    } finally {
      await client.end();
    }
  };
  const newDatabase = async () => {
    const name = `catalog_${++count}`;
    await ask(`CREATE DATABASE ${name}`);
    return urlOf(name);
  };
  return {
    name: 'postgres',
    isShared: true,
    stack,
    newDatabase,
    ask,
    async withDatabase(run) {
      const url = await newDatabase();
      const opened: CatalogStore[] = [];
      try {
        await run(async () => {
          const store = await postgresCatalogStore({ url, connectionsMax: 8 });
          opened.push(store);
          return store;
        });
      } finally {
        for (const store of opened) await store[Symbol.asyncDispose]();
      }
    },
    async [Symbol.asyncDispose]() {
      await stack[Symbol.asyncDispose]();
      await removeStack(dir);
      await rm(dir, { recursive: true, force: true });
    },
  };
}
