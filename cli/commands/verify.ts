// `foz verify users`: does the lake hold what the source holds, row by row and value by value? Exit 0 equal, 1 when not.

import type { Verified } from '../verify/verify-table.ts';
import type { Command } from '../command.ts';
import { tableText } from '../output.ts';

export const verify: Command = {
  description:
    'Compare the current rows of a table with its source, row by row and value by value: missing, extra, differing, each with its key. PostgreSQL is compared at one snapshot, exactly, while writes go on; Cassandra has none, so rows that differ are looked at again. Exit 0 when equal, 1 when not.',
  arguments: [{ name: '<table>', doc: 'users, rides or any other table of foz.yaml' }],
  options: [
    { flags: '--wait <seconds>', doc: 'how long the lake may take to catch up', default: 60, parse: seconds },
    { flags: '--samples <n>', doc: 'findings shown', default: 20, parse: count },
  ],
  examples: [
    ['foz verify users', 'against PostgreSQL'],
    ['foz verify rides --json', 'against Cassandra, for scripts'],
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
    const found = await verifyTable(
      { target, loaded, log, masks, ...session, waitMs, samplesMax: Number(call.options['samples']) },
      call.signal,
    );
    const isEqual = found.missing + found.extra + found.differing === 0;
    step.done(isEqual ? 'equal' : 'not equal');
    call.print(found, () => verifiedText(found));
    return isEqual ? 0 : 1;
  },
};

function verifiedText(found: Verified): string {
  const { table, source, lake, missing, extra, differing, at, samples } = found;
  const counts = `${table} at ${at}: ${source} rows in the source, ${lake} in the lake; ${missing} missing, ${extra} extra, ${differing} differing`;
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
