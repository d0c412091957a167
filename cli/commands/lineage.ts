// `foz lineage show|add|remove`: who reads a table. Jobs that speak OpenLineage tell it themselves; others are declared here.

import type { Command, CommandCall, CommandGroup } from '../command.ts';

const consumer = { flags: '--consumer <name>', doc: 'a job, a dashboard, a report: whatever people call it' } as const;

const add: Command = {
  description:
    'Declare a consumer of a table, for jobs that do not tell their lineage: contract diff, register and plan name it when a change reaches it. Declaring it again replaces what was said before.',
  arguments: [{ name: '<table>', doc: 'users, raw.users or current.users' }],
  options: [
    consumer,
    { flags: '--owner <owner>', doc: 'whom to ask, as team:growth' },
    { flags: '--columns <columns>', doc: 'what it reads, as email,city; without, it may read any column' },
    { flags: '--type <type>', doc: 'what it is, as DASHBOARD, QUERY, MODEL', default: 'JOB' },
  ],
  examples: [
    ['foz lineage add users --consumer monthly-report --owner finance --columns email,city', 'told when email or city changes'],
    ['foz lineage add raw.rides --consumer fraud-model --type MODEL', 'told of every change'],
  ],
  run: async (call) => {
    const { declareConsumer } = await import('../lineage/declare-consumer.ts');
    return declareConsumer(call, true);
  },
};

const remove: Command = {
  description: 'Take back a consumer that was declared with foz lineage add. Exit 1 when there is none of that name.',
  arguments: [{ name: '<table>', doc: 'users, raw.users or current.users' }],
  options: [consumer],
  examples: [['foz lineage remove users --consumer monthly-report', 'it is named no more']],
  run: async (call) => {
    const { declareConsumer } = await import('../lineage/declare-consumer.ts');
    return declareConsumer(call, false);
  },
};

const show: Command = {
  description: 'Show where a table comes from, and who reads it, directly or through what others make of it.',
  arguments: [{ name: '<table>', doc: 'users, raw.users or current.users' }],
  options: [
    { flags: '--columns <columns>', doc: 'only consumers that read one of these, or may' },
    { flags: '--depth <n>', doc: 'how many jobs away, 1 to 20', default: 10, parse: depthOf },
  ],
  examples: [
    ['foz lineage show users', 'from the source table to the last consumer'],
    ['foz lineage show users --columns email', 'whom a change of email would reach'],
    ['foz lineage show users --json', 'datasets, jobs and edges, for other programs'],
  ],
  run: (call) => showLineage(call),
};

export const lineage: CommandGroup = {
  description: 'Who reads and writes what: OpenLineage events are taken at POST /api/v1/lineage of the catalog.',
  commands: { show, add, remove },
};

function depthOf(text: string): number {
  const depth = Number(text);
  if (!/^\d{1,2}$/.test(text) || depth < 1 || depth > 20) throw new RangeError('a number from 1 to 20');
  return depth;
}

async function showLineage(call: CommandCall): Promise<number> {
  const [{ openLineage }, { lakeTable, columnList }, { lineageText }] = await Promise.all([
    import('../wire.ts'),
    import('../lineage/lake-table.ts'),
    import('../lineage/lineage-text.ts'),
  ]);
  const loaded = call.loadConfig();
  const { asked } = lakeTable(loaded.config, String(call.args[0]));
  const columns = columnList(call.options['columns']);
  await using port = await openLineage(loaded);
  const answer = await port.view({ dataset: asked, direction: 'both', depth: Number(call.options['depth']) }, call.signal);
  const view = answer.kind === 'ok' ? answer.value : { datasets: [], jobs: [], edges: [], isTruncated: false };
  const { consumers, isTruncated } = await port.consumersOf(asked, columns, call.signal);
  call.print({ table: asked, columns, consumers, isTruncated, lineage: view }, () =>
    lineageText(asked, view, { consumers, isTruncated, columns, known: true, reason: null }),
  );
  return 0;
}
