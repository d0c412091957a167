// npm run --silent bench -- sync [--json] [--events N] [--freshness-seconds N]
// npm run --silent bench -- contracts [--json] [--events N]

import { parseArgs } from 'node:util';
import { benchContracts } from './contracts.ts';
import { benchSync } from './sync.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    events: { type: 'string' },
    'freshness-seconds': { type: 'string', default: '60' },
  },
});
const [what] = positionals;
if ((what !== 'sync' && what !== 'contracts') || positionals.length > 1) {
  process.stderr.write(
    'usage: npm run --silent bench -- sync [--json] [--events 1000000] [--freshness-seconds 60]\n       npm run --silent bench -- contracts [--json] [--events 150000]\n',
  );
  process.exit(2);
}
const note = (text: string): void => void process.stderr.write(`${text}\n`);
if (what === 'contracts') {
  const result = await benchContracts({ events: Number(values.events ?? 150_000), note });
  if (values.json) console.log(JSON.stringify(result));
  else console.table(result.lanes);
} else {
  const result = await benchSync({
    events: Number(values.events ?? 1_000_000),
    freshnessSeconds: Number(values['freshness-seconds']),
    note,
  });
  if (values.json) console.log(JSON.stringify(result));
  else {
    console.table(result.lanes);
    if (result.freshnessSeconds) console.table([result.freshnessSeconds]);
  }
}
