// What the quality jobs remember, in the catalog's SQLite file, through the thread that owns its connection.

import type { Parameters } from './sqlite-contract-operations.ts';
import { leaseEndMax, type QualityStore, type StoredResult, type StoredRun, type StoredState } from './quality-store.ts';

type Call = (operation: string, parameters: Parameters) => Promise<unknown>;

export function sqliteQualityStore(call: Call): QualityStore {
  const list = async (operation: string, ...parameters: Parameters) => listOf(await call(operation, parameters)).map(listOf);
  return {
    async putRun({ id, startedAt, endedAt, record }) {
      await call('putQualityRun', [id, startedAt, endedAt ?? '', record]);
    },
    async listRuns({ before, limit }) {
      return (await list('listQualityRuns', before ?? Number.MAX_SAFE_INTEGER, limit)).map(runOf);
    },
    async addResults(results) {
      return listOf(await call('addQualityResults', [JSON.stringify(results)])).map(String);
    },
    async getResults(keys) {
      return (await list('getQualityResults', JSON.stringify(keys))).map(resultOf);
    },
    async listResults({ checkId = '', table = '', runId = '', before, limit }) {
      const page = before === undefined ? [0, 0, ''] : [1, before.at, before.key];
      return (await list('listQualityResults', checkId, table, runId, ...page, limit)).map(resultOf);
    },
    async latestResults() {
      return (await list('latestQualityResults')).map(resultOf);
    },
    async resultsAfter(after, limit) {
      const [last, ...rows] = listOf(await call('qualityResultsAfter', [after, limit]));
      return {
        last: Number(last),
        results: rows.map((row) => {
          const [number, ...result] = listOf(row);
          return { number: Number(number), result: resultOf(result) };
        }),
      };
    },
    async addHistory(series, points) {
      await call('addQualityHistory', [series, JSON.stringify(points)]);
    },
    async history(series, { before, limit }) {
      const rows = await list('qualityHistory', series, before ?? Number.MAX_SAFE_INTEGER, limit);
      return rows.map(([at, value]) => ({ at: Number(at), value: Number(value) }));
    },
    async getState(kind, name) {
      const row = listOf(await call('getQualityState', [kind, name]));
      return row.length === 0 ? null : stateOf(kind, row);
    },
    async listStates(kind) {
      return (await list('listQualityStates', kind)).map((row) => stateOf(kind, row));
    },
    async putState({ kind, name, expectedRevision, record }) {
      const revision = await call('putQualityState', [kind, name, expectedRevision ?? 0, record === null ? 0 : 1, record ?? '']);
      return typeof revision === 'number' ? revision : null;
    },
    async takeLease(name, holder, now, expiresAt) {
      return (await call('takeQualityLease', [name, holder, now, expiresAt, leaseEndMax(now, expiresAt)])) === true;
    },
    async prune(before) {
      return Number(await call('pruneQuality', [before.results, before.history]));
    },
    async thin({ from, to, everyMs }) {
      return Number(await call('thinQuality', [from, to, everyMs]));
    },
  };
}

function runOf([id, startedAt, endedAt, record]: readonly unknown[]): StoredRun {
  return { id: String(id), startedAt: Number(startedAt), endedAt: endedAt === null ? null : Number(endedAt), record: String(record) };
}

function resultOf(row: readonly unknown[]): StoredResult {
  const [key, runId, checkId, table, snapshotId, outcome, at, value, record] = row;
  return {
    key: String(key),
    runId: String(runId),
    checkId: String(checkId),
    table: String(table),
    snapshotId: snapshotId === null ? null : String(snapshotId),
    outcome: String(outcome),
    at: Number(at),
    value: value === null ? null : Number(value),
    record: String(record),
  };
}

function stateOf(kind: string, [name, revision, record]: readonly unknown[]): StoredState {
  return { kind, name: String(name), revision: Number(revision), record: String(record) };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
