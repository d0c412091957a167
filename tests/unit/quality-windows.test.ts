// Measures over windows of time, on real tables.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { Measure } from '../../quality/check.ts';
import { distributionMeasurer } from '../../quality/history/distribution-measurer.ts';
import { historyMeasurer } from '../../quality/history/history-measurer.ts';
import { windowLimitMeasurer } from '../../quality/history/window-limit-measurer.ts';
import { seriesOf } from '../../quality/history/window-values.ts';
import type { MeasureSession } from '../../quality/measurer.ts';
import { checkOf } from './quality-fixture.ts';
import { findingOf, qualitySession } from './quality-lab.ts';
import { queryLab, type LakeRecord } from './query-fixture.ts';

const day = 86_400_000;
const today = Date.parse('2026-11-21T00:00:00Z');
const clock = { now: () => today + day / 2, sleep: () => Promise.resolve() };

let lsn = 1000;
function order(id: number, atMs: number, given: { customer: number; amount: number; status: string }): LakeRecord {
  const source = {
    version: '3.7.0',
    connector: 'postgresql',
    name: 'pg',
    ts_ms: atMs,
    ts_us: atMs * 1000,
    snapshot: 'false',
    db: 'appdb',
    schema: 'public',
    table: 'orders',
    txId: ++lsn,
    lsn,
  };
  return { key: JSON.stringify({ id }), value: { before: null, after: { id, ...given }, source, op: 'c', ts_ms: atMs } };
}

/** `perDay[0]` rows yesterday, `perDay[1]` the day before, and so on. */
function ordersOf(perDay: readonly number[], amountOf = (back: number, i: number) => 10 + ((i * 7 + back) % 20)): LakeRecord[] {
  let id = 0;
  return perDay.flatMap((count, back) =>
    Array.from({ length: count }, (_, i) =>
      order(++id, today - (back + 1) * day + Math.floor((i / count) * day), {
        customer: i % 5,
        amount: amountOf(back, i),
        status: i % 3 === 0 ? 'open' : 'done',
      }),
    ),
  );
}

const volume: Measure = { kind: 'anomaly', of: { kind: 'rowCount' }, windowMs: day, season: 'none', sensitivity: 4 };

test('a day without half its rows is far from usual; the window under test is no part of what is usual', async () => {
  await using lab = await queryLab('pg.public.orders');
  const usual = [100, 103, 99, 101, 98, 104, 100, 97, 102, 100, 99, 101];
  await lab.land(ordersOf([20, ...usual, 50]));
  await using opened = await qualitySession(lab, { name: 'anomaly', clock });
  const check = checkOf('volume', { table: 'orders', measure: volume });
  const finding = await findingOf(historyMeasurer, check, opened.session);
  assert.ok(finding?.kind === 'measured', JSON.stringify(finding));
  assert.ok(finding.measured.value > 4, finding.reason ?? '');
  assert.match(finding.reason ?? '', /^20 in the window from 2026-11-20T00:00:00\.000Z; usual is 10\d/);
  const change = checkOf('change', {
    table: 'orders',
    measure: { kind: 'changeOverTime', of: { kind: 'rowCount' }, windowMs: day, last: 12 },
  });
  const ratio = await findingOf(historyMeasurer, change, opened.session);
  assert.ok(ratio?.kind === 'measured');
  assert.equal(Math.round(ratio.measured.value * 1000), Math.round((20 / (usual.reduce((a, b) => a + b) / 12)) * 1000));
});

test('an average of a column is judged window by window as well', async () => {
  await using lab = await queryLab('pg.public.orders');
  await lab.land(
    ordersOf(
      Array.from({ length: 13 }, () => 40),
      (back, i) => (back === 0 ? 90 : 20 + (i % 3)),
    ),
  );
  await using opened = await qualitySession(lab, { name: 'average', clock });
  for (const of of [
    { kind: 'aggregate', column: 'amount', of: 'average' },
    { kind: 'aggregate', column: 'amount', of: { quantile: 0.5 } },
  ] as const) {
    const finding = await findingOf(historyMeasurer, checkOf('amount', { table: 'orders', measure: { ...volume, of } }), opened.session);
    assert.ok(finding?.kind === 'measured', JSON.stringify(finding));
    assert.ok(finding.measured.value > 4, finding.reason ?? '');
    assert.match(finding.reason ?? '', /^90 in the window/);
  }
});

test('a young table is learning, with how much is missing; its first, cut day is no window', async () => {
  await using lab = await queryLab('pg.public.orders');
  await lab.land(ordersOf([100, 100, 100]));
  await lab.land([order(900, today - 3.5 * day, { customer: 1, amount: 1, status: 'open' })]);
  await using opened = await qualitySession(lab, { name: 'young', clock });
  const finding = await findingOf(historyMeasurer, checkOf('volume', { table: 'orders', measure: volume }), opened.session);
  assert.deepEqual(finding, {
    kind: 'learning',
    measured: null,
    reason: '2 of 10 windows of 1 d have passed that it could be compared with',
  });
});

test('a window that has ended is measured once: later looks take it from history', async () => {
  await using lab = await queryLab('pg.public.orders');
  await lab.land(ordersOf(Array.from({ length: 13 }, () => 100)));
  await using opened = await qualitySession(lab, { name: 'history', clock });
  const statements: string[] = [];
  const engine = { ...opened.engine, rows: (sql: string, signal?: AbortSignal) => (statements.push(sql), opened.engine.rows(sql, signal)) };
  const session: MeasureSession = { ...opened.session, engine };
  const check = checkOf('volume', { table: 'orders', measure: volume });
  await findingOf(historyMeasurer, check, session);
  const first = statements.length;
  const kept = await session.store.history(seriesOf(check, day), { before: null, limit: 100 });
  assert.equal(kept.length, 13);
  assert.ok(kept.every(({ value }) => value === 100));
  const again = await findingOf(historyMeasurer, check, session);
  assert.equal(statements.length - first, 1, 'only where the table begins is asked again');
  assert.ok(again?.kind === 'measured' && again.measured.value === 0);
});

test('values that move between bins are told from the same values in other numbers', async () => {
  await using lab = await queryLab('pg.public.orders');
  await lab.land(ordersOf([250, ...Array.from({ length: 4 }, () => 250)], (back, i) => ((i * 37) % 100) + (back === 0 ? 60 : 0)));
  await using opened = await qualitySession(lab, { name: 'distribution', clock });
  const of = (column: string) =>
    checkOf(column, { table: 'orders', measure: { kind: 'distribution', column, windowMs: day, last: 4, bins: 10 } });
  const moved = await findingOf(distributionMeasurer, of('amount'), opened.session);
  assert.ok(moved?.kind === 'measured' && moved.measured.value > 0.5, JSON.stringify(moved));
  const same = await findingOf(distributionMeasurer, of('status'), opened.session);
  assert.ok(same?.kind === 'measured' && same.measured.value < 0.05, JSON.stringify(same));
  const learning = await findingOf(
    distributionMeasurer,
    checkOf('l', { table: 'orders', measure: { kind: 'distribution', column: 'amount', windowMs: day, last: 9, bins: 10 } }),
    opened.session,
  );
  assert.equal(learning?.kind, 'learning');
});

test('keys over the limit of a day are told with their window; the next day, and keys below it, are not', async () => {
  await using lab = await queryLab('pg.public.orders');
  const noon = today + day / 4;
  await lab.land([
    order(1, noon, { customer: 7, amount: 60, status: 'open' }),
    order(2, noon + 1000, { customer: 7, amount: 41, status: 'open' }),
    order(3, noon, { customer: 8, amount: 100, status: 'open' }),
    order(4, today - day / 8, { customer: 9, amount: 500, status: 'open' }),
    order(5, noon - 9 * day, { customer: 9, amount: 500, status: 'open' }),
  ]);
  await using opened = await qualitySession(lab, { name: 'limit', clock });
  const measure: Measure = {
    kind: 'windowLimit',
    keys: ['customer'],
    of: { kind: 'sum', column: 'amount' },
    time: '_changed_at',
    windowMs: day,
    limit: 100,
  };
  const finding = await findingOf(windowLimitMeasurer, checkOf('limit', { table: 'orders', measure }), opened.session);
  assert.ok(finding?.kind === 'measured', JSON.stringify(finding));
  assert.equal(finding.measured.value, 2, 'of the last day, and of the one before, which rows of the last 24 hours touched');
  assert.deepEqual(finding.keys, [
    { customer: '9', window: '2026-11-20T00:00:00.000Z', 'sum of amount': '500' },
    { customer: '7', window: '2026-11-21T00:00:00.000Z', 'sum of amount': '101' },
  ]);
  const counted: Measure = { ...measure, of: { kind: 'count' }, limit: 1 };
  const twice = await findingOf(windowLimitMeasurer, checkOf('count', { table: 'orders', measure: counted }), opened.session);
  assert.ok(twice?.kind === 'measured');
  assert.deepEqual(twice.keys, [{ customer: '7', window: '2026-11-21T00:00:00.000Z', count: '2' }]);
  const wrong = await findingOf(
    windowLimitMeasurer,
    checkOf('wrong', { table: 'orders', measure: { ...measure, time: 'status' } }),
    opened.session,
  );
  assert.ok(wrong?.kind === 'error' && /status is string, not a date or time/.test(wrong.reason));
});

test('times that the connector sends as numbers make windows too', async () => {
  await using lab = await queryLab('pg.public.orders');
  const at = today + day / 4;
  const rides = [at, at + 1, at - 2 * day].map((time, id): LakeRecord => {
    const after = { id, customer: 7, amount: 60, requested_at: time };
    const source = { connector: 'postgresql', ts_us: at * 1000, snapshot: 'false', txId: ++lsn, lsn };
    return { key: JSON.stringify({ id }), value: { before: null, after, source, op: 'c', ts_ms: at } };
  });
  await lab.land(rides);
  await using opened = await qualitySession(lab, { name: 'numbers', clock });
  const measure: Measure = {
    kind: 'windowLimit',
    keys: ['customer'],
    of: { kind: 'sum', column: 'amount' },
    time: 'requested_at',
    windowMs: day,
    limit: 100,
  };
  const finding = await findingOf(windowLimitMeasurer, checkOf('limit', { table: 'orders', measure }), opened.session);
  assert.ok(finding?.kind === 'measured', JSON.stringify(finding));
  assert.deepEqual(finding.keys, [{ customer: '7', window: '2026-11-21T00:00:00.000Z', 'sum of amount': '120' }]);
});
