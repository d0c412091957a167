// `foz contract show ID[@VERSION]`: the document as it was registered, byte for byte, or as it was read.

import { writeFile } from 'node:fs/promises';
import { LakeError } from '../../../runtime/errors.ts';
import type { Command } from '../../command.ts';

export const show: Command = {
  description: 'Print a contract’s document as it was registered; with --json also what it says, in one form whatever it was written in.',
  arguments: [{ name: '<contract>', doc: 'ID or ID@VERSION; without a version the one in force, else the latest' }],
  options: [{ flags: '-o, --output <file>', doc: 'write the document there, as it was registered' }],
  examples: [
    ['foz contract show users', 'the version in force'],
    ['foz contract show users@1.0.0 --output users.odcs.yaml', 'an older one, byte for byte'],
    ['foz contract show users@latest --json', 'with state, digest and canonical form'],
  ],
  run: async (call) => {
    const [{ openContracts }, { versionName }, { refusalJson, refusalText }] = await Promise.all([
      import('../../wire.ts'),
      import('../../contract/version-name.ts'),
      import('../../contract/refusal-text.ts'),
    ]);
    const { id, version } = versionName(String(call.args[0]));
    await using contracts = await openContracts(call.loadConfig());
    const inForce = await contracts.show(id, version ?? 'active', call.signal);
    const answer = version === null && inForce.kind === 'refused' ? await contracts.show(id, 'latest', call.signal) : inForce;
    if (answer.kind === 'refused') {
      call.print(refusalJson(answer), () => refusalText(answer));
      return 1;
    }
    const { value } = answer;
    call.note(`${id} ${value.version} (${value.state})`);
    const output = call.options['output'];
    if (typeof output === 'string') {
      await writeFile(output, value.document).catch((cause: unknown) => {
        throw new LakeError('ARGUMENT_INVALID', `${output} cannot be written`, {
          cause,
          context: { expected: 'a file that may be written' },
        });
      });
      call.print({ id, version: value.version, output }, () => `${output}: ${id} ${value.version}, ${value.documentBytes} bytes`);
      return 0;
    }
    call.print(value, () => value.document);
    return 0;
  },
};
