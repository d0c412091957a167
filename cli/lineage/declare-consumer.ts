// `foz lineage add` and `remove`: a consumer as a job that Foz describes for it, in OpenLineage's words: it reads the table,
// and what it makes depends on the columns named.

import { LakeError } from '../../runtime/errors.ts';
import { systemClock } from '../../runtime/clock.ts';
import type { CommandCall } from '../command.ts';
import type { LoadedConfig } from '../config.ts';
import { version } from '../version.ts';
import { contractsOf, openContracts, openLineage } from '../wire.ts';
import { jobEvent } from './job-event.ts';
import { columnList, lakeTable, type LakeTable } from './lake-table.ts';
import { lakeDataset } from './own-lineage.ts';

export async function declareConsumer(call: CommandCall, isAdded: boolean): Promise<number> {
  const { consumer, owner, type } = call.options;
  if (typeof consumer !== 'string' || consumer.trim() === '' || /\p{Cc}/u.test(consumer))
    throw new LakeError('ARGUMENT_INVALID', `foz lineage ${isAdded ? 'add' : 'remove'} needs the consumer's name`, {
      context: { expected: '--consumer NAME', found: typeof consumer === 'string' ? JSON.stringify(consumer) : 'no --consumer' },
    });
  const loaded = call.loadConfig();
  const table = lakeTable(loaded.config, String(call.args[0]));
  const columns = columnList(call.options['columns']);
  if (columns !== null) await requireColumns(loaded, table, columns, call.signal);
  const namespace = `declared ${table.target.ident.name}`;
  await using lineage = await openLineage(loaded);
  if (!isAdded) {
    const { consumers } = await lineage.consumersOf(table.target.ident.name, null, call.signal);
    if (!consumers.some((known) => known.namespace === namespace && known.name === consumer)) {
      call.print({ removed: false, table: table.asked, consumer }, () => `no consumer ${consumer} of ${table.asked} was declared`);
      return 1;
    }
  }
  const read = lakeDataset(loaded.config, table.read);
  const dependsOn = columns?.map((field) => ({ ...read, field }));
  const event = jobEvent(
    {
      namespace,
      name: consumer,
      type: typeof type === 'string' ? type : 'JOB',
      owner: typeof owner === 'string' ? owner : null,
      inputs: isAdded ? [read] : [],
      outputs: isAdded && dependsOn ? [{ namespace, name: consumer, dependsOn }] : [],
    },
    { eventTime: new Date(systemClock.now()).toISOString(), version: version() },
  );
  const answer = await lineage.record([event], call.signal);
  if (answer.kind === 'refused')
    throw new LakeError('CATALOG_REFUSED', answer.message, { context: { expected: 'an event that is taken', found: answer.reason } });
  const said = { table: table.read, consumer, owner: owner ?? null, columns };
  call.print(isAdded ? { added: true, ...said } : { removed: true, ...said }, () =>
    isAdded ? `${consumer} reads ${columns?.join(', ') ?? 'any column'} of ${table.read}` : `${consumer} reads ${table.asked} no more`,
  );
  return 0;
}

/** A name that the contract does not have would hide the consumer from every change. */
async function requireColumns(
  loaded: LoadedConfig,
  { target, asked }: LakeTable,
  columns: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  await using registry = await openContracts(loaded);
  const active = await contractsOf(loaded, registry)?.activeContract(target.ident, signal);
  if (!active) return;
  const known = new Set(active.table.columns.map(({ name }) => name));
  const missing = columns.filter((name) => !known.has(name));
  if (missing.length === 0) return;
  throw new LakeError('ARGUMENT_INVALID', `${asked} has no column ${missing.join(', ')} in its contract`, {
    context: { expected: `some of ${[...known].join(', ')}`, found: missing.join(', '), next: `foz contract show ${active.contract.id}` },
  });
}
