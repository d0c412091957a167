// `foz resume TABLE`: a person's decision after a HALT. With --dry-run it only says what the decision would do.

import { systemClock } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import { systemRandom } from '../../runtime/random.ts';
import type { ResumePlan } from '../../sync/resume.ts';
import type { Command } from '../command.ts';
import { tableText } from '../output.ts';

const decisions = [
  { name: 'accept-gap', option: 'acceptGap', doc: 'go on behind the records that Kafka has already deleted' },
  { name: 'adopt-source', option: 'adoptSource', doc: 'take the topic as it is now for the source of the table' },
  {
    name: 'accept-violations',
    option: 'acceptViolations',
    doc: 'let the records that the log holds now land although they break a rule of policy halt',
  },
  { name: 'reread', option: 'reread', doc: 'read again from the start of the log: rows may then be there twice' },
] as const;

export const resume: Command = {
  description:
    'Decide how a halted table goes on. The decision is a commit of its own: it stands in the table’s history. A running worker takes it up by itself.',
  arguments: [{ name: '<table>', doc: 'as in foz status: users or raw.users' }],
  options: [...decisions.map(({ name, doc }) => ({ flags: `--${name}`, doc })), { flags: '--dry-run', doc: 'only say what it would do' }],
  examples: [
    ['foz resume users --accept-gap --dry-run', 'which offsets would be given up'],
    ['foz resume users --accept-gap', 'give them up and go on'],
  ],
  run: async (call) => {
    const chosen = decisions.filter(({ option }) => call.options[option] === true);
    const [decision] = chosen;
    if (!decision || chosen.length > 1) {
      throw new LakeError('CONFIG_INVALID', 'foz resume takes exactly one decision.', {
        context: {
          expected: decisions.map(({ name }) => `--${name}`).join(', '),
          found: chosen.map(({ name }) => `--${name}`).join(' ') || 'none',
          next: 'foz status',
        },
      });
    }
    const loaded = call.loadConfig();
    const logger = call.logger(loaded);
    const [wire, { planResume, resumeTable }, { targetNamed }] = await Promise.all([
      import('../wire.ts'),
      import('../../sync/resume.ts'),
      import('../settings.ts'),
    ]);
    const target = targetNamed(loaded.config, String(call.args[0]));
    await using store = wire.openStore(loaded, logger);
    await using opened = await wire.openCatalog(loaded, store, logger);
    await using log = wire.openLog(loaded, logger);
    const deps = { catalog: opened.catalog, store, log, clock: systemClock, random: systemRandom };
    const isDry = call.options['dryRun'] === true;
    const plan = isDry
      ? await planResume(target, decision.name, deps, call.signal)
      : await resumeTable(target, decision.name, deps, call.signal);
    call.print({ ...plan, written: !isDry }, () => planText(plan, isDry));
    return 0;
  },
};

function planText(plan: ResumePlan, isDry: boolean): string {
  const rows = plan.spans.map(({ partition, from, to }) => [
    partition,
    from,
    to,
    to > from ? 'given up' : to < from ? 'read again' : 'as it stands',
  ]);
  const verb = isDry ? 'would be' : 'was';
  return `${plan.table}: the decision ${plan.decision} ${verb} written\n${tableText(['partition', 'from', 'to', 'offsets between'], rows)}`;
}
