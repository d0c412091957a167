// `foz contract history ID`: what was registered, activated, deprecated and retired, when, from where on, and why.

import type { Command } from '../../command.ts';

export const history: Command = {
  description: 'Print what happened to a contract, oldest first.',
  arguments: [{ name: '<contract>', doc: 'ID' }],
  examples: [['foz contract history users', 'with the verdict that each version was taken with']],
  run: async (call) => {
    const [{ openContracts }, { tableText }, { versionName }, { effectiveText }, { refusalJson, refusalText }] = await Promise.all([
      import('../../wire.ts'),
      import('../../output.ts'),
      import('../../contract/version-name.ts'),
      import('../../../catalog/registry/effective.ts'),
      import('../../contract/refusal-text.ts'),
    ]);
    const { id } = versionName(String(call.args[0]));
    await using contracts = await openContracts(call.loadConfig());
    const answer = await contracts.history(id, call.signal);
    if (answer.kind === 'refused') {
      call.print(refusalJson(answer), () => refusalText(answer));
      return 1;
    }
    call.print({ id, events: answer.value }, () =>
      tableText(
        ['when', 'version', 'what', 'from', 'note'],
        answer.value.map(({ at, version, action, effective, note }) => [at, version, action, effective && effectiveText(effective), note]),
      ),
    );
    return 0;
  },
};
