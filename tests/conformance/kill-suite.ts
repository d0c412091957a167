// SIGKILL while a child process commits to a table as fast as it can: what the pointer names is the last commit that the child
// was told of, or the one it was about to be told of. Its metadata file is whole, and the audit log tells exactly the commits
// that happened (I3).

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { memoryCatalog } from '../../catalog/memory-catalog.ts';
import type { CatalogStore } from '../../catalog/store/catalog-store.ts';
import { filesystemStore } from '../../lake/store/filesystem-store.ts';
import { randomInt, seededRandom } from '../../runtime/random.ts';
import { killAfter } from './kill-after.ts';

export interface KillTarget {
  /** Statements of a module that leave a store in `store`. */
  readonly opening: string;
  open(): Promise<CatalogStore>;
}

const ident = { namespace: ['raw'], name: 'users' };
const schema = { type: 'struct', 'schema-id': 0, fields: [{ id: 1, name: 'a', required: false, type: 'long' }] } as const;

export const moduleUrl = (path: string): string => JSON.stringify(new URL(`../../${path}`, import.meta.url).href);

/** Says each commit after it is done, one number a line. */
const childOf = (opening: string, lake: string): string => `
  import { writeSync } from 'node:fs';
  ${opening}
  const { memoryCatalog } = await import(${moduleUrl('catalog/memory-catalog.ts')});
  const { filesystemStore } = await import(${moduleUrl('lake/store/filesystem-store.ts')});
  const catalog = memoryCatalog({ store, objectStore: await filesystemStore({ root: ${JSON.stringify(lake)} }) });
  const ident = ${JSON.stringify(ident)};
  const loaded = await catalog.loadTable(ident);
  for (let number = Number(loaded.metadata.properties.number) + 1; ; number++) {
    const commit = { requirements: [], updates: [{ action: 'set-properties', updates: { number: String(number) } }] };
    if ((await catalog.commitTable(ident, commit)).kind !== 'committed') process.exit(7);
    writeSync(1, number + '\\n');
  }
`;

export function killSuite(name: string, rounds: number, withTarget: (run: (target: KillTarget) => Promise<void>) => Promise<void>): void {
  test(`${name}: I3: of ${rounds} processes killed in mid-commit none leaves a torn pointer`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'foz-kill-'));
    const lake = join(folder, 'lake');
    const random = seededRandom(20_261_121);
    const found = async (target: KillTarget): Promise<{ readonly number: number; readonly entries: number }> => {
      await using store = await target.open();
      await using objectStore = await filesystemStore({ root: lake });
      const loaded = await memoryCatalog({ store, objectStore }).loadTable(ident);
      const filter = { subject: 'raw.users', actor: null, action: 'table.alter', from: null, until: null };
      const entries = await store.audit.listAudit(filter, { before: null, limit: 100_000 });
      return { number: Number(loaded?.metadata.properties['number']), entries: entries.length };
    };
    try {
      await withTarget(async (target) => {
        {
          await using store = await target.open();
          await using objectStore = await filesystemStore({ root: lake });
          const catalog = memoryCatalog({ store, objectStore });
          await catalog.ensureNamespace(ident.namespace);
          await catalog.createTable(ident, { schema, properties: { number: '0' } });
        }
        for (let round = 0; round < rounds; round++) {
          const told = await killAfter(
            childOf(target.opening, lake),
            join(folder, 'child'),
            1 + randomInt(random, 20),
            randomInt(random, 12),
          );
          const { number, entries } = await found(target);
          assert.ok(number === told || number === told + 1, `round ${round}: told ${told}, found ${number}`);
          assert.equal(entries, number, `round ${round}: one entry for each commit`);
        }
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
}
