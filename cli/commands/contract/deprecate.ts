// `foz contract deprecate ID@VERSION`: no longer recommended; it judges rows until a newer version does, or it is retired.

import type { Command } from '../../command.ts';

export const deprecate: Command = {
  description:
    'Deprecate a version: it judges rows until a newer one takes effect. With --retire it judges nothing any more; a draft is withdrawn that way too.',
  arguments: [{ name: '<contract>', doc: 'ID@VERSION' }],
  options: [
    { flags: '--retire', doc: 'end a draft or a deprecated version for good' },
    { flags: '--note <text>', doc: 'why; kept in the history' },
  ],
  examples: [
    ['foz contract deprecate users@1.0.0 --note "email is going away"', 'still enforced'],
    ['foz contract deprecate users@1.0.0 --retire', 'not enforced any more'],
  ],
  run: async (call) => {
    const [{ openContracts }, { versionName }, { refusalJson, refusalText }, { LakeError }] = await Promise.all([
      import('../../wire.ts'),
      import('../../contract/version-name.ts'),
      import('../../contract/refusal-text.ts'),
      import('../../../runtime/errors.ts'),
    ]);
    const named = String(call.args[0]);
    const { id, version } = versionName(named);
    if (version === null)
      throw new LakeError('ARGUMENT_INVALID', `${named} does not say which version`, {
        context: { expected: `${id}@VERSION`, found: named, next: `foz contract show ${id} --json` },
      });
    const note = call.options['note'];
    const to = call.options['retire'] === true ? 'retired' : 'deprecated';
    await using contracts = await openContracts(call.loadConfig());
    const request = {
      to,
      effective: null,
      note: typeof note === 'string' ? note : null,
      isUnknownAccepted: false,
      expectedRevision: null,
    } as const;
    const answer = await contracts.changeState(id, version, request, call.signal);
    if (answer.kind === 'refused') {
      call.print(refusalJson(answer), () => refusalText(answer));
      return 1;
    }
    const { inForce } = answer.value;
    call.print(answer.value, () => `${id} ${version} ${to}; ${inForce === null ? 'no version is in force' : `${inForce} is in force`}`);
    return 0;
  },
};
