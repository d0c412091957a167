// The whole of `foz erase`: ask the source, wait for what is on its way, look, say what there is, and do it.

import { join } from 'node:path';
import { identText, type LoadedTable } from '../../catalog/catalog.ts';
import { currentSchema } from '../../lake/iceberg/metadata.ts';
import { currentSource, type CurrentSource } from '../../lake/raw/current.ts';
import { formerNames } from '../../lake/raw/former-names.ts';
import { openFileCache } from '../../query/file-cache.ts';
import { clearStaleSpill } from '../../query/duckdb.ts';
import { systemClock } from '../../runtime/clock.ts';
import { assert, LakeError } from '../../runtime/errors.ts';
import { systemRandom } from '../../runtime/random.ts';
import type { Source } from '../../sources/source.ts';
import type { TableTarget } from '../../sync/table.ts';
import type { LoadedConfig } from '../config.ts';
import { pathIn } from '../settings.ts';
import { tableOffsets, type CatchUpParts } from '../verify/catch-up.ts';
import { openSource } from '../wire.ts';
import { clearWorkDirectory } from '../work-directory.ts';
import { eraseReport, keyText, type EraseReport } from './erase-report.ts';
import { eraseTable, type EraseParts } from './erase-table.ts';
import { openFileScanner } from './file-scanner.ts';
import { openFinding, sampleKey, type Found } from './find-files.ts';
import { heldKeys, type HeldKey } from './held-key.ts';
import { logCopies, type LogCopies, type TopicRetention } from './log-copies.ts';
import { keysInSource, landed, sourceTable } from './source-row.ts';

export interface EraseCall extends CatchUpParts, Pick<EraseParts, 'store'> {
  readonly loaded: LoadedConfig;
  readonly key: string;
  readonly isDry: boolean;
  readonly isLinked: boolean;
  readonly isThorough: boolean;
  readonly evenIfInSource: boolean;
  readonly skipsLog: boolean;
  readonly waitMs: number;
  readonly retention: (topic: string) => Promise<TopicRetention | null>;
  /** Default: the database that foz.yaml names. */
  readonly openSource?: (kind: CurrentSource) => Source;
}

export async function runErase(call: EraseCall, signal: AbortSignal): Promise<EraseReport> {
  const { loaded, target, catalog, store } = call;
  const { config } = loaded;
  const { cacheDir, cacheMax, memory, threads } = config.query;
  // Copies on this machine of runs that ended early.
  await clearWorkDirectory(loaded);
  await clearStaleSpill(pathIn(loaded, cacheDir));
  const directory = join(pathIn(loaded, config.lake.workDir), String(process.pid), 'erase');
  await using scanner = await openFileScanner(store, { directory, memoryBytes: memory, threads, cacheBytesMax: cacheMax });
  const maskKeys = config.contracts.maskKeys.map(({ key }) => Buffer.from(key.reveal()));
  let table = await loadedTable(call);
  const kind = currentSource(currentSchema(table.metadata)) ?? connectorOf(loaded, target);
  await using opened = new AsyncDisposableStack();
  const asked = call.evenIfInSource || kind === null ? null : await askSource(call, kind, opened, signal);
  const keyOfSource = asked && new Map(asked.table.key.map((name) => [name, ''] as const));
  const sample = (await sampleKey(table, scanner, store, signal)) ?? keyOfSource;
  const keys = heldKeys(call.key, sample, maskKeys, formerNames(table.metadata));
  const [key] = keys;
  assert(key, 'a key has at least the names that it was given by');
  const refused: string[] = [];
  if (asked && kind) {
    requireNames(asked.table.key, key, identText(target.ident));
    const { there, position } = await keysInSource(asked.source, asked.table, [key.members], signal);
    refused.push(...there.map(inSourceText));
    if (there.length === 0 && !call.isDry) await landed(loaded, kind, position, call, systemClock.now() + call.waitMs, signal);
    table = await loadedTable(call);
  }
  const options = { isLinked: call.isLinked, isThorough: call.isThorough, maskKeys };
  const found = await openFinding(scanner, store, options).look(table, keys, signal);
  if (asked && maskKeys.length === 0 && found.keys.length > 1)
    refused.push(
      ...(
        await keysInSource(
          asked.source,
          asked.table,
          found.keys.slice(1).map(({ members }) => members),
          signal,
        )
      ).there.map(inSourceText),
    );
  refused.push(
    ...found.linked.map(
      (other) =>
        `rows of the key had the key ${keyText(other)} too, and without them that one would come back as it was: --linked erases both`,
    ),
  );
  const copies = (): Promise<readonly LogCopies[] | null> =>
    call.skipsLog ? Promise.resolve(null) : copiesInLog(call, found.keys, signal);
  const name = identText(target.ident);
  if (refused.length > 0) return eraseReport(name, 'refused', found, refused, await copies(), null);
  if (call.isDry) return eraseReport(name, 'planned', found, [], await copies(), null);
  const cache = await openFileCache(store, { directory: pathIn(loaded, cacheDir), bytesMax: cacheMax });
  const parts: EraseParts = {
    catalog,
    store,
    clock: systemClock,
    random: systemRandom,
    scanner,
    forget: (locations) => cache.forget(locations),
  };
  const erased = await eraseTable(target, found, parts, options, signal);
  return eraseReport(name, 'erased', found, [], await copies(), erased);
}

/** A key column that the source has renamed, and the table has not yet: neither can the source be asked, nor are all rows found. */
function requireNames(names: readonly string[], { members }: HeldKey, table: string): void {
  if (members.has('') || names.every((name) => members.has(name))) return;
  throw new LakeError(
    'CONFIG_INVALID',
    `foz erase: ${table} names its key ${[...members.keys()].join(', ')}, the source ${names.join(', ')}`,
    {
      context: {
        next: `foz contract diff --source   (let the contract follow, then foz contract apply); --even-if-in-source does not ask`,
      },
    },
  );
}

function inSourceText(key: HeldKey['members']): string {
  return `the source still has the row ${keyText(key)}: its next change or snapshot would bring it back. Delete it there first, or erase what is here now with --even-if-in-source`;
}

async function askSource(call: EraseCall, kind: CurrentSource, opened: AsyncDisposableStack, signal: AbortSignal) {
  const source = opened.use(call.openSource?.(kind) ?? openSource(call.loaded, kind));
  return { source, table: await sourceTable(source, call.target, signal) };
}

/** Of a table whose rows do not tell: by the prefix of its topic. */
function connectorOf({ config }: LoadedConfig, { topic }: TableTarget): CurrentSource | null {
  const prefix = topic.split('.')[0];
  if (config.connectors.cassandra?.topicPrefix === prefix) return 'cassandra';
  return config.connectors.postgres?.topicPrefix === prefix ? 'postgres' : null;
}

async function copiesInLog(call: EraseCall, keys: Found['keys'], signal: AbortSignal): Promise<readonly LogCopies[]> {
  const { log, target } = call;
  return logCopies(log, target.topic, keys, await tableOffsets(call, signal), await call.retention(target.topic), signal);
}

async function loadedTable({ catalog, target }: EraseCall): Promise<LoadedTable> {
  const table = await catalog.loadTable(target.ident);
  if (table) return table;
  throw new LakeError('CONFIG_INVALID', `there is no table ${identText(target.ident)}: nothing to erase from`);
}
