// What every client of the catalog can do, each asked the same: make a table, append, change its columns, read it as it
// was, delete rows, call it otherwise, drop it; and read what Foz has written, value by value. What one client writes,
// Foz reads too.

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { currentSchema } from '../../lake/iceberg/metadata.ts';
import { isStruct, type StructField } from '../../lake/iceberg/schema.ts';
import { quoted } from '../../lake/parquet/duckdb-type.ts';
import { rowsOf, sorted, type LakeClient, type Order, type ReadOptions, type Row, type SnapshotTaken } from './client.ts';
import type { ClientLake } from './client-lake.ts';

const first: readonly Order[] = [
  { id: '1', city: "d'Évora", amount: '10.50', quantity: '3', ordered_at: '2026-11-20T10:00:00Z' },
  { id: '2', city: 'back\\slash "quoted"', amount: '-0.01', quantity: '2147483647', ordered_at: '2026-11-21T23:59:59.999999Z' },
  { id: '9007199254740993', city: null, amount: '9999999999.99', quantity: '0', ordered_at: '2026-11-22T00:00:00Z' },
];
const second: readonly Order[] = [{ id: '4', city: 'Porto', amount: '4.00', quantity: '4', ordered_at: '2026-11-20T12:00:00.123456Z' }];
const widened: readonly Order[] = [
  { id: '5', place: 'Zürich', amount: '5.00', quantity: '9007199254740993', ordered_at: '2026-11-23T00:00:00Z', note: 'late' },
];
const atFirst = [['id'], ['city'], ['amount'], ['quantity'], ['ordered_at']] as const;
const evolved = [['id'], ['place'], ['amount'], ['quantity'], ['ordered_at'], ['note']] as const;

const micros = (iso: string): string =>
  iso.replace(/(?:\.(\d+))?Z$/, (_, digits: string | undefined) => `.${(digits ?? '').padEnd(6, '0')}Z`);
const rowOf = (order: Order): Row => [order.id, order.city ?? order.place ?? null, order.amount, order.quantity, micros(order.ordered_at)];
const evolvedRow = (order: Order): Row => [...rowOf(order), order.note ?? null];

export async function clientSuite(t: TestContext, lake: ClientLake, client: LakeClient): Promise<void> {
  const namespace = `of_${client.name.toLowerCase()}`;
  const taken: SnapshotTaken[] = [];
  const noteNewest = async () => taken.push(...(await client.snapshots(orders)).slice(-1));
  const [orders, renamed] = [`${namespace}.orders`, `${namespace}.purchases`];
  await t.test(`${client.name} makes a table that Foz reads as well`, async () => {
    await client.createNamespace(namespace);
    await client.createOrders(orders);
    await client.append(orders, first);
    await noteNewest();
    assert.deepEqual(sorted(await client.read(orders, atFirst)), sorted(first.map(rowOf)));
    assert.deepEqual(sorted(await readByFoz(lake, orders, atFirst)), sorted(first.map(rowOf)));
    assert.deepEqual(await client.tables(namespace), ['orders']);
    const [spec] = (await metadataOf(lake, orders))['partition-specs'];
    assert.deepEqual(
      spec?.fields.map(({ transform }) => transform),
      ['day'],
    );
  });
  await t.test(`${client.name} changes columns, and rows from before have the new names`, async () => {
    await client.append(orders, second);
    await noteNewest();
    await client.evolve(orders);
    await client.append(orders, widened);
    const all = sorted([...first, ...second, ...widened].map(evolvedRow));
    assert.deepEqual(sorted(await client.read(orders, evolved)), all);
    assert.deepEqual(sorted(await readByFoz(lake, orders, evolved)), all);
    const { fields } = currentSchema(await metadataOf(lake, orders));
    assert.deepEqual(
      fields.map(({ id, name, type }) => [id, name, type]),
      [
        [1, 'id', 'long'],
        [2, 'place', 'string'],
        [3, 'amount', 'decimal(12, 2)'],
        [4, 'quantity', 'long'],
        [5, 'ordered_at', 'timestamptz'],
        [6, 'note', 'string'],
      ],
    );
  });
  await t.test(`${client.name} reads the table as it was, by snapshot and by time`, async () => {
    const [one, two] = taken;
    assert.ok(one && two);
    assert.deepEqual(await idsIn(client, orders, { snapshot: one.id }), first.map(({ id }) => id).toSorted());
    assert.deepEqual(await idsIn(client, orders, { atMs: one.atMs }), first.map(({ id }) => id).toSorted());
    assert.deepEqual(await idsIn(client, orders, { snapshot: two.id }), [...first, ...second].map(({ id }) => id).toSorted());
  });
  await t.test(`${client.name} deletes one row and one day, renames the table and drops it`, async () => {
    await client.delete(orders, 'id = 4');
    const day = (await client.read(orders, [['id']], { where: `id = 5` })).length;
    assert.equal(day, 1);
    await client.delete(orders, 'id >= 5');
    assert.deepEqual(sorted(await client.read(orders, evolved)), sorted(first.slice(0, 2).map(evolvedRow)));
    await client.rename(orders, renamed);
    assert.deepEqual(await client.tables(namespace), ['purchases']);
    assert.equal((await client.read(renamed, [['id']])).length, 2);
    await client.drop(renamed);
    assert.deepEqual(await client.tables(namespace), []);
  });
  await t.test(`${client.name} works in a namespace inside another, and drops both once they are empty`, async () => {
    const inner = `${namespace}.inner`;
    await client.createNamespace(inner);
    await client.createOrders(`${inner}.orders`);
    await client.append(`${inner}.orders`, second);
    assert.deepEqual(await client.read(`${inner}.orders`, atFirst), second.map(rowOf));
    assert.deepEqual(await client.tables(inner), ['orders']);
    await assert.rejects(client.dropNamespace(inner), /not empty|non-empty|cannot be dropped|conflict/i);
    await client.drop(`${inner}.orders`);
    await client.dropNamespace(inner);
    await client.dropNamespace(namespace);
    assert.equal(await lake.catalog.loadTable({ namespace: [namespace, 'inner'], name: 'orders' }), null);
  });
  await t.test(`${client.name} reads the raw tables of Foz value by value, whole, by date and as they were`, () => readsRaw(lake, client));
}

async function idsIn(client: LakeClient, table: string, options: ReadOptions): Promise<readonly string[]> {
  return (await client.read(table, [['id']], options)).map(([id]) => String(id)).toSorted();
}

async function readsRaw(lake: ClientLake, client: LakeClient): Promise<void> {
  for (const table of ['raw.users', 'raw.rides']) {
    const metadata = await metadataOf(lake, table);
    const leaves = currentSchema(metadata).fields.flatMap((field) => leavesOf(field));
    const columns = leaves.map(({ path }) => path);
    assert.ok(columns.length > 20, `${table} has ${columns.length} columns`);
    const ours = await readByFoz(lake, table, columns);
    const expected = client.takesNullListsForEmpty
      ? ours.map((row) => row.map((value, i) => (leaves[i]?.isList ? (value ?? []) : value)))
      : ours;
    assert.deepEqual(sorted(await client.read(table, columns)), sorted(expected), table);
    const places = [['_log_partition'], ['_log_offset']] as const;
    const oldest = metadata.snapshots.find(({ summary }) => Number(summary?.['total-records'] ?? 0) > 0);
    assert.ok(oldest);
    const then = await client.read(table, places, { snapshot: String(oldest['snapshot-id']) });
    assert.equal(then.length, Number(oldest.summary?.['total-records']));
    const later = await client.read(table, places, { where: '_log_offset >= 30' });
    assert.deepEqual(sorted(later), sorted((await readByFoz(lake, table, places)).filter(([, offset]) => Number(offset) >= 30)));
  }
}

interface Leaf {
  readonly path: readonly string[];
  readonly isList: boolean;
}

/** Columns that are no struct; lists are read whole. */
function leavesOf({ name, type }: StructField, above: readonly string[] = []): readonly Leaf[] {
  const path = [...above, name];
  return isStruct(type) ? type.fields.flatMap((inner) => leavesOf(inner, path)) : [{ path, isList: typeof type !== 'string' }];
}

async function metadataOf(lake: ClientLake, table: string) {
  const [namespace = '', name = ''] = table.split('.');
  const loaded = await lake.catalog.loadTable({ namespace: [namespace], name });
  assert.ok(loaded, `the catalog has ${table}`);
  return loaded.metadata;
}

async function readByFoz(lake: ClientLake, table: string, columns: readonly (readonly string[])[]): Promise<readonly Row[]> {
  const list = columns.map((path) => path.map(quoted).join('.')).join(', ');
  return rowsOf((await lake.lake.query(`SELECT ${list} FROM ${table.split('.').map(quoted).join('.')}`)).rows);
}
