// docs/errors.md from the one table of errors: pure, so that a test can say whether the committed page is current.

import { errorTable, exitCodes, type ErrorEntry } from '../../runtime/errors.ts';

const retryMeaning: Readonly<Record<ErrorEntry['retry'], string>> = {
  backoff: 'nothing happened; Foz tries again by itself',
  reconcile: 'the outcome is unknown; Foz looks before it tries again (I5)',
  manual: 'a person must change something, then it works',
  never: 'trying again cannot help',
};

export function errorsPage(): string {
  const entries: readonly (readonly [string, ErrorEntry])[] = Object.entries(errorTable);
  const rows = entries.map(([code, { retry, exit, help }]) => `| \`${code}\` | ${exitCodes[exit]} | ${retry} | ${help} |`);
  return [
    '# Errors',
    '',
    'Generated from `runtime/errors.ts` by `npm run docs`; do not edit.',
    '',
    'Every operating error has a code. `foz` prints what was attempted, on what, what was expected and found, and the next command to type;',
    'with `--json` the same as one JSON document on stderr.',
    '',
    '| code | exit | retry | what it means and what to do |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
    '## Retry',
    '',
    ...Object.entries(retryMeaning).map(([retry, meaning]) => `- **${retry}**: ${meaning}.`),
    '',
    '## Exit codes',
    '',
    '- 0 ok',
    ...Object.entries(exitCodes).map(([name, code]) => `- ${code} ${name}`),
    '',
  ].join('\n');
}
