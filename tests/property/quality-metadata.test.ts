// Whatever lands, the statistics never contradict the rows: an exact answer is the scan's, a bound is on its side of it.

import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import type { Check, Measure } from '../../quality/check.ts';
import { metadataMeasurer } from '../../quality/metadata/metadata-measurer.ts';
import { scanMeasurer } from '../../quality/plan/scan-measurer.ts';
import { checkOf } from '../unit/quality-fixture.ts';
import { measuredBy, qualitySession } from '../unit/quality-lab.ts';
import { queryLab, type LakeRecord } from '../unit/query-fixture.ts';

const runs = process.env['FOZ_TEST_LONG'] === '1' ? 300 : 8;

const row = fc.record({
  id: fc.integer({ min: 1, max: 12 }),
  seats: fc.option(fc.integer({ min: -5, max: 5 })),
  paid: fc.option(fc.boolean()),
});
const change = fc.record({ op: fc.constantFrom('c', 'u', 'd'), row, atMs: fc.integer({ min: 1_750_000_000_000, max: 1_760_000_000_000 }) });

const measures: readonly Measure[] = [
  { kind: 'rowCount' },
  { kind: 'nulls', column: 'seats' },
  { kind: 'nulls', column: 'paid' },
  { kind: 'aggregate', column: 'seats', of: 'min' },
  { kind: 'aggregate', column: 'seats', of: 'max' },
  { kind: 'aggregate', column: '_log_offset', of: 'max' },
  { kind: 'freshness', by: 'change' },
  { kind: 'retention', column: null },
];

function recordOf({ op, row: after, atMs }: { op: string; row: object & { id: number }; atMs: number }, lsn: number): LakeRecord {
  const source = {
    version: '3.7.0',
    connector: 'postgresql',
    name: 'pg',
    ts_ms: atMs,
    ts_us: atMs * 1000,
    snapshot: 'false',
    db: 'appdb',
    schema: 'public',
    table: 'users',
    txId: lsn,
    lsn,
  };
  const value = { before: op === 'd' ? after : null, after: op === 'd' ? null : after, source, op, ts_ms: atMs };
  return { key: JSON.stringify({ id: after.id }), value };
}

test('statistics answer exactly what the rows say, or bound it on the side they tell', async () => {
  let answered = 0;
  let bounds = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(change, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 3 }), async (commits) => {
      await using lab = await queryLab('pg.public.users');
      let lsn = 100;
      for (const commit of commits) await lab.land(commit.map((one) => recordOf(one, lsn++)));
      const clock = { now: () => 1_770_000_000_000, sleep: () => Promise.resolve() };
      await using opened = await qualitySession(lab, { name: 'p', clock });
      for (const measure of measures) {
        for (const view of ['raw', 'current'] as const) {
          const check: Check = checkOf(`${measure.kind}-${view}`, { measure, view, fail: null, samplesMax: 0 });
          const said = await measuredBy(metadataMeasurer(), check, opened.session);
          if (said === null) continue;
          const found = await scanMeasurer.measure([check], opened.session, new AbortController().signal);
          const scanned = found.get(check.id);
          // No value at all: nothing to be contradicted.
          if (scanned?.kind !== 'measured') continue;
          answered++;
          const place = `${measure.kind} of ${view}: statistics ${said.exactness} ${said.value}, rows ${scanned.measured.value}`;
          if (said.exactness === 'exact') assert.equal(said.value, scanned.measured.value, place);
          else {
            bounds++;
            assert.ok(said.exactness === 'upper' ? said.value >= scanned.measured.value : said.value <= scanned.measured.value, place);
          }
        }
      }
    }),
    { numRuns: runs },
  );
  assert.ok(answered > runs * 8 && bounds > runs * 3, `${answered} answers, ${bounds} bounds`);
});
