// `foz verify users`: does the lake hold what the source holds, row by row and value by value? Exit 0 equal, 1 when not.

import type { RepairedTable } from '../verify/repair-verified.ts';
import type { Verified } from '../verify/verify-table.ts';
import type { Catalog } from '../../catalog/catalog.ts';
import { erasedProperty, parseErased } from '../../lake/raw/erased.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { TableTarget } from '../../sync/table.ts';
import type { Command, CommandCall } from '../command.ts';
import { tableText } from '../output.ts';

export const verify: Command = {
  description:
    'Compare the current rows of a table with its source by counts and checksums of key ranges, and where those differ row by row and value by value: missing, extra, differing, each with its key. PostgreSQL is compared at one snapshot, exactly, while writes go on; Cassandra has none, so rows that differ are looked at again. With --repair what differs is sent through the topic again, and verified. Exit 0 when equal, 1 when not.',
  arguments: [{ name: '<table>', doc: 'users, rides or any other table of foz.yaml' }],
  options: [
    { flags: '--wait <seconds>', doc: 'how long the lake may take to catch up', default: 60, parse: seconds },
    { flags: '--samples <n>', doc: 'findings shown', default: 20, parse: count },
    { flags: '--repair', doc: 'send what differs again, then verify again; verify.repair.maxKeys keys at once' },
    { flags: '--dry-run', doc: 'with --repair: say what would be sent' },
  ],
  examples: [
    ['foz verify users', 'against PostgreSQL'],
    ['foz verify rides --json', 'against Cassandra, for scripts'],
    ['foz verify users --repair --dry-run', 'what a repair would send'],
    ['foz verify users --repair', 'make the current rows equal again'],
  ],
  run: async (call) => {
    const loaded = call.loadConfig();
    const logger = call.logger(loaded);
    const [{ openLakeSession }, { masksInForce, openLog }, { verifyTable }, { targetNamed }] = await Promise.all([
      import('../query/lake-session.ts'),
      import('../wire.ts'),
      import('../verify/verify-table.ts'),
      import('../settings.ts'),
    ]);
    const target = targetNamed(loaded.config, String(call.args[0]));
    await using session = await openLakeSession(loaded, logger);
    await using log = openLog(loaded, logger);
    const step = call.progress.start(`verify ${target.ident.name}`);
    const waitMs = Number(call.options['wait']) * 1000;
    const masks = await masksInForce(loaded, target.ident, call.signal);
    const input = { target, loaded, log, masks, ...session, waitMs, samplesMax: Number(call.options['samples']) };
    const isRepair = call.options['repair'] === true;
    if (!isRepair && call.options['dryRun'] === true) throw usage('--dry-run goes with --repair');
    const found: Verified & Partial<RepairedTable> = isRepair
      ? await (await import('../verify/repair-verified.ts')).repairVerified(input, call.options['dryRun'] === true, call.signal)
      : await verifyTable(input, call.signal);
    const isEqual = found.missing + found.extra + found.differing === 0;
    if (found.missing > 0) await noteErased(call, session.catalog, target);
    step.done(isEqual ? 'equal' : 'not equal');
    call.print(found, () => (found.repair ? `${repairText(found.repair)}\n${verifiedText(found)}` : verifiedText(found)));
    return isEqual ? 0 : 1;
  },
};

/** A row that was erased here while the source has it looks like one that was lost. */
async function noteErased(call: CommandCall, catalog: Catalog, { ident }: TableTarget): Promise<void> {
  const table = await catalog.loadTable(ident, call.signal);
  const erased = parseErased(table?.metadata.properties[erasedProperty])?.keys.length ?? 0;
  if (erased === 0) return;
  call.note(
    `foz: ${erased} keys were erased from this table (foz erase). A row of theirs that the source still has counts as missing: delete it there`,
  );
}

function usage(message: string): LakeError {
  return new LakeError('CONFIG_INVALID', message, { context: { next: 'foz verify --help' } });
}

function repairText({ id, dryRun, before, read, signals, written, deleted, records, left, behind }: RepairedTable['repair']): string {
  const total = before.missing + before.extra + before.differing;
  if (total === 0) return 'nothing to repair';
  const asked = read === 0 ? [] : [`${read} rows read again by the connector (${signals} signals)`];
  const sent = written + deleted === 0 ? [] : [`${written} rows written and ${deleted} deleted by ${records} records`];
  const rest = [
    ...(left === 0 ? [] : [`${left} left for another run (verify.repair.maxKeys)`]),
    ...(behind === 0 ? [] : [`${behind} written in the last minute and left alone`]),
  ];
  const what = [...asked, ...sent, ...rest].join('; ');
  return `${dryRun ? 'would repair' : 'repair'} ${id}: ${total} differences (${before.missing} missing, ${before.extra} extra, ${before.differing} differing); ${what || 'nothing left to send'}`;
}

function verifiedText(found: Verified): string {
  const { table, source, lake, missing, extra, differing, at, samples, ranges, repeated } = found;
  const again = repeated.samples.map(({ partition, offset, key }) => `${partition}/${offset} ${key ?? ''}`).join(', ');
  const double =
    repeated.rows === 0 ? '' : `\n${repeated.rows} rows of raw repeat a log offset, which leaves the current rows as they are: ${again}`;
  const counts = `${table} at ${at}: ${source} rows in the source, ${lake} in the lake; ${missing} missing, ${extra} extra, ${differing} differing (${ranges.differing} of ${ranges.compared} ranges by ${ranges.by})${double}`;
  const left = found.notCompared ? `\nnot compared, because they are masked and hold no text: ${found.notCompared.join(', ')}` : '';
  if (samples.length === 0) return counts + left;
  const rows = samples.flatMap(({ kind, key, columns }) =>
    columns.length === 0
      ? [[kind, key.join(' '), '', null, null]]
      : columns.map(({ column, source: inSource, lake: inLake }) => [kind, key.join(' '), column, inSource, inLake]),
  );
  const total = missing + extra + differing;
  const rest = total > samples.length ? `\n… and ${total - samples.length} more (--samples)` : '';
  return `${counts}\n\n${tableText(['finding', 'key', 'column', 'source', 'lake'], rows)}${rest}`;
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value >= 0 && value <= 86_400)) throw new RangeError('a number of seconds up to 86400');
  return value;
}

function count(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new RangeError('a number up to 999999');
  return Number(text);
}
