// `foz catalog rules`: the policy as Trino's file-based access rules, for those who give Trino a file.

import type { Command } from '../command.ts';

export const rules: Command = {
  description:
    'Write Trino’s access rules: column masks and row filters of catalog.policy over what contracts and entities say of the columns. The same over HTTP, kept fresh: foz catalog token create trino-rules --role rules.',
  options: [{ flags: '--out <file>', doc: 'write them there, whole or not at all; default: stdout' }],
  examples: [
    ['foz catalog rules', 'to look at'],
    [
      'foz catalog rules --out /etc/trino/foz-rules.json',
      'Trino: iceberg.security=FILE, security.config-file=…, security.refresh-period=10s',
    ],
  ],
  run: async (call) => {
    const loaded = call.loadConfig();
    const { compileRules } = await import('../catalog/compile-rules.ts');
    const { text, digest, notes } = await compileRules(loaded, call.logger(loaded), call.signal);
    for (const note of notes) call.note(`foz: ${note}`);
    const out = call.options['out'];
    const value: unknown = JSON.parse(text);
    const pretty = `${JSON.stringify(value, null, 2)}\n`;
    if (typeof out !== 'string') {
      call.print(value, () => pretty);
      return 0;
    }
    const { rename, writeFile } = await import('node:fs/promises');
    const part = `${out}.part`;
    await writeFile(part, pretty, { mode: 0o644 });
    await rename(part, out);
    call.print({ out, digest, notes }, () => '');
    call.note(`foz: ${out}`);
    return 0;
  },
};
