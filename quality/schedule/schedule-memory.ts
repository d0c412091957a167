// What the schedule remembers, in the quality store: one state a table, so that a run of many checks costs one write.

import type { QualityStore } from '../../catalog/store/quality-store.ts';
import { isRecord } from '../../runtime/options.ts';
import type { Check } from '../check.ts';
import type { Remembered } from './due.ts';

const kind = 'schedule';
const triesMax = 5;

/** By check id. What cannot be read is as never remembered. */
export async function readSchedule(store: QualityStore): Promise<ReadonlyMap<string, Remembered>> {
  const states = await store.listStates(kind);
  return new Map(states.flatMap(({ record }) => [...parse(record)]));
}

/** Entries of checks that are no longer declared go. */
export async function rememberSchedule(
  store: QualityStore,
  checks: readonly Check[],
  entries: ReadonlyMap<string, Remembered>,
): Promise<void> {
  const byTable = Map.groupBy(checks, ({ table }) => table);
  for (const [table, ofTable] of byTable) {
    const changed = ofTable.flatMap(({ id }): (readonly [string, Remembered])[] => {
      const entry = entries.get(id);
      return entry ? [[id, entry]] : [];
    });
    if (changed.length > 0) await rememberTable(store, table, new Set(ofTable.map(({ id }) => id)), changed);
  }
}

async function rememberTable(
  store: QualityStore,
  table: string,
  ids: ReadonlySet<string>,
  changed: readonly (readonly [string, Remembered])[],
): Promise<void> {
  for (let attempt = 0; attempt < triesMax; attempt++) {
    const state = await store.getState(kind, table);
    const kept = [...(state === null ? [] : parse(state.record))].filter(([id]) => ids.has(id));
    const record = JSON.stringify(Object.fromEntries([...kept, ...changed]));
    if ((await store.putState({ kind, name: table, expectedRevision: state?.revision ?? null, record })) !== null) return;
  }
}

function parse(record: string): ReadonlyMap<string, Remembered> {
  const value: unknown = JSON.parse(record);
  const entries = isRecord(value) ? Object.entries(value) : [];
  return new Map(entries.flatMap(([id, entry]) => (isRemembered(entry) ? [[id, entry] as const] : [])));
}

function isRemembered(value: unknown): value is Remembered {
  if (!isRecord(value)) return false;
  if (value['kind'] === 'cron') return typeof value['expression'] === 'string' && typeof value['dueAt'] === 'number';
  return value['kind'] === 'commit' && 'head' in value && typeof value['notBefore'] === 'number';
}
