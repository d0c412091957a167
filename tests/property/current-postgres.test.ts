// The current view of PostgreSQL against the database itself, simulated: random transactions, what the connector sends
// of them (placeholders for large values left alone, deletes and inserts for key changes), events sent again from any
// earlier point, incremental snapshot reads, TRUNCATE, and a topic that gets more partitions on the way.

import assert from 'node:assert/strict';
import test from 'node:test';
import { randomInt, seededRandom, type Random } from '../../runtime/random.ts';
import { unavailableTexts } from '../../lake/raw/current/postgres.ts';
import { currentRows, openCurrentLab, type RawEvent } from './current-lab.ts';

const histories = process.env['FOZ_TEST_LONG'] === '1' ? 3_000 : 100;
const placeholder = unavailableTexts[0] ?? '';

interface UserRow {
  readonly id: number;
  readonly name: string | null;
  /** Large: left out of an event when it did not change. */
  readonly bio: string | null;
  readonly n: number;
}

const schema = '"id" BIGINT, "name" VARCHAR, "bio" VARCHAR, "n" BIGINT';

test('current PostgreSQL rows are the table, whatever the connector repeats, leaves out or splits', async () => {
  await using lab = await openCurrentLab(schema, 'postgres');
  for (let seed = 1; seed <= histories; seed++) {
    const { events, table } = history(seededRandom(seed * 7919));
    const rows = await currentRows(lab, events);
    const expected = [...table.values()].sort((a, b) => a.id - b.id).map((row) => [row.id, row.name, row.bio, row.n]);
    assert.deepEqual(rows, expected, `seed ${seed}`);
  }
});

test('a large value is followed back over eight changes of its key', async () => {
  await using lab = await openCurrentLab(schema, 'postgres');
  const log = new EventLog(seededRandom(1));
  log.insert({ id: 1, name: 'x', bio: 'long', n: 0 });
  for (let id = 1; id <= 8; id++) log.move({ id, name: 'x', bio: 'long', n: id }, { id: id + 1, name: 'x', bio: 'long', n: id });
  assert.deepEqual(await currentRows(lab, log.sent), [[9, 'x', 'long', 8]]);
});

test('many columns that may be large, followed back over key changes, fit into little memory', async () => {
  const names = Array.from({ length: 12 }, (_, i) => `c${i}`);
  await using lab = await openCurrentLab(`"id" BIGINT, ${names.map((name) => `"${name}" VARCHAR`).join(', ')}`, 'postgres', 140_000_000);
  const values = Object.fromEntries(names.map((name) => [name, `${name}${'x'.repeat(20)}`]));
  const unknown = Object.fromEntries(names.map((name) => [name, placeholder]));
  const events = Array.from({ length: 10_000 }, (_, offset): RawEvent => {
    const id = offset % 5_000;
    const isUpdate = offset >= 5_000;
    const place = { partition: 0, offset, logTimeUs: offset, key: JSON.stringify({ id }), lsn: offset, headers: {} };
    return { ...place, op: isUpdate ? 'u' : 'c', after: { id, ...(isUpdate ? unknown : values) } };
  });
  const rows = await currentRows(lab, events);
  assert.equal(rows.length, 5_000);
  assert.ok(rows.every(([, ...columns]) => columns.every((column, i) => column === values[`c${i}`])));
});

test('a key that is used again does not inherit the large value of its former row', async () => {
  await using lab = await openCurrentLab(schema, 'postgres');
  const log = new EventLog(seededRandom(1));
  log.insert({ id: 2, name: 'old', bio: 'old bio', n: 0 });
  log.remove(2);
  log.insert({ id: 1, name: 'x', bio: null, n: 0 });
  log.move({ id: 1, name: 'x', bio: null, n: 0 }, { id: 2, name: 'x', bio: null, n: 0 });
  log.update({ id: 2, name: 'y', bio: null, n: 1 }, true);
  assert.deepEqual(await currentRows(lab, log.sent), [[2, 'y', null, 1]]);
});

test('a quarantined change is as if it had not come: the row stands as it was before', async () => {
  await using lab = await openCurrentLab(schema, 'postgres');
  const log = new EventLog(seededRandom(1));
  log.insert({ id: 1, name: 'good', bio: null, n: 0 });
  log.update({ id: 1, name: 'bad', bio: null, n: -1 }, false);
  const bad = log.sent.length - 1;
  log.insert({ id: 2, name: 'other', bio: null, n: 0 });
  const events = log.sent.map((event, i) => ({ ...event, quarantined: i === bad }));
  assert.deepEqual(await currentRows(lab, events), [
    [1, 'good', null, 0],
    [2, 'other', null, 0],
  ]);
  assert.deepEqual((await currentRows(lab, log.sent))[0], [1, 'bad', null, -1]);
});

/** What the connector sends, in the log's order. */
class EventLog {
  readonly sent: RawEvent[] = [];
  /** Events as the write-ahead log has them, to be sent again. */
  readonly #wal: Omit<RawEvent, 'partition' | 'offset' | 'logTimeUs'>[] = [];
  readonly #random: Random;
  #lsn = 100;
  #logTimeUs = 1_795_000_000_000_000;
  isSpread = false;

  constructor(random: Random) {
    this.#random = random;
  }

  get length(): number {
    return this.#wal.length;
  }

  #emit(event: Omit<RawEvent, 'partition' | 'offset' | 'logTimeUs'>): void {
    this.#logTimeUs += 1 + randomInt(this.#random, 5);
    // At first all in one partition, not the lowest; then by the key.
    const spread = event.key === null ? randomInt(this.#random, 2) : event.key.charCodeAt(6) % 2;
    const partition = this.isSpread ? spread : 1;
    this.sent.push({ ...event, partition, offset: this.sent.length, logTimeUs: this.#logTimeUs });
  }

  #write(op: string, id: number | null, after: UserRow | null, headers: Readonly<Record<string, string>> = {}, lsn = ++this.#lsn): void {
    const event = { key: id === null ? null : keyOf(id), op, lsn, after, headers };
    this.#wal.push(event);
    this.#emit(event);
  }

  insert(row: UserRow): void {
    this.#write('c', row.id, row);
  }

  update(row: UserRow, bioLeftAlone: boolean): void {
    this.#write('u', row.id, bioLeftAlone ? { ...row, bio: placeholder } : row);
  }

  remove(id: number): void {
    this.#write('d', id, null);
    this.#emit({ key: keyOf(id), op: null, lsn: null, after: null, headers: {} });
  }

  /** A change of the key leaves every large value alone. A null is no large value. */
  move(from: UserRow, to: UserRow): void {
    const lsn = ++this.#lsn;
    this.#write('d', from.id, null, { '__debezium.newkey': keyOf(to.id) }, lsn);
    this.#write('c', to.id, { ...to, bio: to.bio === null ? null : placeholder }, { '__debezium.oldkey': keyOf(from.id) }, lsn);
  }

  truncate(): void {
    this.#write('t', null, null);
  }

  read(row: UserRow): void {
    this.#emit({ key: keyOf(row.id), op: 'r', lsn: null, after: row, headers: {} });
  }

  /** The connector starts again from an earlier position, and may be looked at, or stopped again, before it has caught up. */
  resend(from: number, count: number): void {
    for (const event of this.#wal.slice(from, from + count)) this.#emit(event);
  }
}

function keyOf(id: number): string {
  return `{"id":${id}}`;
}

function history(random: Random): { readonly events: readonly RawEvent[]; readonly table: ReadonlyMap<number, UserRow> } {
  const log = new EventLog(random);
  const table = new Map<number, UserRow>();
  const some = () => [...table.values()][randomInt(random, Math.max(table.size, 1))];
  const steps = 5 + randomInt(random, 40);
  let value = 0;
  for (let step = 0; step < steps; step++) {
    const row = some();
    const id = 1 + randomInt(random, 5);
    const name = randomInt(random, 4) === 0 ? null : `name ${value++}`;
    switch (randomInt(random, 12)) {
      case 0:
      case 1:
      case 2: {
        if (table.has(id)) break;
        const added = { id, name, bio: randomInt(random, 3) === 0 ? null : `bio ${value++}`, n: value };
        table.set(id, added);
        log.insert(added);
        break;
      }
      case 3:
      case 4:
      case 5: {
        if (!row) break;
        const leftAlone = row.bio !== null && randomInt(random, 2) === 0;
        const changed = { ...row, name, n: value++, bio: leftAlone ? row.bio : randomInt(random, 3) === 0 ? null : `bio ${value++}` };
        table.set(row.id, changed);
        log.update(changed, leftAlone);
        break;
      }
      case 6:
        if (row) {
          table.delete(row.id);
          log.remove(row.id);
        }
        break;
      case 7:
      case 8: {
        if (!row || table.has(id)) break;
        const moved = { ...row, id, name };
        table.delete(row.id);
        table.set(id, moved);
        log.move(row, moved);
        break;
      }
      case 9:
        if (row) log.read(row);
        break;
      case 10:
        if (log.length > 0) log.resend(randomInt(random, log.length), 1 + randomInt(random, log.length));
        break;
      default:
        if (randomInt(random, 3) > 0) {
          table.clear();
          log.truncate();
        } else log.isSpread = true;
    }
  }
  return { events: log.sent, table };
}
