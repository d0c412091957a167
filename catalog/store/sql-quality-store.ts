// What the quality jobs remember, over the operations of quality-operations.ts.

import { listOf, rowsOf } from './answers.ts';
import { leaseEndMax, type QualityStore, type StoredResult, type StoredRun, type StoredState } from './quality-store.ts';
import type { SqlCall } from './sql.ts';

export function sqlQualityStore(call: SqlCall): QualityStore {
  const list = async (...given: Parameters<SqlCall>) => rowsOf(await call(...given));
  return {
    async putRun({ id, startedAt, endedAt, record }) {
      await call('putQualityRun', id, startedAt, endedAt, record);
    },
    async listRuns({ before, limit }) {
      return (await list('listQualityRuns', before ?? Number.MAX_SAFE_INTEGER, limit)).map(runOf);
    },
    async addResults(results) {
      return listOf(await call('addQualityResults', JSON.stringify(results))).map(String);
    },
    async getResults(keys) {
      return (await list('getQualityResults', JSON.stringify(keys))).map(resultOf);
    },
    async listResults({ checkId = null, table = null, runId = null, before, limit }) {
      const page = [before?.at ?? null, before?.key ?? null] as const;
      return (await list('listQualityResults', checkId, table, runId, ...page, limit)).map(resultOf);
    },
    async latestResults() {
      return (await list('latestQualityResults')).map(resultOf);
    },
    async resultsAfter(after, limit) {
      const rows = await list('qualityResultsAfter', after, limit);
      return {
        last: Number(rows[0]?.[0] ?? 0),
        results: rows.flatMap(([, number, ...result]) => (number === null ? [] : [{ number: Number(number), result: resultOf(result) }])),
      };
    },
    async addHistory(series, points) {
      await call('addQualityHistory', series, JSON.stringify(points));
    },
    async history(series, { before, limit }) {
      const rows = await list('qualityHistory', series, before ?? Number.MAX_SAFE_INTEGER, limit);
      return rows.map(([at, value]) => ({ at: Number(at), value: Number(value) }));
    },
    async getState(kind, name) {
      const row = listOf(await call('getQualityState', kind, name));
      return row.length === 0 ? null : stateOf(kind, row);
    },
    async listStates(kind) {
      return (await list('listQualityStates', kind)).map((row) => stateOf(kind, row));
    },
    async putState({ kind, name, expectedRevision, record }) {
      const revision = await call('putQualityState', kind, name, expectedRevision, record);
      return typeof revision === 'number' ? revision : null;
    },
    async takeLease(name, holder, now, expiresAt) {
      return (await call('takeQualityLease', name, holder, now, expiresAt, leaseEndMax(now, expiresAt))) === true;
    },
    async prune(before) {
      return Number(await call('pruneQuality', before.results, before.history));
    },
    async thin({ from, to, everyMs }) {
      return Number(await call('thinQuality', from, to, everyMs));
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
