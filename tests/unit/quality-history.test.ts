import assert from 'node:assert/strict';
import test from 'node:test';
import { stabilityIndex } from '../../quality/history/distribution-measurer.ts';
import { alikeBefore, newestClosed } from '../../quality/history/seasons.ts';
import { median, surprise } from '../../quality/history/surprise.ts';
import { seededRandom } from '../../runtime/random.ts';

const [hour, day, week] = [3_600_000, 86_400_000, 7 * 86_400_000];
const at = (text: string) => Date.parse(text);

/** Box and Muller's, from a seeded source. */
function normals(seed: number): () => number {
  const random = seededRandom(seed);
  return () => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}

/** Volumes of a day: weekdays differ by a factor of three, growth of a percent a week, counting noise and five percent of it. */
function volumes(seed: number, days: number): number[] {
  const normal = normals(seed);
  return Array.from({ length: days }, (_, i) => {
    const usual = [30_000, 31_000, 30_500, 32_000, 40_000, 18_000, 10_000][i % 7] ?? 0;
    const mean = usual * (1 + i / 7 / 100);
    return Math.max(0, Math.round(mean + normal() * (Math.sqrt(mean) + mean * 0.05)));
  });
}

test('a window is closed once it has ended, in UTC whatever the clocks do', () => {
  assert.equal(newestClosed(at('2026-11-21T00:00:00Z'), day), at('2026-11-20T00:00:00Z'));
  assert.equal(newestClosed(at('2026-11-21T23:59:59Z'), day), at('2026-11-20T00:00:00Z'));
  assert.equal(newestClosed(at('2026-03-29T02:30:00Z'), hour), at('2026-03-29T01:00:00Z'));
});

test('windows that are alike are those of the same place in the season, newest first, none before the first', () => {
  const saturday = at('2026-11-21T00:00:00Z');
  const found = alikeBefore(saturday, { windowMs: day, season: 'day-of-week', earliest: at('2026-11-01T00:00:00Z'), max: 60 });
  assert.deepEqual(found, [at('2026-11-14T00:00:00Z'), at('2026-11-07T00:00:00Z')]);
  const hours = alikeBefore(at('2026-11-21T07:00:00Z'), { windowMs: hour, season: 'hour-of-day', earliest: 0, max: 3 });
  assert.deepEqual(
    hours,
    ['20', '19', '18'].map((of) => at(`2026-11-${of}T07:00:00Z`)),
  );
  const firsts = alikeBefore(at('2026-03-01T00:00:00Z'), {
    windowMs: day,
    season: 'day-of-month',
    earliest: at('2025-12-15T00:00:00Z'),
    max: 60,
  });
  assert.deepEqual(firsts, [at('2026-02-01T00:00:00Z'), at('2026-01-01T00:00:00Z')]);
  const weekly = alikeBefore(at('2026-11-21T05:00:00Z'), { windowMs: hour, season: 'hour-of-week', earliest: 0, max: 1 });
  assert.deepEqual(weekly, [at('2026-11-21T05:00:00Z') - week]);
});

test('1,000 clean tables raise no alarm, and each planted fault is found at the same sensitivity', () => {
  const [sensitivity, weeks] = [4, 27];
  let alarms = 0;
  const missed: string[] = [];
  for (let seed = 1; seed <= 1_000; seed++) {
    const days = volumes(seed, weeks * 7);
    const newest = days.at(-1) ?? 0;
    const past = days.filter((_, i) => i % 7 === (days.length - 1) % 7 && i < days.length - 1).toReversed();
    if (surprise(newest, past, true).score > sensitivity) alarms++;
    // Nothing at all, a third of it, everything twice.
    for (const [name, value] of [
      ['none', 0],
      ['third', newest / 3],
      ['twice', newest * 2],
    ] as const)
      if (surprise(value, past, true).score <= sensitivity) missed.push(`${name} of seed ${seed}`);
  }
  assert.equal(alarms, 0);
  assert.deepEqual(missed, []);
});

test('an incident in the past neither hides the next one nor makes an ordinary day look odd', () => {
  const past = [1000, 1010, 990, 1005, 0, 995, 1002, 998, 1001, 1004, 997, 1003];
  assert.ok(surprise(1000, past, true).score < 1);
  assert.ok(surprise(100, past, true).score > 4);
  assert.ok(surprise(2000, past, true).score > 4);
});

test('a constant past allows for what counting alone varies, and no more', () => {
  const past = Array.from({ length: 20 }, () => 10_000);
  assert.ok(surprise(10_150, past, true).score < 4);
  assert.ok(surprise(12_000, past, true).score > 4);
  assert.ok(
    Number.isFinite(
      surprise(
        1,
        Array.from({ length: 12 }, () => 0),
        false,
      ).score,
    ),
  );
});

test('the median is the middle of what is sorted', () => {
  assert.equal(median([5, 1, 9]), 5);
  assert.equal(median([4, 1, 9, 2]), 3);
});

/** Rows of the window and of those before, drawn from the same shares, or from `shares` for the window. */
function bins(seed: number, rows: number, shares: readonly number[], usual: readonly number[]): { now: number; before: number }[] {
  const random = seededRandom(seed);
  const draw = (count: number, of: readonly number[]) => {
    const counts = of.map(() => 0);
    for (let i = 0; i < count; i++) {
      let left = random.next() * of.reduce((sum, share) => sum + share, 0);
      const bin = of.findIndex((share) => (left -= share) < 0);
      counts[bin] = (counts[bin] ?? 0) + 1;
    }
    return counts;
  };
  const [now, before] = [draw(rows, shares), draw(rows * 7, usual)];
  return usual.map((_, i) => ({ now: now[i] ?? 0, before: before[i] ?? 0 }));
}

test('of 1,000 windows from the same distribution none passes the limit, however few its rows; a shifted one does', () => {
  const usual = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1];
  const shifted = [3, 2, 1, 1, 1, 1, 0.5, 0.5, 0.25, 0.25];
  for (let seed = 1; seed <= 1_000; seed++) {
    const rows = 200 + (seed % 5) * 100;
    assert.ok(stabilityIndex(bins(seed, rows, usual, usual)) <= 0.2, `seed ${seed}`);
    if (seed <= 100) assert.ok(stabilityIndex(bins(seed, rows, shifted, usual)) > 0.2, `shifted, seed ${seed}`);
  }
});
