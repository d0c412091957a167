// `foz contract list`: every contract of the registry with the version in force.

import type { Command } from '../../command.ts';

export const list: Command = {
  description: 'Print the contracts of the registry: which version is in force, which is the latest, and for which tables.',
  examples: [
    ['foz contract list', 'a line each'],
    ['foz contract list --json', 'with every version'],
  ],
  run: async (call) => {
    const [{ openContracts }, { tableText }, { refusalJson, refusalText }] = await Promise.all([
      import('../../wire.ts'),
      import('../../output.ts'),
      import('../../contract/refusal-text.ts'),
    ]);
    await using contracts = await openContracts(call.loadConfig());
    const answer = await contracts.list(call.signal);
    if (answer.kind === 'refused') {
      call.print(refusalJson(answer), () => refusalText(answer));
      return 1;
    }
    call.print({ contracts: answer.value }, () =>
      answer.value.length === 0
        ? 'no contract is registered: foz contract register FILE'
        : tableText(
            ['contract', 'in force', 'latest', 'state', 'tables'],
            answer.value.map(({ id, inForce, latest, versions }) => {
              const shown = versions.find(({ version }) => version === (inForce ?? latest));
              return [id, inForce, latest, shown?.state, shown?.tables.join(', ')];
            }),
          ),
    );
    return 0;
  },
};
