// `foz status`: what runs and how fresh it is: the local stack's processes, the worker's own word, whether the catalog is ready, what checks found. Exit 4 when a table
// is halted, 3 when the worker does not answer.

import { existsSync } from 'node:fs';
import { isRecord } from '../../runtime/options.ts';
import type { Command, CommandCall } from '../command.ts';
import { findConfig } from '../config.ts';
import { tableText } from '../output.ts';

interface WorkerAnswer {
  readonly url: string;
  readonly status: Readonly<Record<string, unknown>> | null;
  readonly reason: string | null;
}

const answerMaxMs = 3_000;

export const status: Command = {
  description:
    'Show the local stack, the worker and the catalog: state, positions and freshness of every table, and which quality checks fail. Exit 4 when a table has halted, 3 when the worker does not answer.',
  examples: [
    ['foz status', 'as tables'],
    ['foz status --json | jq .worker.status.tables', 'for scripts'],
  ],
  run: async (call) => {
    const { catalogStatus, catalogStatusText } = await import('../catalog/catalog-status.ts');
    const hasConfig = findConfig(call.configPath, call.stackDirectory) !== null;
    const asked = hasConfig ? catalogStatus(call.loadConfig(), call.signal) : null;
    const [stack, worker, catalog] = await Promise.all([stackStatus(call), workerStatus(call), asked]);
    const tables = tablesOf(worker);
    const { qualityNotes, qualityStatus } = await import('../quality/status-notes.ts');
    const quality = await qualityStatus(call, worker?.status?.['quality']);
    const now = Date.now();
    call.print({ stack, worker, catalog, quality }, () => {
      const checks = qualityNotes(quality, (at) => ageText(now, at), now).join('\n');
      const served = catalog === null ? '' : catalogStatusText(catalog);
      return [stackText(stack), workerText(worker, tables), served, checks].filter((part) => part !== '').join('\n\n');
    });
    if (tables.some((table) => table['state'] === 'halted')) return 4;
    return worker === null || worker.status !== null ? 0 : 3;
  },
};

async function stackStatus(call: CommandCall) {
  const { readStack } = await import('../../stack/stack.ts');
  const stack = existsSync(call.stackDirectory) ? await readStack(call.stackDirectory) : null;
  if (!stack) return null;
  const [components, rss] = await Promise.all([stack.status(), stack.rssBytes()]);
  await stack[Symbol.asyncDispose]();
  return { directory: stack.dir, components: components.map((component) => ({ ...component, rssBytes: rss[component.name] ?? null })) };
}

async function workerStatus(call: CommandCall): Promise<WorkerAnswer | null> {
  if (findConfig(call.configPath, call.stackDirectory) === null) return null;
  const loaded = call.loadConfig();
  const { urlOf } = await import('../settings.ts');
  const url = `${urlOf(loaded.config.http.listen)}/status`;
  try {
    const response = await fetch(url, { signal: AbortSignal.any([call.signal, AbortSignal.timeout(answerMaxMs)]) });
    const body: unknown = await response.json();
    return { url, status: isRecord(body) ? body : null, reason: isRecord(body) ? null : 'the answer is no status' };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    return { url, status: null, reason: cause };
  }
}

function tablesOf(worker: WorkerAnswer | null): readonly Readonly<Record<string, unknown>>[] {
  const tables = worker?.status?.['tables'];
  return Array.isArray(tables) ? tables.filter(isRecord) : [];
}

function stackText(stack: Awaited<ReturnType<typeof stackStatus>>): string {
  if (!stack) return 'local stack: not running (foz up starts it)';
  const rows = stack.components.map(({ name, isRunning, pid, rssBytes, exit, log }) => [
    name,
    isRunning ? 'running' : `ended: ${exit ?? ''}`,
    pid,
    rssBytes === null ? null : `${Math.round(rssBytes / 1048576)} MiB`,
    log,
  ]);
  return tableText(['component', 'state', 'pid', 'memory', 'log'], rows);
}

function workerText(worker: WorkerAnswer | null, tables: readonly Readonly<Record<string, unknown>>[]): string {
  if (worker === null) return 'worker: there is no foz.yaml here (foz init writes one)';
  if (worker.status === null) return `worker: no answer from ${worker.url} (${worker.reason ?? ''}); foz run starts it`;
  const waiting = worker.status['waiting'];
  if (typeof waiting === 'string') return `worker: waiting: ${waiting}`;
  const log = worker.status['log'];
  const away = isRecord(log) && log['available'] === false ? [`worker: waiting: the log is away: ${String(log['reason'] ?? '')}`] : [];
  const now = Date.now();
  const rows = tables.map((table) => [
    table['table'],
    table['state'],
    table['rowsCommitted'],
    ageText(now, table['lastCommitAt']),
    ageText(now, table['changedAtMs']),
    isRecord(table['positions'])
      ? Object.entries(table['positions'])
          .map(([partition, next]) => `${partition}:${String(next)}`)
          .join(' ')
      : '',
  ]);
  const notes = tables.flatMap((table) =>
    typeof table['reason'] === 'string' ? [`${String(table['table'])}: ${table['reason']}${nextText(table, table['reason'])}`] : [],
  );
  const drifted = [...driftNotes(worker.status['drift']), ...tables.flatMap(maskedNotes)];
  const head = tableText(['table', 'state', 'rows committed', 'last commit', 'newest change', 'next offsets'], rows);
  return [head, ...away, ...notes, ...drifted].join('\n');
}

/** One line a table whose source is not as its contract says. */
function driftNotes(drift: unknown): readonly string[] {
  const watched = Array.isArray(drift) ? drift.filter(isRecord) : [];
  return watched.flatMap(({ table, contract, version, drifts }) => {
    const serious = Array.isArray(drifts) ? drifts.filter((one) => isRecord(one) && one['severity'] !== 'info').length : 0;
    const what = `${serious === 1 ? '1 difference' : `${serious} differences`} between the source and contract ${String(contract)} ${String(version)}`;
    return serious === 0 ? [] : [`${String(table)}: ${what}\n  next: foz contract diff --source`];
  });
}

/** Columns that may be masked ones renamed: they stay masked until the contract says what they are. */
function maskedNotes({ table, maskedAs }: Readonly<Record<string, unknown>>): readonly string[] {
  const columns = isRecord(maskedAs) ? Object.entries(maskedAs).map(([name, mask]) => `${name} (${String(mask)})`) : [];
  if (columns.length === 0) return [];
  const name = String(table).split('.').at(-1) ?? '';
  const what = `masked, because the contract does not know ${columns.length === 1 ? 'it' : 'them'} and records lack what it masks: ${columns.join(', ')}`;
  return [
    `${String(table)}: ${what}\n  next: foz contract draft ${name}   (then foz contract register FILE --activate, foz contract apply ${name})`,
  ];
}

/** Of a halt, the commands that decide; of a wait, the one that shows what is to be mended: it goes on by itself then. */
function nextText({ halt, table }: Readonly<Record<string, unknown>>, reason: string): string {
  const decide = isRecord(halt) ? halt['decide'] : undefined;
  if (Array.isArray(decide)) return `\n  next: ${decide.join('   or   ')}`;
  const name = String(table).split('.').at(-1) ?? '';
  // The catalog holds commits against the contract in force (catalog/registry/commit-veto.ts).
  const isVeto = /^CATALOG_REFUSED: .*Contract \S+ \S+ has the column /s.test(reason);
  return `\n  next: ${isVeto ? `foz contract plan ${name}   (what the contract in force would have; then foz contract register … --activate)` : 'foz check'}`;
}

function ageText(now: number, at: unknown): string {
  if (typeof at !== 'number') return '–';
  const seconds = Math.max(0, (now - at) / 1000);
  if (seconds < 120) return `${seconds.toFixed(1)} s ago`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min ago` : `${Math.round(seconds / 3600)} h ago`;
}
