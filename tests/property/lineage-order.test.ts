// What is known after events have come is a matter of the events, not of how they came: any order, any of them several times,
// one by one or in lists. So an event may be sent again after a lost answer, and two collectors may send the same.

import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import { jobOf, output, runOf, smallLineage, trino } from '../unit/lineage-fixture.ts';

const runs = process.env['FOZ_TEST_LONG'] === '1' ? 5_000 : 300;

const dataset = fc.constantFrom('foz.raw.users', 'foz.current.users', 'foz.mart.a', 'foz.mart.b').map(trino);
const facets = fc.constantFrom(
  {},
  { jobType: { jobType: 'DAG' } },
  { ownership: { owners: [{ name: 'team:a' }] } },
  { documentation: { description: 'what it does' } },
);
const written = fc.oneof(
  dataset,
  fc
    .tuple(dataset, dataset, fc.constantFrom('email', 'after.city', 'after'))
    .map(([to, from, field]) => output(to.name, from, { x: [field] })),
);
const event = fc
  .record({
    job: fc.constantFrom('one', 'two'),
    inputs: fc.array(dataset, { maxLength: 2 }),
    outputs: fc.array(written, { maxLength: 2 }),
    ms: fc.integer({ min: -4, max: 4 }),
    type: fc.constantFrom('START' as const, 'COMPLETE' as const, 'FAIL' as const),
    facets,
  })
  .chain((said) => fc.constantFrom<object>(runOf(said), jobOf(said)));

async function graphAfter(requests: readonly unknown[]): Promise<unknown> {
  const store = memoryCatalogStore();
  const { lineage } = smallLineage({ store });
  for (const request of requests) await lineage.record(request);
  const { datasets, jobs, edges } = await store.lineage.graph();
  return [datasets, jobs, edges].map((rows) => rows.map((row) => JSON.stringify(row)).toSorted());
}

test('the same events in another order, repeated or in lists leave the same lineage', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(event, { minLength: 1, maxLength: 8 }).chain((events) =>
        fc.record({
          events: fc.constant(events),
          shuffled: fc.shuffledSubarray([...events, ...events], { minLength: events.length * 2 }),
          repeated: fc.subarray(events),
        }),
      ),
      async ({ events, shuffled, repeated }) => {
        const expected = await graphAfter(events);
        assert.deepEqual(await graphAfter(shuffled), expected);
        assert.deepEqual(await graphAfter([events, ...repeated]), expected);
      },
    ),
    { numRuns: runs },
  ));
