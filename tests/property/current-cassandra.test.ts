// The current view of Cassandra against Cassandra's rule, written down a second time: mutations in any order, some twice,
// give the same rows. The model keeps no state: it asks of every cell whether something beats or deletes it.

import assert from 'node:assert/strict';
import test from 'node:test';
import { randomInt, seededRandom, type Random } from '../../runtime/random.ts';
import { currentRows, openCurrentLab, type RawEvent } from './current-lab.ts';

const histories = process.env['FOZ_TEST_LONG'] === '1' ? 3_000 : 40;
const nowUs = 1_000_000;

const cell = (type: string) => `STRUCT("value" ${type}, deletion_ts BIGINT, "set" BOOLEAN)`;
const after = `"city" ${cell('VARCHAR')}, "at" ${cell('BIGINT')}, "who" ${cell('VARCHAR')}, "fare" ${cell('VARCHAR')}, "seats" ${cell('BIGINT')}, "_range_start" VARCHAR, "_range_end" VARCHAR`;
const columns = ['who', 'fare', 'seats'] as const;

interface Cell {
  readonly value: string | number | null;
  readonly expiresAt: number | null;
}

type Mutation = { readonly time: number; readonly city: string } & (
  | {
      readonly kind: 'write';
      readonly op: 'i' | 'u';
      readonly at: number;
      readonly isSnapshot: boolean;
      readonly cells: Readonly<Partial<Record<(typeof columns)[number], Cell>>>;
    }
  | { readonly kind: 'row'; readonly at: number }
  | { readonly kind: 'partition' }
  | { readonly kind: 'range'; readonly from: Bound | null; readonly to: Bound | null }
);

interface Bound {
  readonly at: number;
  readonly isInclusive: boolean;
}

test('current Cassandra rows follow the write times, in whatever order and however often mutations arrive', async () => {
  await using lab = await openCurrentLab(after, 'cassandra');
  for (let seed = 1; seed <= histories; seed++) {
    const random = seededRandom(seed * 104_729);
    const mutations = Array.from({ length: 1 + randomInt(random, 25) }, () => randomMutation(random));
    const sent = shuffled(random, [...mutations, ...mutations.filter(() => randomInt(random, 3) === 0)]);
    const rows = await currentRows(lab, sent.map(eventOf), nowUs / 1000);
    assert.deepEqual(rows, modelRows(mutations), `seed ${seed}: ${JSON.stringify(sent)}`);
  }
});

const insertAt = (at: number): Mutation => ({ kind: 'write', op: 'i', time: 1, city: 'x', at, isSnapshot: false, cells: {} });
const descendingBound = (at: number, method: string) =>
  JSON.stringify({
    method,
    values: [{ name: 'at', value: at, type: 'org.apache.cassandra.db.marshal.ReversedType(org.apache.cassandra.db.marshal.Int32Type)' }],
  });

test('a descending clustering column turns the bounds of a range round', async () => {
  await using lab = await openCurrentLab(after, 'cassandra');
  const events = [-3, 2, 10, 100].map((at, i) => eventOf(insertAt(at), i));
  const range: Mutation = { kind: 'range', time: 2, city: 'x', from: null, to: null };
  const sent = eventOf(range, 9);
  const rows = await currentRows(
    lab,
    [
      ...events,
      {
        ...sent,
        after: { ...sent.after, _range_start: descendingBound(10, 'INCL_START_BOUND'), _range_end: descendingBound(-3, 'EXCL_END_BOUND') },
      },
    ],
    1,
  );
  assert.deepEqual(
    rows.map((row) => row[1]),
    [-3, 100],
  );
});

function randomMutation(random: Random): Mutation {
  const base = { time: 1 + randomInt(random, 5), city: randomInt(random, 3) === 0 ? 'null' : 'São "x"' };
  const at = randomInt(random, 4) - 2;
  switch (randomInt(random, 10)) {
    case 0:
      return { ...base, kind: 'row', at };
    case 1:
      return randomInt(random, 4) === 0 ? { ...base, kind: 'partition' } : { ...base, kind: 'row', at };
    case 2:
    case 3:
      return { ...base, kind: 'range', from: randomBound(random), to: randomBound(random) };
    default: {
      const isSnapshot = randomInt(random, 5) === 0;
      const touched = columns.filter(() => isSnapshot || randomInt(random, 2) === 0);
      const cells = Object.fromEntries(touched.map((name) => [name, randomCell(random, name)]));
      return {
        ...base,
        at: randomInt(random, 7) - 3,
        kind: 'write',
        op: isSnapshot || randomInt(random, 2) === 0 ? 'i' : 'u',
        isSnapshot,
        cells,
      };
    }
  }
}

function randomCell(random: Random, name: string): Cell {
  if (randomInt(random, 4) === 0) return { value: null, expiresAt: null };
  const value = name === 'seats' ? 10 + randomInt(random, 80) : `${name}${randomInt(random, 3)}`;
  return { value, expiresAt: [null, null, nowUs - 1, nowUs + 1][randomInt(random, 4)] ?? null };
}

function randomBound(random: Random): Bound | null {
  return randomInt(random, 4) === 0 ? null : { at: randomInt(random, 6) - 3, isInclusive: randomInt(random, 2) === 0 };
}

function shuffled<T>(random: Random, items: readonly T[]): readonly T[] {
  return items
    .map((item) => ({ item, place: random.next() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}

function eventOf(mutation: Mutation, offset: number): RawEvent {
  const plain = { value: null, deletion_ts: null, set: true };
  const key = { city: mutation.city, at: 'at' in mutation ? mutation.at : null };
  const cells: Record<string, unknown> = {
    city: { ...plain, value: key.city },
    at: key.at === null ? null : { ...plain, value: key.at },
    who: null,
    fare: null,
    seats: null,
    _range_start: null,
    _range_end: null,
  };
  if (mutation.kind === 'write')
    for (const [name, { value, expiresAt }] of Object.entries(mutation.cells))
      cells[name] = { value, deletion_ts: value === null ? mutation.time : expiresAt, set: true };
  if (mutation.kind === 'row' || mutation.kind === 'partition')
    for (const name of columns) cells[name] = { ...plain, deletion_ts: mutation.time };
  if (mutation.kind === 'range') {
    cells['_range_start'] = boundText(mutation.from, 'START');
    cells['_range_end'] = boundText(mutation.to, 'END');
  }
  return {
    partition: 0,
    offset,
    logTimeUs: 1_000_000 + offset,
    key: JSON.stringify(key),
    op: mutation.kind === 'write' ? mutation.op : mutation.kind === 'range' ? 'r' : 'd',
    lsn: null,
    after: cells,
    headers: {},
    source: {
      keyspace: 'rides',
      snapshot: mutation.kind === 'write' && mutation.isSnapshot ? 'true' : 'false',
      ts_us: mutation.time,
      file: 'f',
      pos: 1,
    },
  };
}

function boundText(bound: Bound | null, side: 'START' | 'END'): string {
  const values = bound === null ? [] : [{ name: 'at', value: bound.at, type: 'org.apache.cassandra.db.marshal.Int32Type' }];
  return JSON.stringify({ method: `${bound === null || bound.isInclusive ? 'INCL' : 'EXCL'}_${side}_BOUND`, values });
}

function modelRows(mutations: readonly Mutation[]): readonly (readonly unknown[])[] {
  const writes = mutations.flatMap((mutation) => (mutation.kind === 'write' ? [mutation] : []));
  const keys = new Map(writes.map(({ city, at }) => [JSON.stringify([city, at]), { city, at }]));
  const rows = [...keys.values()].flatMap(({ city, at }) => {
    const mine = writes.filter((write) => write.city === city && write.at === at);
    const deletes = mutations.filter((mutation) => mutation.city === city && deletesRow(mutation, at));
    const survives = (write: (typeof mine)[number]) => !deletes.some((deletion) => write.isSnapshot || deletion.time >= write.time);
    const values = columns.map((name) =>
      cellValue(
        mine.filter((write) => write.cells[name] !== undefined),
        name,
        survives,
      ),
    );
    const markers = mine.filter((write) => write.op === 'i');
    const newest = markers.filter((marker) => markers.every((other) => !beats(other, marker)));
    const ends = newest.flatMap((marker) => markerEnd(marker) ?? []);
    const isMarked = newest.some(survives) && (ends.length === 0 || Math.max(...ends) > nowUs);
    return isMarked || values.some((value) => value !== null) ? [[city, at, ...values]] : [];
  });
  return rows.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

type Write = Extract<Mutation, { kind: 'write' }>;

function beats(left: Write, right: Write): boolean {
  return left.isSnapshot === right.isSnapshot ? left.time > right.time : right.isSnapshot;
}

/** The marker lives as long as the longest cell written with it; null for ever. */
function markerEnd(write: Write): number | null {
  const ends = Object.values(write.cells).flatMap((held) => (held.value !== null && held.expiresAt !== null ? [held.expiresAt] : []));
  return ends.length > 0 ? Math.max(...ends) : null;
}

function cellValue(writes: readonly Write[], name: (typeof columns)[number], survives: (write: Write) => boolean): string | number | null {
  const top = writes
    .filter((write) => writes.every((other) => !beats(other, write)))
    .map((write) => ({ write, held: write.cells[name] ?? { value: null, expiresAt: null } }));
  if (top.length === 0 || top.some(({ held }) => held.value === null)) return null;
  const lasting = Math.max(...top.map(({ held }) => held.expiresAt ?? 0));
  if (lasting > 0 && lasting <= nowUs) return null;
  const equals = top.filter(({ held }) => (held.expiresAt ?? 0) === lasting);
  const best = equals.toSorted((a, b) => (String(a.held.value) < String(b.held.value) ? 1 : -1))[0];
  return best && survives(best.write) ? best.held.value : null;
}

function deletesRow(mutation: Mutation, at: number): boolean {
  if (mutation.kind === 'row') return mutation.at === at;
  if (mutation.kind === 'partition') return true;
  if (mutation.kind !== 'range') return false;
  const { from, to } = mutation;
  const isAfter = from === null || at > from.at || (from.isInclusive && at === from.at);
  const isBefore = to === null || at < to.at || (to.isInclusive && at === to.at);
  return isAfter && isBefore;
}
