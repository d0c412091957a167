// What every store of the lineage promises.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { LineageGraph, SeenEdge } from '../../catalog/store/lineage-store.ts';
import { withStore, type StoreWorld } from './store-world.ts';

const job = { namespace: 'etl', name: 'mails' };
const bounds = { rowsMax: 6, charactersMax: 10_000, keepFrom: 100 };

const edgeTo = (name: string, given: Partial<SeenEdge> = {}): SeenEdge => ({
  job,
  dataset: { namespace: 'db', name },
  direction: 'in',
  runSeen: 200,
  staticSeen: null,
  columns: null,
  columnsSeen: null,
  bareSeen: null,
  ...given,
});

const saying = (...edges: readonly SeenEdge[]): LineageGraph => ({
  datasets: edges.map(({ dataset, runSeen }) => ({ ...dataset, lakeTable: null, seen: runSeen ?? 0 })),
  jobs: [{ ...job, info: null, infoSeen: null, staticSeen: null }],
  edges,
});

const names = ({ edges }: LineageGraph): readonly string[] => edges.map(({ dataset }) => dataset.name).toSorted();

export function lineageStoreSuite(world: StoreWorld): void {
  test(`${world.name}: what was recorded is there for the next who opens it, the newest of it, with its columns`, () =>
    world.withDatabase(async (open) => {
      const store = await open();
      const columns = { datasets: [{ namespace: 'db', name: 'a' }], fields: { x: [[0, 'y']] as const }, whole: [] };
      const written = edgeTo('b', { direction: 'out', columns, columnsSeen: 200 });
      assert.equal(await store.lineage.record(saying(edgeTo('a'), written), bounds), 'recorded');
      assert.equal(await store.lineage.record(saying(edgeTo('a', { runSeen: 150 })), bounds), 'recorded');
      const { datasets, jobs, edges } = await (await open()).lineage.graph();
      assert.deepEqual(datasets.map(({ name }) => name).toSorted(), ['a', 'b']);
      assert.deepEqual(jobs, [{ ...job, info: null, infoSeen: null, staticSeen: null }]);
      assert.deepEqual(
        edges.toSorted((a, b) => a.direction.localeCompare(b.direction)),
        [edgeTo('a'), written],
      );
    }));

  test(`${world.name}: columns keep their names, also those that JSON escapes`, () =>
    withStore(world, async (store) => {
      // One after the other: the engine's own reader takes the second for the first.
      for (const [name, column] of [
        ['a', '\\'],
        ['b', '"'],
        ['c', '\n'],
      ] as const) {
        const fields = { x: [[0, 'y']] as const, [column]: [[0, 'z']] as const };
        const columns = { datasets: [{ namespace: 'db', name: 'from' }], fields, whole: [] };
        await store.lineage.record(saying(edgeTo(name, { direction: 'out', columns, columnsSeen: 200 })), { ...bounds, rowsMax: 100 });
        const found = (await store.lineage.graph()).edges.find(({ dataset }) => dataset.name === name);
        assert.deepEqual(found?.columns, columns);
      }
    }));

  test(`${world.name}: where there is no room, what no run has shown for long goes first; then nothing of a change is kept`, () =>
    withStore(world, async (store) => {
      // One job, and for each edge a dataset: five rows with two edges, seven with three.
      assert.equal(await store.lineage.record(saying(edgeTo('old', { runSeen: 99 }), edgeTo('new')), bounds), 'recorded');
      assert.equal(await store.lineage.record(saying(edgeTo('newer')), bounds), 'recorded');
      assert.deepEqual(names(await store.lineage.graph()), ['new', 'newer']);
      assert.equal(await store.lineage.record(saying(edgeTo('more')), bounds), 'full');
      assert.deepEqual(names(await store.lineage.graph()), ['new', 'newer']);
      assert.equal(await store.lineage.record(saying(edgeTo('new', { runSeen: 300 })), bounds), 'recorded');
      const wide = { ...bounds, rowsMax: 100, charactersMax: 900 };
      assert.equal(await store.lineage.record(saying(edgeTo('long'.repeat(300))), wide), 'full');
    }));
}
