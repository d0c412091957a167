// npm run --silent bench -- NAME [--json] …: one row here a benchmark. Its lanes run side by side with their references.

import { parseArgs } from 'node:util';
import { benchCatalog } from './catalog.ts';
import { benchContracts } from './contracts.ts';
import { benchQuality } from './quality.ts';
import { benchSync } from './sync.ts';

interface Bench {
  /** Options besides --json, each a whole number, with their defaults. */
  readonly options: Readonly<Record<string, number>>;
  readonly run: (options: Readonly<Record<string, number>>, note: (text: string) => void) => Promise<object>;
}

const benches: ReadonlyMap<string, Bench> = new Map<string, Bench>([
  [
    'sync',
    {
      options: { events: 1_000_000, 'freshness-seconds': 60 },
      run: ({ events = 0, 'freshness-seconds': freshnessSeconds = 0 }, note) => benchSync({ events, freshnessSeconds, note }),
    },
  ],
  ['contracts', { options: { events: 150_000 }, run: ({ events = 0 }, note) => benchContracts({ events, note }) }],
  [
    'catalog',
    {
      options: { seconds: 5, tables: 10_000, commits: 10_000 },
      run: ({ seconds = 0, tables = 0, commits = 0 }, note) => benchCatalog({ seconds, tables, commits, note }),
    },
  ],
  ['quality', { options: { rows: 10_000_000 }, run: ({ rows = 0 }, note) => benchQuality({ rows, note }) }],
]);

function usage(): string {
  const lines = [...benches].map(([name, { options }]) => {
    const told = Object.entries(options).map(([option, preset]) => ` [--${option} ${preset}]`);
    return `npm run --silent bench -- ${name} [--json]${told.join('')}`;
  });
  return `usage:\n  ${lines.join('\n  ')}\n`;
}

function readCall(args: readonly string[]): { readonly bench: Bench; readonly numbers: Record<string, number>; readonly isJson: boolean } {
  const bench = benches.get(args[0] ?? '');
  if (!bench) throw new Error(args[0] === undefined ? 'which benchmark?' : `there is no benchmark ${args[0]}`);
  const texts = Object.keys(bench.options).map((name) => [name, { type: 'string' as const }] as const);
  const { values }: { values: Readonly<Record<string, unknown>> } = parseArgs({
    args: args.slice(1),
    options: { json: { type: 'boolean' }, ...Object.fromEntries(texts) },
  });
  const numbers = Object.entries(bench.options).map(([name, preset]) => {
    const given = values[name];
    const number = typeof given === 'string' ? Number(given) : preset;
    if (!Number.isInteger(number) || number < 0) throw new Error(`--${name} ${String(given)} is not a whole number`);
    return [name, number] as const;
  });
  return { bench, numbers: Object.fromEntries(numbers), isJson: values['json'] === true };
}

const args = process.argv.slice(2);
if (args.includes('--help')) {
  process.stdout.write(usage());
  process.exit(0);
}
let call: ReturnType<typeof readCall>;
try {
  call = readCall(args);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage()}`);
  process.exit(2);
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
const result = await call.bench.run(call.numbers, (text) => void process.stderr.write(`${text}\n`));
if (call.isJson) console.log(JSON.stringify(result));
else
  for (const part of Object.values(result))
    if (typeof part === 'object' && part !== null) console.table(Array.isArray(part) ? part : [part]);
