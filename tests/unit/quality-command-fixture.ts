// A small lake that the real worker filled, with the files a person would write, and the commands as the program calls them.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sqliteCatalogStore } from '../../catalog/store/sqlite-catalog-store.ts';
import type { Command, CommandCall } from '../../cli/command.ts';
import { loadConfig } from '../../cli/config.ts';
import { jsonText } from '../../cli/output.ts';
import { silentLogger } from '../../runtime/log.ts';
import { createProgress } from '../../runtime/progress.ts';
import { queryLab } from './query-fixture.ts';

const event = (op: string, lsn: number, after: object | null) => ({
  before: null,
  after,
  source: { connector: 'postgresql', ts_us: Date.now() * 1000, snapshot: 'false', txId: 700, lsn },
  op,
  ts_ms: Date.now(),
});

const checks = `table: users
checks:
  - rowCount: at least 1
  - missingValues: email
  - { invalidValues: status, validValues: [active, closed] }
  - duplicateValues: email
    when: commit
  - cdc: offsetGaps
`;

export async function withLake(
  work: (folder: string, land: (rows: readonly object[]) => Promise<void>) => Promise<void>,
  quality = '',
): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'foz-quality-cli-'));
  try {
    await using pointers = await sqliteCatalogStore({ path: join(home, 'catalog.sqlite') });
    await using lab = await queryLab('pg.public.users', 1, undefined, pointers);
    await mkdir(join(home, 'quality'));
    await writeFile(join(home, 'quality', 'users.yaml'), checks);
    const config = `kafka: { brokers: ["127.0.0.1:1"] }
lake: { store: { kind: filesystem, path: ${join(lab.directory, 'lake')} } }
catalog: { kind: embedded, store: "sqlite:catalog.sqlite", listen: "127.0.0.1:1" }
sync: { tables: [{ topic: pg.public.users, table: users }] }
quality: { watch: 200ms, reload: 1s, lease: 3s${quality} }
`;
    await writeFile(join(home, 'foz.yaml'), config);
    let lsn = 100;
    await work(home, (rows) =>
      lab.land(rows.map((row) => ({ key: JSON.stringify({ id: Reflect.get(row, 'id') }), value: event('c', ++lsn, row) }))),
    );
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

export interface Ended {
  readonly code: number;
  readonly stdout: string;
}

/** The commands as the program calls them, without a process each. */
export async function foz(
  folder: string,
  command: Command,
  args: readonly unknown[],
  isJson = false,
  options: CommandCall['options'] = {},
): Promise<Ended> {
  let stdout = '';
  const call: CommandCall = {
    args,
    options: { limit: 20, ...options },
    isJson,
    configPath: join(folder, 'foz.yaml'),
    stackDirectory: folder,
    signal: new AbortController().signal,
    progress: createProgress({ isQuiet: true }),
    loadConfig: () => loadConfig(join(folder, 'foz.yaml'), folder),
    logger: () => silentLogger,
    print: (value, human) => {
      stdout += isJson ? jsonText(value) : human();
    },
    note: () => undefined,
  };
  return { code: await command.run(call), stdout };
}
