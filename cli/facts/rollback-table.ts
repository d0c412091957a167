// Main back to an older snapshot: one commit that asserts where main is and moves it, nothing else. The offset chain is not
// touched on purpose (I1): a chain that is ahead of the rows is how a worker sees that rows are gone, and halts; a person then
// decides with `foz resume` whether they are read again. Where the chain's last commit stays on main, nothing halts.

import { identText, type Catalog, type TableIdent } from '../../catalog/catalog.ts';
import { identsOf } from '../../catalog/tables/table-name.ts';
import { snapshotAt, snapshotNamed } from '../../catalog/tables/table-history.ts';
import { countIn } from '../../catalog/tables/table-summary.ts';
import { timePattern } from '../../catalog/registry/effective.ts';
import { mainSnapshot, sameLong, type Snapshot, type TableMetadata } from '../../lake/iceberg/metadata.ts';
import { ancestry, readChain } from '../../lake/raw/offset-chain.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { CommandCall } from '../command.ts';
import { countText, factLines, momentText } from '../figures.ts';
import { personHere } from '../person-here.ts';
import { openCatalog, openStore } from '../wire.ts';

export interface RollbackPlan {
  readonly table: string;
  readonly from: Place;
  readonly to: Place;
  /** Snapshots that leave main. */
  readonly snapshots: number;
  /** Whether the worker that writes the table halts on it. */
  readonly halts: boolean;
}

interface Place {
  readonly snapshot: string;
  readonly at: string;
  readonly rows: number | null;
}

/** Tries of a roll-back beside a writer that commits meanwhile. */
const attemptsMax = 5;

export async function rollbackTable(call: CommandCall): Promise<number> {
  const [name, to] = [String(call.args[0]), call.options['to']];
  if (typeof to !== 'string') throw unclear(name, 'foz table rollback needs a snapshot to go back to', 'no --to');
  const loaded = call.loadConfig();
  const logger = call.logger(loaded);
  await using store = openStore(loaded, logger);
  await using opened = await openCatalog(loaded, store, logger, personHere());
  const isDry = call.options['dryRun'] === true;
  for (let attempt = 1; ; attempt++) {
    const { ident, metadata } = await loadNamed(opened.catalog, name, call.signal);
    const target = targetOf(name, metadata, to, call.options['offMain'] === true);
    const plan = planOf(ident, metadata, target);
    if (plan === null) {
      call.print(
        { table: identText(ident), outcome: 'unchanged' },
        () => `${identText(ident)}: main is at ${target['snapshot-id']} already`,
      );
      return 0;
    }
    const conflict = isDry ? null : await commitRollback(opened.catalog, ident, metadata, target, call.signal);
    if (conflict === null) {
      call.print({ ...plan, outcome: isDry ? 'planned' : 'rolled back' }, () => planText(plan, isDry));
      call.note(nextText(name, plan, isDry));
      return 0;
    }
    if (attempt >= attemptsMax)
      throw new LakeError('CATALOG_REFUSED', `${identText(ident)}: nothing was rolled back, the table kept moving (${conflict})`, {
        context: { next: `stop its writers, then foz table rollback ${name} --to ${to}` },
      });
  }
}

async function loadNamed(
  catalog: Catalog,
  name: string,
  signal: AbortSignal,
): Promise<{ readonly ident: TableIdent; readonly metadata: TableMetadata }> {
  for (const ident of identsOf(name)) {
    const loaded = await catalog.loadTable(ident, signal);
    if (loaded) return { ident, metadata: loaded.metadata };
  }
  throw new LakeError('ARGUMENT_INVALID', `Table does not exist: ${name}`, { context: { next: 'foz table list' } });
}

function targetOf(name: string, metadata: TableMetadata, to: string, isOffMain: boolean): Snapshot {
  const found = timePattern.test(to) ? snapshotAt(metadata, Date.parse(to)) : snapshotNamed(metadata, to);
  if (!found) throw unclear(name, `${name} has no snapshot ${to}: it expired, or never was`, to);
  const isOnMain = [...ancestry(metadata)].some((step) => step.kind === 'snapshot' && isSame(step.snapshot, found));
  if (isOnMain || isOffMain) return found;
  throw new LakeError('ARGUMENT_INVALID', `main of ${name} does not descend from snapshot ${to}`, {
    context: { expected: 'a snapshot on main, or --off-main', found: to, next: `foz table history ${name}` },
  });
}

/** Null: main is there already. */
function planOf(ident: TableIdent, metadata: TableMetadata, target: Snapshot): RollbackPlan | null {
  const head = mainSnapshot(metadata);
  if (head && isSame(head, target)) return null;
  const line = [...ancestry(metadata)].flatMap((step) => (step.kind === 'snapshot' ? [step.snapshot] : []));
  const at = line.findIndex((snapshot) => isSame(snapshot, target));
  return {
    table: identText(ident),
    from: head ? placeOf(head) : { snapshot: 'none', at: '', rows: 0 },
    to: placeOf(target),
    snapshots: at < 0 ? line.length : at,
    halts: readChain(metadata).kind !== 'empty' && readChain(withMain(metadata, target)).kind === 'broken',
  };
}

/** Null: done. Else what was in the way. */
async function commitRollback(
  catalog: Catalog,
  ident: TableIdent,
  metadata: TableMetadata,
  target: Snapshot,
  signal: AbortSignal,
): Promise<string | null> {
  const { 'snapshot-id': id } = target;
  const main = metadata.refs['main'];
  const outcome = await catalog.commitTable(
    ident,
    {
      requirements: [
        { type: 'assert-table-uuid', uuid: metadata['table-uuid'] },
        { type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': main?.['snapshot-id'] ?? null },
      ],
      updates: [{ action: 'set-snapshot-ref', 'ref-name': 'main', ...main, type: 'branch', 'snapshot-id': id }],
    },
    signal,
  );
  return outcome.kind === 'committed' ? null : outcome.message;
}

function withMain(metadata: TableMetadata, target: Snapshot): TableMetadata {
  return { ...metadata, refs: { ...metadata.refs, main: { type: 'branch', 'snapshot-id': target['snapshot-id'] } } };
}

function placeOf(snapshot: Snapshot): Place {
  return {
    snapshot: String(snapshot['snapshot-id']),
    at: new Date(snapshot['timestamp-ms']).toISOString(),
    rows: countIn(snapshot, 'total-records'),
  };
}

function planText({ table, from, to, snapshots }: RollbackPlan, isDry: boolean): string {
  return [
    `${table}: main ${isDry ? 'would go' : 'went'} back by ${snapshots} ${snapshots === 1 ? 'snapshot' : 'snapshots'}`,
    ...factLines([
      ['from', placeText(from)],
      ['to', placeText(to)],
    ]),
  ].join('\n');
}

function placeText({ snapshot, at, rows }: Place): string {
  return at === '' ? 'no snapshot' : `${snapshot}, ${momentText(at)}, ${countText(rows)} rows`;
}

function nextText(name: string, { halts, from }: RollbackPlan, isDry: boolean): string {
  const undo = `foz table rollback ${name} --to ${from.snapshot} --off-main   undoes it, until the snapshot expires`;
  if (!halts) return isDry ? 'foz: its writer goes on as before' : `foz: its writer goes on as before\n  ${undo}`;
  const table = name.split('.').at(-1) ?? name;
  return [
    `foz: the worker ${isDry ? 'would halt' : 'halts'} on ${table} (TABLE_ROLLED_BACK) until it is decided:`,
    `  foz resume ${table} --reread       reads again what has left main`,
    `  foz resume ${table} --accept-gap   goes on without it`,
    ...(isDry ? [] : [`  ${undo}`]),
  ].join('\n');
}

function isSame(a: Snapshot, b: Snapshot): boolean {
  return sameLong(a['snapshot-id'], b['snapshot-id']);
}

function unclear(name: string, message: string, found: string): LakeError {
  return new LakeError('ARGUMENT_INVALID', message, {
    context: { expected: 'a snapshot’s id, a branch or tag, or a time as 2026-11-21T10:00:00Z', found, next: `foz table history ${name}` },
  });
}
