// `foz demo`: from a clone to a queried lake, with the worker killed on the way and the proof that it did not matter.

import { rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { LakeError } from '../../runtime/errors.ts';
import type { Command, CommandCall } from '../command.ts';
import { loadConfig } from '../config.ts';
import type { DemoResult, RunningDemo } from '../demo/demo.ts';
import type { DemoAnswer } from '../demo/queries.ts';
import { tableText } from '../output.ts';
import { packageFile } from '../package-file.ts';

export const demo: Command = {
  description:
    'Start the local stack, load seeded users and rides, change them while the worker is killed with SIGKILL in mid-stream, then prove row by row that the lake equals the sources and answer three queries. Begins from nothing: what a stopped stack left in its folder is deleted. Exit 1 when the proof fails.',
  options: [
    { flags: '--keep', doc: 'leave everything running afterwards (Ctrl-C ends it)' },
    { flags: '--with-trino', doc: 'answer the queries from Trino as well (needs Java 25)' },
    { flags: '--users <n>', doc: 'rows of users', default: 20_000, parse: count },
    { flags: '--rides <n>', doc: 'rows of rides', default: 20_000, parse: count },
    { flags: '--changes <n>', doc: 'live changes in each database, at least', default: 3_000, parse: count },
    { flags: '--kills <n>', doc: 'how often the worker is killed', default: 3, parse: count },
    { flags: '--sql <statement>', doc: 'no demo: run the statement in PostgreSQL of the one that runs (or of foz up)' },
  ],
  examples: [
    ['npm run demo', 'from a fresh clone'],
    ['foz demo --keep', 'then try foz status, foz query and foz verify beside it'],
    ['foz demo --sql "UPDATE users SET city = \'Porto\' WHERE id = 7"', 'change a row beside it'],
    ['npm run --silent demo -- --json', 'one JSON document with every figure'],
  ],
  run: async (call) => {
    const { keep: isKept, sql } = call.options;
    if (typeof sql === 'string') return runSql(call, sql);
    const [{ runDemo }, { listenForAlerts }] = await Promise.all([import('../demo/demo.ts'), import('../demo/alert-listener.ts')]);
    await beginFromNothing(call.stackDirectory);
    await using alerts = isKept === true ? await listenForAlerts(call.note) : null;
    await using running = await runDemo(
      {
        directory: call.stackDirectory,
        users: number(call, 'users'),
        rides: number(call, 'rides'),
        changes: number(call, 'changes'),
        kills: number(call, 'kills'),
        ...(alerts === null ? {} : { alertsTo: alerts.url }),
        entry: packageFile('bin/foz.mjs'),
        loadConfig: (file) => loadConfig(file, call.stackDirectory),
        progress: call.progress,
        logger: call.logger(),
      },
      call.signal,
    );
    const trino = call.options['withTrino'] === true ? await askTrino(running, call) : null;
    const report = () => reportText(running.result, trino, isKept === true);
    call.print(trino === null ? running.result : { ...running.result, trino }, report);
    if (isKept === true) {
      await using quality = await startQuality(running);
      call.note(
        `\nEverything is still running. Checks of ${quality.checks} run as they are due, and alerts are said here. In another terminal: ${ownCommand('status')} | query "select …" | verify users | quality run; ${ownCommand('demo')} --sql "UPDATE …" changes a row. Ctrl-C ends it.`,
      );
      await new Promise<void>((resolve) => call.signal.addEventListener('abort', () => resolve(), { once: true }));
    }
    return isProven(running.result) ? 0 : 1;
  },
};

/** Only now: the figures before are the worker's own. */
async function startQuality({ local }: RunningDemo): Promise<AsyncDisposable & { readonly checks: string }> {
  const { startFoz } = await import('../demo/worker-process.ts');
  const { dir } = local.stack;
  const started = startFoz({
    entry: packageFile('bin/foz.mjs'),
    configFile: local.configFile,
    only: 'quality',
    logFile: join(dir, 'logs', 'quality.log'),
  });
  return { checks: relative('.', join(dir, 'quality')), [Symbol.asyncDispose]: () => started[Symbol.asyncDispose]() };
}

async function runSql(call: CommandCall, sql: string): Promise<number> {
  const [{ readStack }, { connectPostgres }] = await Promise.all([import('../../stack/stack.ts'), import('../stack-databases.ts')]);
  await using stack = await readStack(call.stackDirectory);
  if (stack === null)
    throw new LakeError('COMPONENT_FAILED', `No stack is running in ${call.stackDirectory}.`, {
      context: { next: 'foz demo --keep, or foz up' },
    });
  await using postgres = await connectPostgres(stack.endpoint('postgres'), call.signal);
  const rows = await postgres.query(sql, [], call.signal);
  const columns = Object.keys(rows[0] ?? {});
  call.print({ rows }, () =>
    rows.length === 0
      ? 'done'
      : tableText(
          columns,
          rows.map((row) => columns.map((name) => row[name] ?? null)),
        ),
  );
  return 0;
}

/** What an earlier demo or `foz up` left is removed; a stack that runs is somebody's. */
async function beginFromNothing(directory: string): Promise<void> {
  const { readStack, removeStack } = await import('../../stack/stack.ts');
  const running = await readStack(directory);
  if (running) {
    await running[Symbol.asyncDispose]();
    throw new LakeError('COMPONENT_FAILED', `A stack is running in ${directory}, and the demo begins from nothing.`, {
      context: { next: 'foz down' },
    });
  }
  await removeStack(directory);
  await rm(directory, { recursive: true, force: true });
}

async function askTrino({ local, readers, catalogUrl }: RunningDemo, call: CommandCall): Promise<readonly DemoAnswer[]> {
  const { trinoAnswers } = await import('../demo/trino.ts');
  return trinoAnswers(local, readers, catalogUrl, call.progress, call.signal);
}

function isProven(result: DemoResult): boolean {
  const isEqual = [result.users, result.rides].every(
    ({ missing, extra, differing, source, lake }) => missing + extra + differing === 0 && source === lake,
  );
  return isEqual && result.duplicates === 0 && result.rebuilt.mismatched === 0 && result.rebuilt.checked === result.rowsRaw;
}

function reportText(result: DemoResult, trino: readonly DemoAnswer[] | null, isKept: boolean): string {
  const parts = [
    tableText(
      ['table', 'source rows', 'lake rows', 'missing', 'extra', 'differing'],
      [comparedRow('users', result.users), comparedRow('rides', result.rides)],
    ),
    tableText(
      ['kill', 'table', 'at offset', 'rows flushed, not committed', 'records to come'],
      result.kills.map((kill, i) => [i + 1, kill.table, kill.atOffset, kill.flushedUncommittedRows, kill.remaining]),
    ),
    [
      `${result.rowsRaw} raw rows; ${result.duplicates} duplicates in the lake (${result.upstreamDuplicates} were sent twice by the connectors and are kept as sent); ${result.rescued} rescued.`,
      `${result.rebuilt.checked} log records read again and compared with their rows rebuilt: ${result.rebuilt.mismatched} differ.`,
      `Freshness once the last worker had caught up: p50 ${result.freshnessSeconds.p50.toFixed(1)} s, p99 ${result.freshnessSeconds.p99.toFixed(1)} s.`,
    ].join('\n'),
    ...result.queries.map((answer) => `${answer.title}\n${tableText(answer.columns, answer.rows)}`),
    ...(trino ?? []).map((answer) => `${answer.title} (Trino)\n${tableText(answer.columns, answer.rows)}`),
    isProven(result) ? 'The lake equals the sources.' : 'THE PROOF FAILED: see the figures above.',
    `Try next: ${isKept ? 'in another terminal ' : `${ownCommand('demo')} --keep, then `}${ownCommand('query')} "select * from current.users limit 5"; README.md has more.`,
  ];
  return parts.join('\n\n');
}

/** A checkout runs its TypeScript through npm, an installed package through npx. */
function ownCommand(name: 'demo' | 'query' | 'status'): string {
  if (!import.meta.url.endsWith('.ts')) return `npx foz ${name}`;
  return name === 'demo' ? 'npm run demo --' : `npm run --silent foz -- ${name}`;
}

function comparedRow(name: string, { source, lake, missing, extra, differing }: DemoResult['users']): readonly unknown[] {
  return [name, source, lake, missing, extra, differing];
}

function number(call: CommandCall, name: string): number {
  const value = call.options[name];
  return typeof value === 'number' ? value : 0;
}

function count(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new RangeError('expected a whole number');
  return Number(text);
}
