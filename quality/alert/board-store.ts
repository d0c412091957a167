// Boards in the quality store: one state a table, changed by compare-and-swap.

import { randomUUID } from 'node:crypto';
import type { QualityStore } from '../../catalog/store/quality-store.ts';
import { LakeError } from '../../runtime/errors.ts';
import { isRecord } from '../../runtime/options.ts';
import type { Board } from './alert.ts';
import { emptyBoard } from './board.ts';

const kind = 'alerts';
const triesMax = 50;

/** `change` may be called several times; what it returns last is what is kept. The same board: nothing is written. */
export async function changeBoard<T>(
  store: QualityStore,
  table: string,
  change: (board: Board) => { readonly board: Board; readonly value: T },
): Promise<T> {
  for (let attempt = 0; attempt < triesMax; attempt++) {
    const state = await store.getState(kind, table);
    const before = state === null ? emptyBoard(randomUUID()) : boardOf(state.record, table);
    const { board, value } = change(before);
    if (board === before) return value;
    const revision = await store.putState({ kind, name: table, expectedRevision: state?.revision ?? null, record: JSON.stringify(board) });
    if (revision !== null) return value;
  }
  throw new LakeError('INTERNAL', `alerts of ${table} changed ${triesMax} times while they were being changed`);
}

export async function listBoards(store: QualityStore): Promise<ReadonlyMap<string, Board>> {
  const states = await store.listStates(kind);
  return new Map(states.map(({ name, record }) => [name, boardOf(record, name)]));
}

function boardOf(record: string, table: string): Board {
  const value: unknown = JSON.parse(record);
  if (!isBoard(value)) throw new LakeError('INTERNAL', `the alerts of ${table} in the quality store cannot be read`);
  return value;
}

function isBoard(value: unknown): value is Board {
  return (
    isRecord(value) &&
    typeof value['origin'] === 'string' &&
    typeof value['sequence'] === 'number' &&
    isRecord(value['alerts']) &&
    Array.isArray(value['deliveries']) &&
    Array.isArray(value['failed'])
  );
}
