// `foz erase users 42`: the right to be forgotten, in the raw table and in every object of it. Exit 0 erased (or nothing
// there), 1 when it was refused or something is left.

import type { Command } from '../command.ts';

export const erase: Command = {
  description:
    'Take every row of a key out of a raw table: its data files are written again without them, the snapshots that held them are forgotten, and the objects that nobody names any more are deleted, while the worker goes on. Says what Kafka still retains. Safe to repeat, and to finish a run that was cut short. Exit 1 when it was refused or something is left.',
  arguments: [
    { name: '<table>', doc: 'as in foz status: users or raw.users' },
    { name: '<key>', doc: 'the value of the key, or its columns as JSON: {"id":42}. Unmasked, whatever the contract masks' },
  ],
  options: [
    { flags: '--dry-run', doc: 'only say what there is' },
    { flags: '--linked', doc: 'the keys that rows of this key had before or got after, too' },
    { flags: '--even-if-in-source', doc: 'do not ask the source: the row comes back with its next change' },
    { flags: '--all-files', doc: 'look into every data file, whatever its bounds say' },
    { flags: '--skip-log', doc: 'do not read the topic for what Kafka retains' },
    { flags: '--wait <seconds>', doc: 'how long what the source has sent may take to land', default: 60, parse: seconds },
  ],
  examples: [
    ['foz erase users 42 --dry-run', 'which rows, files, snapshots and Kafka offsets hold it'],
    ['foz erase users 42', 'gone, once the source has deleted it'],
    [`foz erase rides '{"ride_id":"7f0c…","city":"lisbon"}' --json`, 'a compound key, for scripts'],
  ],
  run: async (call) => {
    const loaded = call.loadConfig();
    const logger = call.logger(loaded);
    const [wire, { runErase }, { isComplete, reportText }, { openKafkaAdmin }, { targetNamed }] = await Promise.all([
      import('../wire.ts'),
      import('../erase/run-erase.ts'),
      import('../erase/erase-report.ts'),
      import('../kafka-admin.ts'),
      import('../settings.ts'),
    ]);
    const target = targetNamed(loaded.config, String(call.args[0]));
    await using store = wire.openStore(loaded, logger);
    await using opened = await wire.openCatalog(loaded, store, logger);
    await using log = wire.openLog(loaded, logger);
    const step = call.progress.start(`erase from ${target.ident.name}`);
    const report = await runErase(
      {
        loaded,
        target,
        store,
        log,
        catalog: opened.catalog,
        key: String(call.args[1]),
        isDry: call.options['dryRun'] === true,
        isLinked: call.options['linked'] === true,
        isThorough: call.options['allFiles'] === true,
        evenIfInSource: call.options['evenIfInSource'] === true,
        skipsLog: call.options['skipLog'] === true,
        waitMs: Number(call.options['wait']) * 1000,
        retention: async (topic) => {
          await using admin = await openKafkaAdmin(wire.kafkaOptions(loaded));
          const config = (await admin.describeTopics([topic])).get(topic)?.config;
          const retentionMs = Number(config?.['retention.ms'] ?? -1);
          return config ? { cleanupPolicy: config['cleanup.policy'] ?? 'delete', retentionMs: retentionMs < 0 ? null : retentionMs } : null;
        },
      },
      call.signal,
    );
    step.done(report.outcome);
    call.print(report, () => reportText(report));
    return isComplete(report) ? 0 : 1;
  },
};

function seconds(text: string): number {
  const value = Number(text);
  if (!(value >= 0 && value <= 86_400)) throw new RangeError('a number of seconds up to 86400');
  return value;
}
