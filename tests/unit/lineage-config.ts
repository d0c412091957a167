// A foz.yaml of two sources, in a folder of its own.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface ConfigFile extends AsyncDisposable {
  readonly folder: string;
  readonly path: string;
}

export function configFile(catalog = '{ kind: embedded, listen: "127.0.0.1:8181" }'): ConfigFile {
  const folder = mkdtempSync(join(tmpdir(), 'foz-lineage-'));
  const path = join(folder, 'foz.yaml');
  writeFileSync(
    path,
    `kafka: { brokers: ["broker:9092"] }
lake: { store: { kind: filesystem, path: lake } }
catalog: ${catalog}
sources:
  postgres: { host: db, database: shop, user: foz, password: x }
  cassandra: { contactPoints: [node], localDataCenter: dc1, keyspace: rides }
connectors: { postgres: { topicPrefix: pg }, cassandra: { topicPrefix: cass } }
sync: { tables: [{ topic: pg.public.users }, { topic: cass.rides.rides }] }
`,
  );
  return {
    folder,
    path,
    async [Symbol.asyncDispose]() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
