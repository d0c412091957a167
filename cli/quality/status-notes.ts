// How the quality jobs are, for `foz status`: by their own word where `foz run` has them beside it, else by what they keep.

import { isRecord } from '../../runtime/options.ts';
import type { CommandCall } from '../command.ts';
import { findConfig, type LoadedConfig } from '../config.ts';

const failingShown = 5;

/** What the worker heard of them; null where they run elsewhere: then by results; null too where there are none. */
export async function qualityStatus(call: CommandCall, told: unknown): Promise<Readonly<Record<string, unknown>> | null> {
  if (isRecord(told)) return told;
  if (findConfig(call.configPath, call.stackDirectory) === null) return null;
  const loaded = call.loadConfig();
  const { hasQualityStore, openQualityStore } = await import('../wire.ts');
  if (!hasQualityStore(loaded)) return null;
  await using store = await openQualityStore(loaded);
  const [run] = await store.quality.listRuns({ before: null, limit: 1 });
  const latest = await store.quality.latestResults();
  if (run === undefined) return null;
  const { failingOf } = await import('./failing.ts');
  const declared = await declaredIds(loaded, call.signal);
  return {
    state: 'kept',
    checks: declared?.size ?? latest.length,
    lastRun: { id: run.id, startedAt: run.startedAt, endedAt: run.endedAt },
    failing: failingOf(latest, declared),
  };
}

/** Null where they cannot be read now. */
async function declaredIds(loaded: LoadedConfig, signal: AbortSignal): Promise<ReadonlySet<string> | null> {
  const [{ contractsOf, openContracts }, { declaredChecks }] = await Promise.all([import('../wire.ts'), import('./declared-checks.ts')]);
  try {
    await using registry = loaded.config.contracts.registry === 'none' ? null : await openContracts(loaded);
    const { checks } = await declaredChecks(loaded, contractsOf(loaded, registry), signal);
    return new Set(checks.map(({ id }) => id));
  } catch {
    signal.throwIfAborted();
    return null;
  }
}

export function qualityNotes(
  quality: Readonly<Record<string, unknown>> | null,
  ago: (at: unknown) => string,
  now: number,
): readonly string[] {
  if (quality === null) return [];
  const { state, checks, lastRun, problem, failing } = quality;
  if (state !== 'running' && state !== 'kept') return [`quality: ${String(state)}`];
  const ran = isRecord(lastRun) ? `last run ${ago(lastRun['endedAt'] ?? lastRun['startedAt'])}` : 'no run yet';
  const bad = Array.isArray(failing) ? failing.filter(isRecord) : [];
  return [
    `quality: ${String(checks)} checks, ${ran}${state === 'running' ? plannedText(quality, now) : ''}; ${bad.length === 0 ? 'none fails' : `${bad.length} fail`}`,
    ...bad.slice(0, failingShown).map(({ check, reason }) => `  ${String(check)}: ${firstLine(String(reason))}`),
    ...(bad.length > failingShown ? ['  …'] : []),
    ...(bad.length > 0 ? ['  next: foz quality show CHECK'] : []),
    ...(typeof problem === 'string' ? [`  problem: ${problem}`] : []),
  ];
}

function plannedText({ isLeader, running, nextAt }: Readonly<Record<string, unknown>>, now: number): string {
  if (isLeader !== true) return ', another process leads';
  if (Array.isArray(running) && running.length > 0) return ', one goes on';
  return typeof nextAt === 'number' ? `, next in ${Math.max(0, Math.round((nextAt - now) / 1000))} s` : ', none planned';
}

function firstLine(text: string): string {
  const line = text.split('\n')[0] ?? '';
  return line.length > 160 ? `${line.slice(0, 159)}…` : line;
}
