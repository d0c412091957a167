// npm run --silent bench -- sync [--json] [--events N] [--freshness-seconds N]

import { parseArgs } from 'node:util';
import { benchSync } from './sync.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    events: { type: 'string', default: '1000000' },
    'freshness-seconds': { type: 'string', default: '60' },
  },
});
if (positionals[0] !== 'sync' || positionals.length > 1) {
  process.stderr.write('usage: npm run --silent bench -- sync [--json] [--events 1000000] [--freshness-seconds 60]\n');
  process.exit(2);
}
const result = await benchSync({
  events: Number(values.events),
  freshnessSeconds: Number(values['freshness-seconds']),
  note: (text) => process.stderr.write(`${text}\n`),
});
if (values.json) console.log(JSON.stringify(result));
else {
  console.table(result.lanes);
  if (result.freshnessSeconds) console.table([result.freshnessSeconds]);
}
