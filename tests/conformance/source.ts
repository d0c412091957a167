// One suite for every Source: what verify relies on. The adapter brings a table with at least five rows, in pages of two.

import assert from 'node:assert/strict';
import test from 'node:test';
import { keyOrder } from '../../sources/key-order.ts';
import { keyOf, type Source, type SourceColumn, type SourceRow, type SourceTableName } from '../../sources/source.ts';

export interface SourceFixture {
  readonly name: string;
  readonly open: () => Promise<Source>;
  readonly table: SourceTableName;
  /** Canonical keys of all rows of the table. */
  readonly keys: readonly (readonly string[])[];
}

const sorted = (keys: readonly (readonly (string | null)[])[]) => keys.map((key) => JSON.stringify(key)).toSorted();

export async function readRows(
  pages: AsyncIterable<readonly SourceRow[]>,
): Promise<{ readonly rows: SourceRow[]; readonly pageRows: number[] }> {
  const rows: SourceRow[] = [];
  const pageRows: number[] = [];
  for await (const page of pages) {
    rows.push(...page);
    pageRows.push(page.length);
  }
  return { rows, pageRows };
}

type Run = (name: string, work: () => Promise<void>) => Promise<void>;

/** `run` is `t.test` where the suite is part of a larger test. */
export async function registerSourceTests(fixture: SourceFixture, run: Run = test): Promise<void> {
  await run(`${fixture.name}: all rows come once, in pages no larger than allowed, with a value for each column`, async () => {
    await using source = await fixture.open();
    const table = await source.introspect(fixture.table);
    assert.ok(table);
    await using reading = await source.read(table, { kind: 'all' });
    const { rows, pageRows } = await readRows(reading.pages);
    assert.deepEqual(sorted(rows.map((row) => keyOf(table, row))), sorted(fixture.keys));
    assert.ok(
      pageRows.every((count) => count > 0 && count <= 2),
      String(pageRows),
    );
    assert.ok(rows.every((row) => row.values.length === table.columns.length));
  });

  await run(`${fixture.name}: rows by key are those rows, and a key without a row gives none`, async () => {
    await using source = await fixture.open();
    const table = await source.introspect(fixture.table);
    assert.ok(table);
    await using all = await source.read(table, { kind: 'all' });
    const { rows } = await readRows(all.pages);
    const wanted = fixture.keys.slice(1, 4);
    await using some = await source.read(table, { kind: 'keys', keys: wanted });
    const picked = await readRows(some.pages);
    assert.deepEqual(sorted(picked.rows.map((row) => keyOf(table, row))), sorted(wanted));
    const byKey = new Map(rows.map((row) => [JSON.stringify(keyOf(table, row)), row.values]));
    for (const row of picked.rows) assert.deepEqual(row.values, byKey.get(JSON.stringify(keyOf(table, row))));
    await using none = await source.read(table, { kind: 'keys', keys: [] });
    assert.deepEqual((await readRows(none.pages)).rows, []);
  });

  await run(`${fixture.name}: a reading gives its rows again: all, some keys, and ranges where keys have an order`, async () => {
    await using source = await fixture.open();
    const table = await source.introspect(fixture.table);
    assert.ok(table);
    await using reading = await source.read(table, { kind: 'all' });
    const keysOf = async (pages: AsyncIterable<readonly SourceRow[]>) =>
      sorted((await readRows(pages)).rows.map((row) => keyOf(table, row)));
    const all = await keysOf(reading.pages);
    assert.deepEqual(await keysOf(reading.again({ kind: 'all' })), all);
    assert.deepEqual(await keysOf(reading.again({ kind: 'keys', keys: fixture.keys.slice(0, 2) })), sorted(fixture.keys.slice(0, 2)));
    const order = reading.position.kind === 'cassandra' ? null : keyOrder(table);
    if (order === null) return;
    const byPlace = fixture.keys.toSorted((left, right) => (order.place(left) < order.place(right) ? -1 : 1));
    const bounds = byPlace.map((key) => key.slice(0, order.columns));
    const [first, third] = [bounds[1] ?? null, bounds[3] ?? null];
    const outside = [
      { from: null, to: first },
      { from: third, to: null },
    ];
    assert.deepEqual(await keysOf(reading.again({ kind: 'ranges', ranges: [{ from: first, to: third }] })), sorted(byPlace.slice(1, 3)));
    assert.deepEqual(
      await keysOf(reading.again({ kind: 'ranges', ranges: outside })),
      sorted([...byPlace.slice(0, 1), ...byPlace.slice(3)]),
    );
  });

  await run(`${fixture.name}: the key is named in order, and its columns are not nullable`, async () => {
    await using source = await fixture.open();
    const table = await source.introspect(fixture.table);
    assert.ok(table && table.key.length > 0);
    for (const [index, name] of table.key.entries()) {
      const column: SourceColumn | undefined = table.columns.find((candidate) => candidate.name === name);
      assert.equal(column?.keyIndex, index);
      assert.equal(column?.isNullable, false);
    }
  });

  await run(`${fixture.name}: a table that does not exist is null, not an error`, async () => {
    await using source = await fixture.open();
    assert.equal(await source.introspect({ ...fixture.table, table: 'no_such_table' }), null);
  });

  await run(`${fixture.name}: health says what answers`, async () => {
    await using source = await fixture.open();
    const health = await source.health();
    assert.notEqual(health.version, '');
    assert.ok(health.roundTripMs >= 0);
  });

  await run(`${fixture.name}: an aborted reading rejects with the signal's reason`, async () => {
    await using source = await fixture.open();
    const table = await source.introspect(fixture.table);
    assert.ok(table);
    await assert.rejects(source.read(table, { kind: 'all' }, AbortSignal.abort(new Error('enough'))), /enough/);
  });
}
