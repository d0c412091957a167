// Up to where `scope: new` has seen a table: one state a table in the store, written after the results it stands for. Lost
// or behind, it costs rows checked twice, never rows unchecked.

import type { QualityStore } from '../../catalog/store/quality-store.ts';
import type { NextOffsets } from '../../lake/raw/offset-chain.ts';
import { isRecord } from '../../runtime/options.ts';
import type { Checkpoint } from '../measurer.ts';

const kind = 'checkpoint';

/** By check id. A record that cannot be read is as none: everything is new. */
export async function readCheckpoints(store: QualityStore, table: string): Promise<ReadonlyMap<string, Checkpoint>> {
  const state = await store.getState(kind, table);
  return state === null ? new Map<string, Checkpoint>() : parse(state.record);
}

const triesMax = 20;

/** Those of other checks stay. */
export async function writeCheckpoints(store: QualityStore, table: string, moved: ReadonlyMap<string, Checkpoint>): Promise<void> {
  if (moved.size === 0) return;
  for (let attempt = 0; attempt < triesMax; attempt++) {
    const state = await store.getState(kind, table);
    const all = new Map([...(state === null ? [] : parse(state.record)), ...moved]);
    const record = JSON.stringify({
      checkpoints: [...all].map(([check, point]) => ({ check, ...point, next: point.next && offsetsText(point.next) })),
    });
    const revision = await store.putState({ kind, name: table, expectedRevision: state?.revision ?? null, record });
    if (revision !== null) return;
  }
}

function parse(record: string): ReadonlyMap<string, Checkpoint> {
  const value: unknown = JSON.parse(record);
  const list = isRecord(value) ? value['checkpoints'] : null;
  const points = Array.isArray(list) ? list.filter(isRecord) : [];
  return new Map(
    points.flatMap(({ check, snapshotId, checkedAt, next }) =>
      typeof check === 'string' && typeof snapshotId === 'string' && typeof checkedAt === 'number'
        ? [[check, { snapshotId, checkedAt, next: isRecord(next) ? offsetsOf(next) : null }] as const]
        : [],
    ),
  );
}

function offsetsText(next: NextOffsets): Record<string, Record<string, string>> {
  return Object.fromEntries(
    [...next].map(([topicId, partitions]) => [
      topicId,
      Object.fromEntries([...partitions].map(([partition, offset]) => [partition, String(offset)])),
    ]),
  );
}

function offsetsOf(next: Readonly<Record<string, unknown>>): NextOffsets {
  return new Map(
    Object.entries(next).map(([topicId, partitions]) => [
      topicId,
      new Map(
        Object.entries(isRecord(partitions) ? partitions : {}).map(([partition, offset]) => [Number(partition), BigInt(String(offset))]),
      ),
    ]),
  );
}
