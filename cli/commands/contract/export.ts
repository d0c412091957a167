// `foz contract export CONTRACT --to typescript|avro|sql|trino|html|json-schema|odcs`.

import { writeFile } from 'node:fs/promises';
import { exportTargets } from '../../../contracts/export/export-contract.ts';
import { LakeError } from '../../../runtime/errors.ts';
import type { Command } from '../../command.ts';

export const exportCommand: Command = {
  description:
    'Write a contract in another language: TypeScript types, an Avro schema, PostgreSQL or Trino DDL, one self-contained HTML page, JSON Schema, ODCS.',
  arguments: [{ name: '<contract>', doc: 'a document, or the id of a registered contract' }],
  options: [
    { flags: '--to <target>', doc: 'language', choices: exportTargets, default: 'odcs' },
    { flags: '-o, --output <file>', doc: 'write there instead of stdout; an existing file is replaced' },
  ],
  examples: [
    ['foz contract export users.odcs.yaml --to typescript > users.ts', 'types of the rows'],
    ['foz contract export users --to html -o users.html', 'a page of the registered contract'],
    ['foz contract export users.odcs.yaml --to trino', 'CREATE TABLE with the types that the lake stores'],
  ],
  run: async (call) => {
    const [{ namedContract }, { exportContract }] = await Promise.all([
      import('../../contract/named-contract.ts'),
      import('../../../contracts/export/export-contract.ts'),
    ]);
    const contract = await namedContract(String(call.args[0]), call);
    const target = exportTargets.find((one) => one === call.options['to']) ?? 'odcs';
    const text = exportContract(contract, target);
    const file = call.options['output'];
    if (typeof file === 'string') {
      await writeFile(file, text).catch((cause: unknown) => {
        throw new LakeError('ARGUMENT_INVALID', `${file} cannot be written`, {
          cause,
          context: { expected: 'a file that may be written' },
        });
      });
      call.note(`written: ${file}`);
    }
    call.print({ id: contract.id, version: contract.version, to: target, ...(typeof file === 'string' ? { file } : { text }) }, () =>
      typeof file === 'string' ? '' : text,
    );
    return 0;
  },
};
