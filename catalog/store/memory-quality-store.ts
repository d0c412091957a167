// What the quality jobs remember, in this process's memory.

import { leaseEndMax, type HistoryPoint, type QualityStore, type StoredResult, type StoredRun } from './quality-store.ts';

interface State {
  revision: number;
  /** Null: deleted. */
  record: string | null;
}

export function memoryQualityStore(): QualityStore {
  const runs = new Map<string, StoredRun>();
  const results = new Map<string, StoredResult>();
  const numbers = new Map<string, number>();
  let last = 0;
  const series = new Map<string, Map<number, number>>();
  const states = new Map<string, Map<string, State>>();
  const leases = new Map<string, { readonly holder: string; readonly expiresAt: number }>();
  const newestFirst = () => [...results.values()].sort((a, b) => -inOrder(a, b));

  return {
    async putRun(run) {
      runs.set(run.id, run);
    },
    async listRuns({ before, limit }) {
      return [...runs.values()]
        .filter((run) => before === null || run.startedAt < before)
        .sort((a, b) => b.startedAt - a.startedAt || (a.id < b.id ? 1 : -1))
        .slice(0, limit);
    },
    async addResults(added) {
      const fresh = added.filter(({ key }, at) => !results.has(key) && added.findIndex((other) => other.key === key) === at);
      for (const result of fresh) {
        results.set(result.key, result);
        numbers.set(result.key, ++last);
      }
      return fresh.map(({ key }) => key);
    },
    async getResults(keys) {
      return [...new Set(keys)].flatMap((key) => results.get(key) ?? []);
    },
    async listResults({ checkId, table, runId, before, limit }) {
      return newestFirst()
        .filter((result) => checkId === undefined || result.checkId === checkId)
        .filter((result) => table === undefined || result.table === table)
        .filter((result) => runId === undefined || result.runId === runId)
        .filter((result) => before === undefined || inOrder(result, before) < 0)
        .slice(0, limit);
    },
    async latestResults() {
      const seen = new Set<string>();
      const newest = newestFirst().filter(({ checkId }) => !seen.has(checkId) && seen.add(checkId));
      return newest.sort((a, b) => (a.checkId < b.checkId ? -1 : 1));
    },
    async resultsAfter(after, limit) {
      const numbered = [...results.values()].map((result) => ({ number: numbers.get(result.key) ?? 0, result }));
      const found = numbered.filter(({ number }) => number > after).sort((a, b) => a.number - b.number);
      return { last, results: found.slice(0, limit) };
    },
    async addHistory(name, points) {
      const known = series.get(name) ?? new Map<number, number>();
      for (const { at, value } of points) if (!known.has(at)) known.set(at, value);
      series.set(name, known);
    },
    async history(name, { before, limit }) {
      const points: HistoryPoint[] = [...(series.get(name) ?? [])].map(([at, value]) => ({ at, value }));
      return points
        .filter(({ at }) => before === null || at < before)
        .sort((a, b) => b.at - a.at)
        .slice(0, limit);
    },
    async getState(kind, name) {
      const found = states.get(kind)?.get(name);
      return found === undefined || found.record === null ? null : { kind, name, revision: found.revision, record: found.record };
    },
    async listStates(kind) {
      return [...(states.get(kind) ?? [])]
        .flatMap(([name, { revision, record }]) => (record === null ? [] : [{ kind, name, revision, record }]))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    async putState({ kind, name, expectedRevision, record }) {
      const found = states.get(kind)?.get(name);
      const current = found === undefined || found.record === null ? null : found.revision;
      if (current !== expectedRevision) return null;
      const next: State = { revision: (found?.revision ?? 0) + 1, record };
      states.set(kind, (states.get(kind) ?? new Map<string, State>()).set(name, next));
      return next.revision;
    },
    async takeLease(name, holder, now, expiresAt) {
      const held = leases.get(name);
      const isHeld = held !== undefined && held.expiresAt > now && held.expiresAt <= leaseEndMax(now, expiresAt);
      if (isHeld && held.holder !== holder) return false;
      leases.set(name, { holder, expiresAt });
      return true;
    },
    async prune(before) {
      const old = [...results.values()].filter(({ at }) => at < before.results);
      for (const { key } of old) {
        results.delete(key);
        numbers.delete(key);
      }
      for (const { id, startedAt } of runs.values()) if (startedAt < before.results) runs.delete(id);
      for (const points of series.values()) for (const at of points.keys()) if (at < before.history) points.delete(at);
      return old.length;
    },
    async thin({ from, to, everyMs }) {
      const isInside = (at: number): boolean => at >= from && at < to;
      const kept = new Set<string>();
      const spare = newestFirst().filter(({ checkId, outcome, at }) => {
        const isNewest = !kept.has(checkId);
        kept.add(checkId);
        if (outcome !== 'passed' || !isInside(at)) return false;
        const slot = `${checkId} ${Math.floor(at / everyMs)}`;
        const isFirst = !kept.has(slot);
        kept.add(slot);
        return !isNewest && !isFirst;
      });
      for (const { key } of spare) {
        results.delete(key);
        numbers.delete(key);
      }
      const withResults = new Set([...results.values()].map(({ runId }) => runId));
      for (const { id, startedAt, endedAt } of runs.values())
        if (isInside(startedAt) && endedAt !== null && !withResults.has(id)) runs.delete(id);
      return spare.length;
    },
  };
}

type Place = Pick<StoredResult, 'at' | 'key'>;

function inOrder(a: Place, b: Place): number {
  if (a.at !== b.at) return a.at - b.at;
  return a.key === b.key ? 0 : a.key < b.key ? -1 : 1;
}
