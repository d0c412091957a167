// Thresholds against what is measured: exactly, and a bound decides only what every value it allows would decide.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { Threshold, ThresholdOperator } from '../../quality/check.ts';
import { judge, standing } from '../../quality/judge.ts';
import type { Measured } from '../../quality/result.ts';

const operators: readonly ThresholdOperator[] = [
  'equal',
  'notEqual',
  'greater',
  'greaterOrEqual',
  'less',
  'lessOrEqual',
  'between',
  'notBetween',
];

const measuredAs = (value: number, given: Partial<Measured> = {}): Measured => ({
  value,
  text: null,
  total: null,
  exactness: 'exact',
  by: 'scan',
  ...given,
});
const atMost = (percent: number): Threshold => ({ operator: 'lessOrEqual', values: [percent], unit: 'percent' });
const threshold = (operator: ThresholdOperator, ...values: number[]): Threshold => ({ operator, values, unit: 'value' });

/** What the words mean, without a care for exactness. */
function holds({ operator, values }: Threshold, value: number): boolean {
  const [first = 0, second = first] = values;
  switch (operator) {
    case 'equal':
      return value === first;
    case 'notEqual':
      return value !== first;
    case 'greater':
      return value > first;
    case 'greaterOrEqual':
      return value >= first;
    case 'less':
      return value < first;
    case 'lessOrEqual':
      return value <= first;
    case 'between':
      return first <= value && value <= second;
    case 'notBetween':
      return value < first || value > second;
  }
}

const small = fc.integer({ min: -6, max: 12 });
const thresholds = fc
  .tuple(fc.constantFrom(...operators), small, small)
  .map(([operator, a, b]) => threshold(operator, Math.min(a, b), Math.max(a, b)));

describe('a threshold', () => {
  it('says of an exact value what its words say', () => {
    fc.assert(
      fc.property(thresholds, fc.oneof(small, fc.double({ noNaN: true, noDefaultInfinity: true })), (must, value) => {
        assert.equal(standing(must, measuredAs(value), false), holds(must, value) ? 'holds' : 'broken');
      }),
    );
  });

  it('says of a bound what all values it allows would get, and is open where they differ', () => {
    const bounds = fc.record({
      value: fc.integer({ min: 0, max: 10 }),
      total: fc.constantFrom(10, null),
      exactness: fc.constantFrom('upper' as const, 'lower' as const),
    });
    fc.assert(
      fc.property(thresholds, bounds, fc.boolean(), (must, { value, total, exactness }, isCount) => {
        const [least, most] = [isCount ? 0 : -50, isCount && total !== null ? total : 50];
        const allowed = exactness === 'upper' ? range(least, value) : range(value, most);
        // Half a step beside each: measures other than counts are no whole numbers.
        const values = isCount ? allowed : allowed.flatMap((at) => [at, exactness === 'upper' ? at - 0.5 : at + 0.5]);
        const found = standing(must, measuredAs(value, { total, exactness }), isCount);
        const judged = new Set(values.map((at) => holds(must, at)));
        if (found !== 'open') assert.deepEqual([...judged], [found === 'holds'], `${JSON.stringify(must)} ${exactness} ${value}`);
        // Whole numbers may agree where the range between them does not: open is then careful, not wrong.
        else if (judged.size === 1) assert.ok(isCount || ['equal', 'notEqual', 'between', 'notBetween'].includes(must.operator));
      }),
      { numRuns: 2000 },
    );
  });

  it('takes a percentage of the rows considered without rounding, and nothing is wrong of no rows', () => {
    assert.equal(standing(atMost(0.1), measuredAs(3, { total: 3000 }), true), 'holds');
    assert.equal(standing(atMost(0.1), measuredAs(3, { total: 2999 }), true), 'broken');
    assert.equal(standing(atMost(0), measuredAs(0, { total: 0 }), true), 'holds');
    assert.equal(standing(atMost(5), measuredAs(1), true), 'open');
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1_000_000 }),
        fc.integer({ min: 1, max: 1_000_000 }),
        fc.integer({ min: 0, max: 10_000 }),
        (value, total, tenths) => {
          const must = atMost(tenths / 100);
          const isRight = BigInt(value) * 10_000n <= BigInt(tenths) * BigInt(total);
          assert.equal(standing(must, measuredAs(value, { total }), true), isRight ? 'holds' : 'broken');
        },
      ),
    );
  });

  it('reads integers beyond 2^53 and decimals by their text', () => {
    const big = measuredAs(9007199254740992, { text: '9007199254740993' });
    assert.equal(standing(threshold('lessOrEqual', 9007199254740992), big, false), 'broken');
    assert.equal(standing(threshold('equal', 0.3), measuredAs(0.30000000000000004, { text: '0.30' }), false), 'holds');
    assert.equal(standing(threshold('less', -1), measuredAs(-1, { text: '-1.0000000000000001' }), false), 'holds');
  });

  it('is open for what is no number', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY])
      assert.equal(standing(threshold('equal', 0), measuredAs(value), false), 'open');
  });
});

describe('a check', () => {
  const measure = { kind: 'nulls', column: 'a' } as const;
  const [fail, warn] = [threshold('lessOrEqual', 10), threshold('lessOrEqual', 5)];
  const judged = (value: number, exactness: Measured['exactness'] = 'exact') =>
    judge({ measure, fail, warn }, measuredAs(value, { exactness }));

  it('fails, warns or passes, and is open where a bound leaves any of that open', () => {
    assert.deepEqual(
      [11, 10, 6, 5, 0].map((value) => judged(value)),
      ['failed', 'warning', 'warning', 'passed', 'passed'],
    );
    assert.deepEqual(
      [11, 8, 5].map((value) => judged(value, 'upper')),
      ['open', 'open', 'passed'],
    );
    assert.deepEqual(
      [11, 8, 5].map((value) => judged(value, 'lower')),
      ['failed', 'open', 'open'],
    );
  });

  it('without thresholds cannot fail', () => {
    assert.equal(judge({ measure, fail: null, warn: null }, measuredAs(7)), 'passed');
    assert.equal(judge({ measure, fail: null, warn }, measuredAs(7)), 'warning');
  });
});

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => from + at);
}
