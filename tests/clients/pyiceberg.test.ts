// The catalog and its raw tables through PyIceberg, which shares no code with the Java clients. Its metadata tables are
// computed by the client itself from manifests: they must count what ours count.

import assert from 'node:assert/strict';
import { clientTest } from './client-test.ts';
import { figuresOf, openPyiceberg } from './open-clients.ts';

clientTest('PyIceberg works on the catalog and reads the raw tables', {
  packages: 'pyiceberg',
  open: openPyiceberg,
  beyond: (t, lake, client) =>
    t.test('the metadata tables of PyIceberg count the rows that are there', async () => {
      for (const name of ['users', 'rides']) {
        const table = await lake.catalog.loadTable({ namespace: ['raw'], name });
        const { rows } = await lake.lake.query(`SELECT count(*) FROM raw.${name}`);
        const figures = figuresOf(await client.metadata(`raw.${name}`));
        const count = Number(rows[0]?.[0]);
        assert.deepEqual([figures['files'], figures['partitions']], [count, count], name);
        assert.equal(figures['snapshots'], table?.metadata.snapshots.length, name);
      }
    }),
});
