// When cron expressions are due: in UTC, whatever the machine thinks the time is.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { createTask } from 'node-cron';
import { readCron, type CronTimes } from '../../quality/schedule/cron.ts';

describe('cron expressions', () => {
  it('give the next time after an instant, never the instant itself', () => {
    const times = cron('30 2 * * *');
    assert.equal(iso(times, '2026-11-21T02:29:59.999Z'), '2026-11-21T02:30:00.000Z');
    assert.equal(iso(times, '2026-11-21T02:30:00.000Z'), '2026-11-22T02:30:00.000Z');
    assert.equal(iso(times, '2026-12-31T23:59:59.999Z'), '2027-01-01T02:30:00.000Z');
  });

  it('know leap days, last days, and days that must match twice', () => {
    assert.equal(iso(cron('0 0 29 2 *'), '2026-11-21T00:00:00Z'), '2028-02-29T00:00:00.000Z');
    assert.equal(iso(cron('0 0 L * *'), '2027-02-01T00:00:00Z'), '2027-02-28T00:00:00.000Z');
    assert.equal(iso(cron('0 0 13 * 5'), '2026-11-21T00:00:00Z'), '2027-08-13T00:00:00.000Z');
    assert.equal(iso(cron('@hourly'), '2026-11-21T10:15:00Z'), '2026-11-21T11:00:00.000Z');
    assert.equal(iso(cron('*/10 * * * * *'), '2026-11-21T10:15:03Z'), '2026-11-21T10:15:10.000Z');
  });

  it('say what is wrong with them, and refuse those that match no day', () => {
    for (const [expression, part] of [
      ['61 * * * *', /minute/],
      ['soon', /5 or 6 fields/],
      ['', /no cron expression/],
      ['0 0 31 2 *', /impossible day/],
    ] as const) {
      const outcome = readCron(expression);
      assert.equal(outcome.kind, 'problem', expression);
      if (outcome.kind === 'problem') assert.match(outcome.message, part);
    }
  });

  it('skip and repeat nothing that node-cron itself would match in UTC', () => {
    const expressions = fc.tuple(field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 6)).map((fields) => fields.join(' '));
    const minutes = fc.integer({ min: Date.UTC(2026, 0, 1) / 60_000, max: Date.UTC(2028, 0, 1) / 60_000 });
    fc.assert(
      fc.property(expressions, minutes, (expression, minute) => {
        const outcome = readCron(expression);
        if (outcome.kind === 'problem') return;
        const from = minute * 60_000;
        const next = outcome.times.next(from);
        const task = createTask(expression, () => undefined, { timezone: 'UTC' });
        void task.destroy();
        assert.ok(next === null || task.match(new Date(next)), `${expression}: ${next}`);
        const until = Math.min(next ?? Infinity, from + 200 * 60_000);
        for (let at = from + 60_000; at < until; at += 60_000) assert.ok(!task.match(new Date(at)), `${expression} skips ${at}`);
      }),
      { numRuns: 60 },
    );
  });
});

function field(min: number, max: number): fc.Arbitrary<string> {
  return fc.oneof(
    fc.constant('*'),
    fc.integer({ min, max }).map(String),
    fc.integer({ min: 2, max: 20 }).map((step) => `*/${step}`),
  );
}

function cron(expression: string): CronTimes {
  const outcome = readCron(expression);
  assert.ok(outcome.kind === 'cron', expression);
  return outcome.times;
}

function iso(times: CronTimes, from: string): string {
  return new Date(times.next(Date.parse(from)) ?? Number.NaN).toISOString();
}
