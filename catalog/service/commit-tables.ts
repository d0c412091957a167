// Where a commit becomes visible. The order is what makes it safe: read the pointer, apply the commit to exactly the metadata
// it names (requirements, the offset chain, I2, and the contract), write the new metadata file, and move the pointer if it
// still is what was read. A lost swap starts over with the new state; only a swap that succeeded deletes the files that fell
// off the metadata log. A swap whose outcome is unknown is thrown as such and nothing is deleted (I5). Several tables are
// committed the same way, with one swap of all their pointers: all of it is visible at once, or nothing.

import { randomUUID } from 'node:crypto';
import { applyCommit, type AppliedCommit } from '../../lake/iceberg/apply-commit.ts';
import type { TableCommit } from '../../lake/iceberg/commit.ts';
import { isGcEnabled } from '../../lake/iceberg/gc-enabled.ts';
import type { TableMetadata } from '../../lake/iceberg/metadata.ts';
import { checkChainCommit } from '../../lake/raw/offset-chain.ts';
import { assert } from '../../runtime/errors.ts';
import { identText, type TableIdent } from '../catalog.ts';
import type { TableChange } from '../store/relation-store.ts';
import { namespaceMissing, ok, refused, type Answer, type Refusal } from './answer.ts';
import { nameProblem } from './locations.ts';
import type { MetadataFile } from './metadata-files.ts';
import { isOwnMetadata } from './placement.ts';
import { orDiscard, writeNext } from './relations.ts';
import { doneReply, type RequestContext } from './request-context.ts';
import { loadedRecord, tablesRecord, type TableChanged, type TableParts } from './table-parts.ts';

export interface IdentifiedCommit {
  readonly ident: TableIdent;
  readonly commit: TableCommit;
}

const swapAttemptsDefault = 4;

export function commitTable(
  parts: TableParts,
  { ident, commit }: IdentifiedCommit,
  context: RequestContext,
): Promise<Answer<MetadataFile>> {
  return untilSettled(parts, identText(ident), async () => {
    const prepared = await prepare(parts, ident, commit);
    if (prepared.kind === 'refused') return prepared;
    const { current, metadata, superseded } = prepared.value;
    if (current?.metadata === metadata) return ok(current);
    const recordFor = loadedRecord(parts, context, { ident, before: current?.metadata ?? null, after: metadata });
    if (!current) return asCreateConflict(await parts.tables.insert(ident, metadata['table-uuid'], metadata, recordFor));
    const answer = await parts.tables.swap(ident, current, metadata, recordFor);
    if (answer !== 'lost' && answer.kind === 'ok') await parts.files.retire(superseded);
    return answer;
  });
}

/** All or nothing; each table once. */
export function commitTables(parts: TableParts, commits: readonly IdentifiedCommit[], context: RequestContext): Promise<Answer<null>> {
  const names = commits.map(({ ident }) => identText(ident)).join(', ');
  return untilSettled(parts, names, async () => {
    const all: Prepared[] = [];
    for (const { ident, commit } of commits) {
      const prepared = await prepare(parts, ident, commit);
      if (prepared.kind === 'refused') return prepared;
      all.push(prepared.value);
    }
    const placed = all.filter(({ current, metadata }) => current?.metadata.location !== metadata.location);
    const shared = parts.placement.togetherProblem(
      placed.map(({ metadata }) => metadata),
      all.map(({ metadata }) => metadata),
    );
    if (shared !== null) return refused('invalid', shared);
    const changed = all.filter(({ current, metadata }) => current?.metadata !== metadata);
    if (changed.length === 0) return ok(null);
    return swapAll(parts, all, context);
  });
}

async function untilSettled<T>(parts: TableParts, what: string, attempt: () => Promise<Answer<T> | 'lost'>): Promise<Answer<T>> {
  const attemptsMax = parts.swapAttemptsMax ?? swapAttemptsDefault;
  for (let count = 1; count <= attemptsMax; count++) {
    const answer = await attempt();
    if (answer !== 'lost') return answer;
  }
  return refused('conflict', `${what} kept changing; tried ${attemptsMax} times`);
}

/** What a commit makes of the table that is there now. */
interface Prepared {
  readonly ident: TableIdent;
  /** Null: the commit creates the table. */
  readonly current: MetadataFile | null;
  /** The very metadata of `current` where the commit changes nothing. */
  readonly metadata: TableMetadata;
  /** Metadata files that nothing refers to once this one is the table's. */
  readonly superseded: readonly string[];
}

async function prepare(parts: TableParts, ident: TableIdent, commit: TableCommit): Promise<Answer<Prepared>> {
  const early = earlySnapshot(parts, commit);
  if (early) return early;
  const current = await parts.tables.current(ident);
  const isCreate = commit.requirements.some((requirement) => requirement.type === 'assert-create');
  if (!current && !isCreate) return parts.tables.missing(ident);
  const applied = current ? applyTo(parts, current, commit) : await applyToNothing(parts, ident, commit);
  if (applied.kind === 'refused') return applied;
  const { metadata, supersededMetadata } = applied.value;
  if (metadata === current?.metadata) return ok({ ident, current, metadata, superseded: [] });
  const base = current?.metadata ?? null;
  const illegal = checkChainCommit(base ?? emptyOf(metadata), commit);
  if (illegal !== null) return refused('conflict', illegal);
  const veto = await parts.veto?.check(ident, base, metadata);
  if (veto) return veto;
  const misplaced = await parts.placement.tableProblem(metadata, base);
  if (misplaced !== null) return refused('invalid', misplaced);
  return ok({ ident, current, metadata, superseded: supersededOf(metadata, supersededMetadata) });
}

/** The log of a table that was registered may name any file: only the table's own are deleted, and none that others may share. */
function supersededOf({ location, properties }: TableMetadata, fallenOff: readonly string[]): readonly string[] {
  if (properties['write.metadata.delete-after-commit.enabled'] === 'false' || !isGcEnabled({ properties })) return [];
  return fallenOff.filter((file) => isOwnMetadata(location, file));
}

function earlySnapshot(parts: TableParts, commit: TableCommit): Refusal | null {
  const latest = parts.clock.now() + (parts.snapshotAheadMaxMs ?? Number.POSITIVE_INFINITY);
  for (const update of commit.updates) {
    if (update.action !== 'add-snapshot' || update.snapshot['timestamp-ms'] <= latest) continue;
    const { 'snapshot-id': id, 'timestamp-ms': time } = update.snapshot;
    const message = `snapshot ${id} has the timestamp ${time}, too far ahead of the catalog's clock: set the writer's clock right`;
    return refused('invalid', message);
  }
  return null;
}

type Applied = Extract<AppliedCommit, { kind: 'applied' }>;

function applyTo(parts: TableParts, current: MetadataFile, commit: TableCommit): Answer<Applied> {
  const context = { now: parts.clock.now(), previousMetadataLocation: current.location };
  const applied = applyCommit(current.metadata, commit, context);
  return applied.kind === 'applied' ? ok(applied) : refused(applied.kind, applied.message);
}

async function applyToNothing(parts: TableParts, ident: TableIdent, commit: TableCommit): Promise<Answer<Applied>> {
  const row = await parts.store.getNamespace(ident.namespace);
  if (!row) return namespaceMissing(ident.namespace);
  const problem = nameProblem(ident.name);
  if (problem !== null) return refused('invalid', problem);
  if (await parts.store.getRelation('view', ident)) return parts.tables.nameRefused('other-exists', ident);
  const uuid = commit.updates.find((update) => update.action === 'assign-uuid')?.uuid ?? randomUUID();
  const defaultLocation = parts.placement.locationOf(row, ident.name, uuid);
  const applied = applyCommit(null, commit, { now: parts.clock.now(), defaultLocation });
  return applied.kind === 'applied' ? ok(applied) : refused(applied.kind, applied.message);
}

/** The chain of a table that is being made begins where its first commit says. */
function emptyOf(metadata: TableMetadata): TableMetadata {
  return { ...metadata, properties: {}, refs: {}, snapshots: [], 'current-snapshot-id': -1 };
}

/** Who lost the race for a name asserted that it was free: there is another look to take. */
function asCreateConflict<T>(answer: Answer<T>): Answer<T> {
  const isTaken = answer.kind === 'refused' && answer.reason === 'table-exists';
  return isTaken ? refused('conflict', 'Requirement failed: table already exists') : answer;
}

/** A table that its commit left as it was is asserted with the others. */
async function swapAll(parts: TableParts, all: readonly Prepared[], context: RequestContext): Promise<Answer<null> | 'lost'> {
  const { files, store, tables } = parts;
  const changes: TableChange[] = [];
  const told: TableChanged[] = [];
  const written: MetadataFile[] = [];
  for (const { ident, current, metadata } of all) {
    let file = current;
    if (current?.metadata !== metadata) {
      file = await writeNext(files, current, metadata);
      written.push(file);
      told.push({ ident, before: current?.metadata ?? null, after: metadata });
    }
    assert(file, 'a commit to nothing makes a table');
    const next = { uuid: metadata['table-uuid'], metadataLocation: file.location };
    changes.push({ ident, expected: current?.location ?? null, next, claim: parts.placement.claim(metadata, current?.metadata ?? null) });
  }
  const record = tablesRecord(parts, context, told, doneReply);
  const outcome = await orDiscard(files, written, () => store.changeTables(changes, record));
  if (outcome.kind === 'changed') {
    await files.retire(all.flatMap(({ superseded }) => superseded));
    return ok(null);
  }
  await files.discard(written.map(({ location }) => location));
  if (outcome.kind === 'lost') return 'lost';
  const { kind, ident } = outcome;
  if (kind === 'missing') return tables.missing(ident);
  const at = all.find((prepared) => prepared.ident === ident);
  assert(at, 'the store names a table of the transaction');
  return asCreateConflict(await tables.insertRefused(kind, ident, at.metadata, at.current?.metadata ?? null));
}
